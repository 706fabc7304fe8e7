"""`Studio`: the widget with the form, the jobs and the pictures.

Most of what it needs is imported when the first studio is made.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from seedream_widgets.errors import RequestError, check_type, described
from seedream_widgets.studio.facts import facts
from seedream_widgets.studio.form import Form

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    from seedream_widgets.jobs.client import Client
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.studio.picks import StudioGallery
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result


class Studio(Form):
    """The widget: write, drop, click, then use `image` and `images` in the next cell.

    Every field of the form is a trait: set it, read it, observe it. Whether the endpoint accepts
    the values is checked at submit.

    Args:
        client: The client that sends the requests; by default the session's.
        prompt: What to draw, or to change.
        references: Up to 10 images of any kind that `sd.edit` takes; with any, the request is an
            edit, in the shape of image 1 unless a size is chosen.
        name: The studio goes on where the last one of this name ended: with its form, the
            gallery's search and the recent results, which are kept in the library. Arguments
            given here take precedence. By default it is the notebook's path, if the host tells
            it; with ``""``, or a client that stores no prompts, nothing is kept.
        **form: Initial values of the form's fields.
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        prompt: str | None = None,
        references: Any = None,
        name: str | None = None,
        **form: Any,
    ) -> None:
        from seedream_widgets.jobs.client import Client
        from seedream_widgets.studio.answers import Answers
        from seedream_widgets.studio.cards import money
        from seedream_widgets.studio.fallback import Fallback
        from seedream_widgets.studio.handlers import Handlers
        from seedream_widgets.studio.picks import StudioGallery
        from seedream_widgets.studio.session import Session

        unknown = set(form) - {*self._fields(), "layout"}
        if unknown:
            wrong = min(unknown)
            raise self._unknown_field_error(wrong, form[wrong])
        check_type(name, (str, type(None)), "name", "a text, or None for the notebook's path")
        if client is not None:
            takes = "a Client, such as sd.Client(), and a prompt goes by name: prompt='a fox'"
            check_type(client, Client, "client", takes)
        self._session = Session(self, client, name, lambda: sheet.changed())
        self._parts.callback(self._session.close)
        self._stores_prompts = self._session.client._policy.store_prompts
        self._handlers = Handlers(self._session)
        style = f"seedream-{uuid4().hex[:8]}"
        self._fallback = sheet = Fallback(style, lambda: self.results, self._session.engine)
        about = facts(self._session.client.prices)
        backend = self._session.backend()
        self._session.client._limits.read_limited()
        standing = money(self._session.client._limits.standing)
        told = {"_facts": about, "_backend": backend, "_money": standing}
        fields = {"prompt": prompt, "references": references}
        form |= {field: value for field, value in fields.items() if value is not None}
        self._size_chosen = "image_size" in form
        super().__init__(**form, **told, _dom_classes=(style,))
        self._gallery = StudioGallery(self, self._session.shelf)
        session, table = self._session, self._handlers.table
        self.on_msg(Answers(self, session.engine, session.aside, table).handle)
        self._session.begin(form)
        if name:  # without one, the cell that runs again has the same arguments anyway
            self._session.kept.keep()

    @property
    def client(self) -> Client:
        """The client that sends the requests."""
        return self._session.client

    @property
    def jobs(self) -> tuple[Job, ...]:
        """This studio's jobs, newest first."""
        return self._session.jobs

    @property
    def results(self) -> tuple[Result, ...]:
        """Results of the completed jobs, newest first, without those dismissed on the page."""
        return tuple(job.result() for job in self._session.shown)

    @property
    def result(self) -> Result:
        """The result of the selected image: the latest one, or the one selected since.

        Raises:
            SeedreamError: There is no result yet.
        """
        return self._session.selection()[0]

    @property
    def images(self) -> tuple[Image, ...]:
        """The PIL images of `result`."""
        return self.result.images

    @property
    def image(self) -> Image:
        """The selected PIL image: the first of the latest result, or the one selected since.

        With `pinned` set, new results do not change the selection.

        Raises:
            SeedreamError: There is no image yet.
        """
        result, index = self._session.selection()
        return result.files[index].pil

    @property
    def gallery(self) -> StudioGallery:
        """The studio's gallery: ``studio.gallery.selection`` is a tuple of the selected results."""
        return self._gallery

    def on_result(self, function: Callable[[Result], object]) -> Callable[[], None]:
        """Call `function` with each result that comes, on another thread.

        This includes results that come from the library. Errors of the function go to the Python
        log.

        Returns:
            A function that stops the calls.

        Raises:
            RequestError: `function` can't be called.
        """
        if not callable(function):
            raise RequestError(
                "on_result takes a function that is called with the result, got "
                f"{described(function)}",
                field="function",
                value=function,
            )
        return self._session.on_result(function)

    def request(self) -> Request:
        """Return the request that Generate would send now.

        Raises:
            RequestError: The form holds something the endpoint does not accept.
        """
        return self._session.request()

    def submit(self) -> Job:
        """Submit the form, as Generate does, and return the job.

        Raises:
            RequestError: The form holds something the endpoint does not accept.
        """
        return self._session.start(self.request())

    def __repr__(self) -> str:
        return f"<Studio {self.prompt[:60]!r}>" if self._stores_prompts else "<Studio>"


class _LazyAttribute:
    """A class attribute computed at each access, as a studio's help needs to import `Request`."""

    def __init__(self, compute: Callable[[], Any]) -> None:
        self._compute = compute

    def __get__(self, _: object, __: type) -> Any:
        return self._compute()


def _signature() -> Any:
    from seedream_widgets.values.typed import class_signature

    return class_signature(Studio.__init__, Studio._fields())


def _help(doc: str | None) -> str | None:
    from seedream_widgets.values.typed import class_help

    return class_help(doc, Studio.__init__, Studio._fields())


# Not in the class body, where traitlets would read them at once.
_class: Any = Studio
_class.__signature__ = _LazyAttribute(_signature)
_class.__doc__ = _LazyAttribute(partial(_help, Studio.__doc__))

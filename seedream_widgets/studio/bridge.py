"""`Bridge`: the base of all widgets here; it connects a widget with its views on the page."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import anywidget
import traitlets as t
from ipywidgets.widgets import widget as ipywidgets  # type: ignore[import-untyped, unused-ignore]

from seedream_widgets.errors import RequestError, StaysHereError, quoted
from seedream_widgets.studio.traits import FieldError, UnknownFieldError, picture_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import RLock

    from seedream_widgets.studio.fallback import Fallback

_PACKAGE = __name__.partition(".")[0]
_STATIC = Path(__file__).parent.parent / "static"
_PLACEHOLDER = "<!-- the widget was here; its contact sheet follows -->"
_log = logging.getLogger(__name__)


def _front_end(name: str) -> Path | str:
    """Return a file of the front end; as a path for live reload, which anywidget then watches."""
    path = _STATIC / name
    live = os.environ.get("ANYWIDGET_HMR") == "1"
    return path if live else path.read_text(encoding="utf-8")


def _expected(trait: t.TraitType[Any, Any] | None) -> str:
    """Return what a field takes, in plain words, or an empty text for other kinds of traits."""
    if isinstance(trait, t.Int):
        numbers = f"a whole number from {trait.min} to {trait.max}"
        return f"{numbers}, or None" if trait.allow_none else numbers
    kinds = {t.Bool: "True or False", t.Unicode: "text"}
    return next((said for kind, said in kinds.items() if isinstance(trait, kind)), "")


class Bridge(anywidget.AnyWidget):
    """A widget with one lock around its traits and messages, as several threads write them."""

    _esm = _front_end("studio.js")
    _css = _front_end("studio.css")
    _view = t.Unicode("studio", help="What the page draws").tag(sync=True)
    _picked: t.List[str] = t.List(help="Ids of the pictures selected in a gallery").tag(sync=True)
    _fallback: Fallback | None = None
    _lock: RLock
    _parts: ExitStack
    """What has to be closed along with the widget."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a widget with the lock and parts that are needed before `__init__` has ended."""
        made = super().__new__(cls, *args, **kwargs)
        made._lock, made._parts = threading.RLock(), ExitStack()
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field; an unknown name is refused, as setting it would have no effect.

        Raises:
            UnknownFieldError: There is no field of that name, or it is read-only.
            FieldError: The field does not take the value.
        """
        if not name.startswith("_") and not hasattr(type(self), name):
            raise self._unknown_field_error(name, value)
        if isinstance(getattr(type(self), name, None), property):
            raise UnknownFieldError(f"{name} can only be read", field=name, value=value)
        try:
            super().__setattr__(name, value)
        except (t.TraitError, ValueError) as error:  # ValueError: traitlets can't print a huge int
            if isinstance(error, RequestError):
                raise
            takes = _expected(self.traits().get(name))
            said = f"{name} takes {takes}, got {quoted(value)}" if takes else str(error)
            raise FieldError(said, field=name, value=value) from error

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise StaysHereError(
            f"a {type(self).__name__} can't be copied or leave its kernel; copy or send the "
            "results that it shows instead"
        )

    def __dir__(self) -> list[str]:
        # Only what people use, without the hundred names that widgets have for the page.
        ours = [each for each in type(self).__mro__ if each.__module__.startswith(_PACKAGE)]
        named = {name for each in ours for name in vars(each) if not name.startswith("_")}
        return sorted((named - {"open", "set_state"}) | {"layout", "observe", "unobserve"})

    @classmethod
    def _fields(cls) -> list[str]:
        """Return the names of this widget's public traits."""
        inherited = anywidget.AnyWidget.class_trait_names()
        own = set(cls.class_trait_names()).difference(inherited)
        return sorted(name for name in own if not name.startswith("_"))

    @classmethod
    def _unknown_field_error(cls, name: str, value: object) -> UnknownFieldError:
        from seedream_widgets.values.guesses import meant

        return UnknownFieldError(
            f"{cls.__name__} has no {name}; {meant(name, cls._fields())}", field=name, value=value
        )

    def _post(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        with self._lock:
            if self.comm is not None:
                try:
                    self.send(content, buffers)
                except Exception:  # ipykernel 7.0 can't send from threads; the page will ask again
                    _log.exception("a message to the page could not be sent")

    def open(self) -> None:
        """Open the comm without tying its messages to one shell; see `_untie_from_shell`."""
        super().open()
        self._untie_from_shell()

    def _send(self, msg: Any, buffers: Any = None) -> None:
        super()._send(msg, buffers)
        self._untie_from_shell()

    def _untie_from_shell(self) -> None:
        # ipykernel 7.4 ties a comm to the shell that sent last, often the main one, where a click
        # would wait for the running cell. Untied, each message goes to the shell that the host
        # addressed.
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)

    def _handle_msg(self, msg: Any) -> None:
        # One lock around messages and trait writes: they come from several threads.
        with self._lock:
            super()._handle_msg(msg)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take trait values from the page; if one is not accepted, send the old ones back."""
        try:
            with self._lock:  # marimo's wrapper calls this directly, without `_handle_msg`
                super().set_state(sync_data)
        except t.TraitError as error:
            _log.warning("the page sent a value that is not accepted: %s", error)
            self.send_state([name for name in sync_data if name in self.keys])
        else:
            self._tell_other_views(sync_data)

    def _tell_other_views(self, sync_data: dict[str, Any]) -> None:
        # In Colab each view has its own model, and ipywidgets 7 does not echo updates to them.
        if not getattr(ipywidgets, "JUPYTER_WIDGETS_ECHO", False):
            self.send_state([name for name in sync_data if name in self.keys])

    @t.validate("_picked")
    def _check_picked(self, proposal: Any) -> list[str]:
        return picture_names(proposal["value"])

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if self.comm is None:
            return {"text/plain": f"{self!r}, closed"}
        view = super()._repr_mimebundle_(**kwargs)
        data = view[0] if isinstance(view, tuple) else view
        if data and self._fallback is not None:
            data["text/html"] = self._fallback.html()
        return view

    def _ipython_display_(self, **_: Any) -> None:
        from IPython.display import display

        show: Callable[..., object] = display
        if self.comm is None:
            show({"text/plain": f"{self!r}, closed"}, raw=True)
            return
        view = super()._repr_mimebundle_()
        data, metadata = view if isinstance(view, tuple) else (view, None)
        if data and self._fallback is not None:
            data["text/html"] = _PLACEHOLDER  # not the sheet: a reopened notebook would show two
        show(data, metadata=metadata, raw=True)
        if self._fallback is not None:
            self._fallback.show()

    def close(self) -> None:
        """Close the comm; the contact sheet takes the place of the views."""
        self._parts.close()
        if self._fallback is not None:
            self._fallback.close()
        super().close()

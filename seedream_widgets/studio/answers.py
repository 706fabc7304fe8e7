"""Answers the page's messages: each gets exactly one `reply` or `error`.

A handler may run on the main thread or on a subshell's, so it returns at once. Slow work goes to
the engine, or to the widget's own threads (`Aside`), and is answered when it is done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from seedream_widgets.errors import SeedreamError
from seedream_widgets.studio import protocol

if TYPE_CHECKING:
    from threading import RLock

    from seedream_widgets.jobs.engine import Engine

_log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
_THREADS = 4

Answer = tuple[dict[str, Any], list[bytes]]
Late = Coroutine[Any, Any, "Answer | Callable[[], Answer]"]
Table = dict[type, Callable[..., "Answer | Late"]]


class Aside:
    """A widget's own threads, for work that may wait for the disk or for the widget's lock.

    A user's observer may hold the widget's lock while it waits for a job, so work that takes the
    lock must never run in threads that jobs need.
    """

    def __init__(self, engine: Engine) -> None:
        self._loop = engine.loop
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="seedream-studio")

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread; only call it on the engine's loop."""
        return await self._loop.run_in_executor(self._threads, partial(work, *args, **kwargs))

    def start(self, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run `work` in a thread, without waiting for it; does nothing once closed."""
        with suppress(RuntimeError):
            self._threads.submit(partial(work, *args, **kwargs))

    def close(self) -> None:
        """Accept no more work."""
        self._threads.shutdown(wait=False)


def answered_aside(aside: Aside, table: dict[type, Callable[..., Answer]]) -> Table:
    """Return a table of handlers that run in `aside`, as they read the disk or wait for a lock."""
    return {kind: partial(aside, answer) for kind, answer in table.items()}


class PostsMessages(Protocol):
    """A widget that posts messages to its page."""

    _lock: RLock

    def _post(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None: ...


class Answers:
    """Answers the messages of one widget's page.

    Args:
        widget: Posts the answers.
        engine: Does the slow work.
        aside: Runs what may wait for the widget's lock.
        table: The handler of each message class: it returns the answer, or a coroutine for it.
    """

    def __init__(self, widget: PostsMessages, engine: Engine, aside: Aside, table: Table) -> None:
        self._widget, self._engine = widget, engine
        self._aside, self._table = aside, table

    def handle(self, _: object, content: object, buffers: list[memoryview]) -> None:
        """Answer one message of any kind, and never raise; a callback for a widget's `on_msg`."""
        given = content.get("id") if isinstance(content, dict) else None
        name = given[: protocol.MAX_TEXT] if isinstance(given, str) else None
        try:
            message = protocol.read(content)
            handler = self._table.get(type(message))
            if handler is None:
                raise protocol.ProtocolError(f"this widget takes no message {message.kind}")
            chunk = (buffers,) if isinstance(message, protocol.Chunk) else ()
            answer = handler(message, *chunk)
            if isinstance(answer, tuple):
                self._reply(name, answer)
            else:
                self._engine.start(self._answer_later(name, answer))
        except Exception as error:
            self._refuse(name, error)

    async def _answer_later(self, name: str | None, work: Late) -> None:
        # Sending waits for the widget's lock, which the engine's loop must never do.
        try:
            await self._aside(self._reply, name, await work)
        except Exception as error:
            await self._aside(self._refuse, name, error)

    def _reply(self, name: str | None, answer: Answer | Callable[[], Answer]) -> None:
        with self._widget._lock:  # an answer that is computed now must be sent before newer ones
            result, buffers = answer() if callable(answer) else answer
            self._widget._post({"kind": "reply", "id": name, "result": result}, buffers)

    def _refuse(self, name: str | None, error: Exception) -> None:
        if not isinstance(error, SeedreamError | protocol.ProtocolError):
            _log.exception("a studio message failed", exc_info=error)
        message = str(error) or f"unexpected {type(error).__name__}; see the Python log"
        field = getattr(error, "field", None)
        now = getattr(error, "now", None)  # of a TermsError
        terms = None if now is None else now.to_dict()
        told = {"kind": "error", "id": name, "message": message, "field": field, "terms": terms}
        self._widget._post(told)

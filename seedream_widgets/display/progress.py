"""A progress bar for blocking calls: in a cell or a terminal, and nowhere else."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from html import escape
from threading import RLock
from typing import TYPE_CHECKING, Any, TextIO

from seedream_widgets.errors import running_shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAUSE = 0.5
"""Seconds between two updates of a cell's output."""


@contextmanager
def progress_line(
    show: bool | None, total: int | None = None
) -> Iterator[Callable[[int, str], None]]:
    """Show a bar with a text beside it, and yield ``tell(done, text)``, which updates it.

    Args:
        show: Whether to show it; ``None``: in a notebook and in a terminal.
        total: What `done` counts up to; ``None`` shows the text only.
    """
    if show is False:
        yield lambda done, text: None
    elif in_notebook() and total is not None:
        yield _CellBar(total).tell
    elif _is_open(sys.stderr) and (show or _is_terminal(sys.stderr)):
        # No rate and no time left of tqdm's own: the text tells what fal runs at once.
        form = (
            "{percentage:3.0f}%|{bar:10}| {n}/{total} [{elapsed}{postfix}]" if total else "{desc}"
        )
        with _bar_class()(total=total, leave=True, bar_format=form) as bar:

            def tell(done: int, text: str) -> None:
                bar.n = done
                (bar.set_postfix_str if total else bar.set_description_str)(text)

            yield tell
    else:
        yield lambda done, text: None


def _bar_class() -> Any:
    """Return a tqdm class with a lock of its own, no monitor thread and no finaliser.

    An interrupt at the wrong moment leaves tqdm's global lock held for ever, and the finaliser of
    an interrupted bar would then block the thread that collects it, such as the engine's.
    """
    from tqdm import tqdm

    own = {"_lock": RLock(), "monitor_interval": 0, "__del__": lambda _: None}
    return type("Bar", (tqdm,), own)


# A program may have replaced a stream by an object that only has `write`.
def _is_open(stream: TextIO | None) -> bool:
    """Tell whether a stream can be written to: a Windows program without a console has none."""
    return stream is not None and not getattr(stream, "closed", False)


def _is_terminal(stream: TextIO) -> bool:
    asked = getattr(stream, "isatty", None)
    return bool(asked and asked())


class _CellBar:
    """A bar in the output of the running cell."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._shown: tuple[int, str] | None = None
        self._updated_at = 0.0
        self._handle: Any = None

    def tell(self, done: int, text: str) -> None:
        now = time.monotonic()
        if (done, text) == self._shown or (now - self._updated_at < PAUSE and done < self._total):
            return
        self._shown, self._updated_at = (done, text), now
        from IPython.display import display

        data = {"text/plain": f"{done} of {self._total}: {text}", "text/html": self._html()}
        if self._handle is None:
            show: Callable[..., Any] = display
            self._handle = show(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def _html(self) -> str:
        done, text = self._shown or (0, "")
        return (
            '<div style="font:13px/1.45 system-ui,sans-serif">'
            f'<progress max="{self._total}" value="{done}" style="width:240px;'
            f'vertical-align:middle"></progress> {done:,} of {self._total:,} · {escape(text)}</div>'
        )


def in_notebook() -> bool:
    """Tell whether this runs in a kernel, so that displays can be updated."""
    return getattr(running_shell(), "kernel", None) is not None


def page_listens() -> bool:
    """Tell whether a page is open: what runs notebooks without one (nbconvert) allows no input."""
    kernel = getattr(running_shell(), "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", False))

"""What a notebook shows in a widget's place when no kernel runs, such as one that was saved.

It is a separate output below the widget's own: updating the widget's own output would redraw its
view and lose what is being typed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from seedream_widgets.display.html import SHEET_RESULTS, picture, sheet_html, sheet_item, sheet_text
from seedream_widgets.errors import running_shell

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.values.result import Result

DELAY = 0.5
"""Seconds to wait for further results before an update."""
# Without a kernel JupyterLab shows only a text for the view; this hides it beside the sheet. A live
# view hides the sheet by itself: a rule here, with `:root:has(...)`, would make the browser restyle
# the whole page at every change.
_STYLE = """<style>
.jp-OutputArea-child:has(+ .jp-OutputArea-child .{name}-sheet)
> .jp-OutputArea-output:not([class*=jp-Rendered], :has(.lm-Widget)) {{ display: none }}
</style>"""

_log = logging.getLogger(__name__)


class StandIn(NamedTuple):
    """What a notebook shows without a kernel: as HTML, as text, and as a picture by media type."""

    html: str
    text: str
    picture: dict[str, str]


class Fallback:
    """The newest results as HTML in the notebook, which a live view hides.

    Args:
        name: A CSS class that only this widget's views have.
        results: Returns the results, newest first.
        engine: Its pool draws the pictures.
        drawn: Returns what to show instead of the results.
        title: Returns the line above them, given how many are shown.
    """

    def __init__(
        self,
        name: str,
        results: Callable[[], tuple[Result, ...]],
        engine: Engine,
        drawn: Callable[[], StandIn] | None = None,
        title: Callable[[int], str] | None = None,
    ) -> None:
        self._title = title
        self._drawn = drawn or self._contact_sheet
        self._name, self._results, self._engine = name, results, engine
        self._draw = lru_cache(2 * SHEET_RESULTS)(sheet_item)
        self._lock = threading.Lock()
        self._scheduled = False
        self._published: tuple[Result, ...] | None = None
        self._kept: tuple[Result, ...] = ()
        self._cells: Any = None

    def html(self) -> str:
        """Return the contact sheet as it is now."""
        return self._drawn().html

    def _contact_sheet(self) -> StandIn:
        results = self._results()
        html = sheet_html(results, self._draw, self._title)
        return StandIn(html, sheet_text(results, self._title), picture(results[:1]))

    def show(self) -> None:
        """Add the output to the running cell, if a kernel is there to update it."""
        shell = running_shell()
        if not hasattr(shell, "kernel"):
            return
        with self._lock:
            self._publish(update=False)
            self._kept = self._published or ()
        if self._cells is None:
            self._cells = shell.events
            self._cells.register("post_run_cell", self._after_cell)

    def close(self) -> None:
        """Stop updating the output."""
        self._published = None
        if self._cells is not None:
            self._cells.unregister("post_run_cell", self._after_cell)
            self._cells = None

    def changed(self) -> None:
        """Have the output updated soon; only call it on the engine's thread."""
        if self._published is not None and not self._scheduled:
            self._scheduled = True
            self._engine.start(self._update_soon())

    async def _update_soon(self) -> None:
        await asyncio.sleep(DELAY)
        self._scheduled = False
        await self._engine.run_in_pool(self._update_if_changed, self._published)

    def _after_cell(self, *_: object) -> None:
        # nbconvert and the like drop updates that come between two cells, so send them now.
        self._update_if_changed(self._kept)
        self._kept = self._published or ()

    def _update_if_changed(self, known: tuple[Result, ...] | None) -> None:
        try:
            with self._lock:
                if self._published is not None and self._results() != known:
                    self._publish(update=True)
        except Exception:  # ipykernel 7.0 can't send from threads; the next cell will
            _log.exception("the studio's contact sheet could not be renewed")

    def _publish(self, update: bool) -> None:
        from IPython.display import display

        self._published = results = self._results()
        name = f"{self._name}-sheet"
        sheet = self._drawn()
        html = sheet.html + _STYLE.format(name=self._name)
        empty = "" if results else " data-empty"  # hidden by any view, even one without a kernel
        data = {
            "text/html": f'<div class="{name}"{empty}>{html}</div>',
            "text/plain": sheet.text,
            **sheet.picture,
        }
        show: Callable[..., object] = display
        show(data, raw=True, display_id=name, update=update)

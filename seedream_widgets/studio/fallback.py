"""What stands in place of the widget where none can run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedream_widgets.display import result_html

if TYPE_CHECKING:
    from seedream_widgets.result import Result

_SHOWN = 4


def fallback_html(results: tuple[Result, ...]) -> str:
    """Return the newest results as static HTML, or a line that says how to get the widget."""
    if results:
        return "".join(result_html(result) for result in results[:_SHOWN])
    return (
        '<div style="font:13px/1.45 system-ui,sans-serif;opacity:.75">Seedream studio: run this '
        "cell to write a prompt and generate images.</div>"
    )

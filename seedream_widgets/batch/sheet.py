"""A batch as static HTML, for where no widget can run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedream_widgets.batch.poster import layout, words_of
from seedream_widgets.display.sheet import grid_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seedream_widgets.batch.cell import Cell
    from seedream_widgets.batch.plan import Axis
    from seedream_widgets.values.result import ResultImage


def html(axes: Sequence[Axis], cells: Iterable[Cell], title: str) -> str:
    """Return a batch as static HTML: the last axis across, the others down."""
    grid = layout(axes, cells)

    def tile(row: int, column: int) -> ResultImage | str:
        cell = grid.cells.get((row, column))
        result = cell.opened() if cell is not None else None
        return result.files[0] if result is not None else words_of(cell)

    return grid_html(title, grid.columns, grid.rows, tile)

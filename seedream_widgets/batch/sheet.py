"""A batch as a grid: which axis runs where, and what stands at each place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedream_widgets.display.sheet import grid_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seedream_widgets.batch.cell import Cell
    from seedream_widgets.batch.plan import Axis
    from seedream_widgets.values.result import ResultImage


def html(all_axes: Sequence[Axis], cells: Iterable[Cell], title: str) -> str:
    """Return a batch as static HTML: the last axis across, the others down."""
    axes = [axis for axis in all_axes if len(axis) > 1]
    across = axes[-1] if axes else None
    kept = [at for at, axis in enumerate(all_axes) if len(axis) > 1]
    places: dict[tuple[int, ...], Cell] = {}
    rows: dict[tuple[int, ...], str] = {}
    for cell in cells:
        for whole in cell.places:
            at = tuple(whole[axis] for axis in kept)
            places[at] = cell
            names = [axis.labels[index] for axis, index in zip(axes[:-1], at[:-1], strict=True)]
            rows.setdefault(at[:-1], " · ".join(names))
    columns = across.labels if across else ("",)
    downs = sorted(rows)

    def tile(row: int, column: int) -> ResultImage | str:
        at = (*downs[row], column) if across else ()
        cell = places.get(at)
        return picture(cell) if cell is not None else ""

    return grid_html(title, columns, [rows[at] for at in downs], tile)


def picture(cell: Cell) -> ResultImage | str:
    """Return a cell's first picture, or the words that stand in its place."""
    result = cell.result if cell.state == "done" else None
    if result is not None:
        return result.files[0]
    if cell.error is not None:
        return str(cell.error)
    return "under way" if cell.state == "running" else "not asked yet"

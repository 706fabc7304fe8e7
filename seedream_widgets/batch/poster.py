"""A batch as a grid: as HTML in a notebook, or exported as one picture or one HTML file."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from seedream_widgets.display.sheet import grid_html, image_tag
from seedream_widgets.errors import ImageInputError, RequestError, ResultError, whole_between
from seedream_widgets.files import in_place_of
from seedream_widgets.images.previews import preview

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    from seedream_widgets.batch.cell import Cell
    from seedream_widgets.batch.plan import Axis
    from seedream_widgets.values.result import ResultImage

MOST_PIXELS = 200_000_000
"""The most pixels of one exported PNG, as many programs can't open larger ones."""
LEAST_EDGE = 16
_GAP = 8
_FEW = 100
_WORDS = 300


class Layout(NamedTuple):
    """A batch as a grid: labels of the columns and rows, and the cell at each (row, column)."""

    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: dict[tuple[int, int], Cell]


def layout(axes: Sequence[Axis], cells: Iterable[Cell], x: str | None = None) -> Layout:
    """Return a grid with one axis across and all others down, in their order.

    Args:
        axes: The batch's axes.
        cells: The batch's cells.
        x: The axis that runs across; by default the last one with several values.

    Raises:
        RequestError: There is no axis of that name.
    """
    names = [axis.name for axis in axes]
    if x is not None and x not in names:
        raise RequestError(
            f"x takes the name of an axis: {', '.join(names) or 'this batch has none'}; got "
            f"{x!r:.60}",
            field="x",
            value=x,
        )
    several = [name for name, axis in zip(names, axes, strict=True) if len(axis) > 1]
    across = names.index(x) if x is not None else names.index(several[-1]) if several else None
    down = [n for n, axis in enumerate(axes) if n != across and len(axis) > 1]
    placed: dict[tuple[tuple[int, ...], int], Cell] = {}
    for cell in cells:
        for at in cell.places:
            placed[tuple(at[n] for n in down), 0 if across is None else at[across]] = cell
    rows = sorted({row for row, _ in placed})
    number = {row: at for at, row in enumerate(rows)}
    titles = tuple(
        " · ".join(axes[n].labels[index] for n, index in zip(down, row, strict=True))
        for row in rows
    )
    columns = axes[across].labels if across is not None else ("",)
    return Layout(columns, titles, {(number[row], at): cell for (row, at), cell in placed.items()})


def words_of(cell: Cell | None) -> str:
    """Return the words to show while there is no picture."""
    if cell is None:
        return ""
    if cell.error is not None:
        return str(cell.error)
    if cell.state == "running":
        return "under way"
    return "sent before" if cell.sent else "not asked yet"


def static_html(grid: Layout, title: str) -> str:
    """Return the grid as static HTML for a notebook, where no widget can run."""

    def tile(row: int, column: int) -> ResultImage | str:
        cell = grid.cells.get((row, column))
        result = cell.opened() if cell is not None else None
        return result.files[0] if result is not None else words_of(cell)

    return grid_html(title, grid.columns, grid.rows, tile)


def export_png(
    grid: Layout, target: Path, edge: int | None = None, *, pages: bool = False
) -> list[Path]:
    """Write the grid as PNG: whole pictures side by side, with their labels.

    Args:
        grid: From `layout`.
        target: The file; several pages are numbered, as ``sheet-1.png``.
        edge: The longer side of each picture in pixels; by default as they came.
        pages: Whether to write several files if one would have more than 200 megapixels.

    Returns:
        The files.

    Raises:
        RequestError: It would have more than 200 megapixels, and neither `edge` nor `pages` helps.
    """
    pixels = "a whole number of pixels"
    side = None if edge is None else whole_between(edge, "edge", LEAST_EDGE, 16384, pixels)
    drawing = _Drawing(grid, side)
    width, height, row = drawing.width, drawing.height, drawing.row_height
    if width * height > MOST_PIXELS and not pages:
        scaled = fitting_edge(grid)
        count = -(-len(grid.rows) // max(1, drawing.rows_within(MOST_PIXELS)))
        raise RequestError(
            f"the sheet would have {width * height / 1e6:,.0f} megapixels ({width:,} x "
            f"{height:,}), more than {MOST_PIXELS // 10**6}; pass edge={scaled} "
            f"to have it scaled down, or pages=True for about {count} files",
            field="edge",
        )
    most = drawing.rows_within(MOST_PIXELS)
    if most < 1:
        raise RequestError(
            f"one row of the sheet alone has {width * row / 1e6:,.0f} megapixels; pass edge= for "
            "smaller pictures",
            field="edge",
        )
    starts = range(0, len(grid.rows), most)
    paths = [
        target if len(starts) == 1 else target.with_stem(f"{target.stem}-{number}")
        for number in range(1, len(starts) + 1)
    ]
    for path, start in zip(paths, starts, strict=True):
        with in_place_of(path) as part:
            drawing.page(range(start, min(start + most, len(grid.rows)))).save(part, "PNG")
    return paths


def fitting_edge(grid: Layout) -> int | None:
    """Return the largest edge at which one PNG holds all pictures; ``None`` if they fit as is."""
    drawing = _Drawing(grid, None)
    pixels = drawing.width * drawing.height
    if pixels <= MOST_PIXELS:
        return None
    edge = drawing.edge
    while pixels > MOST_PIXELS and edge > LEAST_EDGE:  # labels don't shrink as pictures do
        edge = max(LEAST_EDGE, int(edge * (MOST_PIXELS / pixels) ** 0.5 * 0.95))
        drawing = _Drawing(grid, edge)
        pixels = drawing.width * drawing.height
    return edge


class _Drawing:
    """Draws rows of a grid, each picture in a box of one size for all."""

    def __init__(self, grid: Layout, edge: int | None) -> None:
        self._grid = grid
        sizes = [size for cell in grid.cells.values() if (size := _picture_size(cell))] or [
            (512, 512)
        ]
        wide, high = max(w for w, _ in sizes), max(h for _, h in sizes)
        scale = 1.0 if edge is None else edge / max(wide, high)
        self.box = max(1, round(wide * scale)), max(1, round(high * scale))
        self.edge = max(self.box)
        self._font = _font(max(11, min(64, self.edge // 24)))
        self._line = round(self._font.getbbox("Ag")[3] * 1.35)
        self._row_label_width = min(self.box[0], 40 * self._line) if any(grid.rows) else 0
        self._column_labels = [self._wrapped(label, self.box[0]) for label in grid.columns]
        self._row_labels = [
            self._wrapped(label, self._row_label_width - _GAP) for label in grid.rows
        ]
        self._top = (
            self._line * max(map(len, self._column_labels)) + 2 * _GAP if any(grid.columns) else 0
        )
        lines = max([1, *map(len, self._row_labels)]) * self._line
        self.row_height = max(self.box[1], lines) + _GAP
        self.width = self._row_label_width + len(grid.columns) * (self.box[0] + _GAP) + _GAP
        self.height = self._top + len(grid.rows) * self.row_height + _GAP

    def rows_within(self, pixels: int) -> int:
        return int((pixels / self.width - self._top - _GAP) // self.row_height)

    def page(self, rows: range) -> Image:
        from PIL import Image, ImageDraw

        size = self.width, self._top + len(rows) * self.row_height + _GAP
        page = Image.new("RGB", size, "white")
        draw = ImageDraw.Draw(page)
        for column, lines in enumerate(self._column_labels):
            self._draw_lines(draw, (self._column_left(column), _GAP), lines)
        for number, row in enumerate(rows):
            top = self._top + number * self.row_height
            self._draw_lines(draw, (_GAP, top), self._row_labels[row])
            for column in range(len(self._grid.columns)):
                cell = self._grid.cells.get((row, column))
                self._draw_cell(page, draw, cell, (self._column_left(column), top))
        return page

    def _column_left(self, column: int) -> int:
        return self._row_label_width + _GAP + column * (self.box[0] + _GAP)

    def _draw_cell(
        self, page: Image, draw: ImageDraw, cell: Cell | None, at: tuple[int, int]
    ) -> None:
        from seedream_widgets.images.pixels import decoded

        result = cell.opened() if cell is not None else None
        try:
            picture = decoded(result.files[0].read_bytes()) if result is not None else None
        except (ResultError, ImageInputError) as error:
            self._draw_lines(draw, at, self._wrapped(str(error), self.box[0]))
            return
        if picture is None:
            self._draw_lines(draw, at, self._wrapped(words_of(cell), self.box[0]))
            return
        picture.thumbnail(self.box)
        page.paste(picture, at, picture if picture.mode == "RGBA" else None)

    def _draw_lines(self, draw: ImageDraw, at: tuple[int, int], lines: Sequence[str]) -> None:
        for number, line in enumerate(lines):
            draw.text((at[0], at[1] + number * self._line), line, "black", font=self._font)

    def _wrapped(self, text: str, width: int) -> list[str]:
        """Break a text at spaces, and long words anywhere, into lines of up to `width` pixels."""
        lines: list[str] = []
        for word in text[:_WORDS].split():
            joined = f"{lines[-1]} {word}" if lines else word
            if lines and self._font.getlength(joined) <= width:
                lines[-1] = joined
                continue
            while self._font.getlength(word) > width and len(word) > 1:
                fits = max(1, int(len(word) * width / self._font.getlength(word)))
                lines.append(word[:fits])
                word = word[fits:]
            lines.append(word)
        return lines


def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _picture_size(cell: Cell) -> tuple[int, int] | None:
    result = cell.opened()
    return (result.files[0].width, result.files[0].height) if result is not None else None


_STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:16px;color:#1a1a1a;background:#fff}"
    "main{overflow:auto;max-height:92vh}table{border-collapse:collapse}"
    "th,td{padding:4px;vertical-align:top;overflow-wrap:anywhere}"
    "th{font-weight:600;background:#fff}thead th{position:sticky;top:0;max-width:20em}"
    "tbody th{position:sticky;left:0;text-align:right;max-width:16em}"
    "img{display:block;max-width:100%;height:auto;border-radius:4px}"
    "@media(prefers-color-scheme:dark){body,th{background:#1a1a1a;color:#eee}}"
)


def export_html(grid: Layout, target: Path, title: str) -> Path:
    """Write the grid as one HTML file with small pictures embedded, without scripts."""
    edge, most = (640, 90_000) if len(grid.cells) <= _FEW else (256, 14_000)
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in grid.columns)
    with in_place_of(target) as part, open(part, "w", encoding="utf-8") as page:
        page.write(
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>"
            f"<main><table><thead><tr><td></td>{head}</tr></thead><tbody>"
        )
        for row, label in enumerate(grid.rows):
            page.write(f'<tr><th scope="row">{escape(label)}</th>')
            for column in range(len(grid.columns)):
                page.write(f"<td>{_tile(grid.cells.get((row, column)), edge, most)}</td>")
            page.write("</tr>")
        page.write("</tbody></table></main></html>")
    return target


def _tile(cell: Cell | None, edge: int, most: int) -> str:
    result = cell.opened() if cell is not None else None
    if cell is None or result is None:
        return f"<p>{escape(words_of(cell)[:_WORDS])}</p>"
    file = result.files[0]
    try:
        small = preview(file._source, edge=edge, max_bytes=most)
    except ImageInputError as error:
        return f"<p>{escape(str(error)[:_WORDS])}</p>"
    words = cell.request.prompt[:_WORDS]
    return image_tag(small, words, f'title="{escape(words)}"')

"""A grid of small pictures as static HTML, without style sheets or scripts."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.previews import preview, preview_of
from seedream_widgets.values.result import ResultImage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL.Image import Image

    from seedream_widgets.images.previews import Preview

GRID_BYTES = 400_000
"""The most bytes of previews that a grid puts into a notebook."""
MOST_TILES = 900
_EDGES = ((16, 192), (64, 128), (400, 72), (MOST_TILES, 48))
_LABEL = 60
TEXT = "font:13px/1.45 system-ui,sans-serif;overflow-wrap:break-word"
"""The style of all static HTML; long words wrap."""

if TYPE_CHECKING:
    Picture = ResultImage | Image | str
    Tile = Picture | tuple[Picture, str]


def grid_html(
    title: str,
    columns: Sequence[str],
    rows: Sequence[str],
    tile: Callable[[int, int], Tile],
) -> str:
    """Return a table of pictures with a label for each column and row.

    Args:
        title: A line above it.
        columns: Labels from left to right; a single empty label means none.
        rows: Labels from top to bottom.
        tile: Returns what is at (row, column): a picture or words, or either with a caption.
    """
    shown = [*rows[: max(1, MOST_TILES // max(1, len(columns)))]]
    count = len(columns) * len(shown)
    edge = next((size for most, size in _EDGES if count <= most), _EDGES[-1][1])
    budget = max(700, GRID_BYTES // max(1, count))
    head = "".join(f"<th {_HEAD}>{_label(label)}</th>" for label in columns)
    lines = []
    for at, label in enumerate(shown):
        tiles = "".join(
            f"<td {_TILE}>{_tile(tile(at, column), edge, budget)}</td>"
            for column in range(len(columns))
        )
        lines.append(f'<tr style="background:none"><th {_SIDE}>{_label(label)}</th>{tiles}</tr>')
    rest = len(rows) - len(shown)
    more = f"<div>{rest:,} more rows are not shown here.</div>" if rest else ""
    return (
        f'<div style="{TEXT};overflow-x:auto">'
        f"<div>{escape(title)}</div>"
        '<table style="border-collapse:collapse;margin-top:8px">'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{more}</div>"
    )


_HEAD = 'style="font-weight:600;text-align:center;padding:2px 4px;max-width:192px"'
_SIDE = 'style="font-weight:600;text-align:right;padding:2px 8px 2px 0;max-width:160px"'
_TILE = 'style="padding:2px;text-align:center;vertical-align:top"'


def _preview(picture: ResultImage | Image, edge: int, most: int) -> Preview:
    if isinstance(picture, ResultImage):
        return preview(picture._source, edge, most)
    return preview_of(picture, edge, most)


def in_a_line(text: str, longest: int) -> str:
    """Return a text on one line, cut to `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _label(text: str) -> str:
    short = text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"
    return escape(short)


def _tile(what: Tile, edge: int, budget: int) -> str:
    if isinstance(what, tuple):
        under = f'<div style="max-width:{edge}px">{_label(what[1])}</div>' if what[1] else ""
        return _tile(what[0], edge, budget) + under
    if isinstance(what, str):
        return f'<span style="opacity:.7">{escape(what[:80])}</span>'
    try:
        small = _preview(what, edge, max(1000, budget))
    except ImageInputError as error:
        return f'<span style="opacity:.7">{escape(str(error)[:80])}</span>'
    return image_tag(small, more='style="border-radius:4px"')


def image_tag(small: Preview, alt: str = "", more: str = "") -> str:
    """Return a preview as HTML that needs no other file, with `more` attributes."""
    data = b64encode(small.data).decode()
    return (
        f'<img src="data:{small.media_type};base64,{data}" width="{small.width}" '
        f'height="{small.height}" alt="{escape(alt)}" {more}>'
    )

"""A DataFrame of images that shows small previews of them in a notebook."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.previews import preview

_MOST = 20
"""The most rows that are shown; of more, the first and the last ones."""
_EDGE, _BYTES = 72, 4000
_TEXT = 60
_CELL = 'style="text-align:left;vertical-align:top;padding:2px 8px"'


class ImageFrame(pd.DataFrame):  # type: ignore[misc]
    """A `pandas.DataFrame` with one row per image; frames derived from it show previews, too."""

    @property
    def _constructor(self) -> type[ImageFrame]:
        return ImageFrame

    def _repr_html_(self) -> str:
        if "path" not in self.columns or self.columns.has_duplicates:
            return str(super()._repr_html_())
        half = _MOST // 2
        shown = self if len(self) <= _MOST else pd.concat([self.head(half), self.tail(half)])
        head = "".join(f"<th {_CELL}>{escape(_short(name))}</th>" for name in shown.columns)
        lines = []
        for label, row in zip(shown.index, shown.itertuples(index=False, name=None), strict=True):
            known = dict(zip(shown.columns, row, strict=True))
            cells = "".join(f"<td {_CELL}>{escape(_short(value))}</td>" for value in row)
            side = f"<th {_CELL}>{escape(_short(label))}</th><td>{_picture(known['path'])}</td>"
            lines.append(f"<tr>{side}{cells}</tr>")
            if len(lines) == half and len(self) > _MOST:
                lines.append(f'<tr><td colspan="{len(row) + 2}">…</td></tr>')
        return (
            f'<div style="overflow-x:auto"><table><thead><tr><th></th><th></th>{head}</tr></thead>'
            f"<tbody>{''.join(lines)}</tbody></table>"
            f"<p>{len(self):,} rows × {len(self.columns)} columns</p></div>"
        )


def _picture(path: Any) -> str:
    if not isinstance(path, str) or not path:
        return ""
    try:
        small = preview(Path(path), edge=_EDGE, max_bytes=_BYTES)
    except ImageInputError:
        return ""
    data = b64encode(small.data).decode()
    return (
        f'<img src="data:{small.media_type};base64,{data}" width="{small.width}" '
        f'height="{small.height}" alt="">'
    )


def _short(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    text = str(value)
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"

"""`ContactSheet`: several pictures side by side, in a notebook or as one PIL image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from seedream_widgets.display.sheet import grid_html, in_a_line
from seedream_widgets.errors import RequestError, as_text, check_type, described, whole_between
from seedream_widgets.values.picture import picture
from seedream_widgets.values.result import Result, ResultImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

_MOST = 400
_GAP = 8
_CAPTION = 22
_EDGE = 384


class ContactSheet:
    """Pictures with captions; a notebook shows them as a grid within 400 KB.

    Args:
        pictures: PIL images, each with its caption.
        columns: How many are side by side; ``None``: as many as fit, up to 4.
        more: How many further pictures there are.
    """

    def __init__(
        self, pictures: Sequence[tuple[Any, str]], columns: int | None = None, more: int = 0
    ) -> None:
        self._pictures = list(pictures)
        self._columns = columns or min(4, max(1, len(self._pictures)))
        self._more = more

    def __len__(self) -> int:
        return len(self._pictures)

    def __repr__(self) -> str:
        count = len(self) + self._more
        shown = f", {len(self)} shown" if self._more else ""
        return f"<ContactSheet: {count} picture{'' if count == 1 else 's'}{shown}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        columns = self._columns
        rows = -(-len(self) // columns)

        def tile(row: int, column: int) -> Any:
            at = row * columns + column
            return self._pictures[at] if at < len(self) else ("", "")

        html = grid_html(repr(self)[1:-1], [""] * columns, [""] * rows, tile)
        return {"text/plain": repr(self), "text/html": html}

    def image(self, edge: int = _EDGE) -> Image:
        """Return the sheet as one PIL image, mode RGB, with captions below the pictures.

        Args:
            edge: The longer side of each picture in pixels, 16 to 4096.

        Raises:
            RequestError: `edge` is out of range, or the sheet would have over 200 megapixels.
        """
        from PIL import Image, ImageDraw, ImageFont

        from seedream_widgets.images.pixels import on_white

        edge = whole_between(edge, "edge", 16, 4096, "a whole number of pixels")
        rows = -(-len(self) // self._columns)
        captions = _CAPTION if any(caption for _, caption in self._pictures) else 0
        width = self._columns * (edge + _GAP) + _GAP
        height = rows * (edge + captions + _GAP) + _GAP
        if width * height > 200_000_000:
            raise RequestError(
                f"this sheet would be {width} x {height} pixels, over 200 megapixels; lower edge, "
                "or make several sheets",
                field="edge",
                value=edge,
            )
        sheet = Image.new("RGB", (width, height), "white")
        draw, font = ImageDraw.Draw(sheet), ImageFont.load_default()
        for at, (each, caption) in enumerate(self._pictures):
            left = _GAP + (at % self._columns) * (edge + _GAP)
            top = _GAP + (at // self._columns) * (edge + captions + _GAP)
            small = on_white(_open(each))
            small.thumbnail((edge, edge))
            spot = (left + (edge - small.width) // 2, top + (edge - small.height) // 2)
            sheet.paste(small, spot)
            if caption:
                words = in_a_line(caption, max(4, edge // 6))
                draw.text((left, top + edge + 4), words, "black", font)
        return picture(sheet)  # type: ignore[no-any-return]


def _open(picture: Any) -> Image:
    """Return a picture as a new image in sRGB."""
    from seedream_widgets.images.pixels import decoded, to_rgb, with_profile

    if isinstance(picture, ResultImage):
        return decoded(picture.read_bytes())
    return to_rgb(with_profile(picture))


def sheet_of(
    shown: Any, columns: int | None = None, captions: Iterable[object] | None = None
) -> ContactSheet:
    """Return a `ContactSheet` of results, PIL images, jobs, entries, cells, or a mix of them.

    Raises:
        RequestError: Something else was given, `columns` is not a number from 1 on, or there are
            more or fewer captions than pictures.
    """
    wide = None if columns is None else whole_between(columns, "columns", 1, 100)
    many = [shown] if _is_single(shown) or not isinstance(shown, Iterable) else list(shown)
    pictures = [pair for each in many for pair in _pictures(each)]
    if captions is not None:
        takes = "a list of texts, one for each picture"
        is_text = isinstance(captions, str | bytes)
        check_type(captions, () if is_text else (Iterable,), "captions", takes)
        texts = [as_text(caption) for caption in captions]
        if len(texts) != len(pictures):
            raise RequestError(
                f"captions takes one text for each picture: {len(pictures)}, got {len(texts)}",
                field="captions",
            )
        pictures = [(picture, text) for (picture, _), text in zip(pictures, texts, strict=True)]
    return ContactSheet(pictures[:_MOST], wide, max(0, len(pictures) - _MOST))


def _is_single(shown: Any) -> bool:
    alone = isinstance(shown, Result | str | bytes) or hasattr(shown, "ndim")
    return alone or hasattr(shown, "whole") or hasattr(shown, "thumbnail")


def _pictures(each: Any) -> list[tuple[Any, str]]:
    if hasattr(each, "whole"):  # an entry of the library
        each = each.whole()
        if each is None:
            return []
    elif hasattr(each, "opened"):  # a cell of a batch
        each = each.opened()
        if each is None:
            return []
    elif callable(getattr(each, "result", None)) and hasattr(each, "request"):  # a job
        each = each.result()
    if isinstance(each, Result):
        return [(file, each.request.prompt) for file in each.files]
    if hasattr(each, "thumbnail"):
        return [(each, "")]
    raise RequestError(
        "images takes results, PIL images, jobs, batches and entries of the library, got "
        f"{described(each)}; open a file with PIL.Image.open(path), and an array with "
        "PIL.Image.fromarray(array)",
        field="images",
        value=each,
    )

"""Results as HTML for a notebook: small previews, never the originals.

Nothing here needs style sheets or scripts, which GitHub and untrusted notebooks remove.
"""

from __future__ import annotations

from base64 import b64encode
from functools import partial
from html import escape
from io import BytesIO
from math import ceil, sqrt
from typing import TYPE_CHECKING

from seedream_widgets.display.sheet import TEXT, image_tag, in_a_line
from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.previews import Preview, preview, preview_of
from seedream_widgets.money.pricing import cost, usd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL.Image import Image

    from seedream_widgets.library.lineage import Lineage
    from seedream_widgets.library.search import Search
    from seedream_widgets.values.endpoints import Endpoints
    from seedream_widgets.values.result import Result, ResultImage

RESULT_BYTES = 24_000
"""The most bytes of previews that one result puts into a notebook."""
SHEET_BYTES = 60_000
"""The most bytes of HTML in a contact sheet of several results."""
SHEET_RESULTS = 8
"""The most results in a contact sheet."""
PICTURE_BYTES = 12_000
"""The most bytes of the picture beside the HTML."""
_PICTURE_EDGE = 768
_IMAGE_EDGE = 768
_IMAGE_BYTES = 40_000
_GAP = 8
_SHOWN = 12
_IMAGES = 4
_SHEET_EDGE = 224
_SHEET_PICTURES = 4400
_MAX_PROMPT = 200
_MAX_ID = 64


def result_bundle(result: Result) -> dict[str, str]:
    """Return a MIME bundle of a result: static HTML with its receipt line, and a picture."""
    files = result.files[:_SHOWN]
    edge = 512 if len(files) == 1 else 384 if len(files) < 4 else 256
    alt = _prompt(result, 60)
    small = [_preview_or_error(file, edge, RESULT_BYTES // len(files)) for file in files]
    tiles = " ".join(_preview_html(each, alt) for each in small)
    html = (
        f'<div style="{TEXT}">'
        f'<div style="display:flex;flex-wrap:wrap;gap:8px">{tiles}</div>'
        f'<div style="margin-top:6px;opacity:.75">{escape(receipt_line(result, _SHOWN))}</div>'
        "</div>"
    )
    return {"text/html": html, **_picture(small)}


def image_bundle(image: Image) -> dict[str, str]:
    """Return a MIME bundle of a PIL image: a preview with its size in words, and a picture."""
    small = preview_of(image, _IMAGE_EDGE, _IMAGE_BYTES)
    form = f"{image.format}, " if image.format else ""
    words = f"{image.width:,} × {image.height:,} pixels, {form}shown as a preview"
    below = f'<div style="opacity:.75">{words}</div>'
    html = f'<div style="{TEXT}">{_preview_html(small, words)}{below}</div>'
    return {"text/html": html, **_picture([small], _IMAGE_BYTES)}


def picture(results: Sequence[Result]) -> dict[str, str]:
    """Return the first image of the newest results as one picture, by its media type."""
    return _picture([_preview_or_error(each.files[0], _SHEET_EDGE, 10_000) for each in results])


def _picture(
    small: Sequence[Preview | ImageInputError], most: int = PICTURE_BYTES
) -> dict[str, str]:
    """Return a picture for programs that don't show HTML: LaTeX (for PDF) or the Qt console."""
    found = [each for each in small if isinstance(each, Preview)]
    return {"image/jpeg": b64encode(_join_as_jpeg(found, most)).decode()} if found else {}


def sheet_html(
    results: Sequence[Result],
    draw: Callable[[Result], str] | None = None,
    title: Callable[[int], str] | None = None,
) -> str:
    """Return the first of several results, each with prompt and receipt, as static HTML.

    Args:
        results: Any number, the newest first.
        draw: `sheet_item`, or a cached version of it.
        title: Returns the line above them, given how many are shown.
    """
    items = _items_that_fit(results, draw or sheet_item)
    return _contact_sheet((title or partial(_title, len(results)))(len(items)), items)


def lineage_bundle(lineage: Lineage) -> dict[str, str]:
    """Return a MIME bundle of a lineage: its text, and a sheet of the related results."""
    line = (*reversed(lineage.ancestors[:5]), lineage.result, *lineage.children[:2])
    words = f'<pre style="white-space:pre-wrap;margin:0 0 8px">{escape(str(lineage))}</pre>'
    if len(line) == 1:
        return {"text/html": words}
    items = _items_that_fit(line, sheet_item)
    return {"text/html": words + _contact_sheet("The oldest comes first.", items)}


def search_bundle(found: Search) -> dict[str, str]:
    """Return a MIME bundle of a search: a contact sheet of its first results."""
    whole = ((n, entry.whole()) for n, entry in enumerate(found[:SHEET_RESULTS]))
    numbers = {result: n for n, result in whole if result is not None}
    results = list(numbers)
    items = _items_that_fit(results, lambda result: sheet_item(result, f"[{numbers[result]}] "))
    html = _contact_sheet(search_title(len(found), len(items)), items)
    return {"text/html": html, **picture(results[: len(items)])}


def search_title(count: int, shown: int) -> str:
    """Say how many results a search found, and how many of them are shown."""
    if shown < count:
        return f"{shown} of {count:,} results, newest first. Search for words to find others."
    return f"{counted(count, shown)}."


def counted(count: int, shown: int) -> str:
    """Return how many results there are and are shown, as "3 results, newest first, 2 shown"."""
    newest = ", newest first" if count > 1 else ""
    rest = f", {shown} shown" if shown < count else ""
    return f"{count:,} result{'' if count == 1 else 's'}{newest}{rest}"


def endpoints_bundle(endpoints: Endpoints) -> dict[str, str]:
    """Return a MIME bundle of the table of endpoints; unconfirmed facts are marked."""
    head, *rows = endpoints.table()
    lines = (
        "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in row)
        + "</tr>"
        for row in rows
    )  # fmt: skip
    heads = "".join(f'<th style="text-align:left">{escape(cell)}</th>' for cell in head)
    html = (
        '<div style="overflow-x:auto"><table><thead><tr>'
        f"{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
    return {"text/html": html}


def _items_that_fit(results: Sequence[Result], draw: Callable[[Result], str]) -> list[str]:
    items: list[str] = []
    left = SHEET_BYTES - 1000
    for result in results[:SHEET_RESULTS]:
        item = draw(result)
        left -= len(item.encode())
        if left < 0:
            break
        items.append(item)
    return items


def _contact_sheet(title: str, items: Sequence[str]) -> str:
    return (
        f'<div style="{TEXT}">'
        f"<div>{escape(title)}</div>"
        f'<div style="display:flex;flex-wrap:wrap;gap:16px">{"".join(items)}</div></div>'
    )


def sheet_text(results: Sequence[Result], title: Callable[[int], str] | None = None) -> str:
    """Return what `sheet_html` says as plain text."""
    shown = results[:SHEET_RESULTS]
    lines = [f"{_prompt(each)!r}\n  {receipt_line(each, _IMAGES)}" for each in shown]
    return "\n".join([(title or partial(_title, len(results)))(len(shown)), *lines])


def images_that_came(result: Result) -> str:
    """Say how many images came, and how many were asked for where that is more."""
    came, missing = len(result), result.missing
    if missing:
        return f"asked {came + missing}, got {came}"
    return f"{came} image{'s' * (came > 1)}"


def receipt_line(result: Result, most: int) -> str:
    """Return what came, from where, when and for how much, in a line.

    Args:
        result: The result.
        most: How many of its images are shown beside the line.
    """
    first = result.files[0]
    shown = f", {most} shown" if len(result) > most else ""
    what = [
        f"{images_that_came(result)}{shown}",
        f"{first.width} × {first.height}",
        _seed(result),
    ]
    if result.backend == "offline":  # without times, so that notebooks can be reproduced exactly
        return " · ".join([*what, *_source_and_cost(result)])
    took = f"{result.timings.total:.1f} s"
    when = f"{result.created:%Y-%m-%d %H:%M} UTC"
    return " · ".join(
        [*what, took, *_source_and_cost(result), when, f"request {result.request_id[:_MAX_ID]}"]
    )


def _seed(result: Result) -> str:
    if result.seed is not None:
        return f"seed {result.seed}"
    return "seed unknown" if "seed" in result.request.endpoint.arguments else "no seed"


def _source_and_cost(result: Result) -> tuple[str, ...]:
    if result.backend == "offline":
        return ("offline preview, not Seedream",)
    if result.cached:
        return (result.request.endpoint.id, "from the library, $0.00")
    flat = result.request.endpoint.price.flat
    told = "" if result.billable_units is not None and flat else "about "
    return (result.request.endpoint.id, f"{told}{usd(cost(result))}")


def _title(count: int, shown: int) -> str:
    if not count:
        return "Seedream studio: run this cell to write a prompt and generate images."
    return f"Seedream studio: {counted(count, shown)}. Run this cell to generate more."


def sheet_item(result: Result, before: str = "") -> str:
    """Return one result of a contact sheet, its prompt with something `before` it."""
    files = result.files[:_IMAGES]
    edge = _SHEET_EDGE if len(files) == 1 else _SHEET_EDGE // 2 - 4
    alt = _prompt(result, 60)
    small = [_preview_or_error(file, edge, _SHEET_PICTURES // len(files)) for file in files]
    tiles = " ".join(_preview_html(each, alt) for each in small)
    return (
        f'<div style="width:{_SHEET_EDGE + 4}px;margin-top:12px"><div>{tiles}</div>'
        f"<div>{before}{escape(_prompt(result))}</div>"
        f'<div style="opacity:.75">{escape(receipt_line(result, _IMAGES))}</div></div>'
    )


def _prompt(result: Result, longest: int = _MAX_PROMPT) -> str:
    return in_a_line(result.prompt, longest) or "(prompt not stored)"


def _preview_or_error(file: ResultImage, edge: int, budget: int) -> Preview | ImageInputError:
    """Return a preview, or the error if there is none, such as of a file that was moved."""
    try:
        return preview(file._source, edge=edge, max_bytes=budget)
    except ImageInputError as error:
        return error


def _preview_html(small: Preview | ImageInputError, alt: str) -> str:
    if isinstance(small, ImageInputError):
        return f"<span>{escape(str(small))}</span>"
    return image_tag(small, alt, 'style="max-width:100%;height:auto;border-radius:6px"')


def _join_as_jpeg(small: Sequence[Preview], most: int) -> bytes:
    """Return previews side by side on white, as a JPEG of at most `most` bytes."""
    from PIL import Image

    columns = ceil(sqrt(len(small)))
    rows = ceil(len(small) / columns)
    width, height = (max(getattr(each, side) for each in small) for side in ("width", "height"))
    size = columns * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP
    sheet = Image.new("RGB", size, "white")
    for number, each in enumerate(small):
        with Image.open(BytesIO(each.data), formats=("WEBP",)) as image:
            seen = image.convert("RGBA")
        row, column = divmod(number, columns)
        sheet.paste(seen, (column * (width + _GAP), row * (height + _GAP)), seen)
    sheet.thumbnail((_PICTURE_EDGE, _PICTURE_EDGE))
    while True:
        for quality in (80, 60, 40):
            file = BytesIO()
            sheet.save(file, "JPEG", quality=quality, optimize=True)
            if file.tell() <= most:
                return file.getvalue()
        sheet.thumbnail((sheet.width * 3 // 4, sheet.height * 3 // 4))

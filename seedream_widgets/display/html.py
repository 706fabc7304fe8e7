"""How results show themselves in a notebook: small previews, never the originals.

Nothing here depends on styles or scripts: GitHub and untrusted notebooks take them away.
"""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.previews import preview
from seedream_widgets.money.pricing import cost, usd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seedream_widgets.library.search import Search
    from seedream_widgets.values.endpoints import Endpoints
    from seedream_widgets.values.result import Result, ResultImage

RESULT_BYTES = 24_000
"""Most bytes of previews one result puts into a notebook."""
SHEET_BYTES = 60_000
"""Most bytes of HTML a contact sheet of several results has."""
SHEET_RESULTS = 8
"""Most results in a contact sheet."""
_SHOWN = 12
_IMAGES = 4
_SHEET_EDGE = 224
_SHEET_PICTURES = 4400
_MAX_PROMPT = 200
_MAX_ID = 64


def result_html(result: Result) -> str:
    """Return a contact sheet of `result` with its receipt line, as static HTML."""
    files = result.files[:_SHOWN]
    edge = 512 if len(files) == 1 else 384 if len(files) < 4 else 256
    alt = _prompt(result, 60)
    tiles = " ".join(_tile(file, edge, RESULT_BYTES // len(files), alt) for file in files)
    return (
        '<div style="font:13px/1.45 system-ui,sans-serif">'
        f'<div style="display:flex;flex-wrap:wrap;gap:8px">{tiles}</div>'
        f'<div style="margin-top:6px;opacity:.75">{escape(receipt_line(result, _SHOWN))}</div>'
        "</div>"
    )


def sheet_html(results: Sequence[Result], draw: Callable[[Result], str] | None = None) -> str:
    """Return the first of several results, each with prompt and receipt, as static HTML.

    Args:
        results: Any number, the newest first.
        draw: `sheet_item`, or what remembers it.
    """
    items = _items(results, draw or sheet_item)
    return _sheet(_title(len(results), len(items)), items)


def found_html(found: Search) -> str:
    """Return the first results that a search found as static HTML: small, however many."""
    results = [result for entry in found[:SHEET_RESULTS] if (result := entry.whole())]
    items = _items(results, sheet_item)
    return _sheet(found_title(len(found), len(items)), items)


def found_title(count: int, shown: int) -> str:
    """Say how many results a search found, and how many of them are shown."""
    if shown < count:
        return f"{count:,} results, newest first, {shown} shown. Search for words to find others."
    return f"{count:,} result{'' if count == 1 else 's'}{', newest first' if count > 1 else ''}."


def endpoints_html(endpoints: Endpoints) -> str:
    """Return the table of endpoints, what third parties alone state marked in it."""
    head, *rows = endpoints.table()
    lines = (
        "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in row)
        + "</tr>"
        for row in rows
    )  # fmt: skip
    heads = "".join(f'<th style="text-align:left">{escape(cell)}</th>' for cell in head)
    return (
        '<div style="overflow-x:auto"><table><thead><tr>'
        f"{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _items(results: Sequence[Result], draw: Callable[[Result], str]) -> list[str]:
    items: list[str] = []
    left = SHEET_BYTES - 1000
    for result in results[:SHEET_RESULTS]:
        item = draw(result)
        left -= len(item.encode())
        if left < 0:
            break
        items.append(item)
    return items


def _sheet(title: str, items: Sequence[str]) -> str:
    return (
        '<div style="font:13px/1.45 system-ui,sans-serif">'
        f"<div>{title}</div>"
        f'<div style="display:flex;flex-wrap:wrap;gap:16px">{"".join(items)}</div></div>'
    )


def sheet_text(results: Sequence[Result]) -> str:
    """Return what `sheet_html` says as plain text."""
    shown = results[:SHEET_RESULTS]
    lines = [f"{_prompt(each)!r}\n  {receipt_line(each, _IMAGES)}" for each in shown]
    return "\n".join([_title(len(results), len(shown)), *lines])


def receipt_line(result: Result, most: int) -> str:
    """Return what came, from where, when and for how much, in a line.

    Args:
        result: Of which.
        most: How many of its images are shown beside it.
    """
    first = result.files[0]
    shown = f", {most} shown" if len(result) > most else ""
    parts = [
        f"{len(result)} image{'s' * (len(result) > 1)}{shown}",
        f"{first.width} × {first.height}",
        _seed(result),
        f"{result.timings.total:.1f} s",
        *_origin(result),
        f"{result.created:%Y-%m-%d %H:%M} UTC",
        f"request {result.request_id[:_MAX_ID]}",
    ]
    return " · ".join(parts)


def _seed(result: Result) -> str:
    if result.seed is not None:
        return f"seed {result.seed}"
    return "seed unknown" if "seed" in result.request.endpoint.arguments else "no seed"


def _origin(result: Result) -> tuple[str, ...]:
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
    rest = f", {shown} shown" if shown < count else ""
    newest = ", newest first" if count > 1 else ""
    return (
        f"Seedream studio: {count} result{'s' * (count > 1)}{newest}{rest}. "
        "Run this cell to generate more."
    )


def sheet_item(result: Result) -> str:
    """Return one result of a contact sheet."""
    files = result.files[:_IMAGES]
    edge = _SHEET_EDGE if len(files) == 1 else _SHEET_EDGE // 2 - 4
    alt = _prompt(result, 60)
    tiles = " ".join(_tile(file, edge, _SHEET_PICTURES // len(files), alt) for file in files)
    return (
        f'<div style="width:{_SHEET_EDGE + 4}px;margin-top:12px"><div>{tiles}</div>'
        f"<div>{escape(_prompt(result))}</div>"
        f'<div style="opacity:.75">{escape(receipt_line(result, _IMAGES))}</div></div>'
    )


def _prompt(result: Result, longest: int = _MAX_PROMPT) -> str:
    prompt = " ".join(result.prompt.split()) or "(prompt not stored)"
    return prompt if len(prompt) <= longest else f"{prompt[: longest - 1]}…"


def _tile(file: ResultImage, edge: int, budget: int, alt: str) -> str:
    try:
        source = file.path if file.data is None else file.data
        small = preview(source, edge=edge, max_bytes=budget)
    except ImageInputError as error:  # such as a file that was moved
        return f"<span>{escape(str(error))}</span>"
    data = b64encode(small.data).decode()
    return (
        f'<img src="data:{small.media_type};base64,{data}" width="{small.width}" '
        f'height="{small.height}" alt="{escape(alt)}" '
        'style="max-width:100%;height:auto;border-radius:6px">'
    )

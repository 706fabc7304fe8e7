"""How a result shows itself in a notebook: small previews, never the originals."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from seedream_widgets.errors import ImageInputError
from seedream_widgets.previews import preview
from seedream_widgets.pricing import estimate

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.result import Result

RESULT_BYTES = 24_000
"""Most bytes of previews one result puts into a notebook."""
_SHOWN = 12


def result_html(result: Result) -> str:
    """Return a contact sheet of `result` with its receipt line, as static HTML."""
    files = result.files[:_SHOWN]
    edge = 512 if len(files) == 1 else 384 if len(files) < 4 else 256
    budget = RESULT_BYTES // len(files)
    tiles = "".join(_tile(file.path, edge, budget, result.request.prompt) for file in files)
    return (
        '<div style="font:13px/1.45 system-ui,sans-serif">'
        f'<div style="display:flex;flex-wrap:wrap;gap:8px">{tiles}</div>'
        f'<div style="margin-top:6px;opacity:.75">{escape(_receipt(result))}</div></div>'
    )


def _tile(path: Path, edge: int, budget: int, prompt: str) -> str:
    try:
        small = preview(path, edge=edge, max_bytes=budget)
    except ImageInputError as error:  # such as a file that was moved
        return f"<span>{escape(str(error))}</span>"
    data = b64encode(small.data).decode()
    return (
        f'<img src="data:{small.media_type};base64,{data}" width="{small.width}" '
        f'height="{small.height}" alt="{escape(prompt[:60])}" '
        'style="max-width:100%;height:auto;border-radius:6px">'
    )


def _receipt(result: Result) -> str:
    first = result.files[0]
    shown = f", {_SHOWN} shown" if len(result) > _SHOWN else ""
    parts = [
        f"{len(result)} image{'s' * (len(result) > 1)}{shown}",
        f"{first.width} × {first.height}",
        "seed unknown" if result.seed is None else f"seed {result.seed}",
        f"{result.timings.total:.1f} s",
    ]
    if result.backend == "offline":
        parts.append("offline preview, not Seedream")
    else:
        price = estimate(result.request).price
        parts += [result.request.endpoint.id, f"about ${price.usd * len(result)}"]
    return " · ".join(parts)

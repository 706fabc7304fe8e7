"""The endpoints' facts for the page, as small JSON that changes only when a price does."""

from __future__ import annotations

from typing import Any

from seedream_widgets.money.pricing import Prices, shown
from seedream_widgets.values.endpoints import COUNTS, ENDPOINTS, MODELS, PRESETS, Endpoint, Price
from seedream_widgets.values.sizes import SIZES, SMALLER_SIZES

UPLOAD_BYTES = 64_000_000
"""Largest file the page may send, in bytes; the kernel makes it fit fal's 10 MB."""


def facts(prices: Prices | None = None) -> dict[str, Any]:
    """Return what the page needs to check sizes and counts, and to show prices."""
    return {
        "models": [_model(name, prices or Prices()) for name in MODELS],
        "sizes": [
            {"ratio": ratio, "tier": tier, "size": list(size)}
            for table in (SIZES, SMALLER_SIZES)
            for (ratio, tier), size in table.items()
        ],
        "counts": list(COUNTS),
        "presets": {name: list(size) for name, size in PRESETS.items()},
        "limits": {
            "upload_bytes": UPLOAD_BYTES,
            "references": max(row.max_inputs for row in ENDPOINTS.values()),
        },
    }


def _model(name: str, prices: Prices) -> dict[str, Any]:
    rows = {row.kind: row for row in ENDPOINTS.values() if row.model == name}
    first = next(iter(rows.values()))
    return {
        "name": name,
        "label": first.label,
        "about": _about(rows.get("text-to-image", first), rows.get("edit")),
        "endpoints": {kind: _endpoint(row, prices.of(row)) for kind, row in rows.items()},
    }


def _about(row: Endpoint, edit: Endpoint | None) -> str:
    """Return a line that says what sets a model apart."""
    unsure = row.unconfirmed or (edit and edit.unconfirmed)
    parts = (
        f"up to {row.size_rule.max_pixels / 1e6:.1f} MP",
        f"{edit.max_inputs} references" if edit else "no references yet",
        "seed" if "seed" in row.arguments else "no seed",
        row.speed,
        "partly unconfirmed" if unsure else "",
    )
    return " · ".join(part for part in parts if part)


def _endpoint(row: Endpoint, price: Price) -> dict[str, Any]:
    rule, own = row.size_rule, row.default_size
    return {
        "id": row.id,
        "arguments": list(row.arguments),
        "choices": {name: list(words) for name, words in row.choices.items()},
        "size_names": list(row.size_names),
        "default_size": own if isinstance(own, str) else list(own),
        "rule": {
            "min_pixels": rule.min_pixels,
            "max_pixels": rule.max_pixels,
            "sides": list(rule.sides) if rule.sides else None,
            "scales_up": rule.scales_up,
            "max_ratio": rule.max_ratio,
            "text": str(rule),
        },
        "max_inputs": row.max_inputs,
        "max_inputs_and_outputs": row.max_inputs_and_outputs,
        "price": {
            "usd": shown(price.usd),
            "tiers": [{"up_to": most, "usd": shown(usd)} for most, usd in price.tiers],
            "each_reference": shown(price.each_reference),
            "age": price.age,
        },
    }

"""The endpoints' facts as the page gets them: small JSON that changes only with a price."""

from __future__ import annotations

from typing import Any

from seedream_widgets.money.pricing import Prices, shown
from seedream_widgets.values.endpoints import COUNTS, ENDPOINTS, MODELS, PRESETS, Endpoint
from seedream_widgets.values.sizes import SIZES

UPLOAD_BYTES = 64_000_000
"""Largest file the page may send, in bytes; the kernel makes it fit fal's 10 MB."""


def facts(prices: Prices | None = None) -> dict[str, Any]:
    """Return what the page needs to check sizes and counts and to tell prices beforehand."""
    return {
        "models": [_model(name, prices or Prices()) for name in MODELS],
        "sizes": [
            {"ratio": ratio, "tier": tier, "size": list(size)}
            for (ratio, tier), size in SIZES.items()
        ],
        "counts": list(COUNTS),
        "presets": {name: list(size) for name, size in PRESETS.items()},
        "limits": {"upload_bytes": UPLOAD_BYTES, "references": 10},
    }


def _model(name: str, prices: Prices) -> dict[str, Any]:
    rows = {row.kind: row for row in ENDPOINTS.values() if row.model == name}
    price = max((prices.of(row) for row in rows.values()), key=lambda each: each.usd)
    return {
        "name": name,
        "label": name.upper(),
        "price": shown(price.usd),
        "price_as_of": price.as_of,
        "price_live": all(not prices.of(row).age for row in rows.values()),
        "endpoints": {kind: _endpoint(row) for kind, row in rows.items()},
    }


def _endpoint(row: Endpoint) -> dict[str, Any]:
    rule = row.size_rule
    return {
        "id": row.id,
        "arguments": list(row.arguments),
        "size_names": list(row.size_names),
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
    }

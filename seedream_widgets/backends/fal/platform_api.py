"""fal's current prices, for who has a key.

The reply, from fal's documentation of ``GET /v1/models/pricing`` (Platform APIs, stored copy of
2026): ``{"prices": [{"endpoint_id": "fal-ai/flux/dev", "unit_price": 0.025, "unit": "image",
"currency": "USD"}], "next_cursor": null, "has_more": false}``, for 1 to 50 endpoints. The price
is the account's own: discounts are in it.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import httpx

from seedream_widgets.values.endpoints import ENDPOINTS, Price

if TYPE_CHECKING:
    from seedream_widgets.backends.fal.session import FalSession


URL = "https://api.fal.ai/v1/models/pricing"
_SECONDS = 10.0
_MOST = Decimal(100)
_UNITS = ("image", "images")  # fal documents "image"; its replies were seen with "images" too


async def fetch_prices(session: FalSession) -> dict[str, Price]:
    """Return what fal says each endpoint costs an image; nothing where it does not say.

    A price that is not in US dollars an image, or makes no sense, is passed over.
    """
    asked = {"endpoint_id": list(ENDPOINTS)}
    try:
        async with session.http(timeout=_SECONDS, headers=session.authorization) as http:
            reply = await http.get(URL, params=asked)
        rows = json.loads(reply.raise_for_status().content, parse_float=Decimal)["prices"]
        prices = [(row["endpoint_id"], _price(row)) for row in rows[:100]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return {}
    return {name: price for name, price in prices if price and name in ENDPOINTS}


def _price(row: dict[str, object]) -> Price | None:
    if row.get("currency", "USD") != "USD" or row.get("unit") not in _UNITS:
        return None
    try:
        usd = Decimal(str(row["unit_price"]))
        if not 0 < usd < _MOST:
            return None
    except InvalidOperation:
        return None
    return Price(usd, date.today().isoformat(), "fal's pricing API")

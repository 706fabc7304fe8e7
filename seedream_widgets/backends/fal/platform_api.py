"""fal's Platform API: current prices, and the list of an account's requests.

A reply of ``GET /v1/models/pricing``, from fal's documentation (Platform APIs, stored copy of
2026): ``{"prices": [{"endpoint_id": "fal-ai/flux/dev", "unit_price": 0.025, "unit": "image",
"currency": "USD"}], "next_cursor": null, "has_more": false}``, for 1 to 50 endpoints. The prices
are the account's own, discounts included.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import httpx

from seedream_widgets.backends.base import Listed
from seedream_widgets.backends.fal.addresses import is_request_id
from seedream_widgets.errors import BackendError, CredentialsError
from seedream_widgets.files import NOT_JSON
from seedream_widgets.values.endpoints import ENDPOINTS, Price

if TYPE_CHECKING:
    from seedream_widgets.backends.fal.session import FalSession


URL = "https://api.fal.ai/v1/models/pricing"
_SECONDS = 10.0
_LEAST, _MOST = Decimal("1e-9"), Decimal(100)
_DIGITS = 30
"""The most digits of a price, which is written into the journal and each receipt."""
_UNITS = ("image", "images")  # fal documents "image"; its replies were seen with "images" too


async def fetch_prices(session: FalSession) -> dict[str, Price]:
    """Return fal's price of an image for each endpoint that it tells one for.

    Prices that are not in US dollars per image, or not plausible, are left out.
    """
    asked = {"endpoint_id": list(ENDPOINTS)}
    try:
        async with session.http(timeout=_SECONDS, headers=session.authorization) as http:
            reply = await http.get(URL, params=asked)
        told = json.loads(reply.raise_for_status().content, parse_float=Decimal)
        listed = told["prices"][:100]
    except (httpx.HTTPError, *NOT_JSON, KeyError, TypeError):
        return {}
    rows = [row for row in listed if isinstance(row, dict)]
    prices = {str(row.get("endpoint_id")): _price(row) for row in rows}
    return {name: price for name, price in prices.items() if price and name in ENDPOINTS}


def _price(row: dict[str, object]) -> Price | None:
    if row.get("currency", "USD") != "USD" or row.get("unit") not in _UNITS:
        return None
    try:
        usd = Decimal(str(row.get("unit_price")))
        if not _LEAST <= usd < _MOST or len(usd.as_tuple().digits) > _DIGITS:
            return None
    except InvalidOperation:
        return None
    return Price(usd, date.today().isoformat(), "fal's pricing API")


LIST_URL = "https://api.fal.ai/v1/models/requests/by-endpoint"
_PAGES = 40
_PAGE = 100
_PAGE_BYTES = 64_000_000


async def list_requests(session: FalSession, endpoint_id: str, since: float) -> tuple[Listed, ...]:
    """Return the requests that fal lists for an endpoint, with their input where it is stored.

    A reply, from fal's documentation (Platform APIs, stored copy of 2026): ``{"items":
    [{"request_id", "endpoint_id", "sent_at", "json_input", ...}], "next_cursor", "has_more"}``.
    Whether running requests are listed, and after what delay, is unknown.

    Args:
        session: The session whose account's requests are listed.
        endpoint_id: The endpoint that they were sent to.
        since: When they were sent at the earliest, in seconds since the epoch.

    Raises:
        CredentialsError: The key has no permission to list requests.
        BackendError: fal can't be reached, or its answer can't be used.
    """
    start = datetime.fromtimestamp(since, timezone.utc).isoformat(timespec="milliseconds")
    asked = {"endpoint_id": endpoint_id, "start": start, "limit": _PAGE, "expand": "payloads"}
    found: dict[str, Listed] = {}
    cursor: str | None = None
    async with session.http(timeout=_SECONDS, headers=session.authorization) as http:
        for _ in range(_PAGES):
            page = await _page(session, http, asked | ({"cursor": cursor} if cursor else {}))
            for each in page["items"][:_PAGE]:
                if listed := _listed(each, endpoint_id):
                    found[listed.request_id] = listed
            cursor = page.get("next_cursor")
            if not (page.get("has_more") is True and isinstance(cursor, str) and cursor):
                return tuple(found.values())
    raise BackendError(f"fal lists more than {_PAGES * _PAGE:,} requests of {endpoint_id}")


async def _page(session: FalSession, http: httpx.AsyncClient, asked: dict[str, Any]) -> Any:
    body = bytearray()
    try:
        async with http.stream("GET", LIST_URL, params=asked) as reply:
            if reply.status_code in (401, 403):
                raise CredentialsError(
                    f"this key may not ask fal for its requests (HTTP {reply.status_code})",
                    status_code=reply.status_code,
                )
            if reply.status_code != 200:
                raise BackendError(
                    f"fal answered HTTP {reply.status_code} when asked for its requests",
                    status_code=reply.status_code,
                )
            async for piece in reply.aiter_bytes():
                body += piece
                if len(body) > _PAGE_BYTES:
                    raise BackendError("fal's list of requests is too long to be read")
        page = json.loads(body)
        if isinstance(page, dict) and isinstance(page.get("items"), list):
            return page
    except httpx.HTTPError as error:
        raise session.explain.unreachable(
            error, "to ask for its requests"
        ) from session.explain.cause(error)
    except NOT_JSON:
        pass
    raise BackendError("fal's list of requests is not what its documentation says")


def _listed(row: Any, endpoint_id: str) -> Listed | None:
    if not isinstance(row, dict) or row.get("endpoint_id", endpoint_id) != endpoint_id:
        return None
    request_id, asked = row.get("request_id"), row.get("json_input")
    if not isinstance(request_id, str) or not is_request_id(request_id):
        return None
    if isinstance(asked, str):
        try:
            asked = json.loads(asked)
        except NOT_JSON:
            asked = None
    return Listed(request_id, asked if isinstance(asked, dict) else None)

"""api.fal.ai's pricing: what each endpoint costs, for who has a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from .faults import play

if TYPE_CHECKING:
    from .state import State


class PricingPlane:
    def __init__(self, state: State, prefixed: bool) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/models/pricing", self.pricing)]

    async def pricing(self, request: web.Request) -> web.StreamResponse:
        kind = self._state.faults.take("pricing", host=request.host)
        if kind is not None:
            return await play(kind, request)
        prices = [
            {"endpoint_id": name, "unit_price": price, "unit": "image", "currency": "USD"}
            for name in request.query.getall("endpoint_id", [])
            if (price := self._state.settings.prices.get(name)) is not None
        ]
        return web.json_response({"prices": prices, "next_cursor": None, "has_more": False})

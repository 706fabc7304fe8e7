"""api.fal.ai: what each endpoint costs and which requests there are, for who has a key."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .faults import play

if TYPE_CHECKING:
    from .state import Job, State


class PricingPlane:
    def __init__(self, state: State, prefixed: bool) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/models/pricing", self.pricing),
            web.get("/v1/models/requests/by-endpoint", self.listing),
        ]

    async def listing(self, request: web.Request) -> web.StreamResponse:
        """List the requests of an endpoint, oldest first, as late as `list_delay` says."""
        kind = self._state.faults.take("listing", host=request.host)
        if kind is not None:
            return await play(kind, request)
        asked, settings = request.query, self._state.settings
        start = datetime.fromisoformat(asked["start"]).timestamp()
        jobs = [
            job
            for job in self._state.jobs.values()
            if job.endpoint_id == asked["endpoint_id"]
            and start <= job.accepted_time <= time.time() - settings.list_delay
            and (settings.lists_running or job.phase == "COMPLETED")
        ]
        first, limit = int(asked.get("cursor", 0)), int(asked.get("limit", 50))
        after = first + limit if len(jobs) > first + limit else None
        items = [_item(job, asked.get("expand") == "payloads") for job in jobs[first:][:limit]]
        cursor = None if after is None else str(after)
        more = after is not None
        return web.json_response({"items": items, "next_cursor": cursor, "has_more": more})

    async def pricing(self, request: web.Request) -> web.StreamResponse:
        kind = self._state.faults.take("pricing", host=request.host)
        if kind is not None:
            return await play(kind, request)
        prices = [
            _row(name, price)
            for name in request.query.getall("endpoint_id", [])
            if (price := self._state.settings.prices.get(name)) is not None
        ]
        return web.json_response({"prices": prices, "next_cursor": None, "has_more": False})


def _row(name: str, price: object) -> object:
    """Return what is told of a price; a tuple holds a whole row."""
    if isinstance(price, tuple):
        return price[0]
    return {"endpoint_id": name, "unit_price": price, "unit": "image", "currency": "USD"}


def _item(job: Job, payloads: bool) -> dict[str, Any]:
    at = datetime.fromtimestamp(job.accepted_time, timezone.utc).isoformat()
    status = None if job.phase != "COMPLETED" else job.failure.status if job.failure else 200
    item: dict[str, Any] = {
        "request_id": job.request_id,
        "endpoint_id": job.endpoint_id,
        "started_at": at,
        "sent_at": at,
        "ended_at": None,
        "status_code": status,
        "duration": None,
    }
    if payloads and job.stored:
        item |= {"json_input": job.arguments, "json_output": job.output}
    return item

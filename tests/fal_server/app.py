"""The aiohttp application: one plane a host, and the same planes under a path on loopback."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
import weakref
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .authority import BACKUP_PLANES, PLANES
from .media_plane import MediaPlane
from .pricing_plane import PricingPlane
from .queue_plane import QueuePlane, RunPlane
from .replies import refusal
from .state import Record
from .storage_plane import StoragePlane

if TYPE_CHECKING:
    from .state import State

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LARGEST_UPLOAD = 1 << 30


def build(state: State, http_url: str) -> web.Application:
    """Build the application; `http_url` is where it will listen without TLS."""
    app = web.Application(middlewares=[_recorder(state)], client_max_size=_LARGEST_UPLOAD)
    for host, plane in (PLANES | BACKUP_PLANES).items():
        app.add_domain(host, _plane(state, plane, prefixed=False, http_url=http_url))
    for plane in set(PLANES.values()):
        app.add_subapp(f"/{plane}", _plane(state, plane, prefixed=True, http_url=http_url))
    app.on_response_prepare.append(_name_request)
    return app


def _plane(state: State, plane: str, prefixed: bool, http_url: str) -> web.Application:
    app = web.Application(client_max_size=_LARGEST_UPLOAD)
    planes: dict[str, Any] = {
        "queue": QueuePlane,
        "run": RunPlane,
        "rest": StoragePlane,
        "api": PricingPlane,
    }
    if plane == "media":
        app.add_routes(MediaPlane(state, prefixed, http_url).routes())
        return app
    app.middlewares.append(_key_check(state))
    app.add_routes(planes[plane](state, prefixed).routes())
    return app


def _key_check(state: State) -> Any:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization")
        keys = (state.settings.key, *state.settings.other_keys)
        if given in [f"Key {key}" for key in keys]:
            return await handler(request)
        detail = "Authentication is required" if given is None else "Invalid API key"
        raise refusal(web.HTTPUnauthorized, {"detail": detail})

    return check


def _recorder(state: State) -> Any:
    numbers = itertools.count()
    connections: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        known = request.transport in connections
        number = connections[request.transport] if known else next(numbers)
        connections[request.transport] = number
        record = _record(request, number)
        state.requests.append(record)
        try:
            record.body_size = len(await request.read())
            response = await handler(request)
        except web.HTTPException as error:
            record.status = error.status
            raise
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as error:
            state.errors.append(error)
            raise
        record.status = response.status
        return response

    return record


def _record(request: web.Request, connection: int) -> Record:
    headers = {name.lower(): value for name, value in request.headers.items()}
    path = request.path
    return Record(
        step=_step(request.method, path),
        method=request.method,
        host=request.host,
        path=path,
        query=request.query_string,
        headers=headers,
        body_size=0,
        connection=connection,
        at=time.monotonic(),
    )


def _step(method: str, path: str) -> str:
    """Name what a request is about, as the faults do."""
    for ending, step in (
        ("/status/stream", "stream"),
        ("/status", "status"),
        ("/cancel", "cancel"),
        ("/auth/token", "token"),
        ("/upload/initiate", "initiate"),
        ("/files/upload", "upload"),
        ("/models/pricing", "pricing"),
        ("/requests/by-endpoint", "listing"),
    ):
        if path.endswith(ending):
            return step
    if "/multipart" in path:
        return "multipart"
    if "/files/" in path:
        return "put" if method == "PUT" else "download"
    return "result" if method == "GET" else "submit"


async def _name_request(request: web.Request, response: web.StreamResponse) -> None:
    # A page of fal's ingress carries no request id: fal_client tells it apart by that.
    if response.content_type != "text/html":
        name = request.match_info.get("id") or str(uuid.uuid4())
        response.headers.setdefault("x-fal-request-id", name)

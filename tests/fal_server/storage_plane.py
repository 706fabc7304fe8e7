"""rest.fal.ai's storage: upload tokens, and the initiate/PUT fallback's first half."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from aiohttp import web

from .faults import play
from .replies import refusal
from .state import parse_object

if TYPE_CHECKING:
    from .state import State


class StoragePlane:
    def __init__(self, state: State, prefixed: bool) -> None:
        self._state = state
        self._prefixed = prefixed

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/storage/auth/token", self.token),
            web.post("/storage/upload/initiate", self.initiate),
        ]

    async def token(self, request: web.Request) -> web.StreamResponse:
        key = request.headers["Authorization"].removeprefix("Key ")
        kind = self._state.faults.take("token", key, request.host)
        if kind is not None:
            return await play(kind, request)
        token = uuid.uuid4().hex
        self._state.accounts[token] = key
        expires = datetime.now(timezone.utc) + timedelta(hours=1)
        return web.json_response(
            {
                "token": token,
                "token_type": "Bearer",
                "base_url": self._base(request, "v3.fal.media"),
                "expires_at": expires.isoformat(),
            }
        )

    async def initiate(self, request: web.Request) -> web.StreamResponse:
        body = parse_object(await request.read())
        key = request.headers["Authorization"].removeprefix("Key ")
        kind = self._state.faults.take("initiate", f"{key} {body.get('file_name')}", request.host)
        if kind == "local":
            return web.json_response({"upload_url": "https://10.0.0.1/", "file_url": "https://a/b"})
        if kind is not None:
            return await play(kind, request)
        if not all(isinstance(body.get(name), str) for name in ("file_name", "content_type")):
            body = {"detail": "file_name and content_type are required"}
            raise refusal(web.HTTPUnprocessableEntity, body)
        # The upload goes to another host than the file is read from, as on fal.
        group = uuid.uuid4().hex
        self._state.accounts[group] = key
        path = f"/files/a/{group}/{body['file_name'].replace('/', '_')}"
        upload_url = self._base(request, "v3b.fal.media") + path
        file_url = self._base(request, "v3.fal.media") + path
        return web.json_response({"upload_url": upload_url, "file_url": file_url})

    def _base(self, request: web.Request, host: str) -> str:
        if self._prefixed:
            return f"{request.scheme}://{request.host}/media"
        return f"https://{host}"

"""v3.fal.media: uploads with a token, in one piece or in parts, and downloads for anyone."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import TYPE_CHECKING

from aiohttp import web

from .faults import drop, play
from .replies import refusal
from .state import File, parse_object

if TYPE_CHECKING:
    from .state import State

_CHUNK = 256 * 1024
_NOT_AN_IMAGE = b"this is no image at all\n" * 64


class MediaPlane:
    def __init__(self, state: State, prefixed: bool, http_url: str = "") -> None:
        self._state = state
        self._prefixed = prefixed
        self._http_url = http_url

    def routes(self) -> list[web.RouteDef]:
        part = "/files/p/{file}/multipart/{upload}"
        return [
            web.post("/files/upload", self.upload),
            web.post("/files/upload/multipart", self.create_parts),
            web.put(part + "/{number:\\d+}", self.put_part),
            web.post(part + "/complete", self.complete_parts),
            web.put("/files/a/{group}/{name}", self.put),
            web.get("/files/{path:.+}", self.download),
        ]

    def _url(self, request: web.Request, path: str) -> str:
        if self._prefixed:
            return f"{request.scheme}://{request.host}/media{path}"
        return f"https://{request.host}{path}"

    def _check_token(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self._state.accounts:
            raise refusal(web.HTTPUnauthorized, {"detail": "Invalid upload token"})

    async def upload(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        name = request.headers.get("X-Fal-File-Name", "upload.bin").replace("/", "_")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        key = self._state.accounts.get(token, "")
        kind = self._state.faults.take("upload", f"{key} {name}", request.host)
        if kind == "held":
            while self._state.faults.on("upload", "held"):
                await asyncio.sleep(0.01)
        elif kind is not None:
            return await play(kind, request)
        self._check_token(request)
        path = f"/files/a/{uuid.uuid4().hex}/{name}"
        self._state.store(path, File(content, request.content_type))
        return web.json_response({"access_url": self._url(request, path)})

    async def create_parts(self, request: web.Request) -> web.StreamResponse:
        self._check_token(request)
        upload_id, path = uuid.uuid4().hex, f"/files/p/{uuid.uuid4().hex}"
        self._state.parts[upload_id] = {}
        # Kept empty until complete, with the type the parts will have.
        self._state.store(path, File(b"", request.content_type))
        return web.json_response({"access_url": self._url(request, path), "uploadId": upload_id})

    async def put_part(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        self._check_token(request)
        number = int(request.match_info["number"])
        self._state.parts[request.match_info["upload"]][number] = content
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        body = {"partNumber": number, "etag": etag}
        return web.json_response(body, headers={"ETag": f'"{etag}"'})

    async def complete_parts(self, request: web.Request) -> web.StreamResponse:
        self._check_token(request)
        parts = self._state.parts.pop(request.match_info["upload"])
        named = parse_object(await request.read()).get("parts", [])
        if sorted(part["partNumber"] for part in named) != sorted(parts):
            return web.json_response({"detail": "parts are missing"}, status=400)
        path = f"/files/p/{request.match_info['file']}"
        content = b"".join(parts[number] for number in sorted(parts))
        self._state.store(path, File(content, self._state.files[path].content_type))
        return web.json_response({"access_url": self._url(request, path)})

    async def put(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        key = self._state.accounts.get(request.match_info["group"], "")
        said = f"{key} {request.match_info['name']}"
        kind = self._state.faults.take("put", said, request.host)
        if kind is not None:
            return await play(kind, request)
        path = "/files/a/{group}/{name}".format(**request.match_info)
        self._state.store(path, File(content, request.content_type))
        return web.Response()

    async def download(self, request: web.Request) -> web.StreamResponse:
        path = f"/files/{request.match_info['path']}"
        file = self._state.files.get(path)
        if file is None:
            return web.json_response({"detail": "Not found"}, status=404)
        job = self._state.jobs.get(path.split("/")[3])
        kind = self._state.faults.take("download", job.prompt if job else "", request.host)
        if kind is not None and kind.startswith("redirect_"):
            raise web.HTTPFound(self._elsewhere(kind, path))
        if kind == "wrong_type":
            return await self._send(request, File(file.content, "text/plain"))
        if kind in ("garbage", "empty"):
            content = _NOT_AN_IMAGE if kind == "garbage" else b""
            return await self._send(request, File(content, file.content_type))
        if kind == "short":  # HTTP is content with it
            return await self._send(request, File(file.content[:-20], file.content_type))
        if kind in (None, "cut", "slow", "endless"):
            return await self._send(request, file, kind)
        return await play(kind, request)

    def _elsewhere(self, kind: str, path: str) -> str:
        return {
            "redirect_host": f"https://v3b.fal.media{path}",
            "redirect_http": f"{self._http_url}/media{path}",
            "redirect_elsewhere": f"https://files.elsewhere.example{path}",
            "redirect_loop": f"https://v3.fal.media{path}",
        }[kind]

    async def _send(
        self, request: web.Request, file: File, kind: str | None = None
    ) -> web.StreamResponse:
        content, sent = memoryview(file.content), 0
        response = web.StreamResponse(headers={"Content-Type": file.content_type})
        if kind == "endless":
            return await _endless(request, response)
        response.content_length = len(content)
        await response.prepare(request)
        if kind == "cut":
            content = content[: len(content) // 2]
        while sent < len(content):
            slow = kind == "slow" and self._state.faults.on("download", "slow")
            rate = 160 if slow else self._state.settings.bytes_per_second
            step = _CHUNK if rate is None else max(1, min(_CHUNK, int(rate) // 10))
            await response.write(content[sent : sent + step])
            sent += step
            if rate is not None:
                await asyncio.sleep(step / rate)
        return drop(request) if kind == "cut" else response


async def _endless(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    await response.prepare(request)
    block = b"\x89PNG\r\n\x1a\n".ljust(_CHUNK, b"\0")
    while True:
        await response.write(block)
        await asyncio.sleep(0.001)

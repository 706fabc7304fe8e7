"""queue.fal.run and fal.run: submit, status, its stream, result, cancel, and the direct run."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import life, seedream
from .faults import drop, hang, play
from .replies import POLICY_BODY, refusal, reply
from .state import parse_object

if TYPE_CHECKING:
    from .state import Job, State


class QueuePlane:
    def __init__(self, state: State, prefixed: bool) -> None:
        self._state = state
        self._prefixed = prefixed

    def routes(self) -> list[web.RouteDef]:
        root = "/{owner}/{alias}/requests/{id}"
        return [
            web.get(root, self.result, name="result"),
            web.get(root + "/response", self.result),
            web.get(root + "/status", self.status),
            web.get(root + "/status/stream", self.stream),
            web.put(root + "/cancel", self.cancel),
            web.post("/{endpoint:.+}", self.submit),
        ]

    def _job(self, request: web.Request) -> Job:
        job = self._state.jobs.get(request.match_info["id"])
        if job is None or not job.endpoint_id.startswith(
            "{owner}/{alias}/".format(**request.match_info)
        ):
            raise refusal(web.HTTPNotFound, {"status": "NOT_FOUND"})
        return job

    async def submit(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        kind = self._state.faults.take("submit", prompt_of(body), request.host)
        if kind is not None and not kind.startswith("accept_"):
            return await play(kind, request)
        job = accept(self._state, request, body, self._prefixed)
        if kind == "accept_drop":
            return drop(request)
        if kind == "accept_hang":
            await hang()
        if kind == "accept_not_json":
            return await play("not_json", request)
        answer = describe(self._state, job, logs=False)
        if kind == "accept_no_id":
            answer.pop("request_id")
        return web.json_response(answer, headers={"x-fal-request-id": job.request_id})

    async def status(self, request: web.Request) -> web.StreamResponse:
        job = self._job(request)
        kind = self._state.faults.take("status", job.prompt, request.host)
        if kind is None:
            body = describe(self._state, job, wants_logs(request))
            return web.json_response(body, status=200 if body["status"] == "COMPLETED" else 202)
        if kind in ("unknown", "no_logs"):
            body = describe(self._state, job, logs=True)
            body.pop("logs")
            return web.json_response(body if kind == "no_logs" else body | {"status": "PAUSED"})
        return await play(kind, request)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        job = self._job(request)
        kind = self._state.faults.take("stream", job.prompt, request.host)
        if kind not in (None, "silent", "cut", "garbage", "unknown"):
            return await play(kind, request)
        response = web.StreamResponse(headers={"Cache-Control": "no-cache"})
        response.content_type = "text/event-stream"
        await response.prepare(request)
        if kind == "silent":
            await hang()
        if kind == "garbage":
            await response.write(b"data: {not json\n\n")
        if kind == "unknown":
            await response.write(b'data: {"status": "PAUSED", "request_id": "?"}\n\n')
        with self._state.streaming():
            await self._push(request, response, job, cut=kind == "cut")
        return response

    async def _push(
        self, request: web.Request, response: web.StreamResponse, job: Job, cut: bool
    ) -> None:
        settings, sent, told = self._state.settings, 0, None
        while True:
            changed = job.change()
            body = describe(self._state, job, wants_logs(request))
            if body["logs"] is not None and settings.stream_logs == "new":
                body["logs"], sent = body["logs"][sent:], len(body["logs"])
            if body != told:
                await response.write(f"data: {json.dumps(body)}\n\n".encode())
                told = body
            if body["status"] == "COMPLETED":
                return
            if cut and body["status"] == "IN_PROGRESS":
                drop(request)
                return
            while not changed.is_set():
                try:
                    await asyncio.wait_for(changed.wait(), settings.keep_alive_seconds)
                except asyncio.TimeoutError:
                    await response.write(b": ping\n\n")

    async def result(self, request: web.Request) -> web.StreamResponse:
        job = self._job(request)
        kind = self._state.faults.take("result", job.prompt, request.host)
        if kind == "policy":
            return web.json_response(POLICY_BODY, status=422)
        if kind == "expired" or job.expired:
            return web.json_response({"detail": "Request not found or expired"}, status=404)
        if kind == "wrong_shape":
            return web.json_response({"images": "none"})
        if kind is not None:
            return await play(kind, request)
        return outcome(self._state, job)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        job = self._job(request)
        kind = self._state.faults.take("cancel", job.prompt, request.host)
        if kind not in (None, "ignored"):
            return await play(kind, request)
        if job.phase == "COMPLETED":
            return web.json_response({"status": "ALREADY_COMPLETED"}, status=400)
        if kind is None:
            life.cancel(self._state, job)
        return web.json_response({"status": "CANCELLATION_REQUESTED"}, status=202)


class RunPlane:
    def __init__(self, state: State, prefixed: bool) -> None:
        self._state = state
        self._prefixed = prefixed

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/{endpoint:.+}", self.run)]

    async def run(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        job = accept(self._state, request, body, self._prefixed)
        while job.phase != "COMPLETED":
            await job.change().wait()
        return outcome(self._state, job)


def accept(state: State, request: web.Request, body: bytes, prefixed: bool) -> Job:
    endpoint_id = request.match_info["endpoint"]
    if endpoint_id in state.settings.retired:
        raise refusal(web.HTTPGone, {"detail": f"Application '{endpoint_id}' was retired"})
    if endpoint_id not in seedream.ENDPOINTS:
        raise refusal(web.HTTPNotFound, {"detail": f"Application '{endpoint_id}' not found"})
    base = f"{request.scheme}://{request.host}" if prefixed else None
    queue_url = f"{base}/queue" if base else "https://queue.fal.run"
    media_url = f"{base}/media" if base else "https://v3.fal.media"
    job = state.accept(endpoint_id, body, queue_url, media_url)
    job.stored = request.headers.get("X-Fal-Store-IO") != "0"
    if state.settings.validate_at_submit:
        try:
            seedream.check(endpoint_id, job.arguments)
        except seedream.Rejected as rejected:
            del state.jobs[job.request_id]
            body_422 = {"detail": rejected.entries}
            raise refusal(web.HTTPUnprocessableEntity, body_422) from None
    life.start(state, job)
    return job


def outcome(state: State, job: Job) -> web.Response:
    if job.phase != "COMPLETED":
        return web.json_response({"detail": "Request is still in progress"}, status=400)
    if job.failure is None:
        told = state.settings.units_header(job.units) if job.units is not None else None
        headers = {} if told is None else {"X-Fal-Billable-Units": told}
        return web.json_response(job.output, headers=headers)
    return reply(job.failure.body, job.failure.status)


def describe(state: State, job: Job, logs: bool) -> dict[str, Any]:
    """Say where a job stands, as fal's status does."""
    body: dict[str, Any] = {
        "status": job.phase,
        "request_id": job.request_id,
        "response_url": job.url,
        "status_url": job.url + "/status",
        "cancel_url": job.url + "/cancel",
        "logs": list(job.logs) if logs else None,
        "metrics": {},
    }
    if job.phase == "IN_QUEUE":
        body["queue_position"] = state.position(job)
    if job.phase == "COMPLETED":
        if job.started_at is not None and job.completed_at is not None:
            body["metrics"] = {"inference_time": job.completed_at - job.started_at}
        said = job.failure or job.said
        if said is not None and said.error is not None:
            body |= {"error": said.error, "error_type": said.error_type}
    return body


def wants_logs(request: web.Request) -> bool:
    return request.query.get("logs", "0").lower() in ("1", "true")


def prompt_of(body: bytes) -> str:
    return str(parse_object(body).get("prompt", ""))

"""The life of one job: in queue, in progress, completed; and how it is cancelled."""

from __future__ import annotations

import asyncio
import base64
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import seedream
from .pictures import CONTENT_TYPES, Size, draw, draw_clear, expected_color
from .replies import POLICY, POLICY_BODY, TYPES
from .state import Charge, Failure, File, Job, seconds

if TYPE_CHECKING:
    from .state import Settings, State


def _documented(kind: str) -> Failure:
    status, body = TYPES[kind]
    return Failure(status, body, f"Words of fal on {kind}.", kind)


_RUN_FAULTS = {
    **{kind: _documented(kind) for kind in TYPES},
    "policy": Failure(422, POLICY_BODY, POLICY, "content_policy_violation"),
    "policy_silent": Failure(422, POLICY_BODY),
    "500": Failure(
        500,
        {"detail": [{"loc": ["body"], "msg": "Internal error", "type": "internal_server_error"}]},
        "Internal error",
        "internal_server_error",
    ),
    "500_silent": Failure(*TYPES["internal_server_error"]),
    "504": Failure(
        504,
        {"detail": "Generation timed out", "error_type": "generation_timeout"},
        "Generation timed out",
        "generation_timeout",
    ),
    "no_media": Failure(
        422, {"detail": [{"loc": ["body"], "msg": "No media", "type": "no_media_generated"}]}
    ),
}

_LOOK = 0.01
"""Seconds between two looks at whether a job may go on."""


def start(state: State, job: Job) -> None:
    job.life = asyncio.create_task(_live(state, job))


async def _live(state: State, job: Job) -> None:
    await asyncio.sleep(seconds(state.settings.queue_seconds, job.arguments))
    while state.settings.waits():
        await asyncio.sleep(_LOOK)
    while not state.may_start(job):
        await job.change().wait()
    job.phase, job.started_at = "IN_PROGRESS", time.monotonic()
    job.tell()
    state.queue_moved()
    try:
        await _run(state, job)
    except seedream.Rejected as rejected:
        job.failure = Failure(422, {"detail": rejected.entries})
    except Exception as error:
        state.errors.append(error)
        job.failure = Failure(500, {"detail": f"the local server itself failed: {error!r}"})
    _complete(state, job)


async def _run(state: State, job: Job) -> None:
    seedream.check(job.endpoint_id, job.arguments)
    job.inputs = seedream.load_inputs(state, job)
    lines = list(state.settings.logs)
    pause = seconds(state.settings.run_seconds, job.arguments) / (len(lines) + 1)
    for line in lines:
        job.log(line)
        await asyncio.sleep(pause)
    await asyncio.sleep(pause)
    while state.settings.runs_on():
        await asyncio.sleep(_LOOK)
    kind = state.faults.take("run", job.prompt)
    if kind in _RUN_FAULTS:
        job.failure = _RUN_FAULTS[kind]
        if job.failure.status < 500 and job.failure.status != 429:
            state.maybe_billed.append(job.request_id)
        return
    if kind == "status_error":
        job.said = Failure(200, {}, "Runner disconnected", "runner_disconnected")
    job.output = await _output(state, job, empty=kind == "empty")
    images = len(job.output["images"])
    job.units = images * Decimal(state.settings.units_per_image)
    usd = job.units * seedream.usd(job.endpoint_id, job.arguments)
    state.bill.append(Charge(job.request_id, images, float(usd), job.units))


async def _output(state: State, job: Job, empty: bool) -> dict[str, Any]:
    endpoint = seedream.ENDPOINTS[job.endpoint_id]
    asked = job.arguments.get("seed")
    job.seed = state.random.randrange(2**31) if asked is None else asked
    size = seedream.output_size(job.endpoint_id, job.arguments.get("image_size"))
    number = 0 if empty else seedream.count(job.arguments, state.settings.images_per_set)
    images = [await _image(state, job, size, index) for index in range(number)]
    seed = {"seed": job.seed} if endpoint.returns_seed else {}
    return {"images": images, **seed, **state.settings.extra_output}


async def _image(state: State, job: Job, size: Size, index: int) -> dict[str, Any]:
    image_format = _format(state.settings, job)
    content_type = CONTENT_TYPES[image_format]
    content = await _draw(state.settings, job, size, index)
    if job.arguments.get("sync_mode"):
        url = f"data:{content_type};base64,{base64.b64encode(content).decode()}"
    else:
        path = f"/files/b/{job.request_id}/{index}.{image_format}"
        state.store(path, File(content, content_type))
        url = job.media_url + path
    name = f"{job.request_id}-{index}.{image_format}"
    image = {"url": url, "content_type": content_type, "file_name": name}
    image |= state.settings.extra_image
    return {**image, "file_size": len(content), "width": size[0], "height": size[1]}


async def _draw(settings: Settings, job: Job, size: Size, index: int) -> bytes:
    if settings.draw is not None:
        return settings.draw(job, index)
    color, image_format = expected_color(job.prompt, job.seed, index), _format(settings, job)
    if job.arguments.get("background") == "transparent":
        return await asyncio.to_thread(draw_clear, size, color)
    args = size, color, image_format, settings.file_bytes
    return draw(*args) if image_format == "png" else await asyncio.to_thread(draw, *args)


def _format(settings: Settings, job: Job) -> str:
    """Tell the format: as asked, else jpeg where the endpoint may be asked for another."""
    if "output_format" in seedream.ENDPOINTS[job.endpoint_id].arguments:
        return str(job.arguments.get("output_format", "jpeg"))
    return settings.image_format


def _complete(state: State, job: Job) -> None:
    job.phase, job.completed_at = "COMPLETED", time.monotonic()
    job.tell()
    state.queue_moved()


def cancel(state: State, job: Job) -> None:
    """Stop a job; one that was running may be billed all the same."""
    if job.phase == "IN_PROGRESS":
        state.maybe_billed.append(job.request_id)
    if job.life is not None:
        job.life.cancel()
    body = {"detail": "Request was cancelled by the client", "error_type": "client_cancelled"}
    job.cancelled = True
    job.failure = Failure(499, body, body["detail"], body["error_type"])
    _complete(state, job)

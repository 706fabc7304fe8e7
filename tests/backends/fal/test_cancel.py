from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.errors import BackendError, Billing
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.status import InProgress

from .drive import FOX, drive, submitted, watched

if TYPE_CHECKING:
    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import FalServer


async def queued(backend: FalBackend) -> Billing:
    return await backend.cancel(await submitted(backend))


async def running(backend: FalBackend) -> Billing:
    handle = await submitted(backend)
    async for status in backend.watch(handle):
        if isinstance(status, InProgress):
            break
    return await backend.cancel(handle)


async def finished(backend: FalBackend) -> Billing:
    handle = await submitted(backend)
    await watched(backend, handle)
    return await backend.cancel(handle)


def test_queued_is_not_billed(fal_server: FalServer) -> None:
    fal_server.settings.queue_seconds = 5
    assert drive(queued) == "no"
    assert fal_server.jobs[0].cancelled
    assert fal_server.maybe_billed == fal_server.bill == ()


def test_running_unheard_of_may_be_billed(fal_server: FalServer) -> None:
    fal_server.settings.queue_seconds, fal_server.settings.run_seconds = 0, 5

    async def scenario(backend: FalBackend) -> Billing:
        handle = await submitted(backend)
        await asyncio.to_thread(fal_server.wait, lambda s: s.jobs[0].phase == "IN_PROGRESS")
        return await backend.cancel(handle)

    assert drive(scenario) == "maybe"
    assert fal_server.maybe_billed == (fal_server.jobs[0].request_id,)


def test_running_may_be_billed(fal_server: FalServer) -> None:
    fal_server.settings.run_seconds = 5
    assert drive(running) == "maybe"
    assert fal_server.jobs[0].cancelled


def test_finished_is_billed(fal_server: FalServer) -> None:
    assert drive(finished) == "yes"
    assert len(fal_server.bill) == 1


def test_unknown_may_be_billed(fal_server: FalServer) -> None:
    handle = Handle("never-existed", FOX.endpoint.id)
    assert drive(lambda backend: backend.cancel(handle)) == "maybe"


@pytest.mark.parametrize("kind", ["drop", "hang", "500"])
def test_a_cancel_that_does_not_arrive_says_so(fal_server: FalServer, kind: str) -> None:
    fal_server.fail("cancel", kind, times=None)
    with pytest.raises(BackendError) as caught:
        drive(queued, call=0.3)
    assert caught.value.request_id == fal_server.jobs[0].request_id


def test_watching_a_cancelled_request_tells_so(fal_server: FalServer) -> None:
    fal_server.settings.run_seconds = 5

    async def scenario(backend: FalBackend) -> None:
        handle = await submitted(backend)
        await backend.cancel(handle)
        await watched(backend, handle)

    with pytest.raises(BackendError, match="was cancelled at fal") as caught:
        drive(scenario)
    assert caught.value.error_type == "client_cancelled"

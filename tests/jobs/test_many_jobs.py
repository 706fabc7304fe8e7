"""A hundred jobs at once, on real sockets: every picture right, each paid once."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import seedream_widgets as sd
from tests.fal_server import FalServer

JOBS = 100


def test_a_hundred_jobs_at_once(fal_server, tmp_path):
    fal_server.settings.queue_seconds = 0.1
    fal_server.settings.run_seconds = 1.0
    client = sd.Client("fal", library=tmp_path)
    requests = [sd.Request(f"fox {number}", image_size=(1024, 1024)) for number in range(JOBS)]

    async def kernel() -> tuple[list[sd.Result], float]:
        jobs = [client.submit(each) for each in requests]
        turns = asyncio.ensure_future(longest_turn())
        results = await asyncio.gather(*jobs)
        turns.cancel()
        return results, await turns

    async def longest_turn() -> float:
        longest, before = 0.0, time.thread_time()
        with suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(0.01)
                now = time.thread_time()
                longest, before = max(longest, now - before), now
        return longest

    results, longest = asyncio.run(kernel())
    client.close()
    for request, result in zip(requests, results, strict=True):
        assert result.request is request
        color = FalServer.expected_color(request.prompt, result.seed, 0)
        assert result.image.getpixel((512, 512)) == color
    assert len({result.request_id for result in results}) == JOBS
    assert fal_server.count("submit") == JOBS
    assert len(fal_server.bill) == JOBS
    assert fal_server.connections("stream") <= JOBS
    assert fal_server.count("status") <= 2 * JOBS
    # In its own thread's time, which does not count what else the machine does.
    assert longest < 0.5, "the kernel's loop did the jobs' work"

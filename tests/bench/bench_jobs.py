"""Many jobs at once on the local fal server: ours beside `fal_client.subscribe`.

    python -m tests.bench.bench_jobs --jobs 100

Overhead is the time from a job's completion at the server to its picture, opened and checked.
Lag is that of the loop which awaits the jobs, as a notebook's does.
The server runs in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from tests.fal_server import FalServer, Settings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Job = Callable[[str, Path], Awaitable[str]]
SIZE = {"width": 1024, "height": 1024}


class Row(NamedTuple):
    name: str
    wall: float
    cpu: float
    p50: float
    p95: float
    lag: float
    requests: int
    connections: int


def serve(pipe: Connection, seconds: tuple[float, float]) -> None:
    """Be the server's process: answer what happened each time it is asked."""
    first, last = seconds

    def run_seconds(arguments: Any) -> float:
        number = int(arguments["prompt"].split()[-1])
        return first + (last - first) * (number * 7 % 100) / 100

    settings = Settings(run_seconds=run_seconds, queue_seconds=0.2)
    with FalServer(settings) as server:
        pipe.send(server.env)
        before = 0
        while (command := pipe.recv()) != "stop":
            if command == "no stream":
                server.fail("stream", "405", times=None)
                continue
            if command == "heal":
                server.heal()
                continue
            new = server.requests[before:]
            before += len(new)
            done = {job.request_id: job.completed_at for job in server.jobs}
            pipe.send((done, len(new), len({record.connection for record in new})))


async def measure(name: str, job: Job, jobs: int, pipe: Connection, close: Any = None) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        ends: dict[str, float] = {}

        async def one(number: int) -> None:
            target = Path(folder, str(number))
            request_id = await job(f"fox {number}", target)
            ends[request_id] = time.monotonic()

        lags: list[float] = []
        watcher = asyncio.create_task(watch_loop(lags))
        wall, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*map(one, range(jobs)))
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        watcher.cancel()
    if close:
        await close()
    pipe.send("report")
    done, requests, connections = pipe.recv()
    overheads = sorted(1000 * (ends[each] - done[each]) for each in ends)
    p95 = overheads[int(0.95 * len(overheads))]
    p50 = statistics.median(overheads)
    return Row(name, wall, cpu, p50, p95, 1000 * max(lags), requests, connections)


def check(image: Image.Image, prompt: str, seed: int | None) -> None:
    """Make sure it is the picture that this very job asked for."""
    assert image.getpixel((0, 0)) == FalServer.expected_color(prompt, seed, 0)


async def watch_loop(lags: list[float]) -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.01)
        lags.append(time.monotonic() - began - 0.01)


async def ours(jobs: int, pipe: Connection, name: str = "seedream_widgets") -> Row:
    import seedream_widgets as sd

    with tempfile.TemporaryDirectory() as folder:
        client = sd.Client("fal", folder=folder)

        async def job(prompt: str, target: Path) -> str:
            result = await client.submit(sd.Request(prompt, image_size=tuple(SIZE.values())))
            check(result.image, prompt, result.seed)
            return result.request_id

        return await measure(name, job, jobs, pipe, partial(asyncio.to_thread, client.close))


async def polling(jobs: int, pipe: Connection) -> Row:
    pipe.send("no stream")
    row = await ours(jobs, pipe, "  without its stream")
    pipe.send("heal")
    return row


async def naive(jobs: int, pipe: Connection) -> Row:
    import fal_client
    import httpx

    client, files = fal_client.AsyncClient(), httpx.AsyncClient()

    async def job(prompt: str, target: Path) -> str:
        ids: list[str] = []
        result = await client.subscribe(
            "fal-ai/bytedance/seedream/v4/text-to-image",
            {"prompt": prompt, "image_size": SIZE},
            on_enqueue=ids.append,
        )
        target.write_bytes((await files.get(result["images"][0]["url"])).content)
        check(Image.open(target), prompt, result["seed"])
        return ids[0]

    async def close() -> None:
        await files.aclose()
        handle = await client.get_handle("fal-ai/bytedance", "none")
        await handle.client.aclose()

    return await measure("fal_client.subscribe", job, jobs, pipe, close)


def table(rows: list[Row]) -> str:
    head = f"{'':22}{'wall s':>8}{'CPU s':>8}{'p50 ms':>9}{'p95 ms':>9}{'lag ms':>8}"
    lines = [f"{head}{'requests':>10}{'connections':>13}"]
    lines += [
        f"{row.name:22}{row.wall:8.1f}{row.cpu:8.1f}{row.p50:9.0f}{row.p95:9.0f}{row.lag:8.0f}"
        f"{row.requests:10}{row.connections:13}"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--seconds", type=float, nargs=2, default=(4.0, 8.0))
    options = parser.parse_args()
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(there, tuple(options.seconds)))
    process.start()
    os.environ.update(here.recv())
    # Neither pays for importing httpx and fal_client.
    import_module("seedream_widgets.backends.fal.session")
    rows = [asyncio.run(way(options.jobs, here)) for way in (ours, polling, naive)]
    here.send("stop")
    process.join()
    print(f"{options.jobs} jobs at once, each {options.seconds[0]} to {options.seconds[1]} s")
    print(table(rows))


if __name__ == "__main__":
    main()

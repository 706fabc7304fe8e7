"""10, 36 and 200 jobs at once on the local fal: ours beside `fal_client.subscribe`.

    python -m tests.bench.bench_jobs --jobs 100

Overhead is the time from a job's completion at the server to its picture, opened and checked.
Lag is that of the loop which awaits the jobs, as a notebook's does: its 99th percentile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from tests.bench.fal_process import FalProcess, fal_process
from tests.bench.rows import Row, hand_over
from tests.fal_server import FalServer

Job = Callable[[str, Path], Awaitable[str]]
SIZE = {"width": 1024, "height": 1024}
SECONDS = (8.0, 14.0)
SPARING = (
    "all pollers together ask fal 200 times a second at most, as its limits are not known: 100 "
    "jobs that still run wait half a second each, so no p50 is below 190 ms"
)
KEPT = (
    "most of it is httpx, TLS and fal_client, which both ways use; ours also writes a journal "
    "and a receipt for each job, which today's way has not"
)
COLLECTOR = "one pass of Python's garbage collector over all objects of the process stops it once"


class Run(NamedTuple):
    name: str
    wall: float
    cpu: float
    p50: float
    p95: float
    lag: float
    worst: float
    requests: int
    connections: int


async def measure(name: str, job: Job, jobs: int, fal: FalProcess, close: Any = None) -> Run:
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
    seen = fal.seen()
    overheads = sorted(1000 * (ends[each] - seen.done[each]) for each in ends)
    p50, p95 = statistics.median(overheads), overheads[int(0.95 * len(overheads))]
    lag, worst = 1000 * sorted(lags)[int(0.99 * len(lags))], 1000 * max(lags)
    return Run(name, wall, cpu, p50, p95, lag, worst, seen.requests, seen.connections)


def check(image: Image.Image, prompt: str, seed: int | None) -> None:
    """Make sure it is the picture that this very job asked for."""
    assert image.getpixel((0, 0)) == FalServer.expected_color(prompt, seed, 0)


async def watch_loop(lags: list[float]) -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.01)
        lags.append(time.monotonic() - began - 0.01)


async def ours(jobs: int, fal: FalProcess, name: str = "seedream_widgets") -> Run:
    import seedream_widgets as sd

    with tempfile.TemporaryDirectory() as folder:
        client = sd.Client("fal", library=folder)

        async def job(prompt: str, target: Path) -> str:
            result = await client.submit(sd.Request(prompt, image_size=tuple(SIZE.values())))
            check(result.image, prompt, result.seed)
            return result.request_id

        return await measure(name, job, jobs, fal, partial(asyncio.to_thread, client.close))


async def polling(jobs: int, fal: FalProcess) -> Run:
    fal.fail("stream", "405")
    run = await ours(jobs, fal, "  without its stream")
    fal.heal()
    return run


async def naive(jobs: int, fal: FalProcess) -> Run:
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

    return await measure("fal_client.subscribe", job, jobs, fal, close)


def table(runs: list[Run]) -> str:
    head = f"{'':22}{'wall s':>8}{'CPU s':>8}{'p50 ms':>9}{'p95 ms':>9}{'lag ms':>8}"
    lines = [f"{head}{'worst':>7}{'requests':>10}{'connections':>13}"]
    lines += [
        f"{run.name:22}{run.wall:8.1f}{run.cpu:8.1f}{run.p50:9.0f}{run.p95:9.0f}{run.lag:8.0f}"
        f"{run.worst:7.0f}{run.requests:10}{run.connections:13}"
        for run in runs
    ]
    return "\n".join(lines)


def compare(jobs: int, seconds: tuple[float, float]) -> list[Run]:
    """Measure all ways with a server of their own."""
    with fal_process(run_seconds=seconds, queue_seconds=0.2) as fal:
        os.environ.update(fal.env)
        # Neither pays for importing httpx and fal_client.
        import_module("seedream_widgets.backends.fal.session")
        runs = [asyncio.run(way(jobs, fal)) for way in (ours, polling, naive)]
    print(f"{jobs} jobs at once, each {seconds[0]} to {seconds[1]} s\n{table(runs)}\n")
    return runs


def rows() -> list[Row]:
    few, some = compare(10, (1.0, 2.0)), compare(36, (1.0, 3.0))
    found = [
        Row("10 jobs at once: completed to picture in hand, p50, ms", few[0].p50, few[2].p50),
        Row("36 jobs at once: the same", some[0].p50, some[2].p50),
    ]
    mine, polled, other = compare(200, SECONDS)
    what = "200 jobs at once:"
    return [
        *found,
        Row(f"{what} the same", mine.p50, other.p50, times=50),
        Row("  p95, ms", mine.p95, other.p95, most=250),
        Row("  without fal's status stream, p50, ms", polled.p50, other.p50, times=5, why=SPARING),
        Row("  CPU, s", mine.cpu, other.cpu, times=3, why=KEPT),
        Row("  lag of the awaiting loop, p99, ms", mine.lag, other.lag, times=10),
        Row("  the same at most, ms", mine.worst, other.worst, times=10, why=COLLECTOR),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--seconds", type=float, nargs=2, default=SECONDS)
    options, _ = parser.parse_known_args()
    if options.jobs:
        compare(options.jobs, tuple(options.seconds))
    else:
        hand_over(rows())


if __name__ == "__main__":
    sys.exit(main())

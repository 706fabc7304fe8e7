"""36 files of 20 MB through our downloads, beside a loop of `requests.get`.

    python -m tests.bench.bench_downloads ours http://127.0.0.1:1234/image.png

Every way runs in a process of its own, for its peak memory; and once more in a thread, while the
main thread computes, as a running cell does. Our session is open, as the submit has opened it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests.bench.file_server import file_server
from tests.bench.rows import Row, fresh, hand_over, median

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = 36
SIZE = 20_000_000
PACE = 25_000_000
RUNS = 3


async def ours(url: str, folder: Path) -> tuple[float, float]:
    from seedream_widgets.backends.base import OutputFile, Policy
    from seedream_widgets.backends.fal.downloads import Downloads
    from seedream_widgets.backends.fal.limits import Limits
    from seedream_widgets.backends.fal.session import FalSession
    from seedream_widgets.credentials import Key

    session = await FalSession.open(Key("local:key"), Limits(), Policy())
    downloads = Downloads(session)
    session.queue = url  # loopback, as a test server's is
    worst = [0.0]
    watcher = asyncio.ensure_future(_watch(worst))
    await asyncio.sleep(0.01)
    worst[0], began = 0.0, time.perf_counter()
    files = [downloads.save(OutputFile(url), folder / str(n)) for n in range(FILES)]
    await asyncio.gather(*files)
    seconds = time.perf_counter() - began
    watcher.cancel()
    await session.aclose()
    downloads.close()
    assert sum(path.stat().st_size for path in folder.iterdir()) == FILES * SIZE
    return seconds, worst[0]


async def _watch(worst: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        worst[0] = max(worst[0], time.perf_counter() - began - 0.005)


async def today(url: str, folder: Path) -> tuple[float, float]:
    import requests

    began = time.perf_counter()
    images = [requests.get(url).content for _ in range(FILES)]
    seconds = time.perf_counter() - began
    assert sum(map(len, images)) == FILES * SIZE
    return seconds, 0.0


def one(way: Callable[[str, Path], Any], url: str, cell: bool) -> dict[str, float]:
    """Measure one way in this process, with or without a running cell."""
    import requests  # noqa: F401 - neither pays for its imports

    import seedream_widgets.backends.fal.session  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        before, work = psutil.Process().memory_info().rss, way(url, Path(folder))
        seconds, lag = _beside_a_cell(work) if cell else asyncio.run(work)
    peak = _peak() - before
    return {"s": seconds, "MB": peak / 1e6, "lag": 1000 * lag}


def _beside_a_cell(work: Any) -> tuple[float, float]:
    found: list[tuple[float, float]] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(work)))
    thread.start()
    number = 1
    while thread.is_alive():
        number = number * 31 % 1009
    return found[0]


def _peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def compare(url: str, runs: int, cell: str = "") -> dict[str, dict[str, float]]:
    """Return the medians of both ways by measure, in the order of `Row`."""
    code = "import sys; from tests.bench.bench_downloads import child; child(*sys.argv[1:])"
    found: dict[str, list[dict[str, float]]] = {"ours": [], "today": []}
    for _ in range(runs):
        for way, each in found.items():
            each.append(fresh(code, way, url, cell))
    return {
        measure: {way: median(one[measure] for one in each) for way, each in found.items()}
        for measure in ("s", "MB", "lag")
    }


def child(way: str, url: str, cell: str = "") -> None:
    print(json.dumps(one({"ours": ours, "today": today}[way], url, bool(cell))))


def rows() -> list[Row]:
    with file_server(SIZE) as url:
        fast = compare(url, RUNS)
        cell = compare(url, 1, cell="a cell runs")  # today's way takes minutes
    with file_server(SIZE, PACE) as url:
        paced = compare(url, 1)
    what = f"{FILES} images of {SIZE // 10**6} MB"
    return [
        Row(f"{what} at 25 MB/s a connection, s", **paced["s"], times=5),
        Row(f"{what} as fast as they come, s", **fast["s"], times=3),
        Row("  while a cell computes, s", **cell["s"], times=3),
        Row("  their peak memory, MB", **fast["MB"], most=0.05 * FILES * SIZE / 1e6),
        Row("  loop stands still at most, ms", paced["lag"]["ours"], "all the time", most=50),
    ]


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(*sys.argv[1:])
    else:
        hand_over(rows())

"""One picture to its preview of 768 px: decoded once, reduced while decoding, in threads.

Today: decode it, LANCZOS, and a PNG of that. A picture that comes at 25 MB/s is decoded while it
does; today it is fetched first. Both are measured from the end of the download.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from functools import partial
from pathlib import Path

from PIL import Image

from seedream_widgets.backends.base import OutputFile, Policy
from seedream_widgets.backends.fal.limits import Limits
from seedream_widgets.credentials import Key
from seedream_widgets.images.previews import preview
from seedream_widgets.jobs.engine import shared
from seedream_widgets.studio.previews import Previews
from tests.bench.file_server import file_server
from tests.bench.photos import photo
from tests.bench.rows import Row, hand_over, interleaved, milliseconds

EDGE = 768
RUNS = 5
PACE = 25_000_000


def naive(file_or_path: Path | io.BytesIO) -> bytes:
    image = Image.open(file_or_path)
    image.load()
    small, file = image.resize((EDGE, EDGE), Image.Resampling.LANCZOS), io.BytesIO()
    small.save(file, "PNG")
    return file.getvalue()


def ours(path: Path) -> bytes:
    return preview(path, edge=EDGE).data


def fetched_first(url: str) -> float:
    import requests

    content = requests.get(url).content
    return milliseconds(lambda: naive(io.BytesIO(content)))


def while_it_comes(url: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return shared().start(_while_it_comes(url, Path(folder) / "image")).result()


async def _while_it_comes(url: str, target: Path) -> float:
    from seedream_widgets.backends.fal.downloads import Downloads
    from seedream_widgets.backends.fal.session import FalSession

    session = await FalSession.open(Key("local:key"), Limits(), Policy())
    downloads = Downloads(session)
    session.queue = url  # loopback, as a test server's is
    previews = Previews(shared())
    await downloads.save(OutputFile(url), target, partial(previews.begin, "image"))
    began = time.perf_counter()
    small = await previews.get("image", EDGE, target)
    took = 1000 * (time.perf_counter() - began)
    await session.aclose()
    downloads.close()
    assert small.width == EDGE
    return took


async def lag(threads: bool, path: Path) -> float:
    """Return how long the loop stood still, in ms, while two previews were made."""
    worst, ready = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal worst
        ready.set()
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            worst = max(worst, time.perf_counter() - began - 0.005)

    watcher = asyncio.ensure_future(watch())
    await ready.wait()
    if threads:
        engine = shared()
        await asyncio.gather(
            *(asyncio.wrap_future(engine.pool.submit(ours, path)) for _ in range(2))
        )
    else:
        for _ in range(2):
            naive(path)
    await asyncio.sleep(0.01)
    watcher.cancel()
    return 1000 * worst


def rows() -> list[Row]:
    found = []
    for name, times in (("PNG", 1.4), ("JPEG", 4.0), ("WEBP", None)):
        path = photo(4096, name.lower())
        ways = {
            "ours": lambda path=path: milliseconds(lambda: ours(path)),
            "today": lambda path=path: milliseconds(lambda: naive(path)),
        }
        took = interleaved(RUNS, ways)
        found.append(Row(f"preview of a {name} of 4096², ms", **took, times=times))
    path = photo(4096)
    with file_server(path, PACE) as url:
        ways = {"ours": lambda: while_it_comes(url), "today": lambda: fetched_first(url)}
        came = interleaved(3, ways)
    what = "last byte of a PNG of 4096² at 25 MB/s to its preview, ms"
    found.append(Row(what, **came, times=5))
    stood = interleaved(
        3,
        {
            "ours": lambda: asyncio.run(lag(True, path)),
            "today": lambda: asyncio.run(lag(False, path)),
        },
    )
    return [*found, Row("loop stands still for two PNG previews, ms", **stood, times=10)]


if __name__ == "__main__":
    hand_over(rows())

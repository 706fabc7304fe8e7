"""One picture to its preview of 768 px: decoded once, reduced while decoding, in threads.

Today: decode it, LANCZOS, and a PNG of that.
"""

from __future__ import annotations

import asyncio
import io
import time
from typing import TYPE_CHECKING

from PIL import Image

from seedream_widgets.engine import shared
from seedream_widgets.previews import preview
from tests.bench.photos import photo
from tests.bench.rows import Row, hand_over, interleaved, milliseconds

if TYPE_CHECKING:
    from pathlib import Path

EDGE = 768
RUNS = 5
AT_ONCE = (
    "a picture is checked whole before it is shown; decoding one while it comes gains 0.6 s for "
    "a single PNG and nothing for several, at 2.5 times the memory"
)


def naive(path: Path) -> bytes:
    image = Image.open(path)
    image.load()
    small, file = image.resize((EDGE, EDGE), Image.Resampling.LANCZOS), io.BytesIO()
    small.save(file, "PNG")
    return file.getvalue()


def ours(path: Path) -> bytes:
    return preview(path, edge=EDGE).data


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
        if name == "PNG":
            what = "last byte of a PNG of 4096² to its preview, ms"
            found.append(Row(what, **took, times=5, why=AT_ONCE))
    path = photo(4096)
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

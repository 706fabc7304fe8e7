"""Memory for 1,000 results held at once: the library's, and a session's own jobs.

Today: the PIL images that a list of results holds, from 20 decoded ones of 2048².
"""

from __future__ import annotations

import gc
import io
import tempfile
import tracemalloc
from typing import TYPE_CHECKING

from PIL import Image

import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend
from tests.bench.photos import photo
from tests.bench.rows import Row, hand_over

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = 1000
SAMPLE = 20


def megabytes(hold: Callable[[], object]) -> float:
    """Return what the value of a call holds."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = hold()
    gc.collect()
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert kept
    return size / 1e6


def submit(client: sd.Client) -> list[sd.Job]:
    jobs = [client.submit(sd.Request(f"a fox {number}")) for number in range(RESULTS)]
    for job in jobs:
        job.result(60)
    return jobs


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        client = sd.Client(ScriptedBackend("fal"), library=folder)
        client.submit(sd.Request("first")).result(60)
        session = megabytes(lambda: submit(client))
        found = client.library.search()
        len(found)
        entries = megabytes(lambda: list(found[:RESULTS]))
    file = io.BytesIO()
    Image.open(photo(4096)).resize((2048, 2048)).save(file, "PNG", compress_level=1)
    one = file.getvalue()

    def decoded() -> list[object]:
        # Pillow's pixels are not Python's memory: as bytes they are.
        return [Image.open(io.BytesIO(one)).tobytes() for _ in range(SAMPLE)]

    today = megabytes(decoded) * RESULTS / SAMPLE
    what = f"{RESULTS:,} results"
    return [
        Row(f"memory for {what} of the library, MB", entries, today, most=1),
        Row(f"memory for {what} of this session's jobs, MB", session, today),
    ]


if __name__ == "__main__":
    hand_over(rows())

"""The newest of a library of 10,000 results, shown in a cell.

Today: a walk through the folders for the newest files, and `display` of each.
"""

from __future__ import annotations

import os
import tempfile
import time
from base64 import b64encode
from pathlib import Path

from IPython.core.formatters import DisplayFormatter
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.display.html import SHEET_RESULTS
from tests.bench.bench_library import build
from tests.bench.rows import Row, hand_over, interleaved

RESULTS, DAYS = 10_000, 200
RUNS = 3


def ours(library: sd.Library) -> int:
    shown = library.search()._repr_mimebundle_()["text/html"]
    assert shown.count("<img") == SHEET_RESULTS
    assert f"{RESULTS + SHEET_RESULTS:,} results" in shown
    return len(shown.encode())


def today(root: Path) -> int:
    newest = sorted(root.glob("results/*/*/*.jpg"), key=os.path.getmtime)[-SHEET_RESULTS:]
    assert len(newest) == SHEET_RESULTS
    return sum(map(_notebook_bytes, newest))


def _notebook_bytes(path: Path) -> int:
    bundle, _ = DisplayFormatter().format(Image.open(path))
    return sum(len(b64encode(data)) for data in bundle.values() if isinstance(data, bytes))


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        root = Path(folder) / "library"
        build(root, RESULTS, DAYS)
        client = sd.Client("offline", library=root)
        jobs = [client.submit(sd.Request("a red fox", seed=seed)) for seed in range(SHEET_RESULTS)]
        for job in jobs:
            job.result()
        size = {"ours": ours(client.library), "today": today(root)}

        def seconds(work: object, what: object) -> float:
            began = time.perf_counter()
            work(what)
            return time.perf_counter() - began

        took = interleaved(
            RUNS,
            {
                "ours": lambda: seconds(ours, client.library),
                "today": lambda: seconds(today, root),
            },
        )
        client.close()
    what = f"gallery of {RESULTS:,}: the newest {SHEET_RESULTS} of 2048² in a cell"
    kilobytes = {way: size_of / 1000 for way, size_of in size.items()}
    return [Row(f"{what}, s", **took, times=5), Row(f"{what}, KB", **kilobytes, times=250)]


if __name__ == "__main__":
    hand_over(rows())

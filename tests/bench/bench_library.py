"""The library at 10,000 results: its index beside a JSON list and a walk through the folders.

python -m tests.bench.bench_library --results 10000 --days 200
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import tempfile
import time
import tracemalloc
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import seedream_widgets as sd
from seedream_widgets.library.index import Index
from seedream_widgets.values.result import ResultImage
from tests.bench.photos import photo
from tests.bench.rows import Row, hand_over, interleaved, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = "2024-01-01"
OBJECTS = ("settings", "arguments", "timings", "price")
Receipt = dict[str, Any]
WORDS = re.findall(
    r"\w+",
    "red fox snow owl night forest lantern harbour market rain neon street portrait glass"
    " mountain river sailing boat watercolour film grain light morning fog desert train"
    " bridge garden ceramic violin astronaut library teapot whale festival castle meadow",
)


def receipt(number: int, day: str) -> Receipt:
    """Return one as long as a real one, 1.6 KB; every 500th has a fox with a telescope."""
    words = [WORDS[number * step % len(WORDS)] for step in range(1, 36)]
    rare = "a telescope, " if number % 500 == 0 else ""
    return {
        "version": 1,
        "request_id": f"{number * 2654435761 % 2**32:08x}-{number:012x}",
        "created": f"{day}T{number % 24:02}:{number % 60:02}:{number % 59:02}+00:00",
        "endpoint": "fal-ai/bytedance/seedream/v4.5/text-to-image",
        "model": "v4.5",
        "backend": "fal",
        "prompt": rare + " ".join(words),
        "seed": number,
        "images": [{"file": "1.png", "width": 2048, "height": 2048, "digest": "0" * 64}] * 2,
        "cost": "0.08",
        "key": f"{number:064x}",
        "status": [{"kind": "InProgress", "at": 1.5, "logs": "x" * 60}] * 6,
    }


def build(root: Path, results: int, days: int) -> list[Receipt]:
    """Write the folders; each day is an hour old."""
    receipts = []
    for day in range(days):
        name = f"20{24 + day // 336}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}"
        folder = root / "results" / name
        for number in range(day * results // days, (day + 1) * results // days):
            receipts.append(receipt(number, name))
            own = folder / f"a-picture-{receipts[-1]['request_id']}"
            own.mkdir(parents=True)
            (own / "receipt.json").write_text(json.dumps(receipts[-1]))
        os.utime(folder, (1, time.time() - 3600))
    return receipts


def median(work: Callable[[], object], repeat: int = 15) -> float:
    """Return the middle of several runs, in milliseconds."""
    took = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def newest(receipts: list[Receipt]) -> list[Receipt]:
    return sorted(receipts, key=lambda one: one["created"], reverse=True)


def walk(root: Path) -> list[Receipt]:
    return [json.loads(path.read_bytes()) for path in root.glob("results/*/*/receipt.json")]


def peak_megabytes(work: Callable[[], object]) -> float:
    tracemalloc.start()
    kept = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return peak / 1e6


def measure_index(root: Path, cache: Path, results: int) -> dict[str, float]:
    """Time the index; the added results are only rows, so that the folders stay as they are."""
    index = Index(root, cache)
    began = time.perf_counter()
    index.refresh()
    took = {"first build": (time.perf_counter() - began) * 1000}
    last = index.search()
    numbers = count(results)

    def add() -> None:
        new = receipt(next(numbers), "2030-01-01")
        index.add(root / "results" / "2030-01-01" / new["request_id"], new)

    def page() -> list[object]:
        return list(islice(index.search(), 100))

    took |= {
        "open a warm cache, newest 100": median(
            lambda: list(islice(Index(root, cache).search(), 100))
        ),
        "newest 100": median(page),
        "100 from the middle": median(lambda: last[results // 2 : results // 2 + 100]),
        "count all": median(lambda: len(last)),
        "search a word": median(lambda: index.search("telescope")[:100]),
        "search a prefix": median(lambda: index.search("telesc")[:100]),
        "search a frequent prefix": median(lambda: index.search("fo")[:100]),
        "find an identical request": median(lambda: index.identical(f"{results // 2:064x}", "fal")),
        "refresh, nothing new": median(index.refresh),
        "iterate all": median(lambda: sum(1 for _ in last), 3),
        "MB to iterate all": peak_megabytes(lambda: sum(1 for _ in index.search())),
        "add one": median(add, 101),
    }
    return took


def measure_json(path: Path, receipts: list[Receipt]) -> dict[str, float]:
    """Time one JSON list of all results, which is written anew for each one added."""
    path.write_text(json.dumps(receipts))

    def load() -> list[Receipt]:
        return list(json.loads(path.read_bytes()))

    def add() -> None:
        path.write_text(json.dumps([*receipts, receipts[0]]))

    def search(text: str) -> list[Receipt]:
        return newest([one for one in load() if text in one["prompt"]])[:100]

    middle = len(receipts) // 2
    page = median(lambda: newest(load())[:100], 5)
    found = median(lambda: search("telesc"), 5)
    return {
        "open a warm cache, newest 100": page,
        "newest 100": page,
        "100 from the middle": median(lambda: newest(load())[middle : middle + 100], 5),
        "count all": median(lambda: len(load()), 5),
        "search a word": found,
        "search a prefix": found,
        "search a frequent prefix": median(lambda: search("fo"), 5),
        "find an identical request": median(lambda: [r for r in load() if r["key"] == "x"], 5),
        "iterate all": page,
        "MB to iterate all": peak_megabytes(load),
        "add one": median(add, 5),
    }


def measure_walk(root: Path) -> dict[str, float]:
    """Time reading every receipt in the folders."""
    took = median(lambda: newest(walk(root))[:100], 3)
    reading = ("newest 100", "100 from the middle", "search a word", "search a prefix")
    return dict.fromkeys((*reading, "find an identical request", "iterate all"), took) | {
        "MB to iterate all": peak_megabytes(lambda: walk(root))
    }


def save_milliseconds() -> tuple[float, float]:
    """Return what saving a PNG of 4096² with its receipt takes: spliced in, and encoded anew.

    Ours reads the file that came; today's way has the pixels at hand. Each save makes a new file.
    """
    came, text = ResultImage(photo(4096), "PNG", 4096, 4096), json.dumps(receipt(1, DAY))
    image = came.pil
    image.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fox.png"

        def took(save: Callable[[], object]) -> float:
            path.unlink(missing_ok=True)
            return milliseconds(save)

        ways = {
            "ours": lambda: took(lambda: came.save(path, text)),
            "today": lambda: took(lambda: image.save(path, compress_level=1)),
        }
        found = interleaved(5, ways)
    return found["ours"], found["today"]


class OneDay:
    """A library with so many results of one day, to which more come."""

    def __init__(self, root: Path, results: int) -> None:
        if results:
            build(root, results, days=1)
        self._library, self._numbers = sd.Library(root), count(results)
        self._library.search()

    def commit(self) -> float:
        made = {**receipt(next(self._numbers), DAY), **{each: {} for each in OBJECTS}}
        kept = sd.Receipt.from_json(json.dumps({**made, "inputs": [], "history": []}))
        stage = self._library._stage("job")
        for image in kept.images[:1]:
            (stage / image["file"]).touch()
        return milliseconds(lambda: self._library._commit(stage, kept, "a-picture"))

    def twin(self) -> float:
        """Look for an identical request, as each submit with a seed does."""
        return milliseconds(lambda: self._library._twin("unknown", "fal"))


def measure_day(root: Path, results: int) -> list[Row]:
    """Time one more result of a day by the results that the day has already."""
    empty, busy = OneDay(root / "empty", 0), OneDay(root / "busy", results)
    ways = {"empty": empty.commit, "busy": busy.commit, "twin": busy.twin}
    took = interleaved(31, ways)
    return [
        Row("commit one more result on an empty day, ms", took["empty"]),
        Row(f"commit one more result on a day of {results:,}, ms", took["busy"],
            most=2 * took["empty"]),
        Row(f"look for an identical request on a busy day of {results:,}, ms", took["twin"]),
    ]  # fmt: skip


def rows(results: int = 10_000, days: int = 200) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder) / "library", Path(folder) / "index.sqlite"
        receipts = build(root, results, days)
        today = measure_json(Path(folder) / "list.json", receipts)
        walked = measure_walk(root)
        del receipts
        ours = measure_index(root, cache, results)
        print(f"{results:,} results in {days} days; index {cache.stat().st_size / 1e6:.1f} MB")
    targets = {"newest 100": 100, "search a word": 20, "search a prefix": 20, "add one": 100}
    reasons = {
        "newest 100": "a third of it looks whether a day's folder changed, and a third makes the "
        "entries, which have had ratings and folders as paths since the target was set"
    }
    found = [
        Row(f"library of {results:,}, {what}{unit(what)}", value, today.get(what),
            times=targets.get(what), why=reasons.get(what, ""))
        for what, value in ours.items()
    ]  # fmt: skip
    walk = Row("newest 100, ms (today: a walk through the folders)", ours["newest 100"],
               walked["newest 100"], times=100)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
        day = measure_day(Path(folder), results=2000)
    saved = Row("save a PNG of 4096² with its receipt, ms", *save_milliseconds(), times=50)
    return [*found, walk, *day, saved]


def unit(what: str) -> str:
    return "" if "MB" in what else ", ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=200)
    asked, _ = parser.parse_known_args()
    hand_over(rows(asked.results, asked.days))


if __name__ == "__main__":
    main()

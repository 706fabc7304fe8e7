"""What a benchmark hands over: one measurement beside today's way, and its target."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ROWS = "rows of tests.bench: "


@dataclass(frozen=True)
class Row:
    """Hold one measurement; less is better in all of them.

    Attributes:
        what: What is measured, with its unit.
        ours: Our value.
        today: Today's value, a sentence where it does not get there, ``None`` without one.
        times: The target: today's value is at least so many times ours.
        most: The target: ours is at most this.
        why: Why a target is missed, known from an earlier run; shown only then.
    """

    what: str
    ours: float
    today: float | str | None = None
    times: float | None = None
    most: float | None = None
    why: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times ours today's way is."""
        if self.today is None or isinstance(self.today, str) or not self.ours:
            return None
        return self.today / self.ours

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; ``None`` where there is none."""
        if self.times is not None:
            return (self.ratio or 0) >= self.times
        return None if self.most is None else self.ours <= self.most


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def interleaved(runs: int, ways: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Run all ways in turn, `runs` times, and return the middle value of each."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            found[name].append(way())
    return {name: median(values) for name, values in found.items()}


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def fresh(code: str, *arguments: str) -> Any:
    """Run code in a new interpreter and return the JSON it prints last."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    return json.loads(done.stdout.splitlines()[-1])


def hand_over(rows: Iterable[Row]) -> None:
    """Print the rows as a table, and for the runner as data when it asks."""
    from tests.bench.report import table

    found = list(rows)
    print(table(found))
    if "--rows" in sys.argv:
        print(ROWS + json.dumps([asdict(row) for row in found]))

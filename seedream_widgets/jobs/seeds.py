"""Does the same seed give the same picture? Asked of the backend, not assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seedream_widgets.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.jobs.job import Job
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result


@dataclass(frozen=True)
class SeedCheck:
    """Hold what asking again gave.

    Attributes:
        same: Whether as many pictures came and every pixel is equal.
        different: The numbers, from 1, of the pictures that are not equal or have no partner.
        result: What came the second time; it was paid for like the first.
    """

    same: bool
    different: tuple[int, ...]
    result: Result

    def __str__(self) -> str:
        if self.same:
            return "the same seed gave the same pixels, this time"
        numbers = ", ".join(map(str, self.different))
        return f"the same seed gave other pixels (image {numbers})"


def check_seed(result: Result, submit: Callable[[Request], Job]) -> SeedCheck:
    """Ask again with the seed of `result` and compare pixel by pixel.

    Raises:
        RequestError: No seed is known.
    """
    if result.seed is None:
        raise RequestError(
            "the backend named no seed for this result, so there is none to verify", field="seed"
        )
    again = submit(replace(result.request, seed=result.seed)).result()
    pairs = max(len(result), len(again))
    different = tuple(n + 1 for n in range(pairs) if not _equal(result, again, n))
    return SeedCheck(not different, different, again)


def _equal(first: Result, second: Result, index: int) -> bool:
    if index >= min(len(first), len(second)):
        return False
    one, two = (result.files[index].opened() for result in (first, second))
    return (one.mode, one.size, one.tobytes()) == (two.mode, two.size, two.tobytes())

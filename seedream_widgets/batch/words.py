"""A batch's progress in words, for the progress bar of a run and for its sheet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from seedream_widgets.errors import (
    BackendError,
    BudgetError,
    ContentRejectedError,
    CredentialsError,
    JobCancelled,
    RequestError,
    ResultError,
    SeedreamError,
    SubmitUnknownError,
)
from seedream_widgets.money.pricing import usd

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from seedream_widgets.batch.cell import Cell
    from seedream_widgets.batch.drive import Drive

_STATES_SHOWN = ("running", "missing")
_KINDS = (
    (JobCancelled, "cancelled"),
    (ContentRejectedError, "refused by a safety checker"),
    (SubmitUnknownError, "sent without a reply"),
    (ResultError, "drawn, but not fetched"),
    (CredentialsError, "without a key that fal takes"),
    (BudgetError, "over the budget"),
    (RequestError, "not accepted"),
    (BackendError, "failed at fal"),
    (SeedreamError, "failed here"),
)
"""Kinds of errors and their words; the first kind that matches an error is used."""


@dataclass(frozen=True)
class BatchEstimate:
    """What a run of the missing cells of a batch may cost, in US dollars.

    Attributes:
        cells: How many cells have no result yet.
        low: The least they cost.
        high: The most they cost.
        age: ``"price of 2026"`` if a price is not current; see `Price.age`.
        fetched: How many of the cells fal has accepted from an earlier run; they are only fetched,
            and not paid for again.
    """

    cells: int
    low: Decimal
    high: Decimal
    age: str = ""
    fetched: int = 0

    @property
    def requests(self) -> str:
        """The cells in words: "3 requests"."""
        return f"{self.cells:,} request{'' if self.cells == 1 else 's'}"

    @property
    def money(self) -> str:
        """The cost in words: "about $0.27", or "$0.27 to $0.54"."""
        if self.low == self.high:
            return f"about {usd(self.low)}"
        return f"{usd(self.low)} to {usd(self.high)}"

    def __repr__(self) -> str:
        return f"<BatchEstimate {self}>"

    def __str__(self) -> str:
        age = f" ({self.age})" if self.age else ""
        fetched = f" ({self.fetched:,} of them fetched, not paid again)" if self.fetched else ""
        return f"{self.requests}{fetched}, {self.money}{age}"


class Button(NamedTuple):
    """A button of a sheet: its words, how many requests it sends, and the most they can cost."""

    words: str
    cells: int
    high: Decimal
    retry: bool


def count_states(cells: Iterable[Cell]) -> Counter[str]:
    """Count cells by state."""
    return Counter(cell.state for cell in cells)


def errors_by_kind(cells: Iterable[Cell]) -> str:
    """Count what failed, by kind: "2 refused by a safety checker, 1 cancelled"; "" for nothing."""
    counts = Counter(
        next(words for kind, words in _KINDS if isinstance(error, kind))
        for cell in cells
        if (error := cell.error) is not None and cell.state != "running"
    )
    return ", ".join(f"{count:,} {words}" for words, count in counts.items())


def progress_words(
    cells: Iterable[Cell], drive: Drive | None, asked: BatchEstimate | None, bills: bool
) -> list[str]:
    """Return a run's progress: what runs and waits, the time left, and the money.

    Args:
        cells: The batch's cells.
        drive: Its last run.
        asked: The run's estimate.
        bills: Whether it costs money at all.
    """
    cells = tuple(cells)
    counts = count_states(cells)
    parts = [f"{counts[state]:,} {state}" for state in _STATES_SHOWN if counts[state]]
    sent = sum(cell.sent and cell.state == "missing" for cell in cells)
    if sent:
        parts.append(f"{sent:,} of them sent before: fetched, not paid again")
    if drive is None:
        return parts
    seconds = drive.seconds_left()
    if drive.stopped and not drive.ended:
        parts.append("no more are sent")
    elif seconds and not drive.ended:
        parts.append(f"about {_plain_time(seconds)} left ({drive.slots} at once)")
    if bills:
        spent = usd(drive.spent)
        parts.append(f"{spent} of {asked.money}" if asked else f"{spent} spent")
    return parts


def button_of(counts: Counter[str], cost: BatchEstimate, bills: bool, *, retry: bool) -> Button:
    """Return the button that sends the missing cells, or those that may have been billed.

    Args:
        counts: The cells by state.
        cost: What it may cost.
        bills: Whether it costs money.
        retry: Whether what may have been billed is sent once more.
    """
    uncertain = counts["uncertain"]
    verb = "Retry" if not counts["missing"] and (counts["failed"] or retry) else "Run"
    if cost.cells == cost.fetched:
        return Button(f"Fetch {cost.requests}, not paid again", cost.cells, cost.high, retry)
    words = f"{verb} {cost.requests}"
    if retry:
        which = "may" if uncertain == cost.cells else f"{uncertain:,} of them may"
        words += f" ({which} be billed twice)"
    return Button(f"{words}, {cost.money}" if bills else words, cost.cells, cost.high, retry)


def next_run_words(same: bool) -> str:
    """Say where the next run is sent from, after one on an executor; `same` means from there."""
    if same:
        return "the next run uses the same executor"
    return "the next run is sent from this kernel: the executor takes no more work"


def _plain_time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"

"""Spending limits for a day or a month, kept in the library so that they apply to all kernels."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from seedream_widgets.errors import RequestError, SeedreamError, refused
from seedream_widgets.files import read_file, read_json
from seedream_widgets.library.folder import write_private
from seedream_widgets.money.budget import Standing, read_usd
from seedream_widgets.money.ledger import charges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedream_widgets.library import Library
    from seedream_widgets.money.budget import Budget

Period = Literal["day", "month"]
PERIODS: tuple[Period, ...] = ("day", "month")
_FILE = "budget.json"
_MOST_BYTES = 10_000


def kept_limits(library: Library) -> dict[str, Decimal]:
    """Return the limit of each period that has one, in US dollars.

    Raises:
        SeedreamError: They can't be read, so that no request may be sent.
    """
    path = library.path / _FILE
    try:
        values = read_json(read_file(str(path), _MOST_BYTES) or b"")
        if not isinstance(values, dict):
            raise TypeError("it is not an object")
        return {period: read_usd(values[period]) for period in PERIODS if period in values}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SeedreamError(
            f"{path}, where limits for a day and a month are kept, can't be read "
            f"({error.strerror}), so nothing is sent that they might forbid; have it readable, or "
            "give the client another library"
        ) from error
    except (ValueError, TypeError, RecursionError, RequestError):
        pass
    raise SeedreamError(
        f"{path} holds the limits for a day and a month, and can't be read; set them again with "
        "sd.budget(5, per='day'), or delete the file"
    )


def keep_limit(library: Library, period: str, limit: Decimal | None) -> None:
    """Write down the limit of a period, or remove it.

    Raises:
        RequestError: `period` is not a period.
        SeedreamError: It can't be written, or the other period's limit can't be told.
    """
    check_period(period)
    try:
        limits = kept_limits(library)
    except SeedreamError as error:
        if error.__cause__:  # the file may be sound
            raise
        limits = {}  # a damaged file is replaced
    limits.pop(period, None)
    if limit is not None:
        limits[period] = limit
    text = json.dumps({name: str(value) for name, value in limits.items()})
    try:
        write_private(library.path / _FILE, text.encode(), library.path)
    except OSError as error:
        raise SeedreamError(
            f"{library.path / _FILE} can't be written ({error.strerror}), so the limit is not "
            "kept; make room there, or give the client another library"
        ) from error


def check_period(period: str) -> None:
    """Refuse anything but a period.

    Raises:
        RequestError: `period` is not ``"day"`` or ``"month"``.
    """
    if period not in PERIODS:
        raise refused("per", "'session', 'day' or 'month'", period)


def began(period: str) -> datetime:
    """Return when the current day or month began, by this computer's clock and time zone."""
    now = datetime.now().astimezone()
    first = now.day if period == "day" else 1
    return datetime(now.year, now.month, first).astimezone()


def _standing(
    library: Library,
    per: str,
    limit: Decimal | None,
    unwritten: Mapping[str, Decimal],
    but: str = "",
) -> Standing:
    """Return what all kernels of a library have spent in the current day or month.

    Args:
        library: The library whose ledger and journal are counted.
        per: ``"day"`` or ``"month"``.
        limit: The period's limit.
        unwritten: The most that requests in flight here and outside the journal can cost, by job
            id.
        but: The id of a job that is not counted.
    """
    since = began(per)
    first = since.timestamp()
    # Read before the ledger, which then has whatever ends in between.
    pending = library._journal.pending()
    sums = dict.fromkeys(("completed", "ended"), Decimal(0))
    ended: set[str | None] = set()
    for charge in charges(library, since):
        if charge.state != "in flight":
            sums[charge.state if charge.state in sums else "ended"] += charge.usd
            ended |= {charge.request_id} - {""}
    running = (
        Decimal(entry.high)
        for entry in pending
        # A request that began before and still runs will end, and be paid, in this period.
        if (entry.created >= first or entry.followed)
        and entry.id != but
        and (entry.handle or {}).get("request_id") not in ended
    )
    in_flight = sum((*running, *unwritten.values()), Decimal(0))
    return Standing(sums["completed"], in_flight, sums["ended"], limit, per)


class SpendingLimits:
    """All limits that apply to a client's requests: of its session, the day and the month.

    Args:
        library: The library that keeps limits and ledger for all kernels.
        budget: The session's budget.

    Attributes:
        stale: Whether something has changed since the disk was read.
    """

    def __init__(self, library: Library, budget: Budget) -> None:
        self._library, self._budget = library, budget
        self._read = budget.standing, list[Standing]()
        self.stale = True
        budget.on_change(self._note_change)

    def _note_change(self) -> None:
        self.stale = True

    def read(self) -> list[Standing]:
        """Read the standing of day and month from the disk, with a limit or without, and keep it.

        Raises:
            SeedreamError: The limits can't be read.
        """
        before, limits = self._budget.standing, kept_limits(self._library)
        ours = self._budget.unwritten
        found = [_standing(self._library, per, limits.get(per), ours) for per in PERIODS]
        self._read = before, found
        return found

    def read_limited(self) -> None:
        """Read the standing of only those periods that have a limit, which is faster."""
        before, limits, ours = self._budget.standing, {}, self._budget.unwritten
        with suppress(SeedreamError):  # the ledger and each refused request report it
            limits = kept_limits(self._library)
        found = [_standing(self._library, per, limit, ours) for per, limit in limits.items()]
        self._read = before, found

    @property
    def standing(self) -> Standing:
        """The standing with the least left, without reading the disk.

        For the day and month, it is what was read last, plus what this session has spent since.
        """
        (before, noted), now = self._read, self._budget.standing
        return _tightest([_after(each, before, now) for each in noted], now)

    def check(self, id: str, high: Decimal) -> None:
        """Refuse a request that could exceed a limit; reads the disk.

        Args:
            id: The id of the request's job, which may be in the journal already.
            high: The most that the request can cost.

        Raises:
            BudgetError: It could exceed a limit; nothing was sent.
        """
        ours = {name: usd for name, usd in self._budget.unwritten.items() if name != id}
        limits = kept_limits(self._library)
        found = [_standing(self._library, per, limit, ours, id) for per, limit in limits.items()]
        _tightest(found, self._budget.standing).refuse_over(high)


def _tightest(kept: list[Standing], session: Standing) -> Standing:
    limited = [each for each in kept if each.limit is not None]
    return min((*limited, session), key=lambda each: each.left)


def _after(noted: Standing, before: Standing, now: Standing) -> Standing:
    """Add to a day's or month's standing what the session has spent since it was read."""
    names = "spent", "in_flight", "may_be_billed"
    sums = {
        name: max(Decimal(0), getattr(noted, name) + getattr(now, name) - getattr(before, name))
        for name in names
    }
    return replace(noted, **sums)

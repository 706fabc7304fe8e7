"""Limits for a day or a month: kept in the library, so that every kernel knows them."""

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
        SeedreamError: They can't be read: nothing may be sent that they could forbid.
    """
    path = library.path / _FILE
    try:
        values = read_json(read_file(str(path), _MOST_BYTES) or b"")
        if not isinstance(values, dict):
            raise TypeError("it is no object")
        return {period: read_usd(values[period]) for period in PERIODS if period in values}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError as error:
        raise SeedreamError(
            f"{path}, where limits for a day and a month are kept, can't be read "
            f"({error.strerror}), so nothing is sent that they could forbid; have the folder "
            "opened to you, or give the client another library"
        ) from error
    except (OSError, ValueError, TypeError, RecursionError, RequestError):
        pass
    raise SeedreamError(
        f"{path} holds the limits for a day and a month, and can't be read; set them anew with "
        "sd.budget(5, per='day'), or delete the file"
    )


def keep_limit(library: Library, period: str, limit: Decimal | None) -> None:
    """Write down the limit of a period, or take it away.

    Raises:
        RequestError: `period` is not a period.
        SeedreamError: It can't be written.
    """
    check_period(period)
    try:
        limits = kept_limits(library)
    except SeedreamError:
        limits = {}  # what can't be read is written anew
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
    """Refuse what is not a period.

    Raises:
        RequestError: It is not one.
    """
    if period not in PERIODS:
        raise refused("per", "'session', 'day' or 'month'", period)


def began(period: str) -> datetime:
    """Return when the running day or month began, by this computer's clock and time zone."""
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
    """Return where the running day or month stands, by all kernels of a library.

    Args:
        library: Whose ledger and journal count.
        per: ``"day"`` or ``"month"``.
        limit: Its limit.
        unwritten: The most that requests in flight here can cost which the journal does not know,
            by job id.
        but: Id of a job whose entry is not counted.
    """
    since = began(per)
    first = since.timestamp()
    # Read before the ledger: what ends meanwhile stands there, and what is sent meanwhile is not 0.
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
        # What began before and goes on comes to its end, and into the ledger, in this period.
        if (entry.created >= first or entry.followed)
        and entry.id != but
        and (entry.handle or {}).get("request_id") not in ended
    )
    in_flight = sum((*running, *unwritten.values()), Decimal(0))
    return Standing(sums["completed"], in_flight, sums["ended"], limit, per)


class SpendingLimits:
    """Every limit that a client's requests have to keep: of its session, the day and the month.

    Args:
        library: Which keeps limits and ledger, for all kernels.
        budget: What the session spends.

    Attributes:
        stale: Whether something changed since the disk was read.
    """

    def __init__(self, library: Library, budget: Budget) -> None:
        self._library, self._budget = library, budget
        self._read = budget.standing, list[Standing]()
        self.stale = True
        budget.on_change(self._note_change)

    def _note_change(self) -> None:
        self.stale = True

    def read(self) -> list[Standing]:
        """Read from the disk where day and month stand, with a limit or without, and note it.

        Raises:
            SeedreamError: The limits can't be read.
        """
        before, limits = self._budget.standing, kept_limits(self._library)
        ours = self._budget.unwritten
        found = [_standing(self._library, per, limits.get(per), ours) for per in PERIODS]
        self._read = before, found
        return found

    def read_limited(self) -> None:
        """Note anew where those stand that have a limit; without any it is one small file."""
        before, limits, ours = self._budget.standing, {}, self._budget.unwritten
        with suppress(SeedreamError):  # the ledger says it, and each request that is refused
            limits = kept_limits(self._library)
        found = [_standing(self._library, per, limit, ours) for per, limit in limits.items()]
        self._read = before, found

    @property
    def standing(self) -> Standing:
        """Where the limit stands that refuses first, without a look at the disk.

        What was noted last of the day and the month, and what this session spent since.
        """
        (before, noted), now = self._read, self._budget.standing
        return _tightest([_after(each, before, now) for each in noted], now)

    def check(self, id: str, high: Decimal) -> None:
        """Refuse a request that could go over a limit; it reads the disk.

        Args:
            id: Of the request's job, which may be in the journal already.
            high: The most that it can cost.

        Raises:
            BudgetError: It could; nothing was sent.
        """
        ours = {name: usd for name, usd in self._budget.unwritten.items() if name != id}
        limits = kept_limits(self._library)
        found = [_standing(self._library, per, limit, ours, id) for per, limit in limits.items()]
        _tightest(found, self._budget.standing).refuse_over(high)


def _tightest(kept: list[Standing], session: Standing) -> Standing:
    limited = [each for each in kept if each.limit is not None]
    return min((*limited, session), key=lambda each: each.left)


def _after(noted: Standing, before: Standing, now: Standing) -> Standing:
    """Return a day or month with what the session spent since it was noted."""
    names = "spent", "in_flight", "may_be_billed"
    sums = {
        name: max(Decimal(0), getattr(noted, name) + getattr(now, name) - getattr(before, name))
        for name in names
    }
    return replace(noted, **sums)

"""Limits for a day or a month: kept in the library, so that every kernel knows them."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

from seedream_widgets.errors import BudgetError, RequestError, SeedreamError
from seedream_widgets.files import read_file, read_json
from seedream_widgets.library.folder import write_private
from seedream_widgets.money.ledger import charges
from seedream_widgets.money.pricing import shown, usd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seedream_widgets.library import Library

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
        limits: dict[str, Decimal] = {
            period: Decimal(str(values[period])) for period in PERIODS if period in values
        }
        if all(limit.is_finite() and limit >= 0 for limit in limits.values()):
            return limits
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, TypeError, InvalidOperation, RecursionError):
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
        raise RequestError(
            f"per takes 'session', 'day' or 'month', got {period!r:.40}", field="per", value=period
        )


def began(period: str) -> datetime:
    """Return when the running day or month began, by this computer's clock and time zone."""
    now = datetime.now().astimezone()
    first = now.day if period == "day" else 1
    return datetime(now.year, now.month, first).astimezone()


def committed(library: Library, since: datetime, ours: Mapping[str, Decimal]) -> Decimal:
    """Return the most that fal can bill for what was asked since a moment, by all kernels.

    Args:
        library: Whose ledger counts.
        since: From when on.
        ours: The most that requests in flight here can cost, by job id: some of them are not in
            the journal yet.
    """
    total = sum((charge.usd for charge in charges(library, since)), Decimal(0))
    pending = {entry.id: entry for entry in library._journal.pending()}
    first = since.timestamp()
    unsent = (
        Decimal(entry.high)
        for entry in pending.values()
        if entry.step == "planned" and entry.created >= first  # nothing to the ledger so far
    )
    return total + sum(unsent) + sum(high for name, high in ours.items() if name not in pending)


def check_limits(library: Library, id: str, high: Decimal, ours: Mapping[str, Decimal]) -> None:
    """Refuse a request that could go over the limit of the day or the month.

    Args:
        library: Which keeps limits and ledger.
        id: Of the request's job, which may be in the journal already.
        high: The most that it can cost.
        ours: As in `committed`.

    Raises:
        BudgetError: It could; nothing was sent.
    """
    for period, limit in kept_limits(library).items():
        others = {name: usd for name, usd in ours.items() if name != id}
        planned = any(entry.id == id for entry in library._journal.pending())
        spent = committed(library, began(period), others) - (high if planned else 0)
        if spent + high > limit:
            raise BudgetError(
                f"this request may cost {usd(high)}, more than the limit of the {period} leaves "
                f"({usd(spent)} of {usd(limit)} since {began(period):%Y-%m-%d}, in all kernels of "
                f"this library); raise it with sd.budget({shown(spent + high)}, per={period!r}), "
                "or ask for fewer images"
            )

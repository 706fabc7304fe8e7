"""`Budget`: what a session has spent and may still spend; requests count before they are sent."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import BudgetError, RequestError, described
from seedream_widgets.images import ImageInput
from seedream_widgets.money.pricing import Prices, cost, estimate, shown, usd

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.values.endpoints import Price
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result

_log = logging.getLogger(__name__)
MOST_USD = 1_000_000_000
"""The largest limit; larger sums would not be exact."""
_WHEN = {"session": "", "day": " today", "month": " this month"}


@dataclass(frozen=True)
class Standing:
    """What was spent in a session, a day or a month, and the limit, in US dollars, at one moment.

    Attributes:
        spent: The cost of the images that have come, as fal reported it, else estimated.
        in_flight: The most that running requests can cost.
        may_be_billed: The most that fal may still bill for requests that ended without images,
            such as cancelled ones.
        limit: The spending limit, or ``None``.
        per: ``"session"`` counts what this client sent; ``"day"`` and ``"month"`` count what all
            kernels that share its library sent.
    """

    spent: Decimal
    in_flight: Decimal
    may_be_billed: Decimal
    limit: Decimal | None
    per: str = "session"

    @property
    def committed(self) -> Decimal:
        """The most that can be billed for all requests so far."""
        return self.spent + self.in_flight + self.may_be_billed

    @property
    def left(self) -> Decimal:
        """What may still be spent: negative if the limit is exceeded, infinity without a limit."""
        return Decimal("Infinity") if self.limit is None else self.limit - self.committed

    def refuse_over(
        self, high: Decimal, what: str = "this request", smaller: str = "ask for fewer images"
    ) -> None:
        """Raise an error if a request that may cost `high` could exceed the limit.

        Args:
            high: The most that it can cost, in US dollars.
            what: What the message calls it.
            smaller: What the message suggests besides raising the limit.

        Raises:
            BudgetError: It could go over the limit; nothing was sent.
        """
        if high <= self.left:
            return
        of = "budget" if self.per == "session" else f"limit of the {self.per}"
        where = "" if self.per == "session" else ", in all kernels of this library"
        per = "" if self.per == "session" else f", per={self.per!r}"
        raise BudgetError(
            f"{what} may cost {usd(high)}, more than the {of} leaves ({self}{where}), so nothing "
            f"was sent; raise it with sd.budget({shown(self.committed + high)}{per}) or more, or "
            f"{smaller}"
        )

    def __str__(self) -> str:
        parts = [f"spent {usd(self.spent)}"]
        if self.in_flight:
            parts.append(f"in flight {usd(self.in_flight)}")
        if self.may_be_billed:
            parts.append(f"may be billed {usd(self.may_be_billed)}")
        said = ", ".join(parts)
        return said if self.limit is None else f"{said} of {usd(self.limit)}{_WHEN[self.per]}"


class _Counted:
    """A request and the most it can cost, which is computed again when its price changes."""

    def __init__(self, request: Request, prices: Prices, written: bool) -> None:
        self._request, self._prices, self.written = request, prices, written
        self._of: Price | None = None
        self._high = Decimal(0)

    @property
    def high(self) -> Decimal:
        price = self._prices.of(self._request.endpoint)
        if price is not self._of:
            self._high = estimate(self._request, self._prices).high
            self._of = price
        return self._high


class Budget:
    """The money of one session, in US dollars: spent, in flight, and perhaps billed.

    Requests in flight are counted at current prices, not at those of when they were sent, as fal's
    prices may arrive only afterwards.
    """

    def __init__(self, prices: Prices | None = None) -> None:
        self._prices = prices or Prices()
        self._callbacks: list[Callable[[], object]] = []
        self._limit: Decimal | None = None
        self._lock = threading.Lock()
        self._in_flight: dict[str, _Counted] = {}
        self._spent = Decimal(0)
        self._perhaps: dict[str, _Counted] = {}
        self._came: set[str] = set()

    @property
    def limit(self) -> Decimal | None:
        """The spending limit of this session, or ``None``."""
        return self._limit

    @limit.setter
    def limit(self, usd: Decimal | None) -> None:
        self._limit = usd
        self.changed()

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call ``callback()`` at each change, on any thread; it must return at once.

        An error in it is logged and harms nothing.
        """
        self._callbacks.append(callback)

    @property
    def spent(self) -> Decimal:
        """The cost of the images that have come, as fal reported it, else estimated."""
        return self._spent

    @property
    def standing(self) -> Standing:
        """What was spent, is in flight and may be billed, and the limit, at one moment."""
        with self._lock:
            return self._standing()

    @property
    def committed(self) -> Decimal:
        """The most that can be billed for all requests so far."""
        return self.standing.committed

    def _standing(self) -> Standing:
        in_flight, perhaps = self._sum(self._in_flight), self._sum(self._perhaps)
        return Standing(self._spent, in_flight, perhaps, self._limit)

    def _sum(self, requests: dict[str, _Counted]) -> Decimal:
        return sum((each.high for each in requests.values()), Decimal(0))

    def high(self, request: Request) -> Decimal:
        """Return the most that a request can cost."""
        return estimate(request, self._prices).high

    @property
    def unwritten(self) -> dict[str, Decimal]:
        """The most that each running request outside the journal can cost, by job id."""
        with self._lock:
            return {name: each.high for name, each in self._in_flight.items() if not each.written}

    def take(
        self, job_id: str, request: Request, *, limited: bool = True, written: bool = False
    ) -> None:
        """Count a request, at the most that it can cost.

        Args:
            job_id: The id of its job.
            request: The request.
            limited: Whether it may be refused; a request that was sent already is only counted.
            written: Whether it is in the journal, where other kernels see it.

        Raises:
            BudgetError: It could exceed the limit; nothing was sent.
        """
        with self._lock:
            if job_id in self._came:  # counted; fetched again as it could not be written to disk
                return
            if limited and self._limit is not None:
                self._standing().refuse_over(self.high(request))
            self._perhaps.pop(job_id, None)  # if it is resumed, its outcome is open again
            self._in_flight[job_id] = _Counted(_without_bytes(request), self._prices, written)
        self.changed()

    def settle(self, job_id: str, result: Result | None, *, billed: bool) -> None:
        """Replace a job's counted maximum by what it did cost, or may have cost."""
        with self._lock:
            counted = self._in_flight.pop(job_id, None)
            if counted is None:
                return
            if result is not None:
                self._spent += cost(result, self._prices)
                self._came.add(job_id)
            elif billed:
                self._perhaps[job_id] = counted
        self.changed()

    def changed(self) -> None:
        """Call the callbacks; also called when a limit in the library changes."""
        for callback in tuple(self._callbacks):
            try:
                callback()
            except Exception:  # it would stop a request that is counted, or be taken for its end
                _log.exception("a callback of the budget failed")


def _without_bytes(request: Request) -> Request:
    """Return a request that costs the same, without its images' bytes."""
    images = tuple(
        image.without_bytes() if isinstance(image, ImageInput) else image
        for image in request.images
    )
    mask = request.mask and request.mask.without_bytes()
    return replace(request, images=images, mask=mask)


def read_usd(usd: Any) -> Decimal:
    """Read an amount of US dollars exactly.

    Raises:
        RequestError: It is not an amount from 0 to `MOST_USD`.
    """
    try:
        amount = Decimal(str(usd).strip().removeprefix("$"))
        if amount.is_finite() and 0 <= amount <= MOST_USD and not isinstance(usd, bool):
            return amount
    except (InvalidOperation, ValueError):  # ValueError: more digits than Python prints
        pass
    raise RequestError(
        f"usd takes an amount of 0 or more, {MOST_USD:,} at most, or None for no limit, got "
        f"{described(usd)}",
        field="usd",
        value=usd,
    )

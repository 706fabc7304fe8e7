"""What a session spends, counted before it is spent."""

from __future__ import annotations

import threading
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import BudgetError, RequestError
from seedream_widgets.money.pricing import Prices, cost, estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result


class Budget:
    """Count one session's US dollars: what came, what may be billed, what is in flight."""

    def __init__(self, prices: Prices | None = None) -> None:
        self._prices = prices or Prices()
        self._callbacks: list[Callable[[], object]] = []
        self._limit: Decimal | None = None
        self._lock = threading.Lock()
        self._in_flight: dict[str, Decimal] = {}
        self._spent = Decimal(0)
        self._perhaps: dict[str, Decimal] = {}

    @property
    def limit(self) -> Decimal | None:
        """Most to spend in this session, or ``None``."""
        return self._limit

    @limit.setter
    def limit(self, usd: Decimal | None) -> None:
        self._limit = usd
        for callback in self._callbacks:
            callback()

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call ``callback()`` when the limit is set, on the thread that sets it."""
        self._callbacks.append(callback)

    @property
    def spent(self) -> Decimal:
        """What the images that have come cost: as fal told, else estimated."""
        return self._spent

    @property
    def committed(self) -> Decimal:
        """The most that can be billed: came, refused or cancelled, and in flight at its ceiling."""
        with self._lock:
            return self._committed()

    def _committed(self) -> Decimal:
        return sum((*self._perhaps.values(), *self._in_flight.values()), self._spent)

    def take(self, job_id: str, request: Request, *, limited: bool = True) -> None:
        """Reserve a request's ceiling; one already sent is counted but not `limited`.

        Raises:
            BudgetError: It would go over the limit; nothing was sent.
        """
        high = estimate(request, self._prices).high
        with self._lock:
            committed = self._committed()
            if limited and self.limit is not None and committed + high > self.limit:
                raise BudgetError(
                    f"this request may cost ${high}, and ${committed} of the ${self.limit} budget "
                    "are spent or in flight; raise it with sd.budget(usd=...), or ask for fewer "
                    "images"
                )
            self._perhaps.pop(job_id, None)  # resumed: its end is open again
            self._in_flight[job_id] = high

    def settle(self, job_id: str, result: Result | None, *, billed: bool) -> None:
        """Turn an ended job's ceiling into what its result cost, or may have where none came."""
        with self._lock:
            high = self._in_flight.pop(job_id, None)
            if high is None:
                return
            if result is not None:
                self._spent += cost(result, self._prices.of(result.request.endpoint))
            elif billed:
                self._perhaps[job_id] = high


def read_usd(usd: Any) -> Decimal:
    """Read an amount of US dollars exactly.

    Raises:
        RequestError: It is no amount from 0 on.
    """
    try:
        amount = Decimal(str(usd))
        if amount.is_finite() and amount >= 0 and not isinstance(usd, bool):
            return amount
    except InvalidOperation:
        pass
    raise RequestError(
        f"usd takes an amount from 0 on, or None for no limit, got {usd!r:.40}",
        field="usd",
        value=usd,
    )

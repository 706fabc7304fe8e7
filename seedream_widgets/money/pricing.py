"""What a request may cost and what a result did cost: every amount told anywhere is made here.

US dollars are exact decimals. The button and `sd.estimate`, the budget, the receipts, the cards
and the ledger all ask `estimate`, `cost` and `usd`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from seedream_widgets.values.endpoints import Endpoint, Price
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result

_CENTS = Decimal("0.01")
_SHOWN = Decimal("0.000001")  # the page counts in whole millionths
_DIGITS = 60  # more than any price times any number of units has


class Prices:
    """Hold fal's current prices once fal has told them; the dated table until then."""

    def __init__(self) -> None:
        self._current: Mapping[str, Price] = {}
        self._callbacks: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def of(self, endpoint: Endpoint) -> Price:
        """Return what one image of an endpoint costs, and when and where that was read."""
        return self._current.get(endpoint.id, endpoint.price)

    def is_live(self, endpoint: Endpoint) -> bool:
        """Tell whether fal told the endpoint's price in this session."""
        return endpoint.id in self._current

    def take(self, current: Mapping[str, Price]) -> None:
        """Take what fal told."""
        with self._lock:
            self._current = {**self._current, **current}
        self._tell()

    def forget(self) -> None:
        """Go back to the dated table: what was told was told to another account."""
        if self._current:
            self._current = {}
            self._tell()

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call ``callback()`` when prices change, on whichever thread; it returns at once."""
        self._callbacks.append(callback)

    def _tell(self) -> None:
        for callback in tuple(self._callbacks):
            callback()


@dataclass(frozen=True)
class Estimate:
    """Hold the least and the most a request costs, in US dollars, at a dated price an image.

    Its text says so where that price is not fal's of today: "about $0.03 (price of 2026)".
    """

    low: Decimal
    high: Decimal
    price: Price

    def __str__(self) -> str:
        age = f" ({self.price.age})" if self.price.age else ""
        if self.low == self.high:
            return f"about {usd(self.low)}{age}"
        return f"{usd(self.low)} to {usd(self.high)}{age}"


def estimate(request: Request, prices: Prices | None = None) -> Estimate:
    """Return what `request` costs: a range where `max_images` lets a set be smaller.

    The price is fal's current one where a client has learned it (``client.prices``), else the
    dated one in `endpoints`, from fal's pages.
    """
    price = (prices or Prices()).of(request.endpoint)
    fewest, most = request.images_range
    return Estimate(fewest * price.usd, most * price.usd, price)


def cost(result: Result, prices: Prices | None = None) -> Decimal:
    """Return what a result cost in US dollars.

    What its receipt says counts. Without one: 0 for what was answered from the library or drawn
    offline, else the price of the units that fal says it bills, or of the images that came.
    """
    from seedream_widgets.library.entry import amount  # late: a price list needs no pictures

    if result.cached or result.backend == "offline":
        return Decimal(0)
    written = amount(result.receipt.cost) if result.receipt else None
    if written is not None:
        return Decimal(written)
    told = result.billable_units
    with localcontext() as context:  # exact, whatever precision the user's own code has set
        context.prec = _DIGITS
        price = (prices or Prices()).of(result.request.endpoint)
        return price.usd * (len(result.files) if told is None else told)


def plain(exact: Decimal) -> str:
    """Return an amount as digits alone, never as "0E-7"."""
    return f"{exact:f}"


def shown(exact: Decimal) -> str:
    """Return an amount as it is shown: two to six decimals, "0.20" or "0.0675"."""
    with localcontext() as context:
        context.prec = _DIGITS
        rounded = exact.quantize(_SHOWN).normalize()
        return f"{max(rounded, rounded.quantize(_CENTS), key=_decimals):f}"


def usd(exact: Decimal) -> str:
    """Return an amount with its sign: "$0.20"."""
    return f"${shown(exact)}"


def _decimals(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)

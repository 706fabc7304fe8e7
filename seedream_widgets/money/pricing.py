"""Prices: what a request may cost, and what a result cost.

US dollars are exact decimals. The button, `sd.estimate`, the budget, the receipts, the cards and
the ledger all use `estimate`, `cost` and `usd`.
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
    """fal's current prices once they are known; until then, the built-in dated table.

    fal's pricing API gives one number for an endpoint. For a price that depends on the size or the
    references that is not enough, so the table is used.
    """

    def __init__(self) -> None:
        self._current: Mapping[str, Price] = {}
        self._callbacks: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def of(self, endpoint: Endpoint) -> Price:
        """Return what an image of an endpoint costs, and when and where that was read."""
        return self._current[endpoint.id] if self.is_live(endpoint) else endpoint.price

    def is_live(self, endpoint: Endpoint) -> bool:
        """Tell whether the endpoint's price came from fal in this session."""
        return endpoint.price.flat and endpoint.id in self._current

    def take(self, current: Mapping[str, Price]) -> None:
        """Add prices that came from fal."""
        with self._lock:
            self._current = {**self._current, **current}
        self._tell()

    def forget(self) -> None:
        """Go back to the dated table, as the prices were those of another account."""
        if self._current:
            self._current = {}
            self._tell()

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call ``callback()`` when prices change, on any thread; it must return at once."""
        self._callbacks.append(callback)

    def _tell(self) -> None:
        for callback in tuple(self._callbacks):
            callback()


@dataclass(frozen=True)
class Estimate:
    """The least and the most that a request costs, in US dollars.

    As text it says how the amount comes about, and how old the price is if it is not current:
    ``"about $0.06 (price of 2026): 2 images at $0.03"``.

    Attributes:
        low: The least.
        high: The most; budget and ledger count it until the request has ended.
        price: The price of an image.
        how: How the amount comes about, in a line.
    """

    low: Decimal
    high: Decimal
    price: Price
    how: str = ""

    @property
    def brief(self) -> str:
        """The amount and the price's age, without how it comes about."""
        age = f" ({self.price.age})" if self.price.age else ""
        if self.low == self.high:
            return f"about {usd(self.low)}{age}"
        return f"{usd(self.low)} to {usd(self.high)}{age}"

    def __str__(self) -> str:
        return f"{self.brief}: {self.how}" if self.how else self.brief

    def __repr__(self) -> str:
        return f"<Estimate {self}>"


def estimate(request: Request, prices: Prices | None = None) -> Estimate:
    """Return what `request` costs, and how that amount comes about.

    It is a range if `max_images` allows for fewer images, or if the price depends on the size and
    a name such as ``"auto_2K"`` leaves that to Seedream.

    The price is fal's current one if a client knows it (``client.prices``), else the dated one in
    `endpoints`, from fal's pages.
    """
    price = (prices or Prices()).of(request.endpoint)
    low, high = price_of_image(request, price)
    fewest, most = request.images_range
    return Estimate(fewest * low, most * high, price, _how(request, price))


def price_of_image(request: Request, price: Price) -> tuple[Decimal, Decimal]:
    """Return the least and the most that each image of a request costs, in US dollars."""
    return price.of_image(request.image_size, request.inputs)


def _how(request: Request, price: Price) -> str:
    fewest, most = request.images_range
    count = f"{most}" if fewest == most else f"{fewest} to {most}"
    low, high = price.of_image(request.image_size)
    each = usd(low) if low == high else f"{usd(low)} to {usd(high)}"
    if price.tiers:
        each += f" for {_size(request, low == high)}"
    more = max(0, request.inputs - 1)
    if price.each_reference and more:
        each += f", and {usd(price.each_reference)} for each of {more} more references"
    return f"{count} image{'' if most == 1 else 's'} at {each}"


def _size(request: Request, known: bool) -> str:
    size = request.image_size
    if isinstance(size, tuple):
        return f"{size.width * size.height:,} pixels"
    return f"{size}" if known else f"{size}, which leaves the pixels to Seedream"


def cost(result: Result, prices: Prices | None = None) -> Decimal:
    """Return what a result cost in US dollars.

    It is 0 if the result came from the library or was drawn offline; else what its receipt says.
    Without a receipt it is the price of the units that fal says it bills, or of the images that
    came. If the price depends on the size or the references, the price of a unit is unknown, and
    each image counts at the most it can cost.
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
        if told is not None and price.flat:
            return price.usd * told
        return price_of_image(result.request, price)[1] * len(result.files)


def plain(exact: Decimal) -> str:
    """Return an amount in plain digits, never as "0E-7"."""
    return f"{exact:f}"


def shown(exact: Decimal) -> str:
    """Return an amount for display, with two to six decimals: "0.20" or "0.0675"."""
    with localcontext() as context:
        context.prec = _DIGITS
        rounded = exact.quantize(_SHOWN).normalize()
        return f"{max(rounded, rounded.quantize(_CENTS), key=_decimals):f}"


def in_cents(exact: Decimal) -> Decimal:
    """Return the same amount as a Decimal with at least two decimal places."""
    return exact if _decimals(exact) >= _decimals(_CENTS) else exact.quantize(_CENTS)


def usd(exact: Decimal) -> str:
    """Return an amount with a dollar sign: "$0.20"."""
    return f"${shown(exact)}"


def _decimals(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)

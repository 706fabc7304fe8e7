"""What a request will cost, in US dollars, exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from seedream_widgets.values.endpoints import Endpoint, Price
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result


class Prices:
    """Hold fal's current prices once fal has told them; the dated table until then."""

    def __init__(self) -> None:
        self._current: Mapping[str, Price] = {}
        self._callbacks: list[Callable[[], object]] = []

    def of(self, endpoint: Endpoint) -> Price:
        """Return what one image of an endpoint costs, and when and where that was read."""
        return self._current.get(endpoint.id, endpoint.price)

    def is_live(self, endpoint: Endpoint) -> bool:
        """Tell whether fal told the endpoint's price in this session."""
        return endpoint.id in self._current

    def take(self, current: Mapping[str, Price]) -> None:
        """Take what fal told."""
        self._current = {**self._current, **current}
        for callback in self._callbacks:
            callback()

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call ``callback()`` when prices come, on the engine's thread; it returns at once."""
        self._callbacks.append(callback)


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
            return f"about ${self.low}{age}"
        return f"${self.low} to ${self.high}{age}"


def estimate(request: Request, prices: Prices | None = None) -> Estimate:
    """Return what `request` costs: a range where `max_images` lets a set be smaller.

    The price is fal's current one where a client has learned it (``client.prices``), else the
    dated one in `endpoints`, from fal's pages.
    """
    price = (prices or Prices()).of(request.endpoint)
    fewest, most = request.images_range
    return Estimate(fewest * price.usd, most * price.usd, price)


def cost(result: Result, price: Price) -> Decimal:
    """Return what a result cost: for the units fal says it bills, else for the images it holds."""
    told = result.billable_units
    return price.usd * (len(result.files) if told is None else told)

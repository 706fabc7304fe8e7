"""What a request will cost, in US dollars, exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from seedream_widgets.endpoints import Price
    from seedream_widgets.request import Request


@dataclass(frozen=True)
class Estimate:
    """Hold the least and the most a request costs, in US dollars, at a dated price an image."""

    low: Decimal
    high: Decimal
    price: Price

    def __str__(self) -> str:
        if self.low == self.high:
            return f"about ${self.low}"
        return f"${self.low} to ${self.high}"


def estimate(request: Request) -> Estimate:
    """Return what `request` costs: a range where `max_images` lets a set be smaller.

    The price is the one in `endpoints`, from fal's pages; fal's current one may differ.
    """
    price = request.endpoint.price
    fewest, most = request.images_range
    return Estimate(fewest * price.usd, most * price.usd, price)

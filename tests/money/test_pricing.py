"""What a request costs."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from seedream_widgets.money.pricing import Prices, estimate
from seedream_widgets.values.endpoints import Price
from seedream_widgets.values.request import Request


@pytest.mark.parametrize(
    ("arguments", "low", "high", "words"),
    [
        ({}, "0.03", "0.03", "about $0.03"),
        ({"num_images": 6}, "0.18", "0.18", "about $0.18"),
        ({"num_images": 2, "max_images": 3}, "0.06", "0.18", "$0.06 to $0.18"),
        ({"model": "v4.5", "max_images": 6}, "0.04", "0.24", "$0.04 to $0.24"),
        ({"images": "https://example.org/fox.png"}, "0.03", "0.03", "about $0.03"),
    ],
)
def test_an_estimate(arguments, low, high, words):
    request = Request("a fox", **arguments)
    cost = estimate(request)
    assert (cost.low, cost.high) == (Decimal(low), Decimal(high))
    assert cost.price is request.endpoint.price
    assert str(cost) == f"{words} (price of 2026)"


def days_ago(days):
    return (date.today() - timedelta(days)).isoformat()


@pytest.mark.parametrize(
    ("as_of", "age"),
    [
        *((days_ago(0), ""), (days_ago(1), ""), (days_ago(2), f"price of {days_ago(2)}")),
        *((text, f"price of {text}") for text in ("2026", "2026-09", "")),
    ],
)
def test_an_old_price_says_so_wherever_it_is_shown(as_of, age):
    request, prices = Request("a fox"), Prices()
    prices.take({request.endpoint.id: Price(Decimal("0.05"), as_of, "somewhere")})
    cost = estimate(request, prices)
    assert cost.price.age == age
    assert str(cost) == ("about $0.05" + (f" ({age})" if age else ""))

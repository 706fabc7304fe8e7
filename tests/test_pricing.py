"""What a request costs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from seedream_widgets.pricing import estimate
from seedream_widgets.request import Request


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
    assert str(cost) == words

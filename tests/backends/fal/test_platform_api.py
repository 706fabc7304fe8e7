from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from .drive import drive

if TYPE_CHECKING:
    from tests.fal_server import FalServer


V4 = "fal-ai/bytedance/seedream/v4/text-to-image"
EDIT = "fal-ai/bytedance/seedream/v4/edit"


def test_current_prices_are_exact_and_say_their_source(fal_server: FalServer) -> None:
    fal_server.settings.prices = {V4: 0.035, "fal-ai/other": 1}
    prices = drive(lambda backend: backend.prices())
    assert {name: price.usd for name, price in prices.items()} == {V4: Decimal("0.035")}
    assert prices[V4].source == "fal's pricing API"
    assert prices[V4].as_of.startswith("20")
    assert fal_server.hosts_with_key() == {"api.fal.ai"}
    assert fal_server.count("pricing") == 1


def test_a_price_is_the_decimal_that_fal_wrote(fal_server: FalServer) -> None:
    fal_server.settings.prices = {V4: 0.1 + 0.2}
    prices = drive(lambda backend: backend.prices())
    assert prices[V4].usd == Decimal("0.30000000000000004")


@pytest.mark.parametrize(
    "price", [0, -1, "free", None, 1000, [], float("nan"), 1e-300, "0." + "3" * 5000]
)
def test_a_price_that_makes_no_sense_is_passed_over(fal_server: FalServer, price: object) -> None:
    fal_server.settings.prices = {V4: price}
    assert drive(lambda backend: backend.prices()) == {}


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"endpoint_id": EDIT},
        {"endpoint_id": EDIT, "unit": "image", "currency": "USD"},
        {"endpoint_id": [], "unit": "image", "unit_price": 1},
        {"endpoint_id": EDIT, "unit": [], "unit_price": 1},
        [EDIT, 1],
        "free",
    ],
)
def test_a_row_that_is_none_takes_no_other_price_with_it(
    fal_server: FalServer, row: object
) -> None:
    fal_server.settings.prices = {EDIT: (row,), V4: 0.035}
    assert {name: price.usd for name, price in drive(lambda b: b.prices()).items()} == {
        V4: Decimal("0.035")
    }


def test_no_answer_is_no_price(fal_server: FalServer) -> None:
    fal_server.fail("connect", "502", times=None, host="api.fal.ai")
    assert drive(lambda backend: backend.prices()) == {}

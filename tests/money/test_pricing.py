"""What a request costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from seedream_widgets.display.html import receipt_line
from seedream_widgets.jobs.client import Client
from seedream_widgets.library import Library
from seedream_widgets.money.ledger import charges
from seedream_widgets.money.pricing import Prices, cost, estimate, plain, shown, usd
from seedream_widgets.studio.cards import card
from seedream_widgets.values.endpoints import Price
from seedream_widgets.values.request import Request
from tests.scripted import SECONDS, ScriptedBackend, until


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
    expected = estimate(request)
    assert (expected.low, expected.high) == (Decimal(low), Decimal(high))
    assert expected.price is request.endpoint.price
    assert str(expected) == f"{words} (price of 2026)"


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
    expected = estimate(request, prices)
    assert expected.price.age == age
    assert str(expected) == ("about $0.05" + (f" ({age})" if age else ""))


@pytest.mark.parametrize(
    ("exact", "text"),
    [
        ("0", "0.00"), ("0E-7", "0.00"), ("0.2", "0.20"), ("0.20000", "0.20"),
        ("0.0675", "0.0675"), ("12", "12.00"), ("1E+1", "10.00"), ("1234.5", "1234.50"),
        ("0.039999999999996", "0.04"), ("0.0000001", "0.00"), ("999999999.123", "999999999.123"),
    ],
)  # fmt: skip
def test_an_amount_is_shown_with_two_decimals_or_more(exact, text):
    assert shown(Decimal(exact)) == text
    assert usd(Decimal(exact)) == f"${text}"
    assert "E" not in plain(Decimal(exact))


@pytest.mark.parametrize(
    ("units", "receipt", "shown_as"),
    [
        (None, "0.06", "0.06"),
        (Decimal("1.5"), "0.045", "0.045"),
        (Decimal("0.00000"), "0.0000000", "0.00"),
        (Decimal("0.333333333333"), "0.00999999999999", "0.01"),
        (Decimal("9999.999999999999"), "299.99999999999997", "300.00"),
    ],
)
def test_one_cost_for_receipt_card_ledger_and_budget(tmp_path, page, units, receipt, shown_as):
    backend = ScriptedBackend("fal", images=2)
    backend.units = units
    client = Client(backend, library=tmp_path)
    studio = page(client)
    studio.studio.prompt = "a fox"
    job = studio.studio.submit()
    result = job.result(SECONDS)
    exact = Decimal(receipt)
    assert result.receipt.cost == receipt
    assert cost(result) == client.spent == exact
    (charge,) = charges(client.library)
    assert charge.usd == exact
    assert cost(Library(tmp_path).get(result.request_id)) == exact
    assert card(job, clicked=True)["cost"] == shown_as
    until(lambda: studio.studio._money["spent"] == shown_as)
    assert f"${shown_as} · " in receipt_line(result, 2)


def test_a_written_cost_that_is_no_amount_is_counted_anew(tmp_path):
    result = Client(ScriptedBackend("fal"), library=tmp_path).submit(Request("a fox"))
    result = result.result(SECONDS)
    for written in ("<b>", "NaN", "-1", "1e99", None):
        stranger = replace(result, receipt=replace(result.receipt, cost=written))
        assert cost(stranger) == Decimal("0.03")
    old = replace(result, receipt=replace(result.receipt, cost="0E-7"))
    assert cost(old) == 0


def test_what_a_search_finds_was_bought(tmp_path):
    client = Client(ScriptedBackend("fal"), library=tmp_path)
    client.submit(Request("a fox", seed=7)).result(SECONDS)
    (entry,) = client.library.search()
    found = entry.result()
    assert " · about $0.03 · " in receipt_line(found, 1)
    assert "library" not in found._repr_mimebundle_()["text/html"]
    answered = client.submit(Request("a fox", seed=7)).result(SECONDS)
    assert " · from the library, $0.00 · " in receipt_line(answered, 1)

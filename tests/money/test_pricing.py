"""What a request costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from seedream_widgets.display.html import receipt_line
from seedream_widgets.jobs.client import Client
from seedream_widgets.library import Library
from seedream_widgets.money.ledger import charges
from seedream_widgets.money.pricing import Prices, cost, estimate, plain, shown, usd
from seedream_widgets.studio.cards import card
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.endpoints import ENDPOINTS, Price
from seedream_widgets.values.request import Request
from tests.scripted import SECONDS, until

FOX = "https://example.org/fox.png"


@pytest.mark.parametrize(
    ("arguments", "low", "high", "words"),
    [
        ({}, "0.03", "0.03", "about $0.03 (price of 2026): 1 image at $0.03"),
        ({"num_images": 6}, "0.18", "0.18", "about $0.18 (price of 2026): 6 images at $0.03"),
        ({"num_images": 2, "max_images": 3}, "0.06", "0.18",
         "$0.06 to $0.18 (price of 2026): 2 to 6 images at $0.03"),
        ({"model": "v4.5", "max_images": 6}, "0.04", "0.24",
         "$0.04 to $0.24 (price of 2026): 1 to 6 images at $0.04"),
        ({"images": FOX}, "0.03", "0.03", "about $0.03 (price of 2026): 1 image at $0.03"),
        ({"model": "v5-pro", "images": [FOX] * 3, "num_images": 2, "image_size": "1:1"},
         "0.288", "0.288",
         "about $0.288 (price of autumn 2026): 2 images at $0.135 for 4,194,304 pixels, "
         "and $0.0045 for each of 2 more references"),
        ({"model": "v5.5"}, "0.03", "0.0405",
         "$0.03 to $0.0405 (price of autumn 2026): 1 image at $0.03 to $0.0405 for auto_2K, "
         "which leaves the pixels to Seedream"),
        ({"model": "v5.5", "image_size": "square"}, "0.03", "0.03",
         "about $0.03 (price of autumn 2026): 1 image at $0.03 for square"),
    ],
)  # fmt: skip
def test_an_estimate_says_how_it_comes_about(arguments, low, high, words):
    request = Request("a fox", **arguments)
    expected = estimate(request)
    assert (expected.low, expected.high) == (Decimal(low), Decimal(high))
    assert expected.price is request.endpoint.price
    assert str(expected) == words
    assert repr(expected) == f"<Estimate {words}>"


# Every tier as fal's pages and third parties give it (autumn 2026): for the model, how many
# references, the pixels asked, and what one image costs at least and at most.
TIERS = [
    ("v4", 0, (960, 960), "0.03", "0.03"),
    ("v4", 0, (4096, 4096), "0.03", "0.03"),
    ("v4", 10, "auto_4K", "0.03", "0.03"),
    ("v4.5", 0, (4096, 4096), "0.04", "0.04"),
    ("v4.5", 3, "auto_2K", "0.04", "0.04"),
    ("v5-lite", 0, (3072, 3072), "0.035", "0.035"),
    ("v5-lite", 10, "auto_3K", "0.035", "0.035"),
    ("v5-flash", 0, (1024, 1024), "0.027", "0.027"),
    ("v5-flash", 0, (2048, 2048), "0.027", "0.027"),
    ("v5-flash", 10, "auto_2K", "0.027", "0.027"),
    ("v5-pro", 0, (1024, 1024), "0.0675", "0.0675"),
    ("v5-pro", 0, (1536, 1536), "0.0675", "0.0675"),
    ("v5-pro", 0, (1537, 1536), "0.135", "0.135"),
    ("v5-pro", 0, (2048, 2048), "0.135", "0.135"),
    ("v5-pro", 0, "auto_1K", "0.0675", "0.135"),
    ("v5-pro", 0, "auto_2K", "0.0675", "0.135"),
    ("v5-pro", 0, "square_hd", "0.0675", "0.0675"),
    ("v5-pro", 1, (1536, 1536), "0.0675", "0.0675"),
    ("v5-pro", 2, (1536, 1536), "0.072", "0.072"),
    ("v5-pro", 10, (2048, 2048), "0.1755", "0.1755"),
    ("v5-pro", 10, "auto_2K", "0.108", "0.1755"),
    ("v5.5", 0, (1740, 1500), "0.03", "0.03"),
    ("v5.5", 0, (1741, 1500), "0.0405", "0.0405"),
    ("v5.5", 0, (2048, 2048), "0.0405", "0.0405"),
    ("v5.5", 0, "auto_1.5K", "0.03", "0.0405"),
]


@pytest.mark.parametrize(("model", "references", "size", "low", "high"), TIERS)
def test_every_tier(model, references, size, low, high):
    images = [f"{FOX}?{number}" for number in range(references)]
    for outputs in (1, 3):
        request = Request("a", images, model=model, image_size=size, num_images=outputs)
        expected = estimate(request)
        assert (expected.low, expected.high) == (outputs * Decimal(low), outputs * Decimal(high))


def test_every_endpoint_and_tier_stands_in_the_table_with_its_source():
    prices = {(row.model, row.kind): row.price for row in ENDPOINTS.values()}
    assert len(prices) == 11
    assert all(price.as_of and price.source for price in prices.values())
    stated = {amount for *_, low, high in TIERS for amount in (low, high)}
    for price in prices.values():
        assert {str(amount) for _, amount in price.tiers} | {str(price.usd)} <= stated
    assert {model for model, *_ in TIERS} == {model for model, _ in prices}


def test_fals_pricing_api_overwrites_only_what_it_can_state():
    prices = Prices()
    prices.take(dict.fromkeys(ENDPOINTS, Price(Decimal("0.01"), "2026-11-28", "fal")))
    for row in ENDPOINTS.values():
        told = prices.of(row)
        assert (told.usd == Decimal("0.01")) is row.price.flat is prices.is_live(row)
        assert told.tiers == row.price.tiers
    assert not ENDPOINTS["bytedance/seedream/v5/pro/edit"].price.flat


@pytest.mark.parametrize(
    ("arguments", "units", "expected"),
    [
        ({}, "1.5", "0.045"),
        ({}, None, "0.06"),
        ({"model": "v5-flash"}, "3", "0.081"),
        # What a unit costs is unknown where tiers set the price: the images count.
        ({"model": "v5-pro", "image_size": (1024, 1024)}, "9", "0.135"),
        ({"model": "v5.5"}, "1", "0.081"),  # at the ceiling
    ],
)
def test_what_came_costs(arguments, units, expected):
    result = SimpleNamespace(
        request=Request("a", **arguments),
        files=(1, 2),
        billable_units=None if units is None else Decimal(units),
        cached=False,
        backend="fal",
        receipt=None,
    )
    assert cost(result) == Decimal(expected)


def days_ago(days):
    return (date.today() - timedelta(days)).isoformat()


@pytest.mark.parametrize(
    ("as_of", "told"),
    [(0, False), (1, False), (2, True), ("2026", True), ("2026-09", True), ("", True)],
)
def test_an_old_price_says_so_wherever_it_is_shown(as_of, told):
    if isinstance(as_of, int):  # not where it is collected: midnight may come before it runs
        as_of = days_ago(as_of)
    age = f"price of {as_of}" if told else ""
    request, prices = Request("a fox"), Prices()
    prices.take({request.endpoint.id: Price(Decimal("0.05"), as_of, "somewhere")})
    expected = estimate(request, prices)
    assert expected.price.age == age
    assert expected.brief == ("about $0.05" + (f" ({age})" if age else ""))


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
    assert card(job, 0)["cost"] == shown_as
    said = f"Spent this session ${shown_as}" if exact else ""
    until(lambda: studio.studio._money == said)
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

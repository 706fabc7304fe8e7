"""Current prices, from fal's API to the estimate, the budget and the receipt."""

from __future__ import annotations

from decimal import Decimal

import pytest

import seedream_widgets as sd
from seedream_widgets.values.endpoints import ENDPOINTS, Price
from tests.scripted import until

LIVE = dict.fromkeys(ENDPOINTS, 0.05)


@pytest.fixture
def client(fal_server, tmp_path):
    fal_server.settings.prices = dict(LIVE)
    client = sd.Client("fal", library=tmp_path)
    assert client.backend.bills
    until(lambda: client.prices.is_live(next(iter(ENDPOINTS.values()))))
    yield client
    client.close()


def test_the_current_price_counts_everywhere(client, fal_server):
    request = sd.Request("a fox", image_size=(1024, 1024))
    assert sd.estimate(request, client.prices).low == Decimal("0.05")
    until(lambda: sd.estimate(request).low == Decimal("0.05"))  # it waits for a few seconds alone
    assert sd.estimate("a fox").low == Decimal("0.05")
    assert str(sd.estimate(request, client.prices)) == "about $0.05: 1 image at $0.05"
    result = client.submit(request).result(60)
    assert result.receipt.cost == "0.05"
    assert result.receipt.price["source"] == "fal's pricing API"
    until(lambda: client.spent == Decimal("0.05"))
    assert fal_server.count("pricing") == 2, "the default client asks for itself"


def test_the_budget_counts_the_current_price(client):
    client.budget.limit = Decimal("0.09")
    with pytest.raises(sd.BudgetError, match=r"may cost \$0\.10"):
        client.submit(sd.Request("two", num_images=2))


def test_a_studio_is_told(page, client):
    studio = page(client).studio

    def endpoints():
        return [each for model in studio._facts["models"] for each in model["endpoints"].values()]

    flat = [endpoint["price"] for endpoint in endpoints() if not endpoint["price"]["tiers"]]
    assert len(flat) == 8
    assert {(price["usd"], price["age"]) for price in flat} == {("0.05", "")}
    tiered = [endpoint["price"] for endpoint in endpoints() if endpoint["price"]["tiers"]]
    assert {price["age"] for price in tiered} == {"price of autumn 2026"}
    told = Price(Decimal("0.07"), "2026-05-01", "fal's pricing API")
    client.prices.take(dict.fromkeys(ENDPOINTS, told))
    until(lambda: endpoints()[0]["price"]["usd"] == "0.07")
    assert endpoints()[0]["price"]["age"] == "price of 2026-05-01"  # not of today

"""Prices that age, and questions that fail."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

from seedream_widgets.jobs.current import CurrentPrices
from seedream_widgets.money.pricing import Prices
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.endpoints import ENDPOINTS, Price
from tests.scripted import until

ENDPOINT = next(iter(ENDPOINTS.values()))
LIVE = Price(Decimal("0.05"), "2026-11-28", "fal's pricing API")


def asked(backend, **seconds):
    prices = Prices()
    return prices, CurrentPrices(prices, **seconds)


def test_a_question_that_failed_is_asked_again_later_and_later():
    backend = ScriptedBackend("fal", errors={"prices": RuntimeError("no net")})
    prices, current = asked(backend, pause=0.2)
    began = time.monotonic()
    until(lambda: current.ask(backend) or backend.asked_prices >= 3)
    assert time.monotonic() - began > 0.2 + 0.4
    assert not prices.is_live(ENDPOINT)
    backend.errors.clear()
    backend.current = {ENDPOINT.id: LIVE}
    until(lambda: current.ask(backend) or prices.is_live(ENDPOINT))
    assert prices.of(ENDPOINT) == LIVE


def test_what_was_told_is_asked_again_once_it_is_old():
    backend = ScriptedBackend("fal")
    backend.current = {ENDPOINT.id: LIVE}
    prices, current = asked(backend, age=0.3)
    began = time.monotonic()
    until(lambda: current.ask(backend) or prices.is_live(ENDPOINT))
    backend.current = {ENDPOINT.id: replace(LIVE, usd=Decimal("0.07"))}
    until(lambda: current.ask(backend) or prices.of(ENDPOINT).usd == Decimal("0.07"))
    assert 2 <= backend.asked_prices <= 1 + (time.monotonic() - began) / 0.3


def test_another_account_has_prices_of_its_own():
    one, two = ScriptedBackend("fal"), ScriptedBackend("fal", hold=["prices"])
    one.current = {ENDPOINT.id: LIVE}
    prices, current = asked(one)
    until(lambda: current.ask(one) or prices.is_live(ENDPOINT))
    current.ask(two)
    assert prices.of(ENDPOINT) == ENDPOINT.price
    two.release("prices")


def test_who_bills_nothing_is_not_asked():
    backend = ScriptedBackend("offline")
    _, current = asked(backend)
    current.ask(backend)
    current.wait()
    assert backend.asked_prices == 0

"""What a session spends, counted before it is spent."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.errors import BackendError, BudgetError, JobCancelled, RequestError
from seedream_widgets.jobs import current
from seedream_widgets.jobs.client import Client
from seedream_widgets.money.budget import Budget, Standing, read_usd
from seedream_widgets.money.pricing import Prices
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.endpoints import ENDPOINTS, Price
from seedream_widgets.values.request import Request
from tests.scripted import SECONDS, until


def client_of(tmp_path, limit, **script):
    client = Client(ScriptedBackend("fal", **script), library=tmp_path)
    client.budget.limit = None if limit is None else Decimal(limit)
    return client


def test_what_is_in_flight_counts_at_its_ceiling(tmp_path):
    client = client_of(tmp_path, "0.10", hold=["completed"])
    backend = client.backend
    job = client.submit(Request("a fox", max_images=3))
    assert client.budget.committed == Decimal("0.09")
    with pytest.raises(BudgetError, match=r"leaves \(spent \$0.00, in flight \$0.09 of \$0.10\)"):
        client.submit(Request("an owl"))
    assert len(client.jobs) == 1
    backend.release("completed")
    job.result(SECONDS)
    assert client.budget.committed == client.spent == Decimal("0.03")
    client.submit(Request("an owl", num_images=2)).result(SECONDS)
    assert backend.count("submit") == 2


@pytest.mark.parametrize(
    ("error", "committed"),
    [
        (BackendError("5xx", status_code=500, billing="no"), "0"),
        (BackendError("refused", status_code=422, billing="maybe"), "0.06"),
    ],
)
def test_a_failure_that_may_be_billed_counts(tmp_path, error, committed):
    client = client_of(tmp_path, "1", errors={"completed": error})
    with pytest.raises(BackendError):
        client.submit(Request("a fox", num_images=2)).result(SECONDS)
    assert client.budget.committed == Decimal(committed)
    assert client.spent == 0


@pytest.mark.parametrize(("billing", "committed"), [("no", "0"), ("maybe", "0.03")])
def test_a_cancelled_one(tmp_path, billing, committed):
    client = client_of(tmp_path, "1", hold=["completed"], billing=billing)
    job = client.submit(Request("a fox"))
    client.backend.wait_for("completed")
    job.cancel()
    with pytest.raises(JobCancelled):
        job.result(SECONDS)
    assert client.budget.committed == Decimal(committed)


def test_many_threads_do_not_go_over(tmp_path):
    client = client_of(tmp_path, "0.30", hold=["submit"])

    def submit(n):
        try:
            return client.submit(Request(f"fox {n}"))
        except BudgetError:
            return None

    with ThreadPoolExecutor(16) as pool:
        jobs = [job for job in pool.map(submit, range(40)) if job]
    assert len(jobs) == 10
    client.backend.release("submit")
    for job in jobs:
        job.result(SECONDS)
    assert client.spent == Decimal("0.30")


def test_one_resumed_counts_once_and_is_not_refused(tmp_path):
    client = client_of(tmp_path, "0.03", errors={"fetch": BackendError("no net", billing="maybe")})
    with pytest.raises(BackendError):
        client.submit(Request("a fox")).result(SECONDS)
    assert client.budget.committed == Decimal("0.03")
    client.backend.errors.clear()
    (job,) = client.resume()
    job.result(SECONDS)
    assert client.budget.committed == client.spent == Decimal("0.03")


def test_what_is_free_does_not_count(tmp_path):
    client = Client(ScriptedBackend("offline"), library=tmp_path)
    client.budget.limit = Decimal(0)
    client.submit(Request("a fox")).result(SECONDS)
    assert client.budget.committed == 0


@pytest.mark.parametrize(("usd", "exact"), [(5, "5"), (0.1, "0.1"), ("2.50", "2.50"), (0, "0")])
def test_amounts_are_exact(usd, exact):
    assert sd.budget() is None
    assert sd.budget(usd) == read_usd(usd) == Decimal(exact)
    assert sd.default_client().budget.limit == Decimal(exact)
    assert sd.budget() == sd.default_client().budget.limit == Decimal(exact), "it only tells"
    assert sd.budget(None) is None
    assert sd.budget() is None


@pytest.mark.parametrize(
    "usd",
    [
        -1,
        "NaN",
        "inf",
        True,
        "five",
        [],
        b"5",
        float("nan"),
        "1e10",
        "1e999999",
        pytest.param(10**400, id="400 digits"),
        pytest.param(10**5000, id="5000 digits"),
    ],
)
def test_what_is_no_amount(usd):
    with pytest.raises(RequestError, match="usd takes an amount of 0 or more"):
        read_usd(usd)


def test_setting_the_limit_is_told_at_once(page, tmp_path):
    client = Client(ScriptedBackend("fal"), library=tmp_path)
    studio = page(client).studio
    client.budget.limit = Decimal("5.00")
    until(lambda: studio._money == "Spent $0.00 of $5.00")
    client.budget.limit = None
    until(lambda: studio._money == "")


LIVE = Price(Decimal("0.05"), "2026-11-28", "fal's pricing API")
TOLD = dict.fromkeys(ENDPOINTS, LIVE)


def test_the_limit_waits_for_the_first_price(tmp_path, monkeypatch):
    monkeypatch.setattr(current, "_WAIT_SECONDS", SECONDS)
    client = client_of(tmp_path, "0.12", hold=["prices"])
    client.backend.current = TOLD
    threading.Timer(0.3, client.backend.release, ["prices"]).start()
    jobs = [client.submit(Request(f"fox {n}")) for n in range(2)]
    with pytest.raises(BudgetError, match=r"may cost \$0.05, more than"):
        client.submit(Request("one more"))
    assert [str(job.result(SECONDS).receipt.cost) for job in jobs] == ["0.05", "0.05"]
    assert client.spent == Decimal("0.10")


def test_what_was_sent_before_the_price_came_counts_at_it(tmp_path):
    client = client_of(tmp_path, None, hold=["prices", "completed"])
    client.backend.current = TOLD
    job = client.submit(Request("a fox", num_images=2))
    assert client.budget.standing.in_flight == Decimal("0.06")
    client.backend.release("prices")
    until(lambda: client.budget.standing.in_flight == Decimal("0.10"))
    client.backend.release("completed")
    job.result(SECONDS)


@pytest.mark.slow
def test_the_limit_holds_a_while_only_where_fal_tells_no_price(tmp_path):
    client = client_of(tmp_path, "0.03", hold=["prices"])
    start = time.monotonic()
    client.submit(Request("a fox")).result(SECONDS)
    assert 2 < time.monotonic() - start < 100
    with pytest.raises(BudgetError):
        client.submit(Request("an owl"))


def test_typed_functions_refuse_it_themselves(fal_server):
    sd.budget(0.05)
    with pytest.raises(BudgetError, match=r"raise it with sd.budget\(0.06\)"):
        sd.submit("two foxes", num_images=2)
    with pytest.raises(BudgetError):
        sd.generate("two foxes", num_images=2)
    assert sd.jobs() == ()
    assert fal_server.count("submit") == 0


@pytest.mark.parametrize("end", ["came", "failed"])
def test_who_waits_never_sees_the_money_of_before(tmp_path, end):
    errors = {} if end == "came" else {"fetch": BackendError("no net", billing="maybe")}
    client = client_of(tmp_path, "100", errors=errors)
    seen = []

    async def many():
        for number in range(40):
            job = client.submit(Request(f"fox {number}"))
            await asyncio.wait([asyncio.wrap_future(job._future)])
            seen.append(client.budget.standing)

    asyncio.run(many())
    part = "spent" if end == "came" else "may_be_billed"
    assert [getattr(each, part) for each in seen] == [Decimal("0.03") * n for n in range(1, 41)]
    assert {each.in_flight for each in seen} == {0}


def test_what_it_keeps_of_an_edit_is_no_picture(tmp_path):
    picture = Image.effect_noise((400, 400), 50).convert("RGB")
    client = client_of(tmp_path, None, hold=["completed"])
    job = client.submit(Request("at night", images=(picture,)))
    (counted,) = client.budget._in_flight.values()
    held = counted._request
    assert (held.endpoint, held.images[0].data) == (job.request.endpoint, b"")
    client.backend.release("completed")
    job.result(SECONDS)


def test_what_each_of_many_can_cost_is_worked_out_once_for_a_price():
    """Anew for each further request it was a thousand squared for a batch of a thousand."""
    asked = []

    class Asked(Price):
        def of_image(self, *about):
            asked.append(about)
            return super().of_image(*about)

    prices, request = Prices(), Request("a fox")
    budget = Budget(prices)
    budget.limit = Decimal(100)
    prices.take({request.endpoint.id: Asked(Decimal("0.03"), "today", "fal")})
    for number in range(200):
        budget.take(f"{number}", request)
    assert budget.standing.in_flight == 6
    assert len(asked) <= 1000
    prices.take({request.endpoint.id: Price(Decimal("0.04"), "today", "fal")})
    assert budget.standing.in_flight == 8


def test_it_reads_as_a_sentence():
    amounts = (Decimal("0.2"), Decimal("0.0675"), Decimal(0))
    assert str(Standing(*amounts, None)) == "spent $0.20, in flight $0.0675"
    assert str(Standing(*amounts, Decimal(5))) == "spent $0.20, in flight $0.0675 of $5.00"

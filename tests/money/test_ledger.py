"""What was spent: estimated, not billed, and what may be."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

import seedream_widgets as sd
from seedream_widgets.errors import BackendError, RequestError, SubmitUnknownError
from seedream_widgets.jobs.client import Client
from seedream_widgets.library import Library
from seedream_widgets.money.ledger import as_table, charges
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.receipt import Receipt
from seedream_widgets.values.request import Request
from tests.scripted import SECONDS, until


def told(library, since=None):
    return [
        (charge.prompt, charge.state, charge.images, str(charge.usd), charge.certainty)
        for charge in charges(library, since)
    ]


def test_every_way_it_can_end(tmp_path):
    backend = ScriptedBackend("fal", images=2)
    client = Client(backend, library=tmp_path)

    def asked(prompt, step=None, error=None, **settings):
        backend.errors = {step: error} if step else {}
        job = client.submit(Request(prompt, **settings))
        until(lambda: job.done)
        assert job.error is error

    asked("came", max_images=3)
    asked("broken", "fetch", BackendError("5xx", status_code=500, billing="no"))
    asked("refused", "fetch", BackendError("422", status_code=422, billing="maybe"), num_images=2)
    asked("lost", "submit", SubmitUnknownError("lost", billing="maybe"), model="v4.5")
    asked("cut off", "fetch", BackendError("no net", billing="maybe"))
    assert told(client.library) == [
        ("came", "completed", 2, "0.06", "estimated"),
        ("broken", "failed", 0, "0", "not billed"),
        ("refused", "failed", 0, "0.06", "may be billed"),
        ("lost", "unknown", 0, "0.04", "may be billed"),
        ("cut off", "in flight", 0, "0.03", "may be billed"),
    ]
    assert [charge.request_id for charge in charges(client.library)][:3] == ["r1", "r2", "r3"]
    Client(ScriptedBackend("offline"), library=tmp_path).submit(Request("free")).result(SECONDS)
    assert len(told(client.library)) == 5


def test_since(tmp_path):
    backend = ScriptedBackend("fal", errors={"submit": BackendError("no", status_code=422)})
    client = Client(backend, library=tmp_path)
    with pytest.raises(BackendError):
        client.submit(Request("early")).result(SECONDS)
    between = datetime.now(timezone.utc)
    backend.errors.clear()
    client.submit(Request("late")).result(SECONDS)
    assert [row[0] for row in told(client.library)] == ["early", "late"]
    assert [row[0] for row in told(client.library, between)] == ["late"]
    assert len(told(client.library, between.date() - timedelta(1))) == 2
    assert told(client.library, (between + timedelta(1)).isoformat()) == []
    with pytest.raises(RequestError, match="since takes"):
        charges(client.library, "yesterday")


def test_one_that_is_both_done_and_still_in_the_journal_counts_once(tmp_path):
    backend = ScriptedBackend("fal", hold=["fetch"])
    job = Client(backend, library=tmp_path).submit(Request("a fox"))
    backend.wait_for("fetch")
    (path,) = tmp_path.glob("journal/*.json")
    data = path.read_bytes()
    backend.release("fetch")
    job.result(SECONDS)
    path.write_bytes(data)  # as if Python had ended between the two
    assert [row[1] for row in told(Library(tmp_path))] == ["completed"]


def test_an_ended_one_that_is_still_pending_counts_once(tmp_path):
    backend = ScriptedBackend("fal", hold=["submit"], errors={"submit": BackendError("no")})
    job = Client(backend, library=tmp_path).submit(Request("a fox"))
    backend.wait_for("submit")
    (path,) = tmp_path.glob("journal/*.json")
    data = path.read_bytes()
    backend.release("submit")
    until(lambda: job.done)
    path.write_bytes(data)
    assert [row[1] for row in told(Library(tmp_path))] == ["failed"]


@pytest.mark.slow
def test_the_default_clients_table():
    assert len(sd.spending()) == 0  # a DataFrame, as pandas is here


def test_a_table_has_a_row_a_charge(tmp_path):
    client = Client(ScriptedBackend("fal"), library=tmp_path)
    client.submit(Request("a fox")).result(SECONDS)
    table = as_table(charges(client.library))
    rows = table if isinstance(table, list) else table.to_dict("records")
    assert [(row["prompt"], row["usd"]) for row in rows] == [("a fox", Decimal("0.03"))]


class TestWhatFalTells:
    """Over real sockets: the units in a header of the result, its bill, and the ledger."""

    @pytest.fixture
    def client(self, fal_server, tmp_path):
        client = Client("fal", library=tmp_path)
        yield client
        client.close()

    def test_it_is_confirmed_and_equals_the_bill(self, fal_server, client):
        for number, units in enumerate(("1", "1.5", "0", "0.333333333333"), 1):
            fal_server.settings.units_per_image = units
            request = Request("fox", image_size=(960, 960), num_images=number)
            result = client.submit(request).result(SECONDS)
            told = result.receipt.billable_units
            assert Decimal(told) == number * Decimal(units) == result.billable_units
        found = charges(client.library)
        assert {charge.certainty for charge in found} == {"confirmed"}
        bill = {charge.request_id: charge.units * Decimal("0.03") for charge in fal_server.bill}
        assert {charge.request_id: charge.usd for charge in found} == bill
        until(lambda: client.spent == sum(bill.values()))
        assert client.spent != Decimal("0.30")

    @pytest.mark.parametrize("header", [None, "", "-1", "NaN", "1e9", "9" * 5000, "free"])
    def test_without_usable_units_it_stays_estimated(self, fal_server, client, header):
        fal_server.settings.units_header = lambda units: header
        request = Request("fox", image_size=(960, 960), num_images=2)
        result = client.submit(request).result(SECONDS)
        assert result.receipt.billable_units is None
        assert told(client.library) == [("fox", "completed", 2, "0.06", "estimated")]

    def test_it_stands_for_later_sessions(self, fal_server, client):
        fal_server.settings.units_per_image = "2"
        request = Request("fox", image_size=(960, 960), seed=7)
        client.submit(request).result(SECONDS)
        again = Client("offline", library=client.library.path)
        assert told(again.library) == [("fox", "completed", 1, "0.06", "confirmed")]
        (entry,) = again.library.search()
        assert entry.billable_units == entry.result().billable_units == 2
        assert Receipt.from_json((entry.folder / "receipt.json").read_bytes()).cost == "0.06"

    def test_a_resumed_request_is_confirmed_too(self, fal_server, tmp_path):
        fal_server.settings.units_per_image = "1.5"
        client = Client("fal", library=tmp_path)
        fal_server.fail("download", "404", times=None)
        job = client.submit(Request("fox", image_size=(960, 960)))
        until(lambda: job.done)
        assert told(client.library) == [("fox", "in flight", 0, "0.03", "may be billed")]
        fal_server.heal()
        later = Client("fal", library=tmp_path)
        (resumed,) = later.resume()
        resumed.result(SECONDS)
        assert told(later.library) == [("fox", "completed", 1, "0.045", "confirmed")]
        assert fal_server.count("submit") == 1
        client.close()
        later.close()


def test_a_receipt_from_before_fal_told_units_is_estimated(tmp_path):
    client = Client(ScriptedBackend("fal", images=2), library=tmp_path)
    result = client.submit(Request("old")).result(SECONDS)
    path = result.files[0].path.with_name("receipt.json")
    values = json.loads(path.read_bytes())
    assert values.pop("billable_units") is None
    path.write_text(json.dumps(values))
    assert told(Library(tmp_path)) == [("old", "completed", 2, "0.06", "estimated")]
    assert Library(tmp_path).get(result.request_id).billable_units is None


@pytest.mark.parametrize("units", ["-1", "NaN", "inf", "", "many", 2])
def test_units_in_a_receipt_are_not_trusted(tmp_path, units):
    client = Client(ScriptedBackend("fal"), library=tmp_path)
    path = client.submit(Request("fox")).result(SECONDS).files[0].path.with_name("receipt.json")
    values = json.loads(path.read_bytes())
    path.write_text(json.dumps({**values, "billable_units": units}))
    moved = tmp_path / "moved"  # so that it is read anew
    moved.mkdir()
    (tmp_path / "results").rename(moved / "results")
    assert [charge.certainty for charge in charges(Library(moved))] == ["estimated"]
    if isinstance(units, str):
        assert Library(moved).get("r1").billable_units is None

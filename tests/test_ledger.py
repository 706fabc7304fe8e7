"""What was spent: estimated, not billed, and what may be."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

import seedream_widgets as sd
from seedream_widgets.client import Client
from seedream_widgets.errors import BackendError, RequestError, SubmitUnknownError
from seedream_widgets.ledger import as_table, charges
from seedream_widgets.request import Request
from seedream_widgets.store import Library
from tests.scripted import SECONDS, ScriptedBackend, until


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
    backend.reached("fetch")
    (path,) = tmp_path.glob("journal/*.json")
    data = path.read_bytes()
    backend.release("fetch")
    job.result(SECONDS)
    path.write_bytes(data)  # as if Python had ended between the two
    assert [row[1] for row in told(Library(tmp_path))] == ["completed"]


def test_an_ended_one_that_is_still_pending_counts_once(tmp_path):
    backend = ScriptedBackend("fal", hold=["submit"], errors={"submit": BackendError("no")})
    job = Client(backend, library=tmp_path).submit(Request("a fox"))
    backend.reached("submit")
    (path,) = tmp_path.glob("journal/*.json")
    data = path.read_bytes()
    backend.release("submit")
    until(lambda: job.done)
    path.write_bytes(data)
    assert [row[1] for row in told(Library(tmp_path))] == ["failed"]


def test_the_default_clients_table():
    assert list(sd.spending()) == []


def test_a_table_has_a_row_a_charge(tmp_path):
    client = Client(ScriptedBackend("fal"), library=tmp_path)
    client.submit(Request("a fox")).result(SECONDS)
    table = as_table(charges(client.library))
    rows = table if isinstance(table, list) else table.to_dict("records")
    assert [(row["prompt"], row["usd"]) for row in rows] == [("a fox", Decimal("0.03"))]

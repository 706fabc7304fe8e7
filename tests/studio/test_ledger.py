"""The ledger that a click on the money opens."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import seedream_widgets as sd
from seedream_widgets.money.limits import keep_limit
from seedream_widgets.testing import ScriptedBackend

GOLDEN = Path(__file__).parents[1] / "messages" / "reply_ledger.json"


def test_the_ledger_is_told_as_the_golden_file_has_it(page, tmp_path):
    client = sd.Client(ScriptedBackend("fal"), library=tmp_path)
    opened = page(client, prompt="a red fox in snow")
    opened.studio.submit().result(60)
    keep_limit(client.library, "month", Decimal(5))
    reply, _ = opened.ask("ledger")
    assert reply["result"] == json.loads(GOLDEN.read_text())["result"]


def test_limits_that_can_not_be_read_are_told(page, tmp_path):
    client = sd.Client(ScriptedBackend("fal"), library=tmp_path)
    opened = page(client)
    (tmp_path / "budget.json").write_text("[]")
    reply, _ = opened.ask("ledger")
    assert reply["kind"] == "error"
    assert "budget.json holds the limits for a day and a month" in reply["message"]

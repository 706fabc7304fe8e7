"""What the benchmarks measure that does not depend on the machine: counts and bytes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend
from tests.bench.bench_library import build
from tests.memory import taken
from tests.scripted import SECONDS

if TYPE_CHECKING:
    from seedream_widgets.library import Entry

CARD_BYTES = 2000
ENTRY_BYTES = 1500
POLLERS = 8


def test_a_further_result_costs_the_page_the_same(page, tmp_path) -> None:
    there = page(sd.Client(ScriptedBackend("fal"), library=tmp_path))

    def cost(number: int) -> int:
        before = len(there.studio.comm.sent)
        there.send("submit", form={"prompt": f"a fox {number:03}"})
        name = there.studio.jobs[0].id
        there.wait(
            lambda m: m["kind"] == "job" and m["job"]["id"] == name and m["job"]["finished"],
            SECONDS,
        )
        sent = there.studio.comm.sent[before:]
        return max(len(json.dumps(data)) for _, data, _ in sent)

    sizes = [cost(number) for number in range(40)]
    assert max(sizes) <= CARD_BYTES, sizes
    assert abs(sizes[-1] - sizes[1]) < 50, sizes


def test_polling_keeps_to_a_few_connections(fal_server, tmp_path) -> None:
    fal_server.settings.runs_on = lambda: fal_server.count("status") <= len(requests)
    fal_server.fail("stream", "405", times=None)
    client = sd.Client("fal", library=tmp_path)
    requests = [sd.Request(f"fox {number}", image_size=(1024, 1024)) for number in range(40)]

    async def kernel() -> list[sd.Result]:
        return await asyncio.gather(*map(client.submit, requests))

    assert len(asyncio.run(kernel())) == len(requests)
    client.close()
    assert fal_server.count("status") > len(requests)
    # The client also submits, at most 16 at a time; those connections are used again.
    assert fal_server.connections("status") <= 2 * POLLERS


def test_a_thousand_entries_hold_little_memory(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    build(tmp_path / "library", results=1000, days=5)
    assert len(entries(tmp_path / "library")) == 1000
    held = taken(entries, tmp_path / "library").held
    assert held <= ENTRY_BYTES * 1000, held


def entries(folder) -> list[Entry]:
    return list(sd.Library(folder).search())

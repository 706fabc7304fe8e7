"""What lies in the trash is brought back by whoever asks first, and bought by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend
from tests.scripted import SECONDS, in_two_processes

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = range(30)


def request(seed: int) -> sd.Request:
    return sd.Request("a fox", seed=seed)


def ask(folder: Path, together: Any, told: Any) -> None:
    backend = ScriptedBackend("fal")
    client = sd.Client(backend, library=folder)
    ends = []
    for seed in SEEDS:
        together.wait(SECONDS)
        try:
            ends.append(client.submit(request(seed)).result(SECONDS).cached)
        except sd.SeedreamError as error:
            ends.append(str(error))
    told.put((ends, backend.count("submit")))


@pytest.mark.slow
def test_two_processes_that_ask_for_what_was_deleted_both_get_it(tmp_path: Path) -> None:
    client = sd.Client(ScriptedBackend("fal"), library=tmp_path)
    client.library.delete(*[client.submit(request(seed)).result(SECONDS) for seed in SEEDS])
    ends = in_two_processes(ask, tmp_path)
    assert ends == [([True] * len(SEEDS), 0)] * 2

"""Who is alive, by the system here and by the disk's clock elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from seedream_widgets.library import leases as module
from seedream_widgets.library.leases import Leases
from seedream_widgets.library.processes import AWAY_SECONDS, this_process
from seedream_widgets.library.steps import FolderSteps

FAR = "deadbeef-1-1"


@pytest.fixture
def leases(tmp_path):
    return Leases(FolderSteps(tmp_path))


def left(tmp_path, ago):
    path = tmp_path / "leases" / FAR
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.utime(path, (time.time() - ago,) * 2)
    return path


def test_an_own_one_is_a_file_of_its_name(leases, tmp_path):
    assert leases.hold() == this_process()
    assert [path.name for path in (tmp_path / "leases").iterdir()] == [this_process()]
    assert leases.follows(this_process(), 0)
    leases.let_go()
    assert not list((tmp_path / "leases").iterdir())


def test_nobody_follows_what_was_let_go(leases):
    assert not leases.follows("", time.time())


@pytest.mark.parametrize(("ago", "alive"), [(AWAY_SECONDS - 20, True), (AWAY_SECONDS + 20, False)])
def test_of_another_machine_the_touch_tells(leases, tmp_path, ago, alive):
    left(tmp_path, ago)
    assert leases.follows(FAR, 0) is alive
    assert leases.away(FAR)


def test_it_is_the_disks_clock_that_counts(leases, tmp_path, monkeypatch):
    """Both the touch of the other and the moment now are read off the same disk."""
    left(tmp_path, 10)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert leases.follows(FAR, 0)
    assert 5 < leases.silent(FAR, 0) < 60


def test_a_new_step_tells_as_well_as_a_touch(leases):
    assert leases.follows(FAR, time.time() - 5)


def test_it_is_touched_while_a_cell_computes(leases, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TOUCHED_EVERY", 0.05)
    keeper = module._Keeper()
    other = Leases(FolderSteps(tmp_path), keep=keeper.add)
    path = tmp_path / "leases" / other.hold()
    os.utime(path, (1e9, 1e9))
    end = time.monotonic() + 60
    while path.stat().st_mtime < 1.1e9 and time.monotonic() < end:
        sum(range(10_000))  # a cell that computes
    assert path.stat().st_mtime > 1.1e9
    keeper.end()
    assert not path.exists()


FORK = """
import os, sys
from pathlib import Path
from seedream_widgets.library.leases import Leases
from seedream_widgets.library.steps import FolderSteps
leases = Leases(FolderSteps(Path(sys.argv[1])))
mine = leases.hold()
child = os.fork()
if not child:
    os._exit(leases.hold() == mine or len(list(Path(sys.argv[1], "leases").iterdir())) != 2)
assert os.waitpid(child, 0)[1] == 0
leases.sweep()
assert [path.name for path in Path(sys.argv[1], "leases").iterdir()] == [mine]
"""


@pytest.mark.slow
def test_a_forked_child_has_one_of_its_own_and_the_dead_ones_are_swept(tmp_path):
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list((tmp_path / "leases").iterdir())  # taken away at its end

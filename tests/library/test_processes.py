"""Which process is which, and whether it still runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from seedream_widgets.library import processes
from seedream_widgets.library.processes import runs, this_process

CODE = """
from seedream_widgets.library.processes import this_process
print(this_process(), flush=True)
input()
"""


@pytest.fixture
def other():
    command = [sys.executable, "-c", CODE]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        yield process, process.stdout.readline().strip()
        process.kill()


def test_this_one_runs():
    assert runs(this_process()) is True
    assert str(os.getpid()) in this_process().split("-")


@pytest.mark.slow
def test_another_runs_until_it_is_killed_even_if_nobody_waited_for_it(other):
    process, name = other
    assert runs(name) is True
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert runs(name) is False  # a zombie
    process.wait()
    assert runs(name) is False


@pytest.mark.slow
def test_a_number_used_again_is_another_process(other):
    _, name = other
    assert runs(name[:-1] + ("1" if name[-1] == "0" else "0")) is False


@pytest.mark.parametrize("name", ["", "x", "deadbeef-1-2", "a-b-c-d"])
def test_what_can_not_be_told(name):
    assert runs(name) is None


def test_where_a_start_is_not_known_nothing_is_told():
    machine, number, _ = this_process().split("-")
    assert runs(f"{machine}-{int(number) + 1}-") is None


@pytest.mark.slow
def test_the_system_tells_the_same_where_there_is_no_proc(other):
    process, _ = other
    started = processes._started_elsewhere(process.pid)
    assert started.isdecimal()
    assert started == processes._started_elsewhere(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert processes._started_elsewhere(process.pid) == ""  # a zombie
    process.wait()
    assert processes._started_elsewhere(process.pid) == ""


def test_the_time_zone_changes_no_name(other):
    process, _ = other
    told = {
        subprocess.run(
            [sys.executable, "-c", ASK, str(process.pid)],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("UTC", "Asia/Tokyo")
    }
    assert len(told) == 1


ASK = """
import sys
from seedream_widgets.library import processes
print(processes._started(int(sys.argv[1])), processes._started_elsewhere(int(sys.argv[1])))
"""


def test_another_container_of_the_same_host_name_and_number_is_not_taken_for_this_one():
    """Containers differ in the namespace that their process numbers count in."""
    code = (
        "import os; os.readlink = lambda path: 'pid:[99]'\n"
        "from seedream_widgets.library.processes import this_process as p; print(p())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    machine, *_ = this_process().split("-")
    if sys.platform == "linux":
        assert runs(done.stdout.strip()) is None
        assert not done.stdout.startswith(machine)


def test_a_machine_without_a_network_card_has_one_name(monkeypatch):
    """There `uuid.getnode` makes a number up, another one in each process."""
    monkeypatch.setattr("builtins.open", lambda *_, **__: (_ for _ in ()).throw(OSError()))
    names = set()
    for made_up in (0x010000000001, 0x030000000002):
        monkeypatch.setattr(processes.uuid, "getnode", lambda made_up=made_up: made_up)
        names.add(processes._machine())
    monkeypatch.setattr(processes.uuid, "getnode", lambda: 0x001122334455)
    assert len(names) == 1
    assert processes._machine() not in names

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
def test_ps_tells_the_same_where_there_is_no_proc(other):
    process, _ = other
    started = processes._started_as_ps_says(process.pid)
    assert started.isalnum()
    assert started == processes._started_as_ps_says(process.pid)
    process.kill()
    process.wait()
    assert processes._started_as_ps_says(process.pid) == ""

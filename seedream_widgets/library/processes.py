"""Names a process so that its end can be told from outside, even when its number is used again."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import uuid
from functools import lru_cache

AWAY_SECONDS = 120
"""How long a process of another machine may be silent before it counts as ended."""


def this_process() -> str:
    """Return this process's name: machine, number and start, for use in a file name."""
    return _own_name(os.getpid())


@lru_cache(maxsize=1)  # a forked child asks with its own number
def _own_name(pid: int) -> str:
    return f"{_machine()}-{pid}-{_started(pid)}"


def runs(name: str) -> bool | None:
    """Tell whether a named process still runs; ``None`` where that can't be told from here.

    A process that computes, or that was stopped, runs. One of another machine, of before the
    last boot, or of another container can't be seen from here.
    """
    if name == this_process():
        return True
    machine, number, started = (*name.split("-"), "", "", "")[:3]
    if machine != _own_name(os.getpid()).split("-")[0] or not number.isdecimal() or not started:
        return None
    return _started(int(number)) == started


def _machine() -> str:
    """Return what all processes have in common that can see one another, and no others.

    Two containers can have one host name, and both a process 7: what tells them apart is the
    namespace that their process numbers count in.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            known = f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # no Linux: a start is a moment there, so that no boot need be told
        card = uuid.getnode()
        if card >> 40 & 1:  # none was found: a random number, another one in each process
            card = 0
        known = f"{socket.gethostname()} {card}"
    return hashlib.sha256(known.encode("utf-8", "replace")).hexdigest()[:12]


def _started(pid: int) -> str:
    """Return when a process started, as its system counts; empty when there is none.

    ``os.kill(pid, 0)`` would not do: on Windows it interrupts the process.
    """
    if sys.platform == "linux":  # counted since the boot: no clock that is set changes it
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            return "" if fields[0] in "ZX" else fields[19]
        except (OSError, IndexError):
            return ""
    return _started_elsewhere(pid)


def _started_elsewhere(pid: int) -> str:
    import psutil  # type: ignore[import-untyped, unused-ignore]

    try:
        process = psutil.Process(pid)
        ended = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return "" if ended else str(round(process.create_time() * 100))
    except psutil.Error:
        return ""

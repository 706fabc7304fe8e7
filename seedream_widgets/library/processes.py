"""Names processes so that others can tell whether one still runs, even if its id is reused."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import uuid
from functools import lru_cache

AWAY_SECONDS = 120
"""Seconds of silence after which a process of another machine counts as ended."""


def this_process() -> str:
    """Return this process's name, valid in file names: machine, process id and start time."""
    return _own_name(os.getpid())


@lru_cache(maxsize=1)  # a forked child calls it with its own id
def _own_name(pid: int) -> str:
    return f"{_machine()}-{pid}-{_started(pid)}"


def runs(name: str) -> bool | None:
    """Tell whether a named process still runs; ``None`` if that can't be seen from here.

    A busy or suspended process runs. A process of another machine or container, or from before the
    last boot, can't be seen.
    """
    if name == this_process():
        return True
    machine, number, started = (*name.split("-"), "", "", "")[:3]
    if machine != _own_name(os.getpid()).split("-")[0] or not number.isdecimal() or not started:
        return None
    return _started(int(number)) == started


def _machine() -> str:
    """Return an id that is the same for exactly those processes that can see one another.

    Two containers can have the same host name, and a process 7 each; their PID namespaces differ.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            known = f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # not Linux: start times are absolute there, so the boot need not be known
        card = uuid.getnode()
        if card >> 40 & 1:  # no network card was found, and this is a random number
            card = 0
        known = f"{socket.gethostname()} {card}"
    return hashlib.sha256(known.encode("utf-8", "replace")).hexdigest()[:12]


def _started(pid: int) -> str:
    """Return when a process started, in the system's own units; empty if it does not exist.

    ``os.kill(pid, 0)`` would not do, as it interrupts the process on Windows.
    """
    if sys.platform == "linux":  # counted from the boot, so that setting the clock has no effect
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

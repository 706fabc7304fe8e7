"""Names a process so that its end can be told from outside, even when its number is used again."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import sys
import time
from functools import lru_cache

AWAY_SECONDS = 120
"""How long another machine's work may lie untouched before it counts as left behind."""
_WINDOWS_MAY_ASK = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_WINDOWS_RUNS = 259  # STILL_ACTIVE


def this_process() -> str:
    """Return this process's name: machine, number and start, for use in a file name."""
    return _own_name(os.getpid())


@lru_cache(maxsize=1)  # a forked child asks with its own number
def _own_name(pid: int) -> str:
    return f"{_machine()}-{pid}-{_started(pid)}"


def runs(name: str) -> bool | None:
    """Tell whether a named process still runs; ``None`` where that can't be told from here."""
    if name == this_process():
        return True
    machine, number, started = (*name.split("-"), "", "", "")[:3]
    if machine != _machine() or not number.isdecimal() or not started:
        return None
    return _started(int(number)) == started


def follows(name: str, touched: float) -> bool:
    """Tell whether a named process is still at work on what was last touched at a time."""
    alive = runs(name) if name else False
    return time.time() - touched < AWAY_SECONDS if alive is None else alive


def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode("utf-8", "replace")).hexdigest()[:8]


def _started(pid: int) -> str:
    """Return when a process started, as its system counts; empty when there is none.

    ``os.kill(pid, 0)`` would not do: on Windows it interrupts the process.
    """
    if sys.platform == "win32":
        return _started_on_windows(pid)
    if sys.platform == "linux":
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            return "" if fields[0] in "ZX" else fields[19]
        except (OSError, IndexError):
            return ""
    return _started_as_ps_says(pid)


def _started_as_ps_says(pid: int) -> str:
    asked = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
    try:
        told = subprocess.run(
            asked, capture_output=True, text=True, timeout=5, env={**os.environ, "LC_ALL": "C"}
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    state, _, started = told.strip().partition(" ")
    return "" if state[:1] == "Z" else re.sub(r"\W", "", started)


def _started_on_windows(pid: int) -> str:
    if sys.platform != "win32":
        return ""
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32")
    kernel.OpenProcess.restype = wintypes.HANDLE
    process = wintypes.HANDLE(kernel.OpenProcess(_WINDOWS_MAY_ASK, False, pid))
    if not process:
        return ""
    try:
        code, times = wintypes.DWORD(), [wintypes.FILETIME() for _ in range(4)]
        kernel.GetExitCodeProcess(process, ctypes.byref(code))
        kernel.GetProcessTimes(process, *map(ctypes.byref, times))
        if code.value != _WINDOWS_RUNS:
            return ""
        return f"{times[0].dwHighDateTime:x}{times[0].dwLowDateTime:08x}"
    finally:
        kernel.CloseHandle(process)

"""Run every benchmark, each in a process of its own, and print one table: ``make bench``.

python -m tests.bench [--write] [import preview ...]

With --write the table goes into RESULTS.md. It fails when a target is missed without a reason.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.report import footer, table, unexplained
from tests.bench.rows import ROWS, Row
from tests.results import results, write

ORDER = (
    "arrival", "notebook", "preview", "downloads", "uploads", "jobs", "import", "memory",
    "messages", "library", "gallery",
)  # fmt: skip


def measure(name: str) -> list[Row]:
    """Run one benchmark and return its rows; what else it prints goes to the terminal."""
    command = [sys.executable, "-m", f"tests.bench.bench_{name}", "--rows"]
    env = {each: value for each, value in os.environ.items() if not each.startswith("FAL_")}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env, check=True)
    told, _, data = done.stdout.rpartition(ROWS)
    print(told, flush=True)
    return [Row(**row) for row in json.loads(data)]


def main() -> int:
    """Print the table; return 1 for a target missed in silence."""
    there = sorted(path.stem.removeprefix("bench_") for path in _here().glob("bench_*.py"))
    assert there == sorted(ORDER), f"not in ORDER, or not there: {set(there) ^ set(ORDER)}"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ORDER, []], help="all unless given")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    asked = parser.parse_args()
    names, began = asked.names or ORDER, time.monotonic()
    rows = [row for name in names for row in measure(name)]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    text = table(rows) + footer(names, time.monotonic() - began, machine)
    print(text)
    if asked.write:
        write(results("bench"), text)
    for what in unexplained(rows):
        print(f"missed without a reason: {what}", file=sys.stderr)
    return int(bool(unexplained(rows)))


def _here() -> Path:
    return Path(__file__).parent


if __name__ == "__main__":
    sys.exit(main())

"""Soak one kernel and print what it weighed: ``make soak``.

python -m tests.soak [--jobs 2000] [--at-once 200]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.fal_server import FalServer
from tests.soak.soak import Soak, check_no_leak, soak


def table(found: Soak) -> str:
    """Write down what the kernel weighed before, after each round and after all."""
    names = list(found.before)
    lines = [f"| after | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    at_once = found.jobs // len(found.rounds)
    weighed = {
        "the first job": found.before,
        **{f"{at_once * number:,} jobs": each for number, each in enumerate(found.rounds, 1)},
        "letting them go": found.after,
    }
    for when, each in weighed.items():
        lines.append(f"| {when} | {' | '.join(f'{each[name]:,}' for name in names)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=200)
    asked = parser.parse_args()
    with FalServer() as server, tempfile.TemporaryDirectory() as folder:
        found = soak(asked.jobs, asked.at_once, server, Path(folder))
        assert server.errors == ()
    print(table(found))
    ends = ", ".join(f"{name} {count:,}" for name, count in found.ends().most_common())
    print(f"\n{found.jobs:,} jobs, {asked.at_once} at once, {found.seconds:.0f} s; {ends}")
    print("US dollars: " + ", ".join(f"{what} {usd:.2f}" for what, usd in found.money.items()))
    check_no_leak(found)
    print("nothing leaked, nothing was lost, and the bill is what came and what fal may bill")


if __name__ == "__main__":
    main()

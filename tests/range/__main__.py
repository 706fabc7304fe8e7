"""Try the wheel on every supported Python that is here: ``make range``.

python -m tests.range [--quick] [3.11 3.12 ...]
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.range.pythons import VERSIONS, find
from tests.range.trial import CHOICES, PARTS, QUICK, copy_tests, trial
from tests.range.wheel import FOLDER, SHOWN, RangeError, build, versions


def line(version: str, kind: str, cells: dict[str, str], result: str) -> str:
    shown = [cells.get(name, "") for name in SHOWN]
    return f"| {version} | {kind} | {' | '.join(shown)} | {result} |"


def main() -> int:
    """Print one row a trial; return 1 if one failed. What is not here is said to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    parser.add_argument("--quick", action="store_true", help="the tests that `make test` runs")
    asked = parser.parse_args()
    parts = QUICK if asked.quick else PARTS
    FOLDER.mkdir(parents=True, exist_ok=True)
    wheel = build(FOLDER / "dist")
    copy_tests()
    lines = [
        f"| Python | dependencies | {' | '.join(SHOWN)} | tests |",
        "|---" * (len(SHOWN) + 3) + "|",
    ]
    failed = False
    for version in asked.versions:
        python = find(version)
        for kind, choice in CHOICES.items():
            if python is None:
                lines.append(line(version, kind, {}, "not here"))
                continue
            began = time.monotonic()
            try:
                own, passed = trial(python, wheel, choice, FOLDER / f"{version}-{kind}", parts)
                lines.append(line(version, kind, versions(own), passed))
            except RangeError as error:
                failed = True
                print(f"{version}, {kind}: {error}", file=sys.stderr)
                lines.append(line(version, kind, {}, "**failed**"))
            took = time.monotonic() - began
            print(f"{version}, {kind}: {took:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(lines))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

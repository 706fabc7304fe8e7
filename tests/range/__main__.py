"""Try the wheel on every supported Python that is here: ``make range``.

python -m tests.range [--quick] [--write] [3.11 3.12 ...]

With --write the table goes into RESULTS.md, with what earlier runs found in `build/range/found`.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.range.pythons import VERSIONS, find
from tests.range.table import keep, table
from tests.range.trial import CHOICES, FEW, copy_tests, trial
from tests.range.wheel import FOLDER, RangeError, build, versions
from tests.results import results, write


def main() -> int:
    """Print one row a trial; return 1 if one failed. What is not here is said to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    parser.add_argument("--quick", action="store_true", help="the tests that `make test` runs")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    asked = parser.parse_args()
    few = FEW if asked.quick else ()
    FOLDER.mkdir(parents=True, exist_ok=True)
    wheel = build(FOLDER / "dist")
    copy_tests()
    failed = False
    for version in asked.versions:
        python = find(version)
        for kind, choice in CHOICES.items() if python else ():
            began = time.monotonic()
            try:
                own, passed = trial(python, wheel, choice, FOLDER / f"{version}-{kind}", few)
                keep(version, kind, versions(own), passed)
            except RangeError as error:
                failed = True
                print(f"{version}, {kind}: {error}", file=sys.stderr)
                keep(version, kind, {}, "**failed**")
            took = time.monotonic() - began
            print(f"{version}, {kind}: {took:.0f} s", file=sys.stderr, flush=True)
    print(table())
    if asked.write:
        write(results("range"), table())
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

"""Python x dependencies, from what the trials wrote down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.range.pythons import VERSIONS
from tests.range.trial import CHOICES
from tests.range.wheel import FOLDER, SHOWN

if TYPE_CHECKING:
    from pathlib import Path

FOUND = FOLDER / "found"


def keep(
    version: str, kind: str, installed: dict[str, str], passed: str, folder: Path = FOUND
) -> None:
    """Write down what came of one trial."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"installed": installed, "passed": passed}
    (folder / f"{version}-{kind}.json").write_text(json.dumps(record))


def table(folder: Path = FOUND) -> str:
    """Return a line for each supported Python and choice; what was not tried says so."""
    lines = [
        f"| Python | dependencies | {' | '.join(SHOWN)} | tests |",
        "|---" * (len(SHOWN) + 3) + "|",
    ]
    for version in VERSIONS:
        for kind in CHOICES:
            path = folder / f"{version}-{kind}.json"
            record = json.loads(path.read_text()) if path.exists() else {}
            cells = [record.get("installed", {}).get(name, "") for name in SHOWN]
            passed = record.get("passed", "not here")
            lines.append(f"| {version} | {kind} | {' | '.join(cells)} | {passed} |")
    return "\n".join(lines) + "\n"

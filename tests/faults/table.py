"""Bring every fault about and print what came of it; with --write, put it into RESULTS.md.

python -m tests.faults.table [--write]
"""

from __future__ import annotations

import re
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fal_server import Authority
from tests.results import results, write

from .case import cases
from .course import run
from .rows import GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .case import Case, Group
    from .course import Outcome

KEPT = {
    "result": "the images",
    "resumable": "the request: `sd.resume()` asks again",
    "noted": "why it failed",
}
_NAMED = 3
_VARIES = (
    (r" \(fal: '[^']*(?:'[^']*')?[^']*'\)", " (fal's words)"),
    (r" \((?!fal's words)(?:[^()]|\([^()]*\))*\)", ""),
    (r"[0-9a-f]{8}-[0-9a-f-]{27}", "…"),
    (r"row\d+", "fox"),
    (r"https?://(?:v3b?\.fal\.media|localhost)\S*?(?=\.? )|/\S+/\.staging/\S+?(?=;| )", "…"),
    (r"\bfor 0 minutes\b", "for 10 minutes"),
)


def table(outcomes: Mapping[Case, Outcome]) -> str:
    """Write a line a group: its faults, its first sentence, what is kept and what is billed."""
    lines = [
        "| Where | Fault | What you read | What is kept | We say it is billed | It is |",
        "|---|---|---|---|---|---|",
    ]
    for group in GROUPS:
        members = [case for case in outcomes if case.group is group]
        cells = (
            group.where,
            f"{group.what} ({_faults(group)})",
            _sentence(outcomes[members[0]].sentence),
            KEPT[group.kept],
            group.billed,
            group.charged,
        )
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _faults(group: Group) -> str:
    names = [row.fault for row in group.rows]
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _sentence(text: str) -> str:
    if text == "Completed":
        return "nothing: the images come"
    for pattern, instead in _VARIES:
        text = re.sub(pattern, instead, text)
    return text


def main() -> None:
    """Run all, print the table and write it where asked."""
    with (
        # A request that could not be cancelled goes on, and may still write there.
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        closing(Authority()) as authority,
    ):
        found = table(run(cases(GROUPS), authority, Path(folder)))
    print(found)
    if "--write" in sys.argv[1:]:
        write(results("faults"), found)


if __name__ == "__main__":
    main()

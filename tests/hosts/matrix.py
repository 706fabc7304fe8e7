"""Print host x journey from what the suite wrote down; with --write, put it into RESULTS.md.

python -m tests.hosts.matrix [--write]
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

from tests.results import results, write

from .conftest import HOSTS, RESULTS


def journeys() -> dict[str, str]:
    """Name every journey by its test's docstring, in the order of the files."""
    files = sorted(Path(__file__).parent.glob("test_journeys_*.py"))
    tests = [
        node
        for file in files
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    return {
        test.name.removeprefix("test_"): (ast.get_docstring(test) or test.name).rstrip(".")
        for test in tests
    }


def records() -> dict[tuple[str, str], dict[str, Any]]:
    """Read what the last runs wrote down, by host and journey."""
    found = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    return {(record["host"], record["journey"]): record for record in found}


def table(found: dict[tuple[str, str], dict[str, Any]]) -> str:
    """Write the table: yes, no, not run, or a number for what the widget does instead."""
    labels = {name: label(found, name) for name in HOSTS}
    notes: list[str] = []
    lines = [f"| | {' | '.join(labels.values())} |", "|---|" + "---|" * len(labels)]
    for journey, title in journeys().items():
        cells = [cell(found.get((host, journey)), notes) for host in HOSTS]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    told = [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join([*lines, "", *told]).rstrip() + "\n"


def label(found: dict[tuple[str, str], dict[str, Any]], host: str) -> str:
    """Name a host with the version that ran."""
    return next((record["label"] for (name, _), record in found.items() if name == host), host)


def cell(record: dict[str, Any] | None, notes: list[str]) -> str:
    """Tell one journey in one host."""
    if record is None:
        return "not run"
    if not record["passed"]:
        return "**no**"
    for note in record["instead"]:
        if note not in notes:
            notes.append(note)
    marks = ", ".join(str(notes.index(note) + 1) for note in record["instead"])
    return f"({marks})" if marks else "yes"


def main() -> int:
    """Print the table; return 1 if any journey failed or did not run."""
    found = records()
    text = table(found)
    print(text)
    if "--write" in sys.argv[1:]:
        write(results("hosts"), text)
    wanted = {(host, journey) for host in HOSTS for journey in journeys()}
    return int(any(not found.get(each, {"passed": False})["passed"] for each in wanted))


if __name__ == "__main__":
    sys.exit(main())

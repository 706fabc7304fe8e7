"""Each outside library has one home, and no module needs itself to be imported."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[1] / "seedream_widgets"
HOMES = {
    "fal_client": "backends/fal",
    "httpx": "backends/fal",
    "urllib3": "backends/fal",
    "anywidget": "studio",
    "traitlets": "studio",
    "ipywidgets": "studio",
}


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_each_outside_library_has_one_home() -> None:
    astray = [
        f"{path}: {name}"
        for path in PACKAGE.rglob("*.py")
        for name in imported(path.read_text("utf-8"))
        if name in HOMES and not path.relative_to(PACKAGE).as_posix().startswith(HOMES[name])
    ]
    assert astray == []

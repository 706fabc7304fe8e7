"""Imports go downwards only, and each outside library has one home."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[1] / "seedream_widgets"

# The bottom comes first. A module imports only from lines above its own.
LAYERS = (
    ("errors", "folders", "growing", "processes"),
    ("files",),
    ("status", "sizes", "engine", "credentials", "embed", "policy", "kept_uploads"),
    ("endpoints",),
    ("images",),
    ("request",),
    ("pricing", "previews", "receipt", "code"),
    ("again", "seeds"),
    ("display",),
    ("result",),
    ("backends.base",),
    ("backends", "backends.fal", "backends.offline", "journal"),
    ("backends.choice", "store"),
    ("job", "ledger"),
    ("record", "allowance", "left_behind"),
    ("run", "elsewhere"),
    ("client",),
    ("api",),
    ("batch",),
    ("studio",),
    ("magics",),
    ("",),
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}

HOMES = {
    "fal_client": {"backends.fal"},
    "httpx": {"backends.fal"},
    "urllib3": {"backends.fal"},
    "anywidget": {"studio"},
    "traitlets": {"studio"},
    "ipywidgets": {"studio"},
    "IPython": {"display", "magics", "credentials", "studio"},
}
# Importing IPython costs what a script should not pay; magics exist only where it already runs.
IMPORTED_LATE = {"IPython": {"display", "credentials", "studio"}}


class Import(NamedTuple):
    target: str
    line: int
    late: bool


def part(dotted: str) -> str:
    """Name the part a module belongs to: ``images``, ``backends.fal``, ``""`` for the top."""
    names = dotted.split(".")[1:]
    return ".".join(names[: 2 if names[:1] == ["backends"] else 1])


def run_time_nodes(node: ast.AST, late: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Walk the tree without ``if TYPE_CHECKING`` blocks, telling what is inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child, late
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from run_time_nodes(child, late or inside)


def imports(source: str) -> Iterator[Import]:
    for node, late in run_time_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: write the import out from seedream_widgets"
            bases = [node.module or ""]
            if node.module in ("seedream_widgets", "seedream_widgets.backends"):
                bases = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (Import(base, node.lineno, late) for base in bases)


def faults(module: str, source: str) -> list[str]:
    own = part(module)
    if own not in HEIGHT:
        return [f"{module}: give it a place in LAYERS"]
    found = []
    for target, line, late in imports(source):
        root = target.partition(".")[0]
        if root == "seedream_widgets":
            other = part(target)
            if other != own and HEIGHT.get(other, len(LAYERS)) >= HEIGHT[own]:
                found.append(f"{module}:{line} imports upwards: {target}")
        elif own not in HOMES.get(root, {own}):
            found.append(f"{module}:{line} {root} belongs in {sorted(HOMES[root])}")
        elif own in IMPORTED_LATE.get(root, ()) and not late:
            found.append(f"{module}:{line} import {root} inside a function")
    return found


def modules() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        names = [*path.relative_to(PACKAGE.parent).with_suffix("").parts]
        dotted = ".".join(names[:-1] if names[-1] == "__init__" else names)
        yield dotted, path.read_text("utf-8")


def test_the_package_is_read() -> None:
    assert {"seedream_widgets", "seedream_widgets.errors"} <= dict(modules()).keys()


def test_imports_go_downwards() -> None:
    assert [fault for module, source in modules() for fault in faults(module, source)] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("errors", "from seedream_widgets.request import Request"),
        ("request", "import seedream_widgets.job"),
        ("images.load", "def f():\n    from seedream_widgets.client import Client"),
        ("backends.offline", "from seedream_widgets.backends.fal import FalBackend"),
        ("backends.base", "from seedream_widgets.backends import offline"),
        ("client", "from seedream_widgets import Studio"),
        ("client", "import httpx"),
        ("job", "from traitlets import Int"),
        ("result", "def f():\n    from IPython.display import display"),
        ("display", "from IPython.display import display"),
        ("surprise", ""),
    ],
)
def test_a_fault_is_found(module: str, source: str) -> None:
    assert len(faults(f"seedream_widgets.{module}", source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("images", "from seedream_widgets.images.limits import LIMITS"),
        ("backends.fal.queue", "import fal_client, httpx"),
        ("display", "def f():\n    from IPython.display import display"),
        ("errors", "if TYPE_CHECKING:\n    from seedream_widgets.request import Request"),
        ("studio.widget", "import anywidget\nfrom seedream_widgets.backends import base"),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert faults(f"seedream_widgets.{module}", source) == []

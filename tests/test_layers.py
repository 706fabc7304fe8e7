"""Imports go downwards only, types and late ones included; each outside library has one home."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = Path(__file__).parents[1] / "seedream_widgets"

# The bottom comes first. A file imports only from its own room and from rooms further up this list.
ROOMS = (
    ("errors", "files", "faces"),
    ("credentials",),
    ("embed",),
    ("images",),
    ("values",),
    ("library",),
    ("money",),
    ("backends",),
    ("jobs",),
    ("display",),
    ("batch",),
    ("api", "testing"),
    ("studio", "magics"),
    ("",),
)
HEIGHT = {room: height for height, rooms in enumerate(ROOMS) for room in rooms}
HOMES = {
    "fal_client": {"backends"},
    "httpx": {"backends"},
    "urllib3": {"backends"},
    "anywidget": {"studio"},
    "traitlets": {"studio"},
    "ipywidgets": {"studio"},
    "IPython": {"display", "magics", "credentials", "studio"},
}
# Importing IPython costs what a script should not pay; magics exist only where it already runs.
IMPORTED_LATE = {"IPython": {"display", "credentials", "studio"}}


def room(dotted: str) -> str:
    """Name the room of a module, ``""`` for the top: its second name."""
    return ".".join(dotted.split(".")[1:2])


def imported(module: str, source: str) -> Iterator[tuple[str, bool]]:
    """Yield what a module imports, wherever in it, and whether only when a function runs."""

    def walk(node: ast.AST, late: bool) -> Iterator[tuple[str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, late) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert not child.level, f"{module}:{child.lineno}: write the import out"
                yield from ((f"{child.module}.{alias.name}", late) for alias in child.names)
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, late or inside)

    yield from walk(ast.parse(source), False)


def modules() -> dict[str, str]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        names = [*path.relative_to(PACKAGE.parent).with_suffix("").parts]
        dotted = ".".join(names[:-1] if names[-1] == "__init__" else names)
        found[dotted] = path.read_text("utf-8")
    return found


def needs(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return which modules of the package each one imports, types and late ones included."""

    def home(target: str) -> str:
        while target not in sources:
            target = target.rpartition(".")[0]
        return target

    return {
        module: {
            home(target)
            for target, _ in imported(module, source)
            if target.partition(".")[0] == "seedream_widgets"
        }
        - {module}
        for module, source in sources.items()
    }


def faults(module: str, source: str, known: Mapping[str, str]) -> list[str]:
    own, found = room(module), []
    if own not in HEIGHT:
        return [f"{module}: give its room a place in ROOMS"]
    for target in needs({**known, module: source})[module]:
        if room(target) != own and HEIGHT.get(room(target), len(ROOMS)) > HEIGHT[own]:
            found.append(f"{module} imports upwards: {target}")
    for target, late in imported(module, source):
        library = target.partition(".")[0]
        if own not in HOMES.get(library, {own}):
            found.append(f"{module}: {library} belongs in {sorted(HOMES[library])}")
        elif own in IMPORTED_LATE.get(library, ()) and not late:
            if "TYPE_CHECKING" not in source:
                found.append(f"{module}: import {library} inside a function")
    return found


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return modules that need each other in a circle, or none."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str]:
        if module in path:
            return path[path.index(module) :]
        if module not in done:
            for other in sorted(graph[module]):
                if found := visit(other, [*path, module]):
                    return found
            done.add(module)
        return []

    return next((found for module in graph if (found := visit(module, []))), [])


def test_imports_go_downwards() -> None:
    known = modules()
    assert [fault for module, source in known.items() for fault in faults(module, source, known)] == []


def test_no_module_needs_itself() -> None:
    assert circle(needs(modules())) == []

"""Imports go downwards only, types and late ones included; each outside library has one home."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

from tests.sources import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = Path(__file__).parents[1] / "seedream_widgets"

# The bottom comes first. A file imports only from its own room and from rooms further up this list.
ROOMS = (
    ("errors", "files", "late_imports"),
    ("credentials",),
    ("images",),
    ("values",),
    ("library",),
    ("money",),
    ("backends",),
    ("jobs",),
    ("display",),
    ("batch",),
    ("api",),
    ("studio", "magics", "testing"),
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


class Import(NamedTuple):
    target: str
    when: Literal["at once", "late", "typed"]


@cache
def imported(source: str) -> tuple[Import, ...]:
    """Return what a module imports, wherever in it, and when: typed ones never, for Python."""

    def walk(node: ast.AST, when: Literal["at once", "late", "typed"]) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                continue  # no import stands in an expression
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, when) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert not child.level, f"line {child.lineno}: write the import out"
                yield from (Import(f"{child.module}.{alias.name}", when) for alias in child.names)
            elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
                yield from walk(child, "typed")
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from walk(child, "typed" if when == "typed" else "late")
            else:
                yield from walk(child, when)

    return tuple(walk(parsed(source), "at once"))


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
        module: {home(each.target) for each in imported(source) if is_ours(each)} - {module}
        for module, source in sources.items()
    }


def is_ours(each: Import) -> bool:
    return each.target.partition(".")[0] == "seedream_widgets"


def faults(module: str, source: str) -> list[str]:
    own, found = room(module), []
    if own not in HEIGHT:
        return [f"{module}: give its room a place in ROOMS"]
    for each in imported(source):
        library = each.target.partition(".")[0]
        if is_ours(each):
            other = room(each.target)
            if other != own and HEIGHT.get(other, len(ROOMS)) > HEIGHT[own]:
                found.append(f"{module} imports upwards: {each.target}")
        elif own not in HOMES.get(library, {own}):
            found.append(f"{module}: {library} belongs in {sorted(HOMES[library])}")
        elif each.when == "at once" and own in IMPORTED_LATE.get(library, ()):
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
    assert [fault for module, source in modules().items() for fault in faults(module, source)] == []


def test_no_module_needs_itself() -> None:
    assert circle(needs(modules())) == []


def test_the_root_holds_few_files() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 8


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("errors", "from seedream_widgets.values.request import Request"),
        ("errors", "if TYPE_CHECKING:\n    from seedream_widgets.values.request import Request"),
        ("values.request", "import seedream_widgets.jobs.job"),
        ("images.load", "def f():\n    from seedream_widgets.jobs.client import Client"),
        ("backends.base", "from seedream_widgets.jobs import job"),
        ("jobs.client", "from seedream_widgets import Studio"),
        ("jobs.client", "import httpx"),
        ("jobs.job", "from traitlets import Int"),
        ("values.result", "def f():\n    from IPython.display import display"),
        ("display.html", "from IPython.display import display"),
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
        ("display.html", "def f():\n    from IPython.display import display"),
        ("studio.widget", "import anywidget\nfrom seedream_widgets.backends import base"),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert faults(f"seedream_widgets.{module}", source) == []


def test_a_circle_is_found() -> None:
    sources = {
        "seedream_widgets": "",
        "seedream_widgets.a": "from seedream_widgets.b import f",
        "seedream_widgets.b": "if TYPE_CHECKING:\n    from seedream_widgets.c import g",
        "seedream_widgets.c": "def h():\n    import seedream_widgets.a",
    }
    assert circle(needs(sources)) == [f"seedream_widgets.{name}" for name in "abc"]


def test_no_two_classes_have_one_name() -> None:
    seen: dict[str, list[str]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(parsed(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                seen.setdefault(node.name, []).append(f"{file.relative_to(PACKAGE)}:{node.lineno}")
    assert {name: places for name, places in seen.items() if len(places) > 1} == {}

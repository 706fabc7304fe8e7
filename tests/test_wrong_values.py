"""Every public call refuses what it can't use in a sentence of ours that names the argument."""

from __future__ import annotations

import ast
import asyncio
import inspect
import linecache
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import seedream_widgets as sd
from seedream_widgets.display.show import ContactSheet
from seedream_widgets.errors import quoted
from seedream_widgets.library.search import Search
from seedream_widgets.testing import ScriptedBackend, as_default_client
from seedream_widgets.values.result import ResultImage
from tests.sources import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow
PACKAGE = str(Path(sd.__file__).parent)
# Python writes out no number of more than 4300 digits; half a pair of surrogates goes into no file.
WRONG = (
    *(None, 5, -1, 2.5, float("nan"), float("inf"), 10**5000, -(10**400), (10**5000, 1)),
    *("x", "\ud800", "a\0b", b"x", [], [5], [10**5000], {}, {"x": 5}, object()),
)
HELD = {
    "client": sd.Client,
    "library": sd.Library,
    "job": sd.Job,
    "result": sd.Result,
    "file": ResultImage,
    "request": sd.Request,
    "receipt": sd.Receipt,
    "search": Search,
    "sheet": ContactSheet,
    "batch": sd.Batch,
    "batches": sd.Batches,
}
# Functions make these, such as sd.submit; nobody calls the classes.
MADE = {"Batch", "Batches", "Job", "Result", "Receipt", "ImageInput"}
# What ends or begins more than a test of arguments should, and what Python's Sequence brings.
LEFT_OUT = {
    *(("client", "close"), ("client", "resume"), ("search", "index"), ("search", "count")),
    *(("search", "rows"), ("search", "entries"), ("file", "within")),  # the studio's
}


def parameters(call: Callable[..., Any]) -> list[str]:
    several = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [
        each.name
        for each in inspect.signature(call).parameters.values()
        if each.kind not in several and each.name not in ("self", "cls", "limits")
    ]


def public_calls() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Yield whose call it is, its name, and the call."""
    for name in sd.__all__:
        public = getattr(sd, name)
        error = isinstance(public, type) and issubclass(public, BaseException)
        if callable(public) and not error and name not in MADE:
            yield "sd", name, public
    for holder, kind in HELD.items():
        for name in dir(kind):
            method = inspect.getattr_static(kind, name)
            public = not name.startswith("_") or name == "__getitem__"
            public = public and (holder, name) not in LEFT_OUT and not isinstance(method, property)
            if public and callable(call := getattr(kind, name)):
                yield holder, name, call


def calls() -> Iterator[tuple[str, str, str]]:
    """Yield whose call it is, its name, and each of its parameters."""
    for holder, name, call in public_calls():
        yield from ((holder, name, each) for each in parameters(call))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One of each thing that people hold, on a backend that costs nothing."""
    folder = tmp_path_factory.mktemp("kept")
    client = sd.Client(ScriptedBackend("fal"), library=folder / "library")
    job = client.submit(sd.Request("a fox", image_size="1:1 1K"))
    result = job.result(60)
    (saved,) = result.save(folder / "fox.png")
    with as_default_client(client):
        batch = sd.batch(prompt=["a fox", "a wolf"], name="animals")
    yield {
        "sd": sd,
        "client": client,
        "library": client.library,
        "job": job,
        "result": result,
        "file": result.files[0],
        "request": job.request,
        "receipt": sd.read_receipt(saved),
        "search": client.library.search(),
        "sheet": sd.show(result),
        "batch": batch,
        "batches": sd.Batches(client),
    }
    client.close()


@pytest.fixture
def world(kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same, whose client is the session's; no key that a test types in stays."""
    with as_default_client(kept["client"]):
        yield kept
    sd.logout()


@pytest.fixture
def good(world: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """Values for the other arguments of a call."""
    return {
        "address": tmp_path / "elsewhere",
        "prompt": "a fox",
        "image_urls": [],
        "jobs": [],
        "digest": "0" * 64,
        "digests": [],
        "target": tmp_path / "fox.png",
        "cell": world["batch"][0],
        "callback": print,
        **dict.fromkeys(("a", "b"), world["result"]),
        "other": world["result"],
        "value": world["result"],
        "listener": print,
        "request_id": world["result"].request_id,
        "rating": 1,
        "count": 2,
        "file": tmp_path / "fox.png",
        **dict.fromkeys(("images", "results", "result"), world["result"]),
        "request": world["request"],
    }


def outcome(call: Callable[..., Any], arguments: dict[str, Any]) -> Exception | None:
    try:
        made = call(**arguments)
        if inspect.iscoroutine(made):
            made = asyncio.run(made)
        if isinstance(made, sd.Job):
            made.result(60)
        if isinstance(made, Search):
            list(made)  # a search looks only once it is read
    except Exception as error:
        return error
    return None


def is_on_purpose(error: Exception) -> bool:
    """Tell whether an error is one of ours, or one of Python's that our code raises itself."""
    if isinstance(error, sd.SeedreamError):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    path, frame = trace.tb_frame.f_code.co_filename, trace
    raised = linecache.getline(path, frame.tb_lineno).strip().startswith("raise ")
    return raised and path.startswith(PACKAGE)


@pytest.mark.parametrize(("holder", "name", "parameter"), [*calls()])
def test_a_wrong_value_is_refused_in_a_sentence(
    holder: str,
    name: str,
    parameter: str,
    world: dict[str, Any],
    good: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # a text such as "x" may well be the name of a file to write
    call = getattr(world[holder], name)
    several = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    needed = {
        each.name: good[each.name]  # KeyError: `good` is to have a value for this argument, too
        for each in inspect.signature(call).parameters.values()
        if each.default is each.empty and each.name != parameter and each.kind not in several
    }
    for wrong in WRONG:
        error = outcome(call, {**needed, parameter: wrong})
        if error is None:
            continue
        said = f"{parameter}={quoted(wrong)}: {type(error).__name__}: {error}"
        assert is_on_purpose(error), said
        assert "object has no" not in str(error), said
        assert "object is not" not in str(error), said
        if isinstance(error, sd.RequestError):
            assert error.field in str(error) or parameter in str(error), said


def hands_on() -> Iterator[tuple[str, str]]:
    """Yield the public calls that hand further arguments on to functions of ours."""
    for holder, name, call in public_calls():
        code = getattr(call, "__code__", None)
        if name == "Request" or (code and code.co_flags & inspect.CO_VARKEYWORDS):
            yield holder, name


@pytest.fixture(scope="module")
def all_names() -> set[str]:
    """The name of every parameter of every function of the package."""
    trees = (parsed(path.read_text()) for path in Path(PACKAGE).rglob("*.py"))
    functions = (
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.arguments)
    )
    return {
        each.arg for node in functions for each in [*node.posonlyargs, *node.args, *node.kwonlyargs]
    }


@pytest.mark.parametrize(("holder", "name"), [*hands_on()])
def test_an_error_names_the_call_that_was_typed(
    holder: str,
    name: str,
    world: dict[str, Any],
    good: dict[str, Any],
    all_names: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No function behind it, whose parameters may have the names of what is handed on."""
    monkeypatch.chdir(tmp_path)
    held = world[holder]
    if holder == "library":  # of one result: each name is tried with all that is in it
        own = sd.Client(ScriptedBackend("fal"), library=tmp_path / "library")
        own.submit(good["request"]).result(60)
        held = own.library
    call = getattr(held, name)
    known = inspect.signature(call).parameters
    needed = [
        good[each.name]
        for each in known.values()
        if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    for other in all_names - {*known}:
        error = outcome(partial(call, *needed), {other: 5})
        if isinstance(error, TypeError):
            assert re.match(rf"([\w.]+\.)?{name}\(\) ", str(error)), f"{other}=5: {error}"

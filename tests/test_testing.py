"""The backend that users test with: its example runs, and it does what its words say."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING

import pytest

import seedream_widgets as sd
from seedream_widgets import testing
from seedream_widgets.testing import ScriptedBackend, as_default_client, picture

if TYPE_CHECKING:
    from pathlib import Path

STEPS = ["upload", "submit", "queued", "in_progress", "completed", "fetch", "download", "download"]


@pytest.fixture
def example() -> dict[str, object]:
    """What the code in the module's docstring defines."""
    code = textwrap.dedent(inspect.getdoc(testing).partition("::\n")[2])
    names: dict[str, object] = {"pytest": pytest}
    exec(compile(code, "testing.py", "exec"), names)
    return names


@pytest.mark.parametrize(
    "name",
    [
        "test_the_poster_says_it",
        "test_a_refused_prompt_is_an_error",
        "test_a_job_can_be_cancelled_while_it_waits",
    ],
)
def test_the_example_passes(example: dict[str, object], name: str, tmp_path: Path) -> None:
    assert [each for each in example if each.startswith("test_")].count(name) == 1
    example[name](tmp_path)


def test_the_example_fails_where_the_code_is_wrong(
    example: dict[str, object], tmp_path: Path
) -> None:
    example["poster"] = lambda text: sd.generate(text).image
    with pytest.raises(AssertionError):
        example["test_the_poster_says_it"](tmp_path)


def test_every_step_is_recorded_in_order(tmp_path: Path) -> None:
    backend = ScriptedBackend(images=2)
    request = sd.Request("a fox", images=[picture(size=(256, 256))])
    result = sd.Client(backend, library=tmp_path).submit(request).result(60)
    assert [step for step, _ in backend.calls] == STEPS
    assert backend.requests == [request]
    assert [image.size for image in result.images] == [(32, 24)] * 2


def test_waiting_for_what_never_comes_ends() -> None:
    with pytest.raises(TimeoutError, match="fetch was not entered 1 time"):
        ScriptedBackend().wait_for("fetch", seconds=0.01)


def test_an_unknown_step_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"sumbit.*submit"):
        ScriptedBackend(hold=["sumbit"])
    with pytest.raises(ValueError, match=r"sumbit.*submit"):
        ScriptedBackend(errors={"sumbit": ValueError()})


def test_the_default_client_comes_back_after_an_error(tmp_path: Path) -> None:
    before = sd.default_client()

    def failing() -> None:
        with as_default_client(sd.Client(library=tmp_path)) as mine:
            assert sd.default_client() is mine
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert sd.default_client() is before

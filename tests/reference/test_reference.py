"""The examples of every public name run, and give what they say."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import seedream_widgets as sd
from tests.reference.__main__ import PAGE
from tests.reference.examples import EXAMPLES
from tests.sources import parsed

ROOT = Path(__file__).parents[2]


def run(code: str, names: dict[str, object]) -> int:
    """Run an example, compare what its marked lines give, and return how many there are."""
    lines = code.splitlines()
    marked = 0
    for node in parsed(code).body:
        said = lines[(node.end_lineno or 1) - 1].partition("# -> ")[2]
        if isinstance(node, ast.Expr):
            given = eval(compile(ast.Expression(node.value), "<example>", "eval"), names)
            marked += bool(said)
            assert not said or repr(given) == said
        else:
            exec(compile(ast.Module([node], []), "<example>", "exec"), names)
    return marked


@pytest.fixture
def names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    backend = sd.default_client().backend
    monkeypatch.setattr(backend, "pace", 0.0)
    fox = sd.generate("a red fox", image_size="1:1 1K", seed=7, progress=False)
    yield {"sd": sd, "fox": fox}
    for job in sd.jobs():
        job.cancel()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_gives_what_it_says(name, names):
    if name in ("JobTimeout", "JobCancelled"):
        names["sd"].default_client().backend.pace = 0.25
    marked = run(EXAMPLES[name].strip(), names)
    assert marked or name in ("login", "logout", "show")
    assert f"sd.{name}" in EXAMPLES[name] or name in ("Result", "Job", "Receipt", "ImageInput")


def test_every_public_name_has_an_example():
    assert {*EXAMPLES} == {*sd.__all__}


def test_the_page_holds_every_example_and_the_readme_links_it():
    page = PAGE.read_text(encoding="utf-8")
    for name, code in EXAMPLES.items():
        assert f"### `sd.{name}`" in page
        assert code.strip() in page, f"{name}: run python -m tests.reference"
    assert "(REFERENCE.md)" in (ROOT / "README.md").read_text(encoding="utf-8")

"""The public names, loaded on first use."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import seedream_widgets as sd

ROOT = Path(__file__).parents[1]


def test_the_version_is_the_projects():
    (version,) = re.findall(r'(?m)^version = "(.+)"$', (ROOT / "pyproject.toml").read_text())
    assert sd.__version__ == version


@pytest.mark.parametrize("name", sorted({*sd.__all__} - {"batches", "library"}))
def test_a_name_is_what_its_own_module_calls_so(name):
    value = getattr(sd, name)
    assert getattr(value, "__name__", name).rpartition(".")[2] == name
    assert vars(sd)[name] is value


@pytest.mark.slow
def test_a_room_does_not_hide_the_public_name_that_is_spelt_like_it():
    code = (
        "import seedream_widgets.jobs.client, seedream_widgets.library.library\n"
        "import seedream_widgets as sd\n"
        "print(type(sd.library).__name__, callable(sd.jobs))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Library", "True"]


def test_typing_and_run_time_know_the_same_names():
    source = Path(sd.__file__).read_text()
    assert (
        sorted({*re.findall(r"import (\w+) as \1\n", source), "batches", "library"}) == sd.__all__
    )


def test_the_library_is_the_default_clients():
    assert sd.library is sd.default_client().library
    assert "library" not in vars(sd)


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="has no attribute 'studdio'"):
        _ = sd.studdio


@pytest.mark.slow
def test_star_import_and_dir():
    code = "from seedream_widgets import *; import seedream_widgets as sd; print(*dir(sd))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) >= {*sd.__all__, "__version__"}

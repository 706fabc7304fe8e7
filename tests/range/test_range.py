"""The wheel by itself, and with the oldest dependencies allowed.

`make range` does it on every Python that is here, with more of the tests.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.range.pythons import VERSIONS
from tests.range.table import keep, table
from tests.range.trial import CHOICES, FEW, copy_tests, draw, trial
from tests.range.wheel import FOLDER, ROOT, build, install, versions

pytestmark = pytest.mark.timeout(1200)  # it installs, and runs tests of a copy


@pytest.fixture(scope="module")
def wheel() -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    return build(FOLDER / "dist")


def test_a_bare_environment_without_node(wheel: Path) -> None:
    own = install(Path(sys.executable), wheel, "highest", (), FOLDER / "bare")
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", draw(own))
    assert "ipykernel" not in versions(own)


def test_the_oldest_dependencies(wheel: Path) -> None:
    copy_tests()
    own, passed = trial(Path(sys.executable), wheel, "lowest-direct", FOLDER / "oldest", FEW)
    assert re.fullmatch(r"[1-9]\d+ passed", passed)
    found = versions(own, bounds())
    for name, least in bounds().items():
        # On a new Python the oldest with a wheel may be newer.
        assert found[name].startswith(least) or sys.version_info >= (3, 12), (name, found)


def test_the_table_tells_what_was_not_tried(tmp_path: Path) -> None:
    keep("3.12", "newest", {"pillow": "13.0.0"}, "7 passed", tmp_path)
    lines = table(tmp_path).splitlines()
    assert len(lines) == 2 + len(VERSIONS) * len(CHOICES)
    assert [line for line in lines[2:] if "not here" not in line] == [
        "| 3.12 | newest |  |  |  |  |  |  | 13.0.0 |  |  |  | 7 passed |"
    ]


def bounds() -> dict[str, str]:
    """Return each dependency's lower bound."""
    text = (ROOT / "pyproject.toml").read_text()
    listed = re.search(r"^dependencies = \[(.*?)^\]", text, re.M | re.S)
    assert listed
    return dict(re.findall(r'"([\w-]+)>=([\d.]+)', listed[1]))

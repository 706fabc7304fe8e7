"""The wheel by itself, and with the oldest dependencies that pyproject.toml allows.

`make range` tries every Python that is here.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.range.trial import QUICK, copy_tests, draw, trial
from tests.range.wheel import FOLDER, ROOT, build, install, versions

pytestmark = pytest.mark.timeout(300)


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
    own, passed = trial(Path(sys.executable), wheel, "lowest-direct", FOLDER / "oldest", QUICK)
    assert re.fullmatch(r"[1-9]\d+ passed", passed)
    found = versions(own)
    for name, least in bounds().items():
        # On a new Python the oldest with a wheel may be newer.
        assert found[name].startswith(least) or sys.version_info >= (3, 12), (name, found)


def bounds() -> dict[str, str]:
    """Return each dependency's lower bound."""
    text = (ROOT / "pyproject.toml").read_text()
    listed = re.search(r"^dependencies = \[(.*?)^\]", text, re.M | re.S)
    assert listed
    return dict(re.findall(r'"([\w-]+)>=([\d.]+)', listed[1]))

"""The wheel holds what a user needs, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUNDLE_LIMIT = 80_000
SOURCES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "seedream_widgets")
STATIC = ("studio.js", "studio.css")


def build(project: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    return subprocess.run(
        [*command, str(project)], capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Sizes of the files in a freshly built wheel, by name."""
    out = tmp_path_factory.mktemp("wheel")
    done = build(ROOT, out)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {info.filename: info.file_size for info in archive.infolist()}


def test_wheel_holds_the_package(wheel: dict[str, int]) -> None:
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "seedream_widgets").rglob("*.py")
        if "static" not in path.parts
    }
    expected = {*modules, "seedream_widgets/py.typed"}
    expected |= {f"seedream_widgets/static/{name}" for name in STATIC}
    assert expected <= wheel.keys()


def test_wheel_holds_nothing_else(wheel: dict[str, int]) -> None:
    others = [name for name in wheel if not name.startswith("seedream_widgets/")]
    assert all(".dist-info/" in name for name in others), others
    assert not [name for name in wheel if name.endswith((".ipynb", ".ts", ".tsx", ".map", ".pyc"))]


def test_bundle_is_small(wheel: dict[str, int]) -> None:
    sizes = {name: wheel[f"seedream_widgets/static/{name}"] for name in STATIC}
    assert 0 < sum(sizes.values()) <= BUNDLE_LIMIT, sizes


def test_no_wheel_without_a_bundle(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for name in SOURCES:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, project / name)
    shutil.rmtree(project / "seedream_widgets" / "static")
    done = build(project, tmp_path / "out")
    assert done.returncode != 0
    assert "make bundle" in done.stdout + done.stderr
    assert not list(tmp_path.glob("out/*.whl"))

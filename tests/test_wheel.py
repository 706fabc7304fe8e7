"""The wheel holds what a user needs, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUNDLE_LIMIT = 167_400
"""Above the 120,000 that were meant for it, which gallery, viewer and sheet have outgrown."""
SOURCES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "seedream_widgets")
STATIC = ("studio.js", "studio.css")
KEY = "5e1f0c52-marked-9d3a:4b8e7c-marked-1f60"


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command as who has a key would."""
    env = os.environ | {"FAL_KEY": KEY, "FAL_KEY_ID": KEY[:19], "FAL_KEY_SECRET": KEY[20:]}
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True, text=True, timeout=250, check=False, env=env,
    )  # fmt: skip


def build(project: Path, out: Path, kind: str = "--wheel") -> subprocess.CompletedProcess[str]:
    return run("-m", "build", kind, "--no-isolation", "--outdir", out, project)


def copied(folder: Path) -> Path:
    """Copy what is built: a walk through everything that lies around it would take seconds."""
    project = folder / "project"
    project.mkdir()
    for name in SOURCES:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, project / name)
    return project


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    done = build(ROOT, out)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def wheel(built: Path) -> dict[str, int]:
    """Sizes of the files in a freshly built wheel, by name."""
    with zipfile.ZipFile(built) as archive:
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
    project = copied(tmp_path)
    shutil.rmtree(project / "seedream_widgets" / "static")
    done = build(project, tmp_path / "out")
    assert done.returncode != 0
    assert "make bundle" in done.stdout + done.stderr
    assert not list(tmp_path.glob("out/*.whl"))


def test_no_key_of_the_builder_is_in_what_is_built_or_installed(
    built: Path, tmp_path: Path
) -> None:
    done = build(copied(tmp_path), tmp_path / "sdist", "--sdist")
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,) = (tmp_path / "sdist").glob("*.tar.gz")
    site = tmp_path / "site"
    pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--compile")
    done = run(*pip, "--target", site, built)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(built) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(sdist) as archive:
        files = (member for member in archive if member.isfile())
        held |= {each.name: archive.extractfile(each).read() for each in files}  # type: ignore[union-attr]
    held |= {str(path): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert sum(name.endswith(".pyc") for name in held) > 50
    assert sum(name.endswith("studio.js") for name in held) == 3
    parts = KEY.encode(), KEY[:19].encode(), KEY[20:].encode()
    assert [name for name, data in held.items() if any(part in data for part in parts)] == []

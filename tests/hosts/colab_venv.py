"""A Python environment with the versions that Colab pins, and this package's wheel on top."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("colab-requirements.txt")
STUB = Path(__file__).with_name("colab_stub")
VENV = ROOT / "build" / "colab-venv"
PYTHON = VENV / "bin" / "python"
WHEELS = ROOT / "build" / "colab-wheel"
SETUP = ("pyproject.toml", "hatch_build.py")


def prepare() -> Path:
    """Return its Python; make what is missing, install the wheel anew where a source changed."""
    _when_older(VENV / ".ready", [REQUIREMENTS], _make)
    _when_older(VENV / ".installed", [VENV / ".ready", *_sources()], _install)
    return PYTHON


def write_kernelspec(folder: Path) -> None:
    """Write a kernel "python3" of this environment, for Jupyter to find in a data folder."""
    spec = {
        "argv": [str(PYTHON), "-m", "colab_kernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
        "env": {"PYTHONPATH": str(STUB)},
    }
    place = folder / "kernels" / "python3"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(spec))


def _sources() -> Iterator[Path]:
    yield from (ROOT / name for name in SETUP)
    for path in (ROOT / "seedream_widgets").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _when_older(stamp: Path, sources: list[Path], make: Callable[[], None]) -> None:
    newest = max(source.stat().st_mtime for source in sources)
    if not stamp.exists() or stamp.stat().st_mtime < newest:
        make()
        stamp.touch()
        os.utime(stamp, (newest, newest))


def _make() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(VENV))
    _pip("install", "--requirement", str(REQUIREMENTS))


def _install() -> None:
    """Install the wheel as a class does: pip decides what else it brings or replaces."""
    shutil.rmtree(WHEELS, ignore_errors=True)
    build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", str(WHEELS), str(ROOT))
    _run(sys.executable, *build)
    (wheel,) = WHEELS.glob("*.whl")
    _pip("uninstall", "--yes", "seedream-widgets")
    _pip("install", str(wheel))


def _pip(*arguments: str) -> None:
    _run(str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")

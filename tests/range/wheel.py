"""Build the wheel once, and install it with one choice of dependencies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "range"
Choice = Literal["lowest-direct", "highest"]
SHOWN = (
    "anywidget", "fal-client", "httpx", "ipykernel", "ipython", "ipywidgets", "pillow",
    "platformdirs", "sniffio", "urllib3",
)  # fmt: skip


class RangeError(Exception):
    """Tell that a step failed; its output says why."""


def build(out: Path) -> Path:
    """Build the wheel from the working tree."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    run([*command, str(ROOT)])
    (wheel,) = out.glob("*.whl")
    return wheel


def install(
    python: Path, wheel: Path, choice: Choice, beside: tuple[str, ...], folder: Path
) -> Path:
    """Make a venv with the wheel, and return its interpreter.

    Sources are not built: what has no wheel for this Python is not what a user gets either, so
    its oldest version is the oldest with a wheel.
    """
    uv = [sys.executable, "-m", "uv"]
    # The bounds are named too: those of a wheel alone are not "direct".
    direct = ("-r", str(ROOT / "pyproject.toml"))
    run([*uv, "venv", "--quiet", "--clear", "--python", str(python), str(folder)])
    own = folder / "bin" / "python"
    run(
        [
            *(*uv, "pip", "install", "--quiet", "--python", str(own), "--resolution", choice),
            *("--only-binary", ":all:", str(wheel), *direct, *beside),
        ]
    )
    return own


def add(python: Path, names: tuple[str, ...]) -> None:
    """Install what the tests need, and change nothing of what is there."""
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
    run([*uv, "--only-binary", ":all:", *names])


def versions(python: Path, names: Collection[str] = SHOWN) -> dict[str, str]:
    """Return what is installed of `names`."""
    listed = run([sys.executable, "-m", "uv", "pip", "freeze", "--python", str(python)])
    return {
        name: version
        for name, version in re.findall(r"^([\w.-]+)==(\S+)$", listed, re.M)
        if name in names
    }


def run(command: list[str], **variables: str) -> str:
    """Run a command without Node, a key or this checkout in reach, and return what it prints.

    Raises:
        RangeError: It failed.
    """
    hidden = ("FAL_", "PYTHONPATH", "VIRTUAL_ENV")
    env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    done = subprocess.run(
        command, cwd=FOLDER if FOLDER.is_dir() else ROOT, env={**env, **variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RangeError(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-6000:]}")
    return done.stdout

"""One trial: the installed wheel by itself, then a fast part of the tests against it."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from tests.range.wheel import FOLDER, ROOT, add, install, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.range.wheel import Choice

KERNELS: dict[Choice, str] = {"lowest-direct": "ipykernel>=6.29,<7", "highest": "ipykernel>=7"}
BESIDE = (
    "aiohttp", "defusedxml", "hypothesis", "jupyter_client", "nbconvert", "numpy", "psutil",
    "pytest", "pytest-timeout", "pysocks", "socksio", "trustme",
)  # fmt: skip
FEW = ("test_api", "range/test_in_kernel", "backends/fal/test_submit")
PARTS = (
    *FEW, "jobs/test_client", "values/test_request", "values/test_result", "studio/test_widget",
    "backends/fal/test_downloads", "display/test_html", "images/test_load",
    "images/test_arrays", "test_init",
    "library/test_library", "images/test_previews", "jobs/test_run", "library/test_index",
    "studio/test_protocol", "studio/test_uploads", "backends/fal/test_fetch",
    "backends/fal/test_uploads", "backends/fal/test_watch",
    "backends/fal/test_connections", "display/test_search",
)  # fmt: skip
_INI = """[pytest]
addopts = -ra -q --strict-markers -p no:cacheprovider
timeout = 120
markers =
  browser: not here
  slow: all the same here
"""
DRAW = """
import shutil, sys
import seedream_widgets as sd
assert shutil.which("node") is None and shutil.which("npm") is None
assert "site-packages" in sd.__file__, sd.__file__
result = sd.generate("a red fox", image_size=(960, 960))
assert result.image.size == (960, 960), result
assert result.backend == "offline"
studio = sd.Studio(prompt="a red fox")
assert "export" in str(studio._esm)
print(sd.__version__)
"""


def draw(python: Path) -> str:
    """Import the package, draw a picture offline and make a studio; Node is out of reach."""
    home = FOLDER / "home"
    return run([str(python), "-c", DRAW], PATH=str(python.parent), SEEDREAM_HOME=str(home))


def copy_tests() -> None:
    """Put the tests where the package's own checkout is not."""
    shutil.rmtree(FOLDER / "tests", ignore_errors=True)
    wanted = shutil.ignore_patterns("__pycache__", "hosts", "browser", "bench", "node_modules")
    shutil.copytree(ROOT / "tests", FOLDER / "tests", ignore=wanted)
    shutil.copyfile(ROOT / "pyproject.toml", FOLDER / "pyproject.toml")
    (FOLDER / "pytest.ini").write_text(_INI)


def run_tests(python: Path, parts: tuple[str, ...], few: tuple[str, ...] = ()) -> str:
    """Run tests against what is installed, and return what pytest counted.

    With `few`, only these of the parts run; the others are imported, so that what they need that
    is not there is seen.
    """
    only = ("-k", " or ".join(part.rpartition("/")[2] for part in few)) if few else ()
    command = [str(python), "-m", "pytest", *only, *(f"tests/{part}.py" for part in parts)]
    told = run(command, SEEDREAM_HOME=str(FOLDER / "home"))
    found = re.findall(r"\d+ (?:passed|skipped|xfailed)", told.strip().splitlines()[-1])
    return ", ".join(found)


def trial(
    python: Path, wheel: Path, choice: Choice, folder: Path, few: tuple[str, ...] = ()
) -> tuple[Path, str]:
    """Install one choice on one Python and try it; return its interpreter and what passed."""
    own = install(python, wheel, choice, (KERNELS[choice],), folder)
    draw(own)
    add(own, BESIDE)
    if choice == "lowest-direct":
        # `tests.page` takes the place of ipywidgets 8's comms; 7 is tried in a real kernel.
        parts = tuple(part for part in PARTS if not part.startswith("studio/"))
    else:
        parts = PARTS
    return own, run_tests(own, parts, few)


CHOICES: dict[str, Choice] = {"oldest": "lowest-direct", "newest": "highest"}

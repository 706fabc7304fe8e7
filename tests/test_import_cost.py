"""Importing the package is nearly free; only the widget pays for widgets."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {
    *("anywidget", "httpx", "urllib3", "PIL", "numpy", "fal_client"),
    *("IPython", "ipywidgets", "traitlets"),
}
RUNS = 7
LIMIT = 1.2


def python(code: str, **variables: str) -> Any:
    """Run code in a fresh interpreter and read the JSON it prints."""
    env = {**os.environ, **variables}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def cpu_seconds(statement: str, compiled: Path) -> float:
    timed = f"start = time.process_time()\n{statement}\nprint(time.process_time() - start)"
    where = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(compiled)}
    return float(python(f"import time\n{timed}", **where))


def test_import_loads_nothing_heavy() -> None:
    code = "import json, sys, seedream_widgets; print(json.dumps(sorted(sys.modules)))"
    assert not HEAVY & {name.partition(".")[0] for name in python(code)}


def test_import_loads_itself_alone() -> None:
    loaded = "set(sys.modules)"
    code = f"before = {loaded}; import seedream_widgets; print(json.dumps([*({loaded} - before)]))"
    assert set(python(f"import json, sys; {code}")) <= {"__future__", "seedream_widgets"}


def test_the_fal_backend_loads_httpx_with_its_first_call_only() -> None:
    code = (
        "import json, sys\n"
        "from seedream_widgets.backends.fal import FalBackend\n"
        "from seedream_widgets.credentials import Key\n"
        "FalBackend(Key('id:secret'))\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    assert not {"httpx", "fal_client", "urllib3"} & set(python(code))


def test_every_public_name_is_there() -> None:
    code = (
        "import json, seedream_widgets as sd\n"
        "listed = dir(sd)\n"
        "found = [name for name in sd.__all__ if getattr(sd, name, None) is not None]\n"
        "print(json.dumps([sd.__all__, listed, found]))"
    )
    public, listed, found = python(code)
    assert found == public
    assert set(public) <= set(listed)
    assert len(public) == len(set(public))
    assert {"Studio", "generate", "edit", "submit", "SeedreamError"} <= set(public)


def test_an_unknown_name_is_an_attribute_error() -> None:
    code = "import json, seedream_widgets as sd; print(json.dumps(hasattr(sd, 'studdio')))"
    assert python(code) is False


def test_studio_costs_little_more_than_anywidget(tmp_path: Path) -> None:
    anywidget, studio = [], []
    for _ in range(1 + RUNS):  # the first compiles, as pip does
        anywidget.append(cpu_seconds("import anywidget", tmp_path))
        studio.append(cpu_seconds("import seedream_widgets as sd; sd.Studio", tmp_path))
    ratio = statistics.median(studio[1:]) / statistics.median(anywidget[1:])
    assert ratio <= LIMIT, f"sd.Studio costs {ratio:.2f} times importing anywidget"

"""Importing the package, beside importing eagerly what it uses; and the bundle's size."""

from __future__ import annotations

from pathlib import Path

from tests.bench.rows import Row, fresh, hand_over, interleaved

EAGER = "import asyncio, anywidget, fal_client, httpx, IPython, numpy, PIL.Image"
OURS = "import seedream_widgets"
STATIC = Path(__file__).parents[2] / "seedream_widgets" / "static"
RUNS = 7


def took(statement: str, before: str = "pass") -> float:
    """Return the milliseconds of a statement in a new interpreter."""
    code = (
        f"import json, time\n{before}\nbegan = time.perf_counter()\n{statement}\n"
        "print(json.dumps(1000 * (time.perf_counter() - began)))"
    )
    return float(fresh(code))


def rows() -> list[Row]:
    kernel = "import ipykernel.ipkernel, ipykernel.zmqshell"
    ways = {
        "ours": lambda: took(OURS),
        "today": lambda: took(EAGER),
        "ours in a kernel": lambda: took(OURS, kernel),
        "today in a kernel": lambda: took(EAGER, kernel),
        "widget": lambda: took("import seedream_widgets as sd; sd.Studio"),
    }
    found = interleaved(RUNS, ways)
    bundle = sum((STATIC / name).stat().st_size for name in ("studio.js", "studio.css"))
    return [
        Row("import, ms (today: all it uses, eagerly)", found["ours"], found["today"], times=50),
        Row(
            "import in a running kernel, ms",
            found["ours in a kernel"],
            found["today in a kernel"],
            times=50,
        ),
        Row("import and the widget's class, ms", found["widget"], found["today"]),
        Row(
            "page: script and styles, KB",
            bundle / 1000,
            most=120,
            why="14 KB are Preact and its hooks, 27 KB styles for every host and theme, and no "
            "module of our own has over 6.2 KB: the rest goes only with features",
        ),
    ]


if __name__ == "__main__":
    hand_over(rows())

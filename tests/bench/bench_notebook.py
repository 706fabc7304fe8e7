"""What one image of 4096² costs a notebook: a result as a cell's value beside `display(pil)`.

Both run in one real kernel through nbclient, as `jupyter nbconvert --execute` runs them.
"""

from __future__ import annotations

import os
import tempfile
import time

import nbformat
from nbclient import NotebookClient

from tests.bench.photos import photo
from tests.bench.rows import Row, hand_over, interleaved

RUNS = 3
SETUP = """
import asyncio, shutil
from IPython.display import display
from PIL import Image
import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend

class OnePhoto(ScriptedBackend):
    async def download(self, file, target, arriving=None):
        await asyncio.to_thread(shutil.copyfile, %r, target)

result = sd.Client(OnePhoto("fal")).submit(sd.Request("a fox", seed=7)).result()
"""


def rows() -> list[Row]:
    path = photo(4096)
    with tempfile.TemporaryDirectory() as home:
        os.environ["SEEDREAM_HOME"] = home
        book = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_code_cell(SETUP % str(path)),
                nbformat.v4.new_code_cell("result"),
                nbformat.v4.new_code_cell(f"display(Image.open({str(path)!r}))"),
            ]
        )
        client = NotebookClient(book, timeout=120)
        with client.setup_kernel():
            client.execute_cell(book.cells[0], 0)

            def seconds(index: int) -> float:
                began = time.perf_counter()
                client.execute_cell(book.cells[index], index)
                return time.perf_counter() - began

            took = interleaved(RUNS, {"ours": lambda: seconds(1), "today": lambda: seconds(2)})
    assert "image/png" in book.cells[2].outputs[0]["data"]
    size = dict(zip(("ours", "today"), map(_megabytes, book.cells[1:]), strict=True))
    return [
        Row("notebook bytes of one PNG of 4096², MB", **size, times=250),
        Row("time of its cell, s", **took, times=2.5),
    ]


def _megabytes(cell: nbformat.NotebookNode) -> float:
    return len(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode()) / 1e6


if __name__ == "__main__":
    hand_over(rows())

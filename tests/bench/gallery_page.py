"""The gallery over 10,000 results in a real JupyterLab: ``python -m tests.bench.gallery_page``.

It prints how long the first screen and a search take, the long tasks of scrolling from end to end
and back, how many elements stand for the list, and the page's heap before and after; then that of
300 pictures looked at in the viewer, each until it is sharp.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.chromium import chromium
from tests.browser.jupyter import jupyter_server
from tests.browser.lab import Notebook, write_notebook
from tests.many_results import fill

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

RESULTS, DAYS = 10_000, 200
OPENED = 300
CELL = """import os
os.environ["SEEDREAM_HOME"] = {home!r}
import seedream_widgets as sd
sd.gallery()"""
WATCH = """() => {
  window.longest = []
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.longest.push(Math.round(entry.duration))
  }).observe({ type: "longtask" })
}"""
SCROLL = """async grid => {
  const frame = () => new Promise(requestAnimationFrame)
  window.longest.length = 0
  let most = 0
  const end = grid.scrollHeight - grid.clientHeight
  const step = end / 240
  for (const way of [1, -1]) {
    for (let at = 0; at <= 240; at += 1) {
      grid.scrollTop = way > 0 ? at * step : end - at * step
      await frame()
      most = Math.max(most, grid.querySelectorAll("*").length)
    }
  }
  return { most, height: grid.scrollHeight, longest: [...window.longest].sort((a, b) => b - a) }
}"""
DRAWN = """() => [...document.querySelectorAll(".sd-pictures img")]
  .filter(image => image.complete && image.naturalWidth > 0).length >= 8"""


SHARP = """at => document.querySelector(".sd-viewer b")?.textContent.includes(`${at} of `)
  && [...document.querySelectorAll(".sd-sharp")].some(image => image.naturalWidth > 0)"""


def heap(session: CDPSession) -> float:
    """Return megabytes that the page's scripts hold, after a collection."""
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")
    return float(used["usedSize"]) / 1e6


def measure(page: Page, book: Notebook, results: int) -> None:
    page.evaluate(WATCH)
    book.run(1)  # packages are imported, and the index is filled, by a search of its own
    began = time.perf_counter()
    book.run(0, wait=False)
    page.wait_for_function(DRAWN, timeout=60_000)
    print(f"first screen drawn: {time.perf_counter() - began:.2f} s after the cell was run")
    grid = page.get_by_role("grid", name="Pictures")
    session = page.context.new_cdp_session(page)
    before = heap(session)
    for turn in (1, 2, 3):
        found = grid.evaluate(SCROLL)
        over = [task for task in found["longest"] if task > 50]
        print(
            f"scroll {turn}: {found['height']:,} px down and up in 482 steps, at most "
            f"{found['most']} elements; tasks over 50 ms: {len(over)}, longest {over[:3]}; "
            f"heap {heap(session):.1f} MB, before {before:.1f} MB"
        )
    field = page.get_by_role("searchbox", name="Search prompts")
    status = page.locator(".sd-gallery [role=status]")
    began = time.perf_counter()
    field.fill(f"no. {results - 7}")
    page.wait_for_function(
        "line => line.textContent === '2 pictures'", arg=status.element_handle(), timeout=60_000
    )
    print(f"search: {time.perf_counter() - began:.2f} s from typing to the count")
    field.fill("")
    page.wait_for_function(
        f"line => line.textContent.startsWith('{2 * results:,} ')", arg=status.element_handle()
    )
    open_many(page, session)


def open_many(page: Page, session: CDPSession) -> None:
    """Look at so many pictures in the viewer, one after the other, and close it."""
    page.get_by_role("gridcell").first.dblclick()
    page.wait_for_function(SHARP, arg=1)
    before = most = heap(session)
    began = time.perf_counter()
    for at in range(2, OPENED + 1):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(SHARP, arg=at)
        if at % 50 == 0:
            most = max(most, heap(session))
    seconds = time.perf_counter() - began
    page.keyboard.press("Escape")
    after = heap(session)
    print(
        f"viewer: {OPENED} pictures, each until sharp, {seconds:.0f} s; "
        f"heap {after:.1f} MB after, at most {max(most, after):.1f} MB, before {before:.1f} MB"
    )


def main(results: int = RESULTS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "library"
        fill(home, results, days=DAYS)
        with jupyter_server(Path(folder)) as server, chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            cell = CELL.format(home=str(home))
            warm = cell.rpartition("\n")[0] + "\nprint(len(sd.library.search()))"
            write_notebook(server.folder / "gallery.ipynb", [cell, warm])
            book = Notebook(page, server, "gallery.ipynb")
            measure(page, book, results)
            book.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

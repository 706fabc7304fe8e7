"""The viewer over pictures of 4096² in a real JupyterLab: ``python -m tests.bench.viewer_page``.

It prints how long a picture that has been open for a second takes to be sharp at 100 %, and what
came for it; then the difference of two of them in the kernel. Each beside what a notebook does
today: PIL images as a cell's output, and numpy.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.chromium import chromium
from tests.browser.jupyter import jupyter_server
from tests.browser.lab import Notebook, write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Page, WebSocket

PICTURES = 4
MAKE = f"""import time
import numpy as np
from PIL import Image
import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
client = sd.Client(backend=OfflineBackend(pace=0))
asked = [sd.Request("a red fox", seed=seed, image_size=(4096, 4096)) for seed in range({PICTURES})]
made = [client.submit(each).result() for each in asked]
sd.gallery(library=client.library)"""
TODAY = """from IPython.display import display
began = time.perf_counter()
display(Image.open(made[0].files[0].path))"""
DIFFERENCE = """def took(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began

def by_hand(a, b):
    one, other = (np.asarray(Image.open(each.files[0].path)).astype(int) for each in (a, b))
    apart = np.abs(one - other)
    return apart.mean(), (apart.max(axis=2) > 0).mean()

ours = [took(lambda: made[0].difference(made[n])) for n in (1, 2, 3)]
today = [took(lambda: by_hand(made[0], made[n])) for n in (1, 2, 3)]
print(f"{sorted(ours)[1]:.2f} {sorted(today)[1]:.2f}")"""
SHARP = """at => document.querySelector(".sd-viewer b")?.textContent.includes(`${at} of `)
  && [...document.querySelectorAll(".sd-sharp")].some(image => image.naturalWidth > 0)"""
WHOLE = """() => [...document.querySelectorAll(".sd-sharp")].some(image => image.naturalWidth > 0
  && Math.abs(image.naturalWidth - image.getBoundingClientRect().width * devicePixelRatio) < 2)"""
DRAWN = """() => [...document.querySelectorAll(".jp-OutputArea-output img")].some(
  image => image.complete && image.naturalWidth === 4096)"""


def sharp(page: Page) -> list[float]:
    """Return the seconds from asking for 100 % to a pixel for each pixel, for each picture."""
    page.get_by_role("gridcell").first.dblclick()
    took = []
    for at in range(1, PICTURES + 1):
        if at > 1:
            page.get_by_role("button", name="Next picture", exact=True).click()
        page.wait_for_function(SHARP, arg=at)
        page.wait_for_timeout(1000)  # the kernel decodes ahead meanwhile
        began = time.perf_counter()
        page.get_by_role("button", name="100 %", exact=True).click()
        page.wait_for_function(WHOLE)
        took.append(time.perf_counter() - began)
        page.get_by_role("button", name="Fit", exact=True).click()
    page.keyboard.press("Escape")
    return took


def bytes_received(page: Page) -> list[int]:
    """Return a list that takes the size of each message that comes to the page."""
    sizes: list[int] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: sizes.append(len(data)))

    page.on("websocket", listen)
    return sizes


def measure(page: Page, book: Notebook, received: list[int]) -> None:
    book.run(0)
    page.get_by_role("gridcell").first.wait_for(timeout=120_000)
    received.clear()
    took = sharp(page)
    each = ", ".join(f"{seconds:.2f}" for seconds in took)
    print(
        f"sharp at 100 %: {statistics.median(took):.2f} s (of {PICTURES}: {each}); "
        f"{sum(received) / 1e6:.1f} MB came for all of them"
    )
    received.clear()
    began = time.perf_counter()
    book.run(1, wait=False)
    page.wait_for_function(DRAWN, timeout=120_000)
    print(
        f"today, display of one PIL image: {time.perf_counter() - began:.2f} s until it is drawn; "
        f"{sum(received) / 1e6:.1f} MB came"
    )
    book.run(2)
    ours, today = re.findall(r"[\d.]+", book.text(2))
    print(f"difference of two: {ours} s; by hand with numpy: {today} s")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, jupyter_server(Path(folder)) as server:
        write_notebook(server.folder / "viewer.ipynb", [MAKE, TODAY, DIFFERENCE])
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            received = bytes_received(page)
            book = Notebook(page, server, "viewer.ipynb")
            measure(page, book, received)
            book.close()


if __name__ == "__main__":
    main()

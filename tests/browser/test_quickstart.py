"""The whole journey: open the quickstart, run it, type, drop 30 MB, generate, use the image."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from .chromium import drop_files
from .studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Page, WebSocket

    from .conftest import OpenNotebook, Shot

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
LIMIT = 10 * 1024 * 1024
"""What tornado takes in one message; more closes the connection without a word."""
USE = [cell.source for cell in nbformat.read(QUICKSTART, as_version=4).cells].index(
    "studio.image.size"
)
"""The cell of the quickstart that says ``studio.image.size``."""


class Wire:
    """What goes from the page to kernels: how often it connected, and every message's size."""

    def __init__(self, page: Page) -> None:
        self.connections = 0
        self.closed = 0
        self.sent: list[int] = []
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        if "/channels" in socket.url:
            self.connections += 1
            socket.on("framesent", lambda payload: self.sent.append(len(payload)))
            socket.on("close", self._close)

    def _close(self, _: WebSocket) -> None:
        self.closed += 1


def noise(path: Path, side: int) -> int:
    """Write a PNG that nothing compresses, and return its size."""
    pixels = np.random.default_rng(7).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, compress_level=1)
    return path.stat().st_size


@pytest.mark.own_page
def test_quickstart(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path, shot: Shot
) -> None:
    assert noise(tmp_path / "noise.png", 3200) > 30_000_000
    wire = Wire(page)
    book = notebook(QUICKSTART)
    book.run_all()
    studio = Studio(page)
    expect(studio.root).to_contain_text("Offline preview: no FAL_KEY")
    expect(studio.references).to_have_count(1)

    pid = book.kernel_pid()
    os.kill(pid, signal.SIGSTOP)  # a fast one would have it before it is looked at
    try:
        drop_files(page, studio.references_zone, [tmp_path / "noise.png"])
        progress = studio.root.get_by_role("progressbar", name=re.compile("noise.png"))
        expect(progress).to_be_attached()
        expect(studio.generate).to_have_attribute("aria-disabled", "true")
    finally:
        os.kill(pid, signal.SIGCONT)
    added = studio.root.get_by_role("listitem", name=re.compile("^Image 2: noise.jpg"))
    expect(added).to_be_attached(timeout=60_000)
    note = added.get_attribute("aria-label")
    assert re.search(r"3200 × 3200.*re-encoded as JPEG: 30\.7 MB to \d\.\d MB", str(note)), note
    assert sum(wire.sent) > 30_000_000
    assert max(wire.sent) < LIMIT

    studio.submit("image 1 and image 2 as one collage")
    studio.wait_for_pictures("image 1 and image 2 as one collage")
    previews = studio.preview_sizes()
    assert len(previews) >= 3
    assert max(previews) < 100_000
    book.run(USE)
    assert book.text(USE) == "(2304, 1728)"
    assert (wire.connections, wire.closed) == (1, 0)
    page.evaluate("document.activeElement.blur()")
    studio.root.scroll_into_view_if_needed()
    shot("quickstart")
    assert errors == []

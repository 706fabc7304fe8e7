"""Colab: its versions in a real kernel, and a page that works like its public sources say.

Real: ipykernel, ipywidgets, anywidget and the rest in the versions that Colab pins, the wheel
installed there by pip; `@jupyter-widgets/html-manager`, anywidget's own script as a CDN has it,
the sandbox of each output. Written after Colab's public sources (its widget manager, the
interface of its output frames, saved notebooks and pages): a frame for each cell, of an origin
that it shares with nobody; the page keeps every model's state, from the kernel's messages and
the frames', and tells it to frames that come later; comm messages go to every frame, and none
goes from frame to frame; buffers as Uint8Array; after a reload widgets are drawn from what the
notebook kept, with no way to the kernel, as their output is not of this session. Stricter than
Colab: every key that leaves a widget is a command. Guessed: after a restart frames hear nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.browser.studio import Studio

from .colab_venv import prepare, write_kernelspec
from .host import Book, Host
from .pages import pages, version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Locator, Page

MANAGER = "@jupyter-widgets/html-manager"
FRAME = "iframe[name=output-c{}]"


class FramedStudio(Studio):
    """A studio in a frame; where that is out of sight, Chromium draws nothing in it."""

    def __init__(self, page: Page, frame: str) -> None:
        self.frame = page.locator(frame)
        super().__init__(page, within=page.frame_locator(frame).locator("body"))

    def wait_for_pictures(self, prompt: str, count: int = 1, timeout: float = 60_000) -> None:
        self.frame.scroll_into_view_if_needed()
        super().wait_for_pictures(prompt, count, timeout)


class ColabBook(Book):
    """A notebook in the page; each cell's outputs are in a frame of its own."""

    def __init__(self, page: Page, url: str, cells: Sequence[str]) -> None:
        self.page = page
        page.goto(url)
        self._call("open", list(cells))

    def _call(self, name: str, *values: Any) -> Any:
        return self.page.evaluate(f"values => notebook.{name}(...values)", values)

    def place(self, cell: int) -> Locator:
        return self.page.frame_locator(FRAME.format(cell)).locator("body")

    def studio(self, cell: int = 0) -> Studio:
        return FramedStudio(self.page, FRAME.format(cell))

    def run(self, cell: int, *, wait: bool = True) -> None:
        self._call("run", cell, wait)

    def text(self, cell: int) -> str:
        return str(self._call("text", cell))

    def sources(self) -> list[str]:
        return list(self._call("sources"))

    def write(self, cell: int, source: str) -> None:
        self._call("write", cell, source)

    def on_disk(self) -> str:
        return str(self.page.evaluate("sessionStorage.getItem('notebook') ?? ''"))

    def theme(self, name: str) -> None:
        self._call("theme", name)

    def reload(self) -> None:
        self._call("save")
        self.page.reload()
        self._call("open")

    def restart_kernel(self) -> None:
        self._call("restart")

    def close(self) -> None:
        self._call("close")


class Colab(Host):
    name = "colab"
    label = f"Colab ({MANAGER} {version(MANAGER)}, ipywidgets 7.7.1)"
    serves_while_busy = False
    restores = False
    tells_restart = False
    tells_death = False

    @contextmanager
    def serve(self, home: Path) -> Iterator[None]:
        prepare()
        write_kernelspec(home / "kernels")
        env = {"JUPYTER_PATH": str(home / "kernels")}
        with pages(home, origins=1, env=env) as (server, (url,)):
            self._url = f"{url}/colab.html?{urlencode({'server': server.url})}"
            yield

    def open(self, page: Page, name: str, cells: Sequence[str]) -> ColabBook:
        return ColabBook(page, self._url, cells)

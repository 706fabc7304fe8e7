"""VS Code: its own published widget manager on a real kernel, in a page like its notebook's.

Real: the manager (npm `@vscode/jupyter-ipywidgets8`), the kernel and its server, anywidget from
the environment's nbextension through requirejs, the sandbox and the origin of the webview.
Written after VS Code's and its Jupyter extension's public sources: a window that alone holds the
kernel's socket, keys and dragged files that reach the webview's window and then belong to VS
Code, outputs laid over the window, theme variables, the fallback to text/html for widgets that
the window did not see, and a slow way to the page. As by VS Code's default, the webview sets no
Content-Security-Policy: with `notebook.experimental.enableCsp` no module may be imported from
a Blob URL, so no anywidget runs there at all.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .host import Book, Host
from .pages import pages, version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Locator, Page

PACKAGE = "@vscode/jupyter-ipywidgets8"


class VSCodeBook(Book):
    """A notebook in the window; its outputs are in the webview, a frame named so."""

    def __init__(self, page: Page, url: str, cells: Sequence[str]) -> None:
        self.page = page
        page.goto(url)
        self._call("open", list(cells))

    def _call(self, name: str, *values: Any) -> Any:
        return self.page.evaluate(f"values => notebook.{name}(...values)", values)

    def place(self, cell: int) -> Locator:
        frame = self.page.frame("webview")
        assert frame is not None
        return frame.locator(f"[data-cell=c{cell}]")

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


class VSCode(Host):
    name = "vscode"
    label = f"VS Code ({PACKAGE} {version(PACKAGE)})"
    serves_while_busy = False
    restores = False
    tells_restart = False
    tells_death = False

    @contextmanager
    def serve(self, home: Path) -> Iterator[None]:
        with pages(home, origins=2) as (server, (window, webview)):
            asked = {"server": server.url, "webview": f"{webview}/vscode-webview.html"}
            self._url = f"{window}/vscode.html?{urlencode(asked)}"
            yield

    def open(self, page: Page, name: str, cells: Sequence[str]) -> VSCodeBook:
        return VSCodeBook(page, self._url, cells)

"""JupyterLab and Notebook 7: the real servers."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from tests.browser.jupyter import JupyterServer, jupyter_server
from tests.browser.lab import Notebook, write_notebook

from .host import Book, Host

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Locator, Page


class JupyterBook(Notebook, Book):
    """A notebook in either: both are made of JupyterLab's parts."""

    def place(self, cell: int) -> Locator:
        return self.cell(cell)

    def on_disk(self) -> str:
        return self.file.read_text()

    def reload(self) -> None:
        self.save()
        super().reload()


class JupyterHost(Host):
    """A server of Jupyter's own; `app` is its module, `view` its URL of a notebook."""

    app: str
    view: str
    server: JupyterServer

    @contextmanager
    def serve(self, home: Path) -> Iterator[None]:
        with jupyter_server(home, app=self.app) as self.server:
            yield

    def open(self, page: Page, name: str, cells: Sequence[str]) -> JupyterBook:
        file = f"{name}.ipynb"
        write_notebook(self.server.folder / file, cells)
        return JupyterBook(page, self.server, file, view=self.view)


class JupyterLab(JupyterHost):
    name = "jupyterlab"
    label = f"JupyterLab {version('jupyterlab')}"
    app = "jupyterlab"
    view = "lab/tree"


class Notebook7(JupyterHost):
    name = "notebook"
    label = f"Notebook {version('notebook')}"
    app = "notebook"
    view = "notebooks"

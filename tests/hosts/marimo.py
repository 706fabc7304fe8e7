"""marimo: the real server in edit mode. Cells hold the studio as marimo's users write it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from importlib.metadata import version
from textwrap import indent
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

from tests.browser.jupyter import environment, free_port, stop

from .host import Book, Host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from playwright.sync_api import Locator, Page, WebSocket

START_SECONDS = 120
RUN_MS = 120_000
PLAIN = "studio = sd.Studio()"
WRAPPED = "import marimo as mo\nstudio = mo.ui.anywidget(sd.Studio())"
SETTINGS = """
[runtime]
auto_instantiate = false
[display]
theme = "light"
[save]
autosave = "off"
"""
SOURCE = "cell => [...cell.querySelectorAll('.cm-line')].map(line => line.textContent).join('\\n')"
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def write_book(path: Path, cells: Sequence[str]) -> None:
    """Write cells in marimo's own format: a function each."""
    parts = ["import marimo\n\napp = marimo.App()\n"]
    for source in cells:
        define = "async def" if "await" in source else "def"
        body = indent(f"{source.replace(PLAIN, WRAPPED)}\nreturn\n", "    ")
        parts.append(f"\n\n@app.cell\n{define} _():\n{body}")
    path.write_text("".join(parts))


class MarimoBook(Book):
    """A notebook in marimo's editor; its kernel tells the page when a cell runs and ends."""

    def __init__(self, page: Page, url: str, path: Path, count: int) -> None:
        self.page = page
        self._url, self._path, self._count = url, path, count
        self._states: dict[str, list[str]] = defaultdict(list)
        page.on("websocket", self._listen)
        page.goto(f"{url}/?file={path}")
        self._wait_until_ready()

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._note)

    def _note(self, frame: str | bytes) -> None:
        message: dict[str, Any] = json.loads(frame)
        if message.get("op") == "kernel-ready":
            self._states[""].append("ready")
        if message.get("op") == "cell-op" and message["data"].get("status"):
            self._states[message["data"]["cell_id"]].append(message["data"]["status"])

    def _wait_for(self, cell_id: str, state: str, known: int) -> None:
        """Wait until the kernel has said so after the first `known` states."""
        deadline = time.monotonic() + RUN_MS / 1000
        while state not in self._states[cell_id][known:]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"cell {cell_id!r} was never {state}: {self._states[cell_id]}")
            self.page.wait_for_timeout(20)
        self.page.evaluate(DRAWN)

    def _wait_until_ready(self, known: int = 0) -> None:
        self._wait_for("", "ready", known)
        self.place(self._count - 1).locator(".cm-content").wait_for(state="attached")

    def place(self, cell: int) -> Locator:
        return self.page.locator("[data-cell-id]").nth(cell)

    def run(self, cell: int, *, wait: bool = True) -> None:
        place = self.place(cell)
        cell_id = place.get_attribute("data-cell-id") or ""
        known = len(self._states[cell_id])
        place.locator(".cm-content").press("Control+Enter")
        self._wait_for(cell_id, "idle" if wait else "running", known)

    def text(self, cell: int) -> str:
        parts = self.place(cell).locator(".output-area, .console-output-area")
        return "\n".join(parts.all_inner_texts())

    def sources(self) -> list[str]:
        return [str(self.place(cell).evaluate(SOURCE)) for cell in range(self._count)]

    def write(self, cell: int, source: str) -> None:
        editor = self.place(cell).locator(".cm-content")
        editor.press("Control+a")
        editor.press_sequentially(source)

    def on_disk(self) -> str:
        return self._path.read_text()

    def theme(self, name: str) -> None:
        self.page.get_by_test_id("command-palette-button").click()
        self.page.get_by_role("option", name=f"Set theme: {name.lower()}").click()
        self.page.wait_for_selector(f"body.{name.lower()}", state="attached")

    def reload(self) -> None:
        known = len(self._states[""])
        self.page.get_by_test_id("save-button").click()
        self.page.reload()
        self._wait_until_ready(known)

    def restart_kernel(self) -> None:
        known = len(self._states[""])
        self.page.get_by_test_id("notebook-menu-dropdown").click()
        self.page.get_by_role("menuitem", name="Restart kernel").click()
        self.page.get_by_role("button", name="Confirm").click()
        self._wait_until_ready(known)

    def close(self) -> None:
        self.page.remove_listener("websocket", self._listen)
        for book in self._ask("running_notebooks")["files"]:
            if book["path"].endswith(self._path.name):
                self._ask("shutdown_session", sessionId=book["sessionId"])
        self.page.goto("about:blank")
        self._path.unlink()

    def _ask(self, name: str, **values: str) -> Any:
        return self.page.request.post(f"{self._url}/api/home/{name}", data=values).json()


class Marimo(Host):
    name = "marimo"
    label = f"marimo {version('marimo')}"
    serves_while_busy = False
    tells_death = False
    clears_on_restart = True

    @contextmanager
    def serve(self, home: Path) -> Iterator[None]:
        self._folder = home / "notebooks"
        self._folder.mkdir(parents=True)
        settings = home / "config" / "marimo" / "marimo.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(SETTINGS)
        port, log = free_port(), home / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(port, self._folder),
                env=variables(home),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._url = f"http://127.0.0.1:{port}"
        try:
            wait_until_up(f"{self._url}/health", process, log)
            yield
        finally:
            stop(process)

    def open(self, page: Page, name: str, cells: Sequence[str]) -> MarimoBook:
        path = self._folder / f"{name}.py"
        write_book(path, cells)
        return MarimoBook(page, self._url, path, len(cells))


def command(port: int, folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "marimo", "edit", "--headless", "--no-token", "--no-sandbox"),
        *("--skip-update-check", "--no-skew-protection", "--host=127.0.0.1"),
        *(f"--port={port}", str(folder)),
    ]


def variables(home: Path) -> Mapping[str, str]:
    """Give marimo's folders their place under home, beside ours."""
    folders = {
        f"XDG_{name.upper()}_HOME": str(home / name)
        for name in ("config", "state", "data", "cache")
    }
    return environment(home) | folders


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    opener = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(url, timeout=5):
                return
        except OSError:  # refused, or answered too late
            time.sleep(0.1)
    raise RuntimeError(f"marimo did not start:\n{log.read_text()[-4000:]}")

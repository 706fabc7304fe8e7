"""Serve the pages of web/, which stand in for hosts that can't be run here, and their kernels."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.browser.jupyter import JupyterServer, jupyter_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WEB = Path(__file__).parent / "web"
BUILT = Path(__file__).parents[2] / "build" / "hosts-web"
NBEXTENSIONS = Path(sys.prefix) / "share" / "jupyter" / "nbextensions"
SOURCES = ("*.ts", "*.html", "*.mjs", "package-lock.json")
KERNEL_SERVER = {
    # As VS Code: a kernel that was killed stays so, and nobody tells the page.
    "KernelManager": {"autorestart": False},
    "ServerApp": {"allow_origin": "*", "disable_check_xsrf": True, "allow_remote_access": False},
}


def version(package: str) -> str:
    """Read which version of an npm package the pages are locked to."""
    locked = json.loads((WEB / "package-lock.json").read_text())
    return str(locked["packages"][f"node_modules/{package}"]["version"])


def build() -> None:
    """Bundle the pages, where their sources are newer than what was built last."""
    ready = WEB / "node_modules" / ".ready"
    if _older(ready, [WEB / "package-lock.json"]):
        subprocess.run(["npm", "--prefix", WEB, "ci", "--loglevel=error"], check=True)
        ready.touch()
    done = BUILT / ".built"
    if _older(done, [path for pattern in SOURCES for path in WEB.glob(pattern)]):
        subprocess.run(["npm", "--prefix", WEB, "run", "--silent", "build"], check=True)
        done.touch()


def _older(target: Path, sources: list[Path]) -> bool:
    return not target.exists() or target.stat().st_mtime < max(
        source.stat().st_mtime for source in sources
    )


class _Pages(SimpleHTTPRequestHandler):
    """The built pages, with the environment's nbextensions under /nbextensions/."""

    def translate_path(self, path: str) -> str:
        base = Path(super().translate_path("/"))
        inside = Path(super().translate_path(path)).relative_to(base)
        top, *rest = inside.parts or ("",)
        return str(NBEXTENSIONS.joinpath(*rest) if top == "nbextensions" else BUILT / inside)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the tests look at the page."""


@contextmanager
def origin() -> Iterator[str]:
    """Serve the pages on a port, and so an origin, of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, directory=str(BUILT)))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def kernels(home: Path, env: Mapping[str, str] | None = None) -> Iterator[JupyterServer]:
    """Run a Jupyter server that the pages may ask from their own origins."""
    config = home / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "jupyter_server_config.json").write_text(json.dumps(KERNEL_SERVER))
    with jupyter_server(home, app="jupyter_server", env=env) as server:
        yield server


@contextmanager
def pages(
    home: Path, origins: int, env: Mapping[str, str] | None = None
) -> Iterator[tuple[JupyterServer, list[str]]]:
    """Build the pages, and serve them on so many origins beside a server of kernels."""
    build()
    with ExitStack() as stack:
        urls = [stack.enter_context(origin()) for _ in range(origins)]
        yield stack.enter_context(kernels(home, env)), urls

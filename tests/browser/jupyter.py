"""Start a real Jupyter server that sees nothing of the machine's own configuration."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

START_SECONDS = 120
STOP_SECONDS = 10

QUIET_SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/apputils-extension:themes": {"theme": "JupyterLab Light"},
}


@dataclass(frozen=True)
class JupyterServer:
    """A running server: where it listens, and the folder it serves."""

    url: str
    folder: Path


def free_port() -> int:
    """Find one below those that systems hand out, as a kernel would take it before the server."""
    for port in random.sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


def environment(home: Path) -> dict[str, str]:
    """Keep the environment, less every fal key, with Jupyter's folders and ours under home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAL_")}
    return kept | {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "SEEDREAM_HOME": str(home / "seedream"),
    }


def write_settings(home: Path, settings: dict[str, dict[str, Any]]) -> None:
    folder = home / "config" / "labconfig"
    folder.mkdir(parents=True)
    merged = {
        plugin: QUIET_SETTINGS.get(plugin, {}) | settings.get(plugin, {})
        for plugin in {*QUIET_SETTINGS, *settings}
    }
    (folder / "default_setting_overrides.json").write_text(json.dumps(merged))


def command(app: str, port: int, folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", app, "--no-browser", "--allow-root"),
        f"--port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
    ]


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    opener = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(f"{url}/api/status", timeout=5):
                return
        except OSError:  # refused, or answered too late
            time.sleep(0.1)
    raise RuntimeError(f"Jupyter did not start:\n{log.read_text()[-4000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and its kernels, which live in process groups of their own."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in family:
        if child.is_running():
            child.kill()


@contextmanager
def jupyter_server(
    home: Path,
    app: str = "jupyterlab",
    settings: dict[str, dict[str, Any]] | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[JupyterServer]:
    """Serve a new folder under home.

    Args:
        home: Where everything of this server lies.
        app: The module to run: jupyterlab, or notebook.
        settings: On top of the quiet ones, by plugin id.
        env: On top of the environment; an empty value takes the variable away.
    """
    folder = home / "notebooks"
    folder.mkdir(parents=True)
    write_settings(home, settings or {})
    with serving(lambda port: command(app, port, folder), home, folder, env or {}) as url:
        yield JupyterServer(url, folder)


@contextmanager
def serving(
    started: Callable[[int], list[str]], home: Path, folder: Path, env: Mapping[str, str]
) -> Iterator[str]:
    """Run a Jupyter server in `folder` and give its address once it answers."""
    port, log = free_port(), home / "server.log"
    variables = environment(home) | dict(env)
    with log.open("wb") as output:
        process = subprocess.Popen(
            started(port),
            env={name: value for name, value in variables.items() if value},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(url, process, log)
        yield url
    finally:
        stop(process)

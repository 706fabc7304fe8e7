"""A real ipykernel process to run cells in, and to kill."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
_SECONDS = 200
_IMPORTS = """
import os

from tests.crash import cells
import seedream_widgets.backends.fal.session
"""


class KernelEnded(RuntimeError):
    """The kernel's process ended before its answer came."""


class Kernel:
    """One kernel; it starts while the caller does something else, and is awaited when used."""

    def __init__(self, home: Path) -> None:
        self._folder = tempfile.mkdtemp(prefix="krn")  # short: a socket's path is limited
        connection, _ = write_connection_file(
            f"{self._folder}/connection.json", transport="ipc", ip=f"{self._folder}/s"
        )
        self._client = BlockingKernelClient(connection_file=connection)
        self._client.load_connection_file()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", connection],
            cwd=ROOT,
            env={
                **os.environ,
                "IPYTHONDIR": str(home / "ipython"),
                "XDG_CACHE_HOME": str(home / "cache"),
                "JPY_PARENT_PID": str(os.getpid()),  # it ends when the tests do
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._client.start_channels(hb=False)
        self._first = self.start("os.getpid()", _IMPORTS)  # it is kept until the kernel listens

    def use(self, library: Path, env: Mapping[str, str]) -> Kernel:
        """Set the library and the server before the package looks for either."""
        if self._first:
            assert self.answer(self._first) == self.process.pid
            self._first = ""
        variables = {**env, "SEEDREAM_HOME": str(library)}
        self.ask(f"cells.set_environment({variables!r})")
        return self

    def start(self, code: str, before: str = "") -> str:
        """Run a cell and do not wait for its value; `answer` does."""
        expressions = {"value": f"__import__('json').dumps({code})"}
        return self._client.execute(before, user_expressions=expressions)

    def answer(self, cell: str, seconds: float = _SECONDS) -> Any:
        """Return a cell's value."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            try:
                reply = self._client.get_shell_msg(timeout=max(0.0, min(1.0, left)))
            except Empty:
                if self.process.poll() is not None:
                    raise KernelEnded(f"with {self.process.returncode}") from None
                if left <= 0:
                    raise
                continue
            if reply["parent_header"].get("msg_id") == cell:
                break
        value = reply["content"]["user_expressions"]["value"]
        if value["status"] != "ok":
            raise RuntimeError("\n".join(value["traceback"]))
        return json.loads(ast.literal_eval(value["data"]["text/plain"]))

    def ask(self, code: str, seconds: float = _SECONDS) -> Any:
        return self.answer(self.start(code), seconds)

    def kill(self, how: signal.Signals = signal.SIGKILL, *, reap: bool = True) -> None:
        """End the process; not reaped it stays a zombie, as under a careless parent."""
        self.process.send_signal(how)
        if reap:
            self.process.wait(_SECONDS)
        else:
            os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)

    def close(self, how: signal.Signals = signal.SIGKILL) -> None:
        self.kill(how)
        self._client.stop_channels()
        self._client.context.destroy(linger=0)
        shutil.rmtree(self._folder, ignore_errors=True)


class Kernels:
    """Give out kernels on one server; the next one starts while the last one is in use."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._spare: Kernel | None = None
        self._given: list[Kernel] = []

    def take(self, library: Path, env: Mapping[str, str]) -> Kernel:
        kernel = self._spare or Kernel(self._home)
        self._given.append(kernel)
        self._spare = Kernel(self._home)
        return kernel.use(library, env)

    def end(self, kernel: Kernel, how: signal.Signals = signal.SIGKILL) -> None:
        self._given.remove(kernel)
        kernel.close(how)

    def close(self, *, spare: bool = False) -> None:
        while self._given:
            self._given.pop().close()
        if spare and self._spare:
            self._spare.close()

"""A library and a server, and one kernel after the other."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING, Any

import psutil

from tests.crash.audit import audit, pending
from tests.scripted import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.crash.kernel import Kernel, Kernels
    from tests.fal_server import FalServer


class Notebook:
    """Run cells in kernels, kill these, and resume in others."""

    def __init__(
        self, kernels: Kernels, library: Path, server: FalServer, machine: str = ""
    ) -> None:
        self.kernels, self.library, self.server = kernels, library, server
        self._machine = machine

    def kernel(self) -> Kernel:
        kernel = self.kernels.take(self.library, self.server.env)
        if self._machine:
            kernel.ask(f"cells.be_on({self._machine!r})")
        return kernel

    def killed(self, cell: str, when: Callable[[], object]) -> None:
        """Run a cell and kill its kernel once something is so, and stays so."""
        kernel = self.kernel()
        kernel.start(cell)
        until(when)
        kernel.kill()

    def killed_before(self, event: str, pattern: str, cell: str) -> None:
        """Run a cell and kill its kernel when it is about to change such a file of the library."""
        assert self.killed_before_change(1, cell, event, pattern), "the point was never reached"

    def killed_before_change(
        self, number: int, cell: str, event: str = "", pattern: str = "*"
    ) -> str:
        """Kill it before the `number`-th change, and tell which; nothing if it has made fewer."""
        kernel, _, change = self.stopped_before_change(number, cell, event, pattern)
        kernel.kill()
        return change

    def stopped_before_change(
        self, number: int, cell: str, event: str = "", pattern: str = "*"
    ) -> tuple[Kernel, str, str]:
        """Stop it there, and return it, the cell that runs in it, and the change."""
        marker = self.library.with_name("reached")
        marker.unlink(missing_ok=True)
        kernel = self.kernel()
        what = event, str(self.library / pattern), str(marker), number
        kernel.ask(f"cells.stop_before(*{what!r})")
        running = kernel.start(f"[{cell}, cells.wait()]")
        while not marker.exists():
            with suppress(Empty):
                kernel.answer(running, 0.01)
                return kernel, running, ""
        process = psutil.Process(kernel.process.pid)
        until(lambda: process.status() == psutil.STATUS_STOPPED)
        return kernel, running, marker.read_text("utf-8")

    def resumed(self) -> list[dict[str, Any]]:
        """Resume in a new kernel, check everything, and return what became of the jobs."""
        submits = self.server.count("submit")
        kernel = self.kernel()
        outcomes = kernel.ask("cells.resume()")
        assert self.server.count("submit") == submits
        audit(self.library, self.server, kernel.ask("cells.spending()"))
        assert kernel.ask("cells.resume()") == []
        return outcomes

    @property
    def steps(self) -> set[str]:
        return {entry["step"] for entry in pending(self.library)}

    def staged(self, pattern: str) -> list[Path]:
        return list((self.library / ".staging").glob(f"**/{pattern}"))


def right(outcomes: list[dict[str, Any]], server: FalServer, jobs: int, images: int = 1) -> bool:
    """Tell whether these are the jobs' results, in the server's colours."""
    return len(outcomes) == jobs and all(
        [tuple(color) for color in each["colors"]]
        == [server.expected_color(each["prompt"], each["seed"], n) for n in range(images)]
        and each["note"] is None
        for each in outcomes
    )

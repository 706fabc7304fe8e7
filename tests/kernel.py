"""A real ipykernel for tests of what people type: cells, their outputs, completion."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import start_new_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager

SECONDS = 120


class Kernel:
    """Runs cells one after the other."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self._manager, self._client = manager, client
        self._busy = ""

    def run(
        self,
        code: str,
        seen: list[dict[str, Any]] | None = None,
        *,
        unseen: bool = False,
        interrupted: bool = False,
    ) -> list[dict[str, Any]]:
        """Run a cell and return its outputs as the messages that came, displays as updated.

        Args:
            code: The cell.
            seen: Gets the data of every display, and of every update of one, those that came
                since the cell before included.
            unseen: Say that nobody can be asked, as what runs notebooks in the background does.
            interrupted: Interrupt it once it has shown something.
        """
        outputs: list[dict[str, Any]] = []

        def hear(message: dict[str, Any], own: bool) -> None:
            kind, content = message["header"]["msg_type"], message["content"]
            if seen is not None and "text/plain" in content.get("data", {}):
                seen.append(content["data"])
            if own and interrupted and kind == "display_data":
                self._manager.interrupt_kernel()
            if kind == "update_display_data":
                for output in outputs:
                    if output.get("transient") == content["transient"]:
                        output["data"] = content["data"]
            elif own and kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append({"kind": kind, **content})

        # Where one never ended, as in a test that failed, the tests that follow need not wait, too.
        assert not self._busy, f"this cell still runs: {self._busy}"
        self._busy = code
        # `execute_interactive` would pass over what an earlier cell's job shows between two cells.
        asked = self._client.execute(code, allow_stdin=not unseen)
        idle = False
        while not idle:
            message = self._client.get_iopub_msg(timeout=SECONDS)
            own = message["parent_header"].get("msg_id") == asked
            hear(message, own)
            idle = own and message["content"].get("execution_state") == "idle"
        while self._client.get_shell_msg(timeout=SECONDS)["parent_header"]["msg_id"] != asked:
            pass
        self._busy = ""
        return outputs

    def complete(self, code: str) -> list[str]:
        """Return what the kernel offers at the end of `code`."""
        reply = self._client.complete(code, len(code), reply=True, timeout=SECONDS)
        matches: list[str] = reply["content"]["matches"]
        return matches


@contextmanager
def kernel(home: Path, **more: str) -> Iterator[Kernel]:
    """Start a kernel with a library of its own, no key, and `more` in its environment."""
    import os

    env = {name: value for name, value in os.environ.items() if not name.startswith("FAL_")}
    variables = {**env, "SEEDREAM_HOME": str(home), **more}
    manager, client = start_new_kernel(startup_timeout=SECONDS, env=variables)
    try:
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

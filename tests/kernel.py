"""A real ipykernel for tests of what people type: cells, their outputs, completion."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import start_new_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_client.blocking.client import BlockingKernelClient

SECONDS = 60


class Kernel:
    """Runs cells one after the other."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, code: str) -> list[dict[str, Any]]:
        """Run a cell and return its outputs as the messages that came, displays as updated."""
        outputs: list[dict[str, Any]] = []

        def hear(message: dict[str, Any]) -> None:
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "update_display_data":
                for output in outputs:
                    if output.get("transient") == content["transient"]:
                        output["data"] = content["data"]
            elif kind in ("stream", "display_data", "execute_result", "error"):
                outputs.append({"kind": kind, **content})

        self._client.execute_interactive(code, timeout=SECONDS, output_hook=hear)
        return outputs

    def complete(self, code: str) -> list[str]:
        """Return what the kernel offers at the end of `code`."""
        reply = self._client.complete(code, len(code), reply=True, timeout=SECONDS)
        matches: list[str] = reply["content"]["matches"]
        return matches


@contextmanager
def kernel(home: Path) -> Iterator[Kernel]:
    """Start a kernel with a library of its own and no key."""
    import os

    env = {name: value for name, value in os.environ.items() if not name.startswith("FAL_")}
    manager, client = start_new_kernel(env={**env, "SEEDREAM_HOME": str(home)})
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

"""A page of a real Jupyter server, without a browser: its websocket, its kernel, its comms."""

from __future__ import annotations

import ast
import json
import sys
import time
import uuid
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import aiohttp
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)

from tests.browser.jupyter import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

PROTOCOL = "v1.kernel.websocket.jupyter.org"
SECONDS = 90
Message = dict[str, Any]


class Page:
    """Speak to one kernel as JupyterLab does, and count what comes back."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._session = uuid.uuid4().hex
        self.received = self.buffers = 0
        """Bytes of all messages, and of their binary buffers."""

    async def send(self, channel: str, kind: str, content: Message, *buffers: bytes) -> str:
        """Send a message and return its id."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "username": "",
            "session": self._session,
            "date": datetime.now(timezone.utc).isoformat(),
            "version": "5.3",
        }
        parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
        await self._socket.send_bytes(serialize_msg_to_ws_v1([*parts, *buffers], channel))
        return str(header["msg_id"])

    async def wait(self, wanted: Callable[[Message], bool]) -> Message:
        """Return the next message that is wanted, and drop those before it."""
        end = time.monotonic() + SECONDS
        while True:
            frame = await self._socket.receive(end - time.monotonic())
            if frame.type not in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
                raise ConnectionError(f"the websocket closes ({self._socket.close_code})")
            self.received += len(frame.data)
            message = _read(frame.data)
            self.buffers += sum(map(len, message["buffers"]))
            if wanted(message):
                return message

    async def run(self, code: str) -> Any:
        """Run a cell whose last line is an expression, and return its value."""
        before, _, last = code.strip().rpartition("\n")
        asked = {"value": f"__import__('json').dumps({last})"}
        content = {"code": before, "silent": False, "user_expressions": asked}
        name = await self.send("shell", "execute_request", content)
        reply, idle = None, False
        while reply is None or not idle:  # its last outputs may come after its reply
            message = await self.wait(lambda m: m["parent_header"].get("msg_id") == name)
            if message["msg_type"] == "execute_reply":
                reply = message
            elif message["msg_type"] == "status":
                idle = message["content"]["execution_state"] == "idle"
        if reply["content"]["status"] != "ok":
            raise RuntimeError(str(reply["content"])[-4000:])
        value = reply["content"]["user_expressions"]["value"]
        if value["status"] != "ok":
            raise RuntimeError(str(value)[-4000:])
        return json.loads(ast.literal_eval(value["data"]["text/plain"]))

    async def custom(self, comm: str, content: Message, *buffers: bytes) -> str:
        """Send a widget's custom message."""
        data = {"method": "custom", "content": content}
        return await self.send("shell", "comm_msg", {"comm_id": comm, "data": data}, *buffers)

    async def told(self, comm: str, wanted: Callable[[Message], bool]) -> Message:
        """Wait for a widget's custom message and return its content."""

        def fits(message: Message) -> bool:
            content = message["content"]
            return (
                message["msg_type"] == "comm_msg"
                and content["comm_id"] == comm
                and content["data"].get("method") == "custom"
                and wanted(content["data"]["content"])
            )

        return dict((await self.wait(fits))["content"]["data"]["content"])


def _read(data: bytes | str) -> Message:
    if isinstance(data, str):
        return {"buffers": [], **json.loads(data)}
    channel, parts = deserialize_msg_from_ws_v1(data)
    header, parent, _, content = (json.loads(bytes(part)) for part in parts[:4])
    return {
        "channel": channel,
        "msg_type": header["msg_type"],
        "parent_header": parent,
        "content": content,
        "buffers": parts[4:],
    }


@asynccontextmanager
async def jupyter_page(home: Path, env: Mapping[str, str]) -> AsyncIterator[Page]:
    """Start a server and a kernel with `env`, and open the kernel's websocket."""

    def command(port: int) -> list[str]:
        return [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
            *(f"--port={port}", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"),
            *(f"--ServerApp.root_dir={home}", "--IdentityProvider.token="),
            "--ServerApp.disable_check_xsrf=True",
        ]

    with serving(command, home, home, env) as url:
        async with aiohttp.ClientSession() as http:
            async with http.post(f"{url}/api/kernels", json={"name": "python3"}) as reply:
                kernel = (await reply.json())["id"]
            async with http.ws_connect(
                f"{url}/api/kernels/{kernel}/channels", protocols=(PROTOCOL,), max_msg_size=0
            ) as socket:
                yield Page(socket)

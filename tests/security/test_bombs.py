"""A file that grows when it is read: no more of it is held or written than an image may have."""

from __future__ import annotations

import ssl
import threading
import zlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.backends.fal.connections import Connections
from seedream_widgets.backends.fal.downloads import Refused, Transfer
from seedream_widgets.backends.fal.limits import Limits
from tests.memory import taken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MB = 1 << 20


@pytest.fixture(scope="module")
def bomb() -> Iterator[str]:
    """Serve 200 kB that are 200 MB, to one who asked for what is not compressed."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(squeeze.compress(bytes(MB)) for _ in range(200)) + squeeze.flush()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/fox.png"
        server.shutdown()
        serving.join()


@pytest.mark.slow
def test_a_reply_that_unpacks_without_end(bomb: str, tmp_path: Path) -> None:
    assert taken(refused_as_larger, bomb, tmp_path).peak < 20 * MB
    assert list(tmp_path.iterdir()) == []


def refused_as_larger(bomb: str, folder: Path) -> None:
    connections = Connections(ssl.create_default_context(), 1)
    limits = replace(Limits(), file_bytes=MB)
    transfer = Transfer(bomb, folder / "1", connections, limits, lambda url: True)
    with pytest.raises(Refused, match="is larger than any image"):
        transfer.run()
    connections.close()

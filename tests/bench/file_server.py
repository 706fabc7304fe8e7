"""One large file over plain HTTP, from a process of its own and from the kernel's cache.

`tests.fal_server` would take more CPU than the downloads that are measured.
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

_STEP = 1 << 18


@contextmanager
def file_server(content: int | Path, bytes_per_second: float | None = None) -> Iterator[str]:
    """Serve a file, or so many bytes, at the URL that is yielded.

    Each connection has a pace of its own.
    """
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(
        target=_serve, args=(there, content, bytes_per_second), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}/image.png"
    finally:
        process.kill()
        process.join()


def _serve(pipe: Connection, content: int | Path, pace: float | None) -> None:
    data = os.urandom(content) if isinstance(content, int) else content.read_bytes()
    size = len(data)
    with tempfile.TemporaryFile() as file, socket.create_server(("127.0.0.1", 0)) as listener:
        file.write(data)
        file.flush()
        pipe.send(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            arguments = connection, file.fileno(), size, pace
            threading.Thread(target=_answer, args=arguments, daemon=True).start()


def _answer(connection: socket.socket, file: int, size: int, pace: float | None) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {size}\r\n\r\n"
    asked = b""
    with connection:
        while received := connection.recv(65536):
            asked += received
            if b"\r\n\r\n" in asked:
                asked = b""
                connection.sendall(head.encode())
                _send(connection, file, size, pace)


def _send(connection: socket.socket, file: int, size: int, pace: float | None) -> None:
    began, sent = time.monotonic(), 0
    while sent < size:
        sent += os.sendfile(connection.fileno(), file, sent, min(_STEP, size - sent))
        if pace:
            time.sleep(max(0.0, began + sent / pace - time.monotonic()))

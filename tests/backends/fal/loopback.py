"""A server on loopback that says, byte for byte, what a test has it say."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    Say = Callable[[socket.socket], object]


@contextmanager
def saying(
    *answers: Say | bytes, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[bytes]]]:
    """Answer connection after connection; yield the address, and the heads that were read."""
    heads: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            with suppress(OSError):
                accepted, _ = listener.accept()
                with accepted, tls.wrap_socket(accepted, True) if tls else accepted as connection:
                    heads.append(_head(connection))
                    if isinstance(answer, bytes):
                        connection.sendall(answer)
                    else:
                        answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", heads
    thread.join(60)


def _head(connection: socket.socket) -> bytes:
    connection.settimeout(60)
    found = b""
    while b"\r\n\r\n" not in found and (more := connection.recv(65536)):
        found += more
    return found


def reply(body: bytes, *headers: str, length: bool = True) -> bytes:
    """Write a 200 reply."""
    lines = ["HTTP/1.1 200 OK", "Content-Type: image/png", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

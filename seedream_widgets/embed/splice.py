"""Cut and insert in a file's bytes, and the bounds for what is read from one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from seedream_widgets.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TEXT = 1024 * 1024
MAX_PARTS = 100_000

Edit: TypeAlias = tuple[int, int, bytes]
"""Start, end, and what takes the place of the bytes between them."""
Pieces: TypeAlias = list[bytes | memoryview]
"""A file's bytes, one after another; written in turn, they are copied only to the disk."""


def pieces(data: bytes, edits: Iterable[Edit]) -> Pieces:
    """Return `data` with `edits` made, copying nothing."""
    view = memoryview(data)
    found: Pieces = []
    at = 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        found += (view[at:start], new)
        at = end
    return [*found, view[at:]]


def splice(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Return `data` with `edits` made, copying the rest once."""
    return b"".join(pieces(data, edits))


def text_of(raw: bytes) -> str | None:
    """Decode a receipt, unless it is too long or no UTF-8."""
    if len(raw) > MAX_TEXT:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def damaged(format_name: str) -> RequestError:
    """Return the error for a file that can't be taken apart."""
    return RequestError(
        f"the {format_name} file is truncated or damaged; download or save it again",
        field="file",
        value=format_name,
    )

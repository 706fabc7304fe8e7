"""A file while it downloads: one thread adds its bytes, another reads them and waits for more.

A PNG can be decoded from it during the download. As in `guard`, which opens complete files, Pillow
gets no metadata, and sizes and checksums are checked as the bytes pass by.
"""

from __future__ import annotations

import io
import threading
from collections import deque
from typing import IO, TYPE_CHECKING, cast
from zlib import crc32

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.containers import MAX_PARTS, PNG
from seedream_widgets.images.limits import LIMITS
from seedream_widgets.images.metadata import (
    PNG_COLOURS,
    PNG_KEPT,
    PNG_TEXTS,
    part_orientation,
)
from seedream_widgets.images.png_colours import profile_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import TypeAlias

    from PIL.ImageFile import ImageFile

MOST = 64_000_000
"""The most bytes kept for a slow reader; beyond that, reading is given up."""


class Broken(Exception):
    """The file did not come whole; raised in the reader."""


class Growing:
    """The blocks of a file that downloads, for one reader, which never blocks the writer."""

    def __init__(self, most: int = MOST) -> None:
        self._changed = threading.Condition()
        self._blocks: deque[bytes] = deque()
        self._room = most
        self._whole: bool | None = None

    def add(self, block: bytes) -> None:
        """Add a block."""
        with self._changed:
            if self._whole is None:
                self._room -= len(block)
                self._blocks.append(block)
                if self._room < 0:
                    self._discard()
                self._changed.notify_all()

    def end(self, whole: bool) -> None:
        """Note that no more comes, and whether the file is whole."""
        with self._changed:
            if self._whole is None:
                self._whole = whole
                if not whole:
                    self._discard()
                self._changed.notify_all()

    def close(self) -> None:
        """Stop reading; further blocks are not kept."""
        self.end(False)

    @property
    def waiting(self) -> int:
        """How many bytes wait to be read."""
        return sum(map(len, self._blocks))

    def _discard(self) -> None:
        self._whole = False
        self._blocks.clear()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the blocks, and return only if they were the whole file.

        Raises:
            Broken: It will never be whole, or was read too slowly.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._blocks or self._whole is not None)
                if self._whole is False:
                    raise Broken
                if not self._blocks:
                    return
                block = self._blocks.popleft()
                self._room += len(block)
            yield block


Arriving: TypeAlias = "Callable[[Growing], object]"
"""A callback for each attempt to download a file, called on the downloading thread."""

_LONGEST = 1 << 16
_DAMAGED = "it is truncated, damaged or animated, so it can't be read while it comes"


class ArrivingPng(io.RawIOBase):
    """A PNG without its metadata, as a file object that can only be read forwards."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._raw = b""
        self._kept = self._without_metadata()
        self._ready = bytearray()
        self._at = 0
        self.orientation = 1
        """1 to 8; known once all was read."""
        self.colours: dict[bytes, bytes] = {}
        """What its chunks say of its colours; known before its pixels are read."""

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer at the end only; wait for them."""
        while size < 0 or len(self._ready) < size:
            part = next(self._kept, b"")
            if not part:
                break
            self._ready += part
        found = bytes(self._ready[:size] if size >= 0 else self._ready)
        del self._ready[: len(found)]
        self._at += len(found)
        return found

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Only allow staying in place, as bytes that were read are gone."""
        if whence != io.SEEK_SET or offset != self._at:
            raise OSError("a file that still comes is read forwards only")
        return offset

    def _without_metadata(self) -> Iterator[bytes]:
        if self._read_exactly(8) != PNG:
            raise ImageInputError("it is not a PNG")
        yield PNG
        for _ in range(MAX_PARTS):
            kind = yield from self._read_chunk()
            if kind == b"IEND":
                for _ in self._blocks:  # to the end: only there is it known to be whole
                    pass
                return
        raise ImageInputError(_DAMAGED)

    def _read_chunk(self) -> Generator[bytes, None, bytes]:
        head = self._read_exactly(8)
        kind, left = head[4:], int.from_bytes(head[:4], "big")
        kept, check, text = kind in PNG_KEPT, crc32(kind), b""
        if kept:
            yield head
        while left:
            piece = self._read_up_to(left)
            left, check = left - len(piece), crc32(piece, check)
            if kept:
                yield piece
            if len(text) < _LONGEST and kind in (b"eXIf", *PNG_TEXTS, *PNG_COLOURS):
                text += piece
        tail = self._read_exactly(4)
        if int.from_bytes(tail, "big") != check or not kind.isalpha() or kind == b"acTL":
            raise ImageInputError(_DAMAGED)
        if kept:
            yield tail
        if kind in PNG_COLOURS:
            self.colours.setdefault(kind, text)
        elif text and (turn := part_orientation(kind, text)) != 1:
            self.orientation = turn
        return kind

    def _read_up_to(self, most: int) -> bytes:
        if not self._raw:
            self._raw = next(self._blocks, b"")
            if not self._raw:
                raise ImageInputError(_DAMAGED)
        found, self._raw = self._raw[:most], self._raw[most:]
        return found

    def _read_exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += self._read_up_to(size - len(found))
        return found


def open_arriving(file: ArrivingPng) -> ImageFile:
    """Open a PNG as soon as its head is there; its pixels are not decoded yet.

    Raises:
        ImageInputError: It is not one, is animated, damaged or too large.
    """
    from PIL.PngImagePlugin import PngImageFile

    try:
        image = PngImageFile(cast("IO[bytes]", file))
    except Exception as error:
        raise ImageInputError(f"it can't be read while it comes ({error})") from error
    LIMITS.refuse_pixels(*image.size)
    if (profile := profile_of(file.colours)) is not None:
        image.info["icc_profile"] = profile
    return image

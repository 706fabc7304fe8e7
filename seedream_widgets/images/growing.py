"""A file while it comes: one thread adds its bytes, another reads them and waits for more."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

MOST = 64_000_000
"""Most bytes that wait for a slow reader; with more it is left behind."""


class Broken(Exception):
    """The file did not come whole; raised to those who read it."""


class Growing:
    """A file while it comes: its blocks for one reader, who never holds up the writer."""

    def __init__(self, most: int = MOST) -> None:
        self._changed = threading.Condition()
        self._blocks: deque[bytes] = deque()
        self._room = most
        self._whole: bool | None = None

    def add(self, block: bytes) -> None:
        """Add what came."""
        with self._changed:
            if self._whole is None:
                self._room -= len(block)
                self._blocks.append(block)
                if self._room < 0:
                    self._break()
                self._changed.notify_all()

    def end(self, whole: bool) -> None:
        """Tell that nothing more comes, and whether that was all of it."""
        with self._changed:
            if self._whole is None:
                self._whole = whole
                if not whole:
                    self._break()
                self._changed.notify_all()

    def close(self) -> None:
        """Read no more: what still comes is not kept."""
        self.end(False)

    @property
    def waiting(self) -> int:
        """How many bytes wait to be read."""
        return sum(map(len, self._blocks))

    def _break(self) -> None:
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
"""Who is told of each try to fetch a file, on the thread that fetches it."""

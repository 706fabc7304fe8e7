"""What a cell says of the studio above it, read until it is true."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.scripted import SECONDS

if TYPE_CHECKING:
    from .host import Book

SIZES = "print([image.size for image in studio.references])"
JOBS = "print([str(job.status.kind) for job in studio.jobs])"


def read(book: Book, cell: int, expected: str) -> None:
    """Run a cell until it says so: the page writes a moment later, on a shell of its own."""
    end = time.monotonic() + SECONDS
    book.run(cell)
    while (said := book.text(cell).strip()) != expected:
        assert time.monotonic() < end, f"it says {said!r}, not {expected!r}"
        book.page.wait_for_timeout(250)
        book.run(cell)

"""What a cell says of the studio above it, read until it is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import Book

SIZES = "print([image.size for image in studio.references])"
JOBS = "print([str(job.status.kind) for job in studio.jobs])"


def read(book: Book, cell: int, expected: str) -> None:
    """Run a cell until it says so: the page writes a moment later, on a shell of its own."""
    for _ in range(20):
        book.run(cell)
        if book.text(cell).strip() == expected:
            return
        book.page.wait_for_timeout(250)
    assert book.text(cell).strip() == expected

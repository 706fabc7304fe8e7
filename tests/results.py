"""The tables that tests and measurements make: each in RESULTS.md beside what makes it."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
BEGIN, END = "<!-- made: begin -->\n", "<!-- made: end -->"


def results(room: str) -> Path:
    """Return where the table of a room of tests is, such as ``"bench"``."""
    return TESTS / room / "RESULTS.md"


def with_table(page: str, text: str) -> str:
    """Return a page with `text` as its table.

    Raises:
        SystemExit: The page does not say where the table belongs.
    """
    before, found, rest = page.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise SystemExit(f"add {BEGIN.strip()!r} and {END!r} where the table belongs")
    return before + BEGIN + text + END + after


def write(path: Path, text: str) -> None:
    """Put a table into its page."""
    path.write_text(with_table(path.read_text(), text))

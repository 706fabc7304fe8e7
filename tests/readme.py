"""README's made tables: each stands between two comments that name what makes it."""

from __future__ import annotations

from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def with_table(readme: str, name: str, text: str) -> str:
    """Return README with `text` as the table `name`.

    Raises:
        SystemExit: README does not say where the table belongs.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, found, rest = readme.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"add {begin.strip()!r} and {end!r} to README where the table belongs")
    return before + begin + text + end + after


def write(name: str, text: str, readme: Path = README) -> None:
    """Put a table into README."""
    readme.write_text(with_table(readme.read_text(), name, text))

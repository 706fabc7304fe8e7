"""Write REFERENCE.md: ``python -m tests.reference``."""

from __future__ import annotations

import inspect
from pathlib import Path

import seedream_widgets as sd
from tests.reference.examples import ERRORS, FUNCTIONS, VALUES

PAGE = Path(__file__).parents[2] / "REFERENCE.md"
HEAD = """# Reference

Every public name with an example. `fox` is a result of `sd.generate("a red fox", seed=7)`; what
stands behind `# ->` is what the line gives, and is tested. `help(sd.generate)` tells all arguments.
This page is made from `tests/reference/examples.py` by `python -m tests.reference`.
"""
OWN_WORDS = {
    "SIZES": "Width and height in pixels by (ratio, tier).",
    "library": "The library of the session's client, see `Library`.",
    "batches": "The batches of that library, see `Batches`.",
}


def main() -> None:
    """Write the page."""
    parts = [HEAD]
    for title, group in (("What you call", FUNCTIONS), ("Values", VALUES), ("Errors", ERRORS)):
        parts.append(f"## {title}\n")
        parts += [entry(name, code) for name, code in sorted(group.items(), key=_letters)]
    PAGE.write_text("\n".join(parts), encoding="utf-8")


def _letters(item: tuple[str, str]) -> str:
    return item[0].lower()


def entry(name: str, code: str) -> str:
    """Return a name's heading, its first sentence, and its example."""
    doc = inspect.getdoc(getattr(sd, name)) or ""
    said = OWN_WORDS.get(name) or " ".join(doc.partition("\n\n")[0].split())
    return f"### `sd.{name}`\n\n{said}\n\n```python\n{code.strip()}\n```\n"


if __name__ == "__main__":
    main()

"""Guesses at what a misspelt name or value was meant to be ("did you mean …?")."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from seedream_widgets.errors import as_text
from seedream_widgets.values.sizes import RATIOS, SIZES, TIERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedream_widgets.values.sizes import Size

_MEANT = {
    "size": "image_size",
    "aspect_ratio": "image_size",
    "ratio": "image_size",
    "resolution": "image_size",
    "n": "num_images",
    "count": "num_images",
    "number": "num_images",
    "image": "images",
    "image_urls": "images",
    "references": "images",
    "text": "prompt",
    "version": "model",
    "safety": "enable_safety_checker",
}
"""What other tools call an argument: its name here."""


def meant(name: str, names: Iterable[str]) -> str:
    """Return a guess at which argument was meant, or else the list of all.

    Args:
        name: What was given, which is not an argument.
        names: The arguments.
    """
    listed = list(names)
    said = _MEANT.get(name.lower(), "")
    close = get_close_matches(name.lower(), listed, 1)
    guess = said if said in listed else close[0] if close else ""
    return f"did you mean {guess}=?" if guess else f"it takes {', '.join(listed)}"


def did_you_mean(given: object, words: Iterable[str]) -> str:
    """Return a guess at which word was meant, to append to a message, or an empty text."""
    text = as_text(given)[:80].strip().lower()
    known = {word.lower(): word for word in words}
    close = get_close_matches(text, known, 1, 0.75)
    close += [word for word in sorted(known, key=len, reverse=True) if word in text]
    return f"; did you mean {known[close[0]]!r}?" if close else ""


_LARGEST_RATIO = 32
"""Numbers up to this are taken for a ratio: no picture has such small sides."""


def meant_ratio(size: Size) -> str:
    """Return a guess if a ratio was written as pixels, such as ``"4x3"``; else an empty text."""
    ratio = f"{size.width}:{size.height}"
    return f"did you mean {ratio!r}?" if max(size) <= _LARGEST_RATIO and ratio in RATIOS else ""


def meant_size(text: str, names: Iterable[str]) -> str:
    """Return a guess at the size that was meant, to append to a message, or an empty text.

    Args:
        text: What was given, which is not a size.
        names: The names of sizes that the endpoint takes.
    """
    known = tuple(names)
    if match := re.fullmatch(r"([\d.]+)\s*k", text, re.IGNORECASE):
        tier, auto = f"{match[1]}K", f"auto_{match[1]}K"
        said = [f"1:1 {tier}"] if tier in TIERS else []
        said += [auto] if auto in known else []
        return f"; did you mean {' or '.join(map(repr, said))}?" if said else ""
    ratio = re.sub(r"(\d)\s*[-/.,]\s*(\d)", r"\1:\2", text)
    return did_you_mean(ratio, [*known, *RATIOS, *(f"{ratio} {tier}" for ratio, tier in SIZES)])

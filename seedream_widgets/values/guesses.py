"""What somebody meant who wrote something else; loaded with the first mistake or request."""

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
"""What other tools call an argument, and its name here."""


def meant(name: str, names: Iterable[str]) -> str:
    """Return what somebody may have meant by a name, or all there is to choose from.

    Args:
        name: What is not an argument.
        names: Those there are.
    """
    listed = list(names)
    said = _MEANT.get(name.lower(), "")
    close = get_close_matches(name.lower(), listed, 1)
    guess = said if said in listed else close[0] if close else ""
    return f"did you mean {guess}=?" if guess else f"there are {', '.join(listed)}"


def did_you_mean(given: object, words: Iterable[str]) -> str:
    """Return a guess at which word was meant, as the end of a sentence, or nothing."""
    text = as_text(given)[:80].strip().lower()
    known = {word.lower(): word for word in words}
    close = get_close_matches(text, known, 1, 0.75)
    close += [word for word in sorted(known, key=len, reverse=True) if word in text]
    return f"; did you mean {known[close[0]]!r}?" if close else ""


_LARGEST_RATIO = 32
"""No picture has sides as small as that: such numbers are a ratio."""


def meant_ratio(size: Size) -> str:
    """Return a guess where somebody wrote a ratio as pixels, such as ``"4x3"``, or nothing."""
    ratio = f"{size.width}:{size.height}"
    return f"did you mean {ratio!r}?" if max(size) <= _LARGEST_RATIO and ratio in RATIOS else ""


def meant_size(text: str, names: Iterable[str]) -> str:
    """Return a guess at the size that was meant, as the end of a sentence, or nothing.

    Args:
        text: What is not a size.
        names: Of sizes that the endpoint takes.
    """
    known = tuple(names)
    if match := re.fullmatch(r"([\d.]+)\s*k", text, re.IGNORECASE):
        tier, auto = f"{match[1]}K", f"auto_{match[1]}K"
        said = [f"1:1 {tier}"] if tier in TIERS else []
        said += [auto] if auto in known else []
        return f"; did you mean {' or '.join(map(repr, said))}?" if said else ""
    ratio = re.sub(r"(\d)\s*[-/.,]\s*(\d)", r"\1:\2", text)
    return did_you_mean(ratio, [*known, *RATIOS, *(f"{ratio} {tier}" for ratio, tier in SIZES)])

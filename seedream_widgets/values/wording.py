"""Words in prompts: the images that a prompt refers to, and requests fal has no argument for."""

from __future__ import annotations

import re

from seedream_widgets.errors import warn

_REFERENCE = re.compile(
    r"\b(?:image|figure|img|picture)\s*#?(\d{1,2})\b(?![:.×x]\d)|图 ?(\d{1,2})(?!\d)",
    re.IGNORECASE,
)
# Without reference images, "figure 8", "picture 3" and "image 2 of 4" refer to no input.
_MEANT = re.compile(
    r"\b(?:image|img)\s*#?(\d{1,2})\b(?![:.×x]\d|\s*:|\s*(?:/|of)\s*\d)"
    r"|图 ?(\d{1,2})(?!\d|\s*[::])",
    re.IGNORECASE,
)
_WRITTEN = re.compile('"[^"]*"|“[^”]*”')
"""Text in quotes is to be written into the picture."""
_SERIES = "Generate a series of {} coherent images: "


def region_words(prompt: str, number: int) -> str:
    """Return the prompt that asks for a change of the marked region alone.

    Args:
        prompt: What the user wrote.
        number: Which of the images is the marked copy, from 1.
    """
    return (
        f"{prompt}\n\n"
        f"Change only the region of image 1 that is painted magenta in image {number}, which is "
        "image 1 with that region marked. Everything outside of it stays exactly as it is in "
        "image 1: the same framing, size and colours. Leave no magenta in the picture."
    )


def series_words(prompt: str, count: int) -> str:
    """Return the prompt of a set, with its count put as the vendor's guide advises."""
    return _SERIES.format(count) + prompt


def missing_words(prompt: str, asked: int, first: int, came: int) -> str:
    """Return the prompt that asks for the missing pictures of a set.

    Args:
        prompt: The prompt of the set.
        asked: How many pictures the set was to have.
        first: The number, from 1, of the reference image that is the first picture that came.
        came: How many pictures came and are sent as reference images.
    """
    about = prompt.removeprefix(_SERIES.format(asked))
    one, missing = came == 1, asked - came
    there = f"Image {first} is" if one else f"Images {first} to {first + came - 1} are"
    return (
        f"{about}\n\n{there} what came of a series of {asked} coherent images. Generate the "
        f"{missing} that {'is' if missing == 1 else 'are'} missing: coherent with "
        f"{'it' if one else 'them'}, and not the same."
    )


def wrong_references(prompt: str, images: int) -> str | None:
    """Return a sentence about images that a prompt refers to and that are not there, or ``None``.

    Text in double quotes is to be written into the picture, and refers to nothing.

    Args:
        prompt: What the user wrote.
        images: How many reference images go with it.
    """
    names = (_REFERENCE if images else _MEANT).finditer(_WRITTEN.sub(" ", prompt))
    numbers = dict.fromkeys(int(match[1] or match[2]) for match in names)
    wrong = [number for number in numbers if not 1 <= number <= images]
    if not wrong:
        return None
    named = " and ".join(f"image {number}" for number in wrong[:3])
    if not images:
        return f"the prompt names {named}, but there are no reference images; add them"
    there = "is 1 reference image" if images == 1 else f"are {images} reference images"
    zero = "; they count from 1" if wrong == [0] else ""
    return f"the prompt names {named}, but there {there}{zero}"


def warn_of_references(prompt: str, images: int) -> None:
    """Emit a `PromptWarning`, at the user's own line, for what `wrong_references` finds."""
    if wrong := wrong_references(prompt, images):
        warn(wrong)

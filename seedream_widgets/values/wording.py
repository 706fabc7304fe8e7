"""What a prompt says of its images, and words for what fal has no argument for."""

from __future__ import annotations

import re

_REFERENCE = re.compile(
    r"\b(?:image|figure) ?#?(\d{1,2})\b(?! ?(?:px|pixels|x ?\d))|图 ?(\d{1,2})(?!\d)",
    re.IGNORECASE,
)


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
    """Return the prompt of a set, its count said as the vendor's guide asks.

    "Generate a series of 4 coherent images" is its wording; with `max_images` alone fewer come.
    """
    return f"Generate a series of {count} coherent images: {prompt}"


def missing_words(prompt: str, came: int, missing: int) -> str:
    """Return the prompt that asks for what is missing of a set, beside those that came."""
    there = "Image 1 is" if came == 1 else f"Images 1 to {came} are"
    return (
        f"{prompt}\n\n{there} what there is of this series so far. Generate the {missing} "
        f"image{'s' * (missing > 1)} still missing, coherent with {'it' if came == 1 else 'them'} "
        "and not the same."
    )


def references_in(prompt: str) -> tuple[int, ...]:
    """Return the numbers that a prompt names images by ("image 2", "Figure 2"), each once."""
    found = (int(match[1] or match[2]) for match in _REFERENCE.finditer(prompt))
    return tuple(dict.fromkeys(found))


def wrong_references(prompt: str, images: int) -> str | None:
    """Return what is wrong with the images that a prompt names, in a sentence; else ``None``.

    Args:
        prompt: What the user wrote.
        images: How many reference images go with it.
    """
    wrong = [number for number in references_in(prompt) if not 1 <= number <= images]
    if not wrong:
        return None
    named = " and ".join(f"image {number}" for number in wrong[:3])
    if not images:
        return f"the prompt names {named}, and there are no reference images; add them"
    there = "is 1 reference image" if images == 1 else f"are {images} reference images"
    zero = "; they count from 1" if wrong == [0] else ""
    return f"the prompt names {named}, and there {there}{zero}"

"""A quiet face before a great disc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedream_widgets.backends.offline import outlines
from seedream_widgets.backends.offline.canvas import ellipse
from seedream_widgets.backends.offline.flowers import leaf_at
from seedream_widgets.backends.offline.outlines import curve
from seedream_widgets.backends.offline.palette import mix, rgb

if TYPE_CHECKING:
    from seedream_widgets.backends.offline.canvas import Canvas, Path
    from seedream_widgets.backends.offline.palette import Colour, Theme


def portrait(canvas: Canvas, theme: Theme) -> None:
    """Paint a quiet face before a great disc."""
    colours, rng = theme.palette, canvas.rng
    size = min(canvas.unit, canvas.height * 0.9)
    middle, bottom = canvas.width * 0.5, float(canvas.height)
    light = (canvas.at(0.5, 0.4), size * 0.8, colours.sun, 0.4)
    canvas.backdrop(colours.high, colours.middle, colours.low, lights=[light])
    upper, lower = mix(colours.sun, colours.accent, 0.25), mix(colours.accent, colours.low, 0.2)
    canvas.disc((middle, bottom - size * 0.58), size * 0.36, upper, lower)
    skin = rgb(rng.choice(("#f3c6a5", "#dca07a", "#b9784f", "#8a5538", "#f0b690")))
    hair = rgb(rng.choice(("#2a1a1f", "#4a2a20", "#7a3b22", "#1c1f33", "#c98a3f")))
    for path, top, low in _bust(skin, hair, mix(colours.near, colours.accent, 0.12)):
        canvas.shape([[(middle + x * size, bottom + y * size) for x, y in path]], top, low)
    leaves = []
    for side in (-1, 1) * 3:
        foot = (middle + side * size * rng.uniform(0.3, 0.48), bottom)
        leaves.append(leaf_at(foot, size * rng.uniform(0.2, 0.42), side * rng.uniform(0.1, 0.7)))
    green = rgb("#2f8f6b")
    canvas.shape(leaves, mix(colours.near, green, 0.4), mix(colours.near, green, 0.15))


def _bust(skin: Colour, hair: Colour, cloth: Colour) -> list[tuple[Path, Colour, Colour]]:
    """Return the parts of a bust, back to front: curve, upper and lower colour."""
    dark, blush = mix(skin, hair, 0.35), mix(skin, rgb("#c8453f"), 0.3)
    cheeks = [ellipse((side * 0.077, -0.53), 0.03, 0.02) for side in (-1, 1)]
    marks = (outlines.BUST_EYE, outlines.BUST_BROW)
    lines = [curve(mark, mirror=mirror) for mark in marks for mirror in (False, True)]
    return [
        (curve(outlines.BUST_BACK), hair, mix(hair, (0, 0, 0), 0.2)),
        (curve(outlines.BUST_NECK), skin, dark),
        (curve(outlines.BUST_CHIN), dark, dark),
        (curve(outlines.BUST_COAT), cloth, mix(cloth, (0, 0, 0), 0.3)),
        (curve(outlines.BUST_FACE), mix(skin, (255, 255, 255), 0.12), skin),
        *((cheek, blush, blush) for cheek in cheeks),
        *((line, hair, hair) for line in lines),
        (curve(outlines.BUST_NOSE), dark, dark),
        (curve(outlines.BUST_LIPS), rgb("#b8433f"), rgb("#d46a5f")),
        (curve(outlines.BUST_FRINGE), mix(hair, (255, 220, 190), 0.1), hair),
    ]

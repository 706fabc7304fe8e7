"""Flowers over leaves, before a garden out of focus."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seedream_widgets.backends.offline.canvas import ellipse
from seedream_widgets.backends.offline.outlines import LEAF, curve
from seedream_widgets.backends.offline.palette import mix, rgb

if TYPE_CHECKING:
    from seedream_widgets.backends.offline.canvas import Canvas, Path, Point
    from seedream_widgets.backends.offline.palette import Colour, Theme


def flowers(canvas: Canvas, theme: Theme) -> None:
    """Paint flowers over leaves, before a garden out of focus."""
    colours, rng, unit = theme.palette, canvas.rng, canvas.unit
    leaf = mix(rgb("#2f7d5b"), colours.near, 0.3)
    _garden(canvas, theme, leaf)
    count = max(5, round(6 * canvas.width / unit))
    heads = []
    for i in range(count):
        x, y = (i + 0.5 + rng.uniform(-0.3, 0.3)) / count, rng.uniform(0.28, 0.72)
        heads.append(canvas.at(x, y))
    heads.sort(key=lambda head: head[1])
    for head in heads:
        _stem(canvas, head, leaf)
    pale, deep = mix(colours.accent, colours.sun, 0.5), mix(colours.accent, colours.near, 0.35)
    tints = (colours.accent, pale, deep, mix(colours.sun, colours.accent, 0.12))
    for i, head in enumerate(heads):
        _flower(canvas, head, unit * rng.uniform(0.1, 0.16), tints[(i + rng.randint(0, 1)) % 4])


def _garden(canvas: Canvas, theme: Theme, leaf: Colour) -> None:
    colours, rng, unit = theme.palette, canvas.rng, canvas.unit
    lights = []
    for _ in range(26):
        colour = rng.choice((colours.sun, colours.accent, colours.low, colours.middle, colours.far))
        place = canvas.at(rng.random(), rng.random())
        lights.append((place, unit * rng.uniform(0.1, 0.3), colour, rng.uniform(0.3, 0.6)))
    middle, low = mix(colours.middle, colours.low, 0.3), mix(leaf, colours.low, 0.4)
    canvas.backdrop(colours.low, middle, low, lights=lights)
    for _ in range(12):
        size, place = unit * rng.uniform(0.03, 0.09), canvas.at(rng.random(), rng.random())
        canvas.shape([ellipse(place, size, size)], colours.sun, opacity=38)


def _stem(canvas: Canvas, head: Point, leaf: Colour) -> None:
    rng, unit = canvas.rng, canvas.unit
    foot = (head[0] + rng.uniform(-0.1, 0.1) * unit, canvas.height * 1.02)
    bow, thick = rng.uniform(-0.06, 0.06) * unit, unit * 0.0055
    line = []
    for i in range(25):
        t = i / 24
        x = head[0] + (foot[0] - head[0]) * t + bow * math.sin(math.pi * t)
        line.append((x, head[1] + (foot[1] - head[1]) * t))
    edge = [(x + thick, y) for x, y in reversed(line)]
    canvas.shape([[*[(x - thick, y) for x, y in line], *edge]], leaf, mix(leaf, (0, 0, 0), 0.25))
    for side in (-1, 1):
        spot = line[rng.randint(9, 18)]
        shape = leaf_at(spot, unit * rng.uniform(0.12, 0.22), side * rng.uniform(0.5, 1.1))
        canvas.shape([shape], mix(leaf, (235, 245, 180), 0.22), mix(leaf, (0, 20, 20), 0.15))


def _flower(canvas: Canvas, head: Point, radius: float, tint: Colour) -> None:
    """Paint three rings of petals, the inner ones paler, and the heart."""
    count, turn = canvas.rng.choice((6, 7, 8, 9)), canvas.rng.uniform(0, math.tau)
    plum = (60, 0, 40)
    for ring, (reach, width) in enumerate(((0.52, 1.77), (0.385, 1.43), (0.26, 1.03))):
        tone = mix(tint, (255, 255, 255), 0.19 * ring)
        for parity in (0, 1):
            petals = []
            for k in range(parity, count, 2):
                angle = turn + math.pi * (ring + 2 * k) / count
                far = radius * reach
                centre = (head[0] + math.cos(angle) * far, head[1] + math.sin(angle) * far)
                petals.append(ellipse(centre, far, radius * width / count, angle))
            canvas.shape(petals, mix(tone, plum, 0.1 * (1 - parity)), mix(tone, plum, 0.2))
    canvas.disc(head, radius * 0.2, rgb("#f9d65c"), rgb("#d98a2b"))


def leaf_at(foot: Point, length: float, lean: float) -> Path:
    """Return a leaf that grows from `foot`, turned by `lean` radians from upright."""
    cos, sin = math.cos(lean) * length, math.sin(lean) * length
    return [(foot[0] + x * cos - y * sin, foot[1] + x * sin + y * cos) for x, y in curve(LEAF)]

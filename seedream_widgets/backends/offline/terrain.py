"""The ground of the landscapes: hill lines, their light, and the pines on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from seedream_widgets.backends.offline.canvas import Canvas, Path, Point
    from seedream_widgets.backends.offline.palette import Colour


def hill_line(canvas: Canvas, base: float, rise: float, *, rough: float) -> Path:
    """Return a hill line around `base`, `rise` high, closed along the bottom."""
    waves = max(2, round((2 + 3 * rough) * canvas.width / canvas.unit))
    steps = 240
    noise = _noise(canvas.rng, steps, waves, rough)
    height = min(canvas.height, 2.2 * canvas.unit)
    line = [
        (canvas.width * i / steps, canvas.height * base + height * rise * (1 - 2 * value))
        for i, value in enumerate(noise)
    ]
    return [*line, canvas.at(1, 1.01), canvas.at(0, 1.01)]


def pine_row(
    canvas: Canvas, ridge: Path, height: float, gap: float, rng: random.Random
) -> list[Path]:
    """Return pines along a ridge, `height` of the short side tall."""
    line, trees = ridge[:-2], []
    x = -0.5 * height * canvas.unit
    while x < canvas.width * 1.02:
        tall = canvas.unit * height * rng.uniform(0.6, 1.15)
        foot = line[min(len(line) - 1, max(0, round(x / canvas.width * (len(line) - 1))))]
        trees.append(_pine((x, foot[1] + tall * 0.1), tall, tall * rng.uniform(0.38, 0.5)))
        x += height * canvas.unit * gap * rng.uniform(0.4, 1.3)
    return trees


def pine_groups(
    canvas: Canvas, ridge: Path, colour: Colour, height: float, rng: random.Random
) -> None:
    """Paint a few groups of pines on a ridge."""
    trees = pine_row(canvas, ridge, height, 0.4, rng)
    groups = _noise(rng, max(1, len(trees) - 1), 5, 0.0)
    canvas.shape([tree for tree, keep in zip(trees, groups, strict=False) if keep > 0.52], colour)


def lit_faces(canvas: Canvas, ridge: Path, sun: Point, colour: Colour) -> None:
    """Light the slopes that face the sun, from each peak down a jagged edge."""
    faces, line = [], ridge[:-2]
    reach = 9
    for i in range(reach, len(line) - reach):
        if line[i][1] > min(y for _, y in line[i - reach : i + reach + 1]):
            continue
        side = 1 if line[i][0] < sun[0] else -1
        slope = [line[i + side * k] for k in range(reach + 1)]
        drop = max(y for _, y in slope) - line[i][1]
        if drop < 0.02 * canvas.unit:
            continue
        edge = [
            (x - side * 0.12 * drop * (k % 2) - (x - line[i][0]) * 0.8, y + drop * 0.24 * k / reach)
            for k, (x, y) in reversed(list(enumerate(slope)))
        ]
        faces.append([*slope, *edge])
    canvas.shape(faces, colour, opacity=190)


def _noise(rng: random.Random, steps: int, waves: int, rough: float) -> list[float]:
    """Return heights of 0 to about 1: `waves` bumps, round (rough 0) or jagged (rough 1)."""
    heights = [0.0] * (steps + 1)
    total, size = 0.0, 1.0
    for octave in range(6 if rough else 2):
        knots = [rng.random() for _ in range(waves * 2**octave + 3)]
        start = rng.random()
        for step in range(steps + 1):
            place = start + step / steps * (len(knots) - 3)
            knot, t = int(place), place - int(place)
            round_ = t * t * (3 - 2 * t)
            t = round_ + (t - round_) * rough
            heights[step] += size * (knots[knot] + (knots[knot + 1] - knots[knot]) * t)
        total, size = total + size, size * (0.3 + 0.2 * rough)
    return [height / total for height in heights]


def _pine(foot: Point, height: float, width: float) -> Path:
    x, y = foot
    right = []
    tiers = 5
    for tier in range(tiers):
        low = (tier + 1) / tiers
        right.append((width * low * 0.5, height * (0.94 * low - 1)))
        right.append((width * low * 0.27, height * (0.94 * low - 1.02)))
    right[-1] = (width * 0.06, height * -0.06)
    right.append((width * 0.06, height * 0.06))
    outline = [(0.0, -height), *right]
    mirror = [(-dx, dy) for dx, dy in reversed(right)]
    return [(x + dx, y + dy) for dx, dy in [*outline, *mirror]]

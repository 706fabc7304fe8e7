"""The pictures that are no landscape: space, flowers, a portrait, ribbons of colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seedream_widgets.backends.offline.canvas import ellipse, smooth
from seedream_widgets.backends.offline.palette import mix, rgb
from seedream_widgets.backends.offline.scenes import stars

if TYPE_CHECKING:
    from seedream_widgets.backends.offline.canvas import Canvas, Path, Point
    from seedream_widgets.backends.offline.palette import Colour, Theme

INK = rgb("#070818")


def space(canvas: Canvas, theme: Theme) -> None:
    """Paint a nebula, stars, a ringed planet and its moon."""
    colours, rng, unit = theme.palette, canvas.rng, canvas.unit
    deep = mix(INK, colours.high, 0.25)
    lights = []
    tilt = rng.uniform(-0.4, 0.4)
    for _ in range(16):
        along = rng.uniform(0, 1)
        place = canvas.at(along, 0.5 + tilt * (along - 0.5) * 2 + rng.gauss(0, 0.12))
        colour = rng.choice((colours.middle, colours.high, colours.accent, colours.low))
        lights.append((place, unit * rng.uniform(0.2, 0.55), colour, rng.uniform(0.12, 0.34)))
    canvas.backdrop(deep, INK, deep, lights=lights)
    stars(canvas, 1.0, 500)
    for _ in range(5):
        star = canvas.at(rng.random(), rng.random())
        canvas.glow(star, unit * 0.03, (255, 246, 230), 0.7)
        canvas.shape(_sparkle(star, unit * rng.uniform(0.012, 0.024)), (255, 252, 244))
    side = rng.choice((0.3, 0.7))
    planet = canvas.at(side, rng.uniform(0.42, 0.58))
    _planet(
        canvas,
        planet,
        unit * rng.uniform(0.2, 0.25),
        (colours.low, colours.accent, colours.middle),
        ring=True,
    )
    moon = canvas.at(1 - side + rng.uniform(-0.1, 0.1), rng.uniform(0.18, 0.3))
    _planet(canvas, moon, unit * rng.uniform(0.045, 0.07), (colours.sun, colours.far), ring=False)


def flowers(canvas: Canvas, theme: Theme) -> None:
    """Paint flowers over leaves, before a garden out of focus."""
    colours, rng, unit = theme.palette, canvas.rng, canvas.unit
    lights = []
    for _ in range(26):
        colour = rng.choice((colours.sun, colours.accent, colours.low, colours.middle, colours.far))
        place = canvas.at(rng.random(), rng.random())
        lights.append((place, unit * rng.uniform(0.1, 0.3), colour, rng.uniform(0.3, 0.6)))
    leaf = mix(rgb("#2f7d5b"), colours.near, 0.3)
    canvas.backdrop(
        colours.low,
        mix(colours.middle, colours.low, 0.3),
        mix(leaf, colours.low, 0.4),
        lights=lights,
    )
    for _ in range(12):
        size = unit * rng.uniform(0.03, 0.09)
        canvas.shape(
            [ellipse(canvas.at(rng.random(), rng.random()), size, size)], colours.sun, opacity=38
        )
    count = max(5, round(6 * canvas.width / unit))
    spots = [
        ((i + 0.5 + rng.uniform(-0.3, 0.3)) / count, rng.uniform(0.28, 0.72)) for i in range(count)
    ]
    tints = (
        colours.accent,
        mix(colours.accent, (255, 255, 255), 0.45),
        mix(colours.accent, colours.near, 0.35),
        colours.sun,
    )
    heads = sorted((canvas.at(x, y) for x, y in spots), key=lambda head: head[1])
    for head in heads:
        _stem(canvas, head, leaf)
    for i, head in enumerate(heads):
        _flower(
            canvas, head, unit * rng.uniform(0.1, 0.16), tints[(i + rng.randint(0, 1)) % 4], colours
        )


def portrait(canvas: Canvas, theme: Theme) -> None:
    """Paint a quiet face before a great disc."""
    colours, rng = theme.palette, canvas.rng
    size = min(canvas.unit, canvas.height * 0.9)
    middle, bottom = canvas.width * 0.5, float(canvas.height)
    canvas.backdrop(
        colours.high,
        colours.middle,
        colours.low,
        lights=[(canvas.at(0.5, 0.4), size * 0.8, colours.sun, 0.4)],
    )
    canvas.disc(
        (middle, bottom - size * 0.58),
        size * 0.36,
        mix(colours.sun, colours.accent, 0.25),
        mix(colours.accent, colours.low, 0.2),
    )
    skin = rgb(rng.choice(("#f3c6a5", "#dca07a", "#b9784f", "#8a5538", "#f0b690")))
    hair = rgb(rng.choice(("#2a1a1f", "#4a2a20", "#7a3b22", "#1c1f33", "#c98a3f")))
    blush, cloth = mix(skin, rgb("#c8453f"), 0.3), mix(colours.near, colours.accent, 0.12)
    for outline, top, low in _bust(skin, hair, cloth, blush):
        curve = smooth(outline)
        canvas.shape([[(middle + x * size, bottom + y * size) for x, y in curve]], top, low)
    leaves = [
        _leaf(
            (middle + s * size * rng.uniform(0.3, 0.48), bottom),
            size * rng.uniform(0.2, 0.42),
            s * rng.uniform(0.1, 0.7),
        )
        for s in (-1, 1, -1, 1, -1, 1)
    ]
    canvas.shape(
        leaves, mix(colours.near, rgb("#2f8f6b"), 0.4), mix(colours.near, rgb("#2f8f6b"), 0.15)
    )


def ribbons(canvas: Canvas, theme: Theme) -> None:
    """Paint ribbons of colour that flow over each other, and a disc between them."""
    colours, rng, unit = theme.palette, canvas.rng, canvas.unit
    canvas.backdrop(
        colours.low,
        mix(colours.low, colours.sun, 0.5),
        colours.sun,
        lights=[(canvas.at(rng.random(), 0.2), unit * 0.9, colours.middle, 0.5)],
    )
    tones = [
        colours.low,
        colours.middle,
        colours.accent,
        colours.far,
        colours.high,
        mix(colours.high, colours.near, 0.5),
        colours.near,
    ]
    disc = rng.randint(1, 3)
    slope, bend = rng.choice((-1, 1)) * rng.uniform(0.15, 0.4), rng.uniform(0, math.tau)
    for i, tone in enumerate(tones):
        if i == disc:
            place = canvas.at(rng.uniform(0.25, 0.75), rng.uniform(0.22, 0.4))
            canvas.disc(
                place,
                unit * rng.uniform(0.12, 0.19),
                colours.accent,
                mix(colours.accent, colours.sun, 0.5),
            )
        band = _band(canvas, 0.2 + 0.115 * i, slope, bend + 0.5 * i, 0.09)
        shadow = [(x, y - unit * 0.008) for x, y in band]
        canvas.shape([shadow], colours.near, opacity=30)
        canvas.shape([band], mix(tone, colours.sun, 0.28), mix(tone, colours.near, 0.12))


def _planet(
    canvas: Canvas, centre: Point, radius: float, tones: tuple[Colour, ...], *, ring: bool
) -> None:
    canvas.glow(centre, radius * 1.7, tones[0], 0.35)
    turn = canvas.rng.uniform(-0.45, 0.45)
    colour = mix(tones[0], (255, 255, 255), 0.35)
    if ring:
        canvas.shape(_ring(centre, radius, turn, front=False), colour, opacity=190)
    canvas.disc(centre, radius, tones[0], tones[-1])
    canvas.ball(centre, radius, tones, turn)
    if ring:
        canvas.shape(_ring(centre, radius, turn, front=True), colour, opacity=215)


def _ring(centre: Point, radius: float, turn: float, *, front: bool) -> list[Path]:
    halves = []
    for inner, outer in ((1.32, 1.55), (1.6, 1.85), (1.88, 1.93)):
        arcs = [ellipse(centre, radius * r, radius * r * 0.27, turn) for r in (outer, inner)]
        half = slice(0, 49) if front else slice(48, 97)
        closed = [[*arc, arc[0]][half] for arc in arcs]
        halves.append([*closed[0], *reversed(closed[1])])
    return halves


def _sparkle(centre: Point, size: float) -> list[Path]:
    x, y = centre
    thin = size * 0.09
    return [
        [(x - size, y), (x, y - thin), (x + size, y), (x, y + thin)],
        [(x, y - size), (x + thin, y), (x, y + size), (x - thin, y)],
    ]


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
        shape = _leaf(spot, unit * rng.uniform(0.12, 0.22), side * rng.uniform(0.5, 1.1))
        canvas.shape([shape], mix(leaf, (235, 245, 180), 0.22), mix(leaf, (0, 20, 20), 0.15))


def _leaf(foot: Point, length: float, lean: float) -> Path:
    outline = smooth(
        [
            (0, 0),
            (0, 0),
            (0.2, -0.35),
            (0.16, -0.7),
            (0, -1),
            (0, -1),
            (-0.14, -0.65),
            (-0.16, -0.3),
        ]
    )
    cos, sin = math.cos(lean), math.sin(lean)
    return [
        (foot[0] + length * (x * cos - y * sin), foot[1] + length * (x * sin + y * cos))
        for x, y in outline
    ]


def _flower(canvas: Canvas, head: Point, radius: float, tint: Colour, colours: object) -> None:
    rng = canvas.rng
    petals = rng.choice((6, 7, 8, 9))
    turn = rng.uniform(0, math.tau)
    for ring, (reach, width, light) in enumerate(
        ((1.0, 0.62, 0.0), (0.74, 0.5, 0.2), (0.5, 0.36, 0.38))
    ):
        tone = mix(tint, (255, 255, 255), light)
        for parity in (0, 1):
            shapes = []
            for k in range(parity, petals, 2):
                angle = turn + ring * math.pi / petals + math.tau * k / petals
                reach_ = radius * reach * 0.52
                centre = (head[0] + math.cos(angle) * reach_, head[1] + math.sin(angle) * reach_)
                shapes.append(ellipse(centre, reach_, radius * width * 2.2 / petals * 1.3, angle))
            canvas.shape(
                shapes, mix(tone, (60, 0, 40), 0.1 * (1 - parity)), mix(tone, (60, 0, 40), 0.2)
            )
    canvas.disc(head, radius * 0.2, rgb("#f9d65c"), rgb("#d98a2b"))


def _bust(
    skin: Colour, hair: Colour, cloth: Colour, blush: Colour
) -> list[tuple[Path, Colour, Colour]]:
    """Return the parts of a bust, back to front: outline, upper and lower colour."""
    dark = mix(skin, hair, 0.35)
    back = [
        (0, -0.86),
        (-0.13, -0.83),
        (-0.2, -0.7),
        (-0.21, -0.52),
        (-0.23, -0.3),
        (-0.14, -0.22),
        (0.14, -0.22),
        (0.23, -0.3),
        (0.21, -0.52),
        (0.2, -0.7),
        (0.13, -0.83),
    ]
    neck = (
        [(-0.065, -0.45)] * 2
        + [(-0.07, -0.3), (-0.13, -0.24)]
        + [(0, -0.14)] * 2
        + [(0.13, -0.24), (0.07, -0.3)]
        + [(0.065, -0.45)] * 2
    )
    chin = (
        [(-0.066, -0.44)] * 2
        + [(-0.06, -0.36), (0.0, -0.345), (0.06, -0.38)]
        + [(0.066, -0.44)] * 2
    )
    coat = (
        [(-0.12, -0.255)] * 2
        + [(0, -0.17), (0.12, -0.255), (0.12, -0.255), (0.26, -0.21), (0.36, -0.1)]
        + [(0.4, 0.02)] * 2
        + [(-0.4, 0.02)] * 2
        + [(-0.36, -0.1), (-0.26, -0.21)]
    )
    face = [
        (0, -0.81),
        (-0.1, -0.78),
        (-0.135, -0.65),
        (-0.125, -0.53),
        (-0.075, -0.43),
        (0, -0.395),
        (0.075, -0.43),
        (0.125, -0.53),
        (0.135, -0.65),
        (0.1, -0.78),
    ]
    fringe = [
        (0.03, -0.85),
        (-0.12, -0.8),
        (-0.17, -0.66),
        (-0.15, -0.52),
        (-0.15, -0.52),
        (-0.125, -0.64),
        (-0.06, -0.72),
        (0.06, -0.775),
        (0.06, -0.775),
        (0.11, -0.7),
        (0.15, -0.52),
        (0.15, -0.52),
        (0.17, -0.66),
        (0.13, -0.8),
    ]
    eye = [(-0.09, -0.605)] * 2 + [(-0.058, -0.588)] + [(-0.026, -0.605)] * 2 + [(-0.058, -0.598)]
    brow = [(-0.1, -0.655)] * 2 + [(-0.06, -0.675)] + [(-0.024, -0.655)] * 2 + [(-0.06, -0.665)]
    nose = (
        [(0.0, -0.6)] * 2
        + [(-0.017, -0.525), (0.0, -0.512), (0.012, -0.517)]
        + [(0.004, -0.522)] * 2
    )
    lips = (
        [(-0.04, -0.468)] * 2
        + [(-0.012, -0.477), (0, -0.472), (0.012, -0.477)]
        + [(0.04, -0.468)] * 2
        + [(0, -0.45)]
    )
    warm = [
        [(s * 0.077 + 0.03 * math.cos(a), -0.53 + 0.02 * math.sin(a)) for a in (0, 1, 2, 3, 4, 5)]
        for s in (-1, 1)
    ]
    parts = [
        (back, hair, mix(hair, (0, 0, 0), 0.2)),
        (neck, skin, dark),
        (chin, dark, dark),
        (coat, cloth, mix(cloth, (0, 0, 0), 0.3)),
        (face, mix(skin, (255, 255, 255), 0.12), skin),
    ]
    parts += [(spot, blush, blush) for spot in warm]
    for mark in (eye, brow):
        parts += [(mark, hair, hair), ([(-x, y) for x, y in mark], hair, hair)]
    return [
        *parts,
        (nose, dark, dark),
        (lips, rgb("#b8433f"), rgb("#d46a5f")),
        (fringe, mix(hair, (255, 220, 190), 0.1), hair),
    ]


def _band(canvas: Canvas, base: float, slope: float, phase: float, rise: float) -> Path:
    line, steps = [], 160
    for i in range(steps + 1):
        t = i / steps
        wave = math.sin(math.tau * 0.75 * t + phase) + 0.35 * math.sin(
            math.tau * 1.6 * t + 2 * phase
        )
        y = base + slope * (t - 0.5) * 0.6 + rise * wave
        line.append(canvas.at(t, y))
    return [*line, canvas.at(1, 1.01), canvas.at(0, 1.01)]

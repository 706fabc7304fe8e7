"""Paints landscapes, one function for each scene, from back to front."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seedream_widgets.backends.offline.canvas import curve, ellipse
from seedream_widgets.backends.offline.palette import mix

if TYPE_CHECKING:
    import random

    from seedream_widgets.backends.offline.canvas import Canvas, Path, Point
    from seedream_widgets.backends.offline.palette import Colour, Theme

Tower = tuple[float, float, float, float]
"""Left, top, right and bottom, in fractions of the picture."""

SAIL = "20,-1000! 260,-500 440,-80! 20,-80!"
JIB = "-30,-860! -200,-400 -300,-80! -30,-100!"
HULL = "-400,0! 460,0! 340,120 0,150 -280,110"


def sky(canvas: Canvas, theme: Theme, horizon: float) -> Point:
    """Paint the sky down to `horizon` with its sun or moon, and return where that stands."""
    colours, rng = theme.palette, canvas.rng
    x = rng.choice((rng.uniform(0.2, 0.38), rng.uniform(0.62, 0.8)))
    rise = rng.uniform(0.3, 0.55) if theme.night else rng.uniform(0.5, 0.8)
    sun = canvas.at(x, horizon * rise)
    radius = canvas.unit * rng.uniform(0.055, 0.085)
    below = [colours.low] * max(1, round(2 * (1 / horizon - 1)))
    warm = mix(colours.low, colours.sun, 0.6)
    lights = [(sun, canvas.unit * 0.75, warm, 0.65), (sun, radius * 2.6, colours.sun, 0.5)]
    canvas.backdrop(colours.high, colours.middle, *below, lights=lights)
    if theme.night or theme.mood == "violet":
        stars(canvas, horizon)
    canvas.disc(
        sun, radius, colours.sun, mix(colours.sun, colours.low, 0.0 if theme.night else 0.3)
    )
    if theme.night:
        _craters(canvas, sun, radius, mix(colours.sun, colours.middle, 0.16))
    canvas.clouds(rng.randint(3, 6), mix(colours.low, colours.sun, 0.5), horizon * 0.2, horizon)
    return sun


def stars(canvas: Canvas, horizon: float, count: int = 260) -> None:
    """Scatter stars, fewer towards the horizon."""
    rng, unit = canvas.rng, canvas.unit
    dots = []
    for _ in range(count):
        y = rng.random() ** 1.5 * horizon
        size = unit * (0.0006 + 0.0017 * rng.random() ** 4)
        dots.append((*canvas.at(rng.random(), y), size, rng.randint(70, 255)))
    canvas.dots(dots, (255, 250, 236))


def snowfall(canvas: Canvas, count: int = 240) -> None:
    """Let snow fall over everything, near flakes larger and fainter."""
    dots = []
    for _ in range(count):
        near = canvas.rng.random() ** 3
        size = canvas.unit * (0.0012 + 0.006 * near)
        place = canvas.at(canvas.rng.random(), canvas.rng.random())
        dots.append((*place, size, round(230 - 120 * near)))
    canvas.dots(dots, (255, 255, 255))


def mountains(canvas: Canvas, theme: Theme) -> None:
    """Paint ridges that fade into the distance, and a few pines on the nearest."""
    colours, rng = theme.palette, canvas.rng
    sun = sky(canvas, theme, 0.72)
    count = 5
    for layer in range(count):
        depth = layer / (count - 1)
        base, rise = 0.5 + 0.36 * depth, 0.2 * (1 - depth) + 0.05
        ridge = hill_line(canvas, base, rise, rough=1 - 0.45 * depth)
        colour = colours.layer(depth * 0.8)
        canvas.shape([ridge], colour, mix(colour, colours.low, 0.66 - 0.5 * depth))
        if depth <= 0.5:
            lit_faces(canvas, ridge, sun, mix(colour, colours.sun, 0.3 if theme.snow else 0.16))
        if depth in (0.75, 1.0):
            pine_groups(canvas, ridge, mix(colour, colours.near, 0.5), 0.05 + 0.06 * depth, rng)


def forest(canvas: Canvas, theme: Theme) -> None:
    """Paint rows of pines coming out of the mist."""
    colours, rng = theme.palette, canvas.rng
    sky(canvas, theme, 0.8)
    for layer in range(5):
        depth = layer / 4
        ridge = hill_line(canvas, 0.56 + 0.34 * depth, 0.06, rough=0.25)
        colour = colours.layer(0.1 + 0.9 * depth)
        fade = mix(colour, colours.low, 0.62 - 0.56 * depth)
        trees = pine_row(canvas, ridge, 0.13 + 0.36 * depth**1.6, 0.5 - 0.05 * depth, rng)
        canvas.shape([ridge, *trees], colour, fade)


def meadow(canvas: Canvas, theme: Theme) -> None:
    """Paint the foreground that a figure can stand on."""
    colours = theme.palette
    shade = mix(colours.ground, colours.far, 0.35)
    for base, top in ((0.8, mix(colours.ground, colours.far, 0.3)), (0.87, colours.ground)):
        canvas.shape([hill_line(canvas, base, 0.05, rough=0.0)], top, mix(top, shade, 0.7))


def sea(canvas: Canvas, theme: Theme) -> None:
    """Paint the sun's road on the water, islands, waves and a sail."""
    colours, rng = theme.palette, canvas.rng
    line = rng.uniform(0.5, 0.58)
    sun = sky(canvas, theme, line)
    for depth in (0.15, 0.4):
        island = hill_line(canvas, line + 0.03 - 0.02 * depth, 0.1 - 0.05 * depth, rough=0.7)
        colour = colours.layer(depth)
        canvas.shape([island], colour, mix(colour, colours.low, 0.5))
    top, deep = mix(colours.low, colours.middle, 0.55), mix(colours.high, colours.near, 0.35)
    canvas.shape([_rectangle(canvas, 0, line, 1, 1)], top, deep)
    _glints(canvas, sun[0], line, colours.sun)
    _sail(canvas, theme, line, sun[0])
    for step in range(4):
        base = line + (1 - line) * (0.5 + 0.15 * step)
        colour = mix(mix(top, deep, 0.55 + 0.12 * step), colours.near, 0.12 * step)
        crest = _swell(canvas, base, 0.011 + 0.006 * step)
        canvas.shape([crest], mix(colour, colours.low, 0.22), colour, opacity=225)


def dunes(canvas: Canvas, theme: Theme) -> None:
    """Paint dunes with a lit and a shaded side."""
    colours = theme.palette
    sky(canvas, theme, 0.62)
    for layer in range(5):
        depth = layer / 4
        base = 0.52 + 0.4 * depth
        lit = mix(colours.layer(depth * 0.85), colours.sun, 0.18 * (1 - depth))
        crest = hill_line(canvas, base, 0.12, rough=0.0)
        canvas.shape([crest], mix(lit, colours.low, 0.3), lit)
        lee = _shaded_side(canvas, crest)
        canvas.shape([lee], mix(lit, colours.near, 0.4), mix(lit, colours.near, 0.12))


def city(canvas: Canvas, theme: Theme) -> None:
    """Paint three rows of towers with lit windows."""
    colours, rng = theme.palette, canvas.rng
    sky(canvas, theme, 0.85)
    for layer in range(4):
        depth = layer / 3
        colour = colours.layer(0.12 + 0.7 * depth)
        towers = _towers(canvas, 0.5 + 0.17 * depth, 0.09 + 0.035 * depth, rng)
        roofs = [_rectangle(canvas, *tower) for tower in towers]
        masts = [_mast(canvas, tower, rng) for tower in towers if rng.random() < 0.3]
        canvas.shape([*roofs, *masts], colour, mix(colour, colours.low, 0.5 - 0.4 * depth))
        if depth > 0.3:
            windows = [pane for tower in towers for pane in _panes(canvas, tower, depth, rng)]
            canvas.shape(windows, mix(colours.accent, colours.sun, 0.5), opacity=215)


def _craters(canvas: Canvas, moon: Point, radius: float, colour: Colour) -> None:
    for dx, dy, size in ((-0.3, -0.25, 0.24), (0.35, 0.1, 0.17), (-0.1, 0.42, 0.14)):
        canvas.disc((moon[0] + dx * radius, moon[1] + dy * radius), size * radius, colour)


def _rectangle(canvas: Canvas, left: float, top: float, right: float, bottom: float) -> Path:
    x0, y0 = canvas.at(left, top)
    x1, y1 = canvas.at(right, bottom)
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def _glints(canvas: Canvas, x: float, line: float, colour: Colour) -> None:
    rng, unit = canvas.rng, canvas.unit
    paths = []
    for step in range(46):
        near = (step / 46) ** 1.3
        y = canvas.height * (line + 0.006 + (1 - line) * 0.95 * near)
        width = unit * (0.03 + 0.11 * near) * rng.uniform(0.3, 1.2)
        centre = (x + rng.gauss(0, unit * (0.012 + 0.05 * near)), y)
        paths.append(ellipse(centre, width, unit * (0.0012 + 0.004 * near)))
    canvas.shape(paths, colour, opacity=165)


def _sail(canvas: Canvas, theme: Theme, line: float, sun: float) -> None:
    rng, size = canvas.rng, canvas.unit * canvas.rng.uniform(0.1, 0.15)
    x = canvas.width * (
        rng.uniform(0.6, 0.78) if sun < canvas.width / 2 else rng.uniform(0.22, 0.4)
    )
    y = canvas.height * (line + (1 - line) * rng.uniform(0.2, 0.34))
    main, jib, hull = (curve(path) for path in (SAIL, JIB, HULL))
    cream = mix(theme.palette.sun, (255, 255, 255), 0.5)
    shadow = ellipse((0.02, 0.17), 0.5, 0.025)
    for path, colour in ((shadow, theme.palette.near), (main, cream), (hull, theme.palette.near)):
        canvas.shape([[(x + dx * size, y + dy * size) for dx, dy in path]], colour)
    canvas.shape([[(x + dx * size, y + dy * size) for dx, dy in jib]], theme.palette.accent)


def _swell(canvas: Canvas, base: float, rise: float) -> Path:
    phase, waves = canvas.rng.uniform(0, math.tau), canvas.rng.uniform(2, 3.5)
    steps, line = 200, []
    for i in range(steps + 1):
        angle = math.tau * waves * i / steps * canvas.width / canvas.unit + phase
        lift = math.sin(angle) + 0.4 * math.sin(angle * 0.43 + 1)
        line.append((canvas.width * i / steps, canvas.height * base + canvas.unit * rise * lift))
    return [*line, canvas.at(1, 1.01), canvas.at(0, 1.01)]


def _shaded_side(canvas: Canvas, crest: Path) -> Path:
    """Return the shaded side of a dune: right of its top, unless that is off the picture."""
    line = crest[:-2]
    top = min(range(len(line) // 8, 7 * len(line) // 8), key=lambda i: line[i][1])
    if top > 0.8 * len(line):
        return []
    x, y = line[top]
    reach, drop = canvas.unit * canvas.rng.uniform(0.2, 0.45), canvas.height - y
    edge = []
    for step in range(41):
        t = step / 40
        bend = t**1.5 + 0.22 * math.sin(math.tau * t) * (1 - 0.4 * t)
        edge.append((x + reach * bend, y + drop * 1.02 * t))
    return [*edge, canvas.at(1.01, 1.02), *reversed(line[top:])]


def _towers(canvas: Canvas, top: float, width: float, rng: random.Random) -> list[Tower]:
    towers, x = [], -0.02
    scale = canvas.unit / canvas.width
    while x < 1:
        w = width * scale * rng.uniform(0.6, 1.3)
        peak = top + 0.14 * (1 - top) - rng.random() ** 2 * 0.3 * (1.1 - top) * 1.4
        towers.append((x, peak, x + w, 1.01))
        x += w * rng.uniform(0.95, 1.35)
    return towers


def _mast(canvas: Canvas, tower: Tower, rng: random.Random) -> Path:
    left, top, right, _ = tower
    (x, y), half = canvas.at((left + right) / 2, top), canvas.unit * 0.0022
    return [(x - half, y + 2), (x, y - canvas.unit * rng.uniform(0.03, 0.08)), (x + half, y + 2)]


def _panes(canvas: Canvas, tower: Tower, depth: float, rng: random.Random) -> list[Path]:
    x0, y0 = canvas.at(*tower[:2])
    x1, y1 = canvas.at(*tower[2:])
    step = canvas.unit * (0.012 + 0.009 * depth)
    columns, rows = int((x1 - x0) / step) - 1, int((y1 - y0) / (step * 1.35)) - 1
    left = x0 + ((x1 - x0) - columns * step) / 2
    lit, panes = rng.uniform(0.1, 0.5), []
    for row in range(1, min(rows, 90)):
        for column in range(columns):
            if rng.random() < lit:
                x, y = left + column * step, y0 + row * step * 1.35
                w, h = step * 0.55, step * 0.75
                panes.append([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
    return panes


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

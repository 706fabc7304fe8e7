"""The pictures that are no landscape: space, and ribbons of colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seedream_widgets.backends.offline.canvas import ellipse
from seedream_widgets.backends.offline.palette import mix, rgb
from seedream_widgets.backends.offline.scenes import stars

if TYPE_CHECKING:
    from seedream_widgets.backends.offline.canvas import Canvas, Path, Point
    from seedream_widgets.backends.offline.palette import Colour, Theme

INK = rgb("#070818")


def space(canvas: Canvas, theme: Theme) -> None:
    """Paint a nebula, stars, a ringed planet and its moon."""
    colours, rng, unit = theme.palette, canvas.rng, canvas.unit
    _nebula(canvas, theme)
    stars(canvas, 1.0, 500)
    for _ in range(5):
        star = canvas.at(rng.random(), rng.random())
        canvas.glow(star, unit * 0.03, (255, 246, 230), 0.7)
        canvas.shape(_sparkle(star, unit * rng.uniform(0.012, 0.024)), (255, 252, 244))
    side = rng.choice((0.34, 0.66))
    planet = canvas.at(side, rng.uniform(0.42, 0.58))
    tones = (colours.low, colours.accent, colours.middle)
    _planet(canvas, planet, unit * rng.uniform(0.17, 0.2), tones, ring=True)
    moon = canvas.at(1 - side + rng.uniform(-0.1, 0.1), rng.uniform(0.14, 0.22))
    _planet(canvas, moon, unit * rng.uniform(0.045, 0.07), (colours.sun, colours.far), ring=False)


def ribbons(canvas: Canvas, theme: Theme) -> None:
    """Paint ribbons of colour that flow over each other, and a disc between them."""
    colours, rng, unit = theme.palette, canvas.rng, canvas.unit
    light = (canvas.at(rng.random(), 0.2), unit * 0.9, colours.middle, 0.5)
    middle = mix(colours.low, colours.sun, 0.5)
    canvas.backdrop(colours.low, middle, colours.sun, lights=[light])
    dusk = mix(colours.high, colours.near, 0.5)
    tones = (colours.low, colours.middle, colours.accent, colours.far, colours.high, dusk)
    disc, bend = rng.randint(1, 3), rng.uniform(0, math.tau)
    slope = rng.choice((-1, 1)) * rng.uniform(0.15, 0.4)
    for i, tone in enumerate((*tones, colours.near)):
        if i == disc:
            place = canvas.at(rng.uniform(0.25, 0.75), rng.uniform(0.22, 0.4))
            glow = mix(colours.accent, colours.sun, 0.5)
            canvas.disc(place, unit * rng.uniform(0.12, 0.19), colours.accent, glow)
        band = _band(canvas, 0.2 + 0.115 * i, slope, bend + 0.5 * i)
        canvas.shape([[(x, y - unit * 0.008) for x, y in band]], colours.near, opacity=30)
        canvas.shape([band], mix(tone, colours.sun, 0.28), mix(tone, colours.near, 0.12))


def _nebula(canvas: Canvas, theme: Theme) -> None:
    colours, rng = theme.palette, canvas.rng
    tilt, lights = rng.uniform(-0.8, 0.8), []
    for _ in range(18):
        along = rng.random()
        place = canvas.at(along, 0.5 + tilt * (along - 0.5) + rng.gauss(0, 0.12))
        colour = rng.choice((colours.middle, colours.high, colours.accent, colours.low))
        radius = canvas.unit * rng.uniform(0.25, 0.6)
        lights.append((place, radius, colour, rng.uniform(0.14, 0.38)))
    deep = mix(INK, colours.high, 0.25)
    canvas.backdrop(deep, INK, deep, lights=lights)


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


def _band(canvas: Canvas, base: float, slope: float, phase: float) -> Path:
    line, steps = [], 160
    for i in range(steps + 1):
        t = i / steps
        wave = math.sin(4.7 * t + phase) + 0.35 * math.sin(10 * t + 2 * phase)
        line.append(canvas.at(t, base + 0.6 * slope * (t - 0.5) + 0.09 * wave))
    return [*line, canvas.at(1, 1.01), canvas.at(0, 1.01)]

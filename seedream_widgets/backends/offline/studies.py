"""Paints other pictures than landscapes: flowers, a portrait, food, space, ribbons of colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

from seedream_widgets.backends.offline.canvas import curve, ellipse
from seedream_widgets.backends.offline.landscapes import stars
from seedream_widgets.backends.offline.palette import mix, rgb

if TYPE_CHECKING:
    from seedream_widgets.backends.offline.canvas import Canvas, Path, Point
    from seedream_widgets.backends.offline.palette import Colour, Theme

INK = rgb("#070818")
LEAF = "0,0! 200,-350 160,-700 0,-1000! -140,-650 -160,-300"
BUST_BACK = (
    "0,-860 -130,-830 -200,-700 -210,-520 -230,-300 -140,-220 140,-220 230,-300 210,-520 "
    "200,-700 130,-830"
)
BUST_NECK = "-65,-450! -70,-300 -130,-240 0,-140! 130,-240 70,-300 65,-450!"
BUST_CHIN = "-66,-440! -60,-360 0,-345 60,-380 66,-440!"
BUST_COAT = "-120,-255! 0,-170 120,-255! 260,-210 360,-100 400,20! -400,20! -360,-100 -260,-210"
BUST_FACE = (
    "0,-810 -100,-780 -135,-650 -125,-530 -75,-430 0,-395 75,-430 125,-530 135,-650 100,-780"
)
BUST_FRINGE = (
    "30,-850 -120,-800 -170,-660 -150,-520! -125,-640 -60,-720 60,-775! 110,-700 150,-520! "
    "170,-660 130,-800"
)
BUST_EYE = "-90,-605! -58,-588 -26,-605! -58,-598"
BUST_BROW = "-100,-655! -60,-675 -24,-655! -60,-665"
BUST_NOSE = "0,-600! -17,-525 0,-512 12,-517 4,-522!"
BUST_BEARD = (
    "-138,-590! -150,-480 -120,-370 -50,-290 0,-270 50,-290 120,-370 150,-480 138,-590! "
    "110,-520 70,-492 0,-500 -70,-492 -110,-520"
)
BUST_LIPS = "-40,-468! -12,-477 0,-472 12,-477 40,-468! 0,-450"


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
    if theme.old:
        hair = rgb(rng.choice(("#e9e7e4", "#d6d4d3", "#c4c3c6")))
    parts = _bust(skin, hair, mix(colours.near, colours.accent, 0.12))
    if theme.old:
        beard = curve(BUST_BEARD), mix(hair, (255, 255, 255), 0.4), hair
        lips = curve(BUST_LIPS), rgb("#b8433f"), rgb("#d46a5f")
        parts += [beard, lips]
    for path, top, low in parts:
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
    marks = (BUST_EYE, BUST_BROW)
    lines = [curve(mark, mirror=mirror) for mark in marks for mirror in (False, True)]
    return [
        (curve(BUST_BACK), hair, mix(hair, (0, 0, 0), 0.2)),
        (curve(BUST_NECK), skin, dark),
        (curve(BUST_CHIN), dark, dark),
        (curve(BUST_COAT), cloth, mix(cloth, (0, 0, 0), 0.3)),
        (curve(BUST_FACE), mix(skin, (255, 255, 255), 0.12), skin),
        *((cheek, blush, blush) for cheek in cheeks),
        *((line, hair, hair) for line in lines),
        (curve(BUST_NOSE), dark, dark),
        (curve(BUST_LIPS), rgb("#b8433f"), rgb("#d46a5f")),
        (curve(BUST_FRINGE), mix(hair, (255, 220, 190), 0.1), hair),
    ]


def table(canvas: Canvas, theme: Theme) -> None:
    """Paint a table before a wall, for what is eaten."""
    colours, unit = theme.palette, canvas.unit
    light = (canvas.at(0.3, 0.15), unit * 0.9, colours.sun, 0.5)
    canvas.backdrop(colours.middle, colours.low, colours.low, lights=[light])
    wood = mix(rgb("#9a6236"), colours.near, 0.15)
    edge = canvas.height * 0.7
    corners = [
        (0.0, edge),
        (float(canvas.width), edge),
        (float(canvas.width), float(canvas.height)),
    ]
    plank = [*corners, (0.0, float(canvas.height))]
    canvas.shape([plank], mix(wood, (255, 255, 255), 0.15), mix(wood, (0, 0, 0), 0.3))


def title(canvas: Canvas, theme: Theme) -> None:
    """Write the prompt's own words on a card, where no picture fits them."""
    colours, rng, unit = theme.palette, canvas.rng, canvas.unit
    dark = mix(colours.near, (0, 0, 0), 0.25)
    lights = [
        (canvas.at(rng.uniform(0, 1), rng.uniform(0, 1)), unit * rng.uniform(0.5, 0.9), tone, 0.45)
        for tone in (colours.middle, colours.accent, colours.far)
    ]
    canvas.backdrop(mix(dark, colours.middle, 0.35), dark, dark, lights=lights)
    x, y = canvas.at(0.5, 0.5)
    rule, thick = unit * 0.09, max(1.0, unit * 0.004)
    words, height = _lettering(theme.title, round(canvas.width * 0.8), round(canvas.height * 0.56))
    canvas.image.paste((255, 252, 244), (round(x - words.width / 2), round(y - height / 2)), words)
    for side in (-1, 1):
        level = y + side * (height / 2 + unit * 0.06)
        bar = [(x - rule, level - thick), (x + rule, level - thick), (x + rule, level + thick)]
        canvas.shape([[*bar, (x - rule, level + thick)]], colours.accent)


def _lettering(words: str, width: int, height: int) -> tuple[Image.Image, int]:
    """Return words as a mask, as large as they fit, and how tall it is."""
    size = max(8.0, height / 3)
    while True:
        font = lettering_font(size)
        lines = _wrapped(words, font, width)
        mask = Image.new("L", (max(1, width), max(1, round(size * 1.25 * len(lines)))))
        if mask.height <= height or size <= 8:
            break
        size *= 0.85
    pen = ImageDraw.Draw(mask)
    for row, line in enumerate(lines):
        indent = (width - font.getlength(line)) / 2
        pen.text((max(0.0, indent), row * size * 1.25), line, fill=255, font=font)
    return mask, mask.height


def _wrapped(words: str, font: Any, width: int) -> list[str]:
    lines = [""]
    for word in words.split(" "):
        joined = f"{lines[-1]} {word}".strip()
        if not lines[-1] or font.getlength(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    cut = []
    for line in lines:  # one word may be longer than a line
        while len(line) > 1 and font.getlength(line) > width:
            most = max(1, int(len(line) * width / font.getlength(line)))
            cut.append(line[:most])
            line = line[most:]
        cut.append(line)
    return cut


def lettering_font(size: float) -> Any:
    """Return Pillow's own font."""
    try:
        return ImageFont.load_default(size)
    except ImportError:  # Pillow without FreeType has only its bitmap font
        return ImageFont.load_default()


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

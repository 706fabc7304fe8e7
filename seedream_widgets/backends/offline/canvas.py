"""Paints on a picture: soft light from tiny images, sharp shapes from supersampled masks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from seedream_widgets.backends.offline.palette import Colour

Point = tuple[float, float]
Path = list[Point]
Dot = tuple[float, float, float, int]  # x, y, radius, opacity 0-255

SAMPLES = 2
SOFT = 8  # smooth light is painted at an eighth of the size


class Canvas:
    """The picture being painted; lengths are pixels, `unit` is its short side."""

    def __init__(self, size: tuple[int, int], rng: random.Random) -> None:
        self.width, self.height = size
        self.unit = min(size)
        self.rng = rng
        self.image = Image.new("RGB", size)

    def at(self, x: float, y: float) -> Point:
        """Return the point at these fractions of the width and the height."""
        return x * self.width, y * self.height

    def backdrop(
        self, *stops: Colour, lights: Sequence[tuple[Point, float, Colour, float]]
    ) -> None:
        """Fill everything with a vertical gradient and lights: centre, radius, colour, strength."""
        small = (max(4, self.width // SOFT), max(4, self.height // SOFT))
        sky = gradient(small, *stops)
        for (x, y), radius, colour, strength in lights:
            add_light(sky, (x / SOFT, y / SOFT), radius / SOFT, colour, strength)
        self.image = sky.resize(self.image.size, Image.Resampling.BICUBIC)

    def clouds(self, count: int, colour: Colour, top: float, bottom: float) -> None:
        """Paint soft flat clouds between two fractions of the height."""
        small = Image.new("L", (max(4, self.width // SOFT), max(4, self.height // SOFT)))
        pen, unit = ImageDraw.Draw(small), self.unit / SOFT
        for _ in range(count):
            x = self.rng.uniform(-0.1, 1.1) * small.width
            y = self.rng.uniform(top, bottom) * small.height
            for _ in range(5):
                w, h = self.rng.uniform(0.1, 0.32) * unit, self.rng.uniform(0.008, 0.022) * unit
                cx, cy = x + self.rng.gauss(0, 0.12) * unit, y + self.rng.gauss(0, 0.014) * unit
                pen.ellipse((cx - w, cy - h, cx + w, cy + h), fill=self.rng.randint(50, 110))
        soft = small.filter(ImageFilter.GaussianBlur(max(0.6, unit * 0.009)))
        self.image.paste(colour, None, soft.resize(self.image.size, Image.Resampling.BICUBIC))

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float) -> None:
        """Add a round soft light."""
        add_light(self.image, centre, radius, colour, strength)

    def shape(
        self,
        paths: Iterable[Path],
        fill: Colour,
        low: Colour | None = None,
        *,
        opacity: int = 255,
    ) -> None:
        """Paint closed paths at once, in one colour or down to the colour `low`."""
        paths = [path for path in paths if len(path) > 2]
        box = self._box([point for path in paths for point in path])
        if box is None:
            return
        mask, pen = self._mask(box)
        for path in paths:
            shifted = [((x - box[0]) * SAMPLES, (y - box[1]) * SAMPLES) for x, y in path]
            pen.polygon(shifted, fill=opacity)
        self._paste(fill if low is None else (fill, low), box, mask)

    def dots(self, dots: Sequence[Dot], colour: Colour) -> None:
        """Paint round dots at once."""
        corners = [(x + s * r, y + s * r) for x, y, r, _ in dots for s in (-1, 1)]
        box = self._box(corners)
        if box is None:
            return
        mask, pen = self._mask(box)
        for x, y, r, opacity in dots:
            x, y, r = (x - box[0]) * SAMPLES, (y - box[1]) * SAMPLES, r * SAMPLES
            pen.ellipse((x - r, y - r, x + r, y + r), fill=opacity)
        self._paste(colour, box, mask)

    def disc(self, centre: Point, radius: float, fill: Colour, low: Colour | None = None) -> None:
        """Paint a disc."""
        self.shape([ellipse(centre, radius, radius)], fill, low)

    def ball(self, centre: Point, radius: float, tones: Sequence[Colour], turn: float) -> None:
        """Paint a banded ball, lit from the upper left."""
        side = round(radius * 2.2)
        bands = [tones[self.rng.randrange(len(tones))] for _ in range(9)]
        skin = gradient((160, 160), *bands).rotate(
            math.degrees(-turn), Image.Resampling.BICUBIC, fillcolor=bands[0]
        )
        add_light(skin, (56, 50), 80, (255, 255, 255), 0.3)
        dusk = Image.radial_gradient("L").resize((320, 320)).crop((96, 100, 256, 260))
        falloff = [min(225, max(0, round((value - 52) * 2.5))) for value in range(256)]
        skin.paste((6, 6, 22), None, dusk.point(falloff))
        mask = Image.new("L", (side * SAMPLES, side * SAMPLES))
        edge = (side * 0.5 - radius) * SAMPLES
        ImageDraw.Draw(mask).ellipse(
            (edge, edge, side * SAMPLES - edge, side * SAMPLES - edge), fill=255
        )
        place = (round(centre[0] - side / 2), round(centre[1] - side / 2))
        self.image.paste(
            skin.resize((side, side), Image.Resampling.BICUBIC), place, mask.reduce(SAMPLES)
        )

    def grain(self) -> None:
        """Add a little fixed noise, so that slow gradients don't band."""
        side = 256
        values = bytes(6 + value % 5 for value in self.rng.randbytes(side * side))
        tile = Image.frombytes("L", (side, side), values)
        sheet = Image.new("L", self.image.size)
        for y in range(0, self.height, side):
            for x in range(0, self.width, side):
                sheet.paste(tile, (x, y))
        sheet3 = Image.merge("RGB", (sheet, sheet, sheet))
        self.image = ImageChops.add(self.image, sheet3, 1, -8)

    def _box(self, points: Sequence[Point]) -> tuple[int, int, int, int] | None:
        if not points:
            return None
        xs, ys = zip(*points, strict=True)
        left, top = max(0, math.floor(min(xs)) - 1), max(0, math.floor(min(ys)) - 1)
        right = min(self.width, math.ceil(max(xs)) + 1)
        bottom = min(self.height, math.ceil(max(ys)) + 1)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _mask(self, box: tuple[int, int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        size = ((box[2] - box[0]) * SAMPLES, (box[3] - box[1]) * SAMPLES)
        mask = Image.new("L", size)
        return mask, ImageDraw.Draw(mask)

    def _paste(
        self,
        fill: Colour | tuple[Colour, Colour],
        box: tuple[int, int, int, int],
        mask: Image.Image,
    ) -> None:
        mask = mask.reduce(SAMPLES)
        if isinstance(fill[0], int):
            self.image.paste(fill, box, mask)
        else:
            self.image.paste(gradient(mask.size, *fill), box, mask)


def gradient(size: tuple[int, int], *stops: Colour) -> Image.Image:
    """Return a vertical gradient through `stops`, at equal distances."""
    column = Image.new("RGB", (1, len(stops)))
    column.putdata(stops)
    edges = (0, 0.5, 1, len(stops) - 0.5)
    tall = column.resize((1, size[1]), Image.Resampling.BILINEAR, box=edges)
    return tall.resize(size, Image.Resampling.NEAREST)


def add_light(
    image: Image.Image, centre: Point, radius: float, colour: Colour, strength: float
) -> None:
    """Add a round soft light to an image, in place."""
    side = max(2, round(radius * 2))
    falloff = [round(255 * strength * max(0.0, 1 - value / 181) ** 2) for value in range(256)]
    mask = Image.radial_gradient("L").point(falloff).resize((side, side), Image.Resampling.BICUBIC)
    image.paste(colour, (round(centre[0] - radius), round(centre[1] - radius)), mask)


def ellipse(centre: Point, rx: float, ry: float, turn: float = 0.0) -> Path:
    """Return an ellipse, turned by `turn` radians."""
    steps = 96
    cos, sin = math.cos(turn), math.sin(turn)
    path = []
    for step in range(steps):
        angle = math.tau * step / steps
        x, y = rx * math.cos(angle), ry * math.sin(angle)
        path.append((centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos))
    return path


def smooth(points: Sequence[Point], *, steps: int = 12) -> Path:
    """Return a closed curve through `points` (Catmull-Rom); a point given twice is a corner."""
    path = []
    count = len(points)
    for i in range(count):
        p0, p1, p2, p3 = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        for step in range(steps if p1 != p2 else 0):
            t = step / steps
            x = _spline(p0[0], p1[0], p2[0], p3[0], t)
            y = _spline(p0[1], p1[1], p2[1], p3[1], t)
            path.append((x, y))
    return path


def curve(outline: str, *, mirror: bool = False, shift: Point = (0.0, 0.0)) -> Path:
    """Return the closed curve through an outline's points; ``!`` marks a corner.

    Outlines are points in thousandths, from the ground (0) up (to -1000).
    """
    side = -1 if mirror else 1
    points = []
    for mark in outline.split():
        x, y = (int(number) / 1000 for number in mark.rstrip("!").split(","))
        point = (side * x + shift[0], y + shift[1])
        points += [point, point] if mark.endswith("!") else [point]
    return smooth(points)


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )

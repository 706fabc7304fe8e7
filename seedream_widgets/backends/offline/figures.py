"""The animals that sit in the foreground, drawn in their own small coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedream_widgets.backends.offline.canvas import ellipse, smooth
from seedream_widgets.backends.offline.palette import mix, rgb

if TYPE_CHECKING:
    from seedream_widgets.backends.offline.canvas import Canvas, Path, Point
    from seedream_widgets.backends.offline.palette import Theme

# coat, light fur, dark fur
COATS = {
    "fox": ("#e0602a", "#fff3e2", "#3a1c18"),
    "cat": ("#46414f", "#efe6dc", "#1f1c26"),
    "wolf": ("#8391a3", "#f1f4f6", "#2b333f"),
}

# Outlines, one unit from the feet (0) to the ear tips (-1); a point given twice is a corner.
TAIL = [(0.1, -0.06), (0.3, 0.0), (0.5, -0.1), (0.54, -0.3), (0.44, -0.5), (0.44, -0.5),
        (0.41, -0.34), (0.3, -0.24), (0.14, -0.22)]  # fmt: skip
TIP = [(0.44, -0.5), (0.44, -0.5), (0.53, -0.34), (0.535, -0.24), (0.535, -0.24), (0.48, -0.28),
       (0.46, -0.24), (0.43, -0.28), (0.41, -0.34)]  # fmt: skip
BODY = [(-0.14, 0.0), (-0.14, 0.0), (-0.18, -0.1), (-0.15, -0.34), (-0.1, -0.52), (0.1, -0.52),
        (0.16, -0.36), (0.23, -0.16), (0.2, -0.02), (0.14, 0.0), (0.14, 0.0)]  # fmt: skip
BIB = [(-0.1, -0.5), (0.1, -0.5), (0.09, -0.36), (0.03, -0.24), (0.0, -0.17), (0.0, -0.17),
       (-0.03, -0.24), (-0.09, -0.36)]  # fmt: skip
HAUNCH = [(0.06, 0.0), (0.06, 0.0), (0.08, -0.14), (0.15, -0.2), (0.21, -0.16), (0.225, -0.06),
          (0.19, 0.0), (0.19, 0.0)]  # fmt: skip
LEGS = [(-0.1, 0.0), (-0.1, 0.0), (-0.08, -0.3), (-0.08, -0.3), (0.06, -0.3), (0.06, -0.3),
        (0.075, 0.0), (0.075, 0.0)]  # fmt: skip
SOCK = [(-0.1, 0.0), (-0.1, 0.0), (-0.088, -0.1), (-0.05, -0.07), (-0.014, -0.1), (-0.01, 0.0),
        (-0.01, 0.0)]  # fmt: skip
HEAD = [(0.0, -0.42), (-0.06, -0.455), (-0.15, -0.51), (-0.235, -0.57), (-0.235, -0.57),
        (-0.18, -0.67), (-0.17, -0.74), (-0.08, -0.8), (0.0, -0.805), (0.08, -0.8), (0.17, -0.74),
        (0.18, -0.67), (0.235, -0.57), (0.235, -0.57), (0.15, -0.51), (0.06, -0.455)]  # fmt: skip
CHEEK = [(0.0, -0.42), (-0.06, -0.455), (-0.15, -0.51), (-0.235, -0.57), (-0.235, -0.57),
         (-0.13, -0.625), (-0.07, -0.58), (-0.035, -0.5), (0.0, -0.47)]  # fmt: skip
EAR = [(-0.175, -0.7), (-0.2, -0.82), (-0.19, -1.0), (-0.19, -1.0), (-0.1, -0.9), (-0.03, -0.78)]
INNER_EAR = [(-0.155, -0.74), (-0.175, -0.84), (-0.178, -0.94), (-0.178, -0.94), (-0.11, -0.86),
             (-0.075, -0.78)]  # fmt: skip
EYE = [(-0.125, -0.655), (-0.125, -0.655), (-0.09, -0.632), (-0.052, -0.65), (-0.052, -0.65),
       (-0.09, -0.648)]  # fmt: skip
NOSE = [(0.0, -0.425), (-0.03, -0.455), (-0.02, -0.475), (0.02, -0.475), (0.03, -0.455)]


def animal(canvas: Canvas, theme: Theme) -> None:
    """Paint a sitting fox, cat or wolf, with its eyes shut against the light."""
    coat, light, dark = (rgb(code) for code in COATS[theme.subject or "fox"])
    if theme.night:
        night = theme.palette.middle
        coat, light, dark = mix(coat, night, 0.3), mix(light, night, 0.25), mix(dark, night, 0.1)
    rng = canvas.rng
    size = min(canvas.unit * rng.uniform(0.44, 0.52), canvas.height * 0.5)
    foot = canvas.at(rng.uniform(0.4, 0.62), 0.925)
    flip = rng.choice((-1, 1))
    shade = mix(coat, dark, 0.28)
    ground = mix(theme.palette.ground, theme.palette.near, 0.35)
    canvas.shape(
        [ellipse((foot[0] + flip * size * 0.12, foot[1]), size * 0.48, size * 0.04)],
        ground,
        opacity=150,
    )
    warm = mix(coat, theme.palette.sun, 0.18)
    layers = [
        (TAIL, warm, shade), (TIP, light, light), (BODY, coat, shade), (HAUNCH, coat, shade),
        (LEGS, coat, mix(coat, shade, 0.4)), (SOCK, dark, dark), (_shift(SOCK, 0.085), dark, dark),
        (BIB, light, light),
    ]  # fmt: skip
    both = [(EAR, dark, coat), (INNER_EAR, mix(light, coat, 0.35), light)]
    face = [(CHEEK, light, mix(light, coat, 0.08)), (EYE, dark, dark)]
    layers += [*both, *_mirrored(both), (HEAD, warm, coat), *face, *_mirrored(face)]
    for outline, top, low in [*layers, (NOSE, dark, dark)]:
        curve = smooth(outline)
        canvas.shape(
            [[(foot[0] + flip * x * size, foot[1] + y * size) for x, y in curve]], top, low
        )


def _shift(outline: list[Point], by: float) -> Path:
    return [(x + by, y) for x, y in outline]


def _mirrored(parts: list[tuple]) -> list[tuple]:
    return [([(-x, y) for x, y in outline], top, low) for outline, top, low in parts]

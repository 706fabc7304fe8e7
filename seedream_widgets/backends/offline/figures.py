"""The animals that sit in the foreground, drawn in their own small coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedream_widgets.backends.offline import outlines
from seedream_widgets.backends.offline.canvas import ellipse
from seedream_widgets.backends.offline.outlines import curve
from seedream_widgets.backends.offline.palette import mix, rgb

if TYPE_CHECKING:
    from seedream_widgets.backends.offline.canvas import Canvas, Path
    from seedream_widgets.backends.offline.palette import Colour, Theme

    Part = tuple[Path, Colour, Colour]

# coat, light fur, dark fur
COATS = {
    "fox": ("#e0602a", "#fff3e2", "#3a1c18"),
    "cat": ("#46414f", "#efe6dc", "#1f1c26"),
    "wolf": ("#8391a3", "#f1f4f6", "#2b333f"),
}


def animal(canvas: Canvas, theme: Theme) -> None:
    """Paint a sitting fox, cat or wolf."""
    coat, light, dark = (rgb(code) for code in COATS[theme.subject or "fox"])
    if theme.night:
        night = theme.palette.middle
        coat, light, dark = mix(coat, night, 0.3), mix(light, night, 0.25), mix(dark, night, 0.1)
    cat = theme.subject == "cat"
    body, head = (_cat_body, _cat_head) if cat else (_fox_body, _fox_head)
    rng = canvas.rng
    size = min(canvas.unit * rng.uniform(0.44, 0.52), canvas.height * 0.5)
    x, y = canvas.at(rng.uniform(0.42, 0.62), 0.925)
    flip = rng.choice((-1, 1))
    shadow = mix(theme.palette.ground, theme.palette.near, 0.35)
    canvas.shape(
        [ellipse((x + flip * size * 0.12, y), size * 0.48, size * 0.04)], shadow, opacity=150
    )
    for path, top, low in [*body(coat, light, dark), *head(coat, light, dark)]:
        canvas.shape([[(x + flip * dx * size, y + dy * size) for dx, dy in path]], top, low)


def _fox_body(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    tail = (curve(outlines.TAIL), mix(coat, light, 0.12), mix(coat, dark, 0.28))
    tip = (curve(outlines.TIP), light, light)
    return [tail, tip, *_torso(coat, light, dark, sock=dark)]


def _cat_body(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    tail = (curve(outlines.CAT_TAIL), mix(coat, light, 0.12), mix(coat, dark, 0.28))
    return [tail, *_torso(coat, light, dark, sock=mix(coat, light, 0.75))]


def _torso(coat: Colour, light: Colour, dark: Colour, *, sock: Colour) -> list[Part]:
    shade = mix(coat, dark, 0.28)
    return [
        (curve(outlines.BODY), coat, shade),
        (curve(outlines.HAUNCH), coat, shade),
        (curve(outlines.LEGS), coat, mix(coat, shade, 0.4)),
        (curve(outlines.SOCK), sock, sock),
        (curve(outlines.SOCK, shift=(0.085, 0.0)), sock, sock),
        (curve(outlines.BIB), mix(light, coat, 0.32), light),
    ]


def _fox_head(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    return [
        *_both(outlines.EAR, dark, coat),
        *_both(outlines.INNER_EAR, mix(light, coat, 0.35), light),
        (curve(outlines.HEAD), mix(coat, light, 0.12), coat),
        *_both(outlines.CHEEK, light, mix(light, coat, 0.08)),
        *_both(outlines.EYE, dark, dark),
        (curve(outlines.NOSE), dark, dark),
    ]


def _cat_head(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    pink = mix(light, rgb("#e58a8a"), 0.6)
    return [
        *_both(outlines.CAT_EAR, coat, coat),
        *_both(outlines.CAT_INNER_EAR, pink, mix(pink, coat, 0.4)),
        (curve(outlines.CAT_HEAD), mix(coat, light, 0.1), coat),
        *_both(outlines.MUZZLE, light, light),
        *_both(outlines.IRIS, rgb("#f6d45a"), rgb("#e09a3a")),
        *_both(outlines.PUPIL, dark, dark),
        *_both(outlines.WHISKERS, light, light),
        (curve(outlines.NOSE, shift=(0.0, -0.055)), pink, pink),
    ]


def _both(outline: str, top: Colour, low: Colour) -> list[Part]:
    return [(curve(outline, mirror=mirror), top, low) for mirror in (False, True)]

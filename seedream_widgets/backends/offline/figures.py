"""The animals that sit in the foreground, drawn in their own small coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedream_widgets.backends.offline.canvas import curve, ellipse
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

TAIL = "100,-60 300,0 500,-100 540,-300 440,-500! 410,-340 300,-240 140,-220"
TIP = "440,-500! 530,-340 535,-240! 480,-280 460,-240 430,-280 410,-340"
BODY = "-140,0! -180,-100 -150,-340 -100,-520 100,-520 160,-360 230,-160 200,-20 140,0!"
BIB = "-100,-500 100,-500 90,-360 30,-240 0,-170! -30,-240 -90,-360"
HAUNCH = "60,0! 80,-140 150,-200 210,-160 225,-60 190,0!"
LEGS = "-100,0! -80,-300! 60,-300! 75,0!"
SOCK = "-100,0! -88,-100 -50,-70 -14,-100 -10,0!"
HEAD = (
    "0,-420 -60,-455 -150,-510 -235,-570! -180,-670 -170,-740 -80,-800 0,-805 80,-800 "
    "170,-740 180,-670 235,-570! 150,-510 60,-455"
)
CHEEK = "0,-420 -60,-455 -150,-510 -235,-570! -130,-625 -70,-580 -35,-500 0,-470"
EAR = "-175,-700 -200,-820 -190,-1000! -100,-900 -30,-780"
INNER_EAR = "-155,-740 -175,-840 -178,-940! -110,-860 -75,-780"
EYE = "-125,-655! -90,-632 -52,-650! -90,-648"
NOSE = "0,-425 -30,-455 -20,-475 20,-475 30,-455"
CAT_TAIL = (
    "120,-50 300,-10 440,-100 460,-280 380,-420 400,-550 455,-530 450,-430 530,-280 500,-60 "
    "320,40 120,20"
)
CAT_HEAD = (
    "0,-440 -110,-455 -200,-530 -215,-630 -170,-730 -80,-785 0,-790 80,-785 170,-730 215,-630 "
    "200,-530 110,-455"
)
CAT_EAR = "-205,-640 -215,-780 -185,-920! -100,-860 -20,-770"
CAT_INNER_EAR = "-175,-700 -185,-790 -172,-860! -120,-820 -80,-770"
MUZZLE = "0,-452 -60,-460 -85,-500 -50,-540 0,-550"
IRIS = "-140,-625! -95,-662 -50,-610! -95,-588"
PUPIL = "-98,-652 -112,-622 -98,-594 -84,-622"
WHISKERS = "-70,-505! -270,-530! -70,-500! -270,-490!"


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
    tail = (curve(TAIL), mix(coat, light, 0.12), mix(coat, dark, 0.28))
    tip = (curve(TIP), light, light)
    return [tail, tip, *_torso(coat, light, dark, sock=dark)]


def _cat_body(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    tail = (curve(CAT_TAIL), mix(coat, light, 0.12), mix(coat, dark, 0.28))
    return [tail, *_torso(coat, light, dark, sock=mix(coat, light, 0.75))]


def _torso(coat: Colour, light: Colour, dark: Colour, *, sock: Colour) -> list[Part]:
    shade = mix(coat, dark, 0.28)
    return [
        (curve(BODY), coat, shade),
        (curve(HAUNCH), coat, shade),
        (curve(LEGS), coat, mix(coat, shade, 0.4)),
        (curve(SOCK), sock, sock),
        (curve(SOCK, shift=(0.085, 0.0)), sock, sock),
        (curve(BIB), mix(light, coat, 0.32), light),
    ]


def _fox_head(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    return [
        *_both(EAR, dark, coat),
        *_both(INNER_EAR, mix(light, coat, 0.35), light),
        (curve(HEAD), mix(coat, light, 0.12), coat),
        *_both(CHEEK, light, mix(light, coat, 0.08)),
        *_both(EYE, dark, dark),
        (curve(NOSE), dark, dark),
    ]


def _cat_head(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    pink = mix(light, rgb("#e58a8a"), 0.6)
    return [
        *_both(CAT_EAR, coat, coat),
        *_both(CAT_INNER_EAR, pink, mix(pink, coat, 0.4)),
        (curve(CAT_HEAD), mix(coat, light, 0.1), coat),
        *_both(MUZZLE, light, light),
        *_both(IRIS, rgb("#f6d45a"), rgb("#e09a3a")),
        *_both(PUPIL, dark, dark),
        *_both(WHISKERS, light, light),
        (curve(NOSE, shift=(0.0, -0.055)), pink, pink),
    ]


def _both(outline: str, top: Colour, low: Colour) -> list[Part]:
    return [(curve(outline, mirror=mirror), top, low) for mirror in (False, True)]

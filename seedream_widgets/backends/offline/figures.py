"""Draws the subjects in the foreground, animals and things, each in its own coordinates."""

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
    "dog": ("#c98b4b", "#f6e7d2", "#3a2416"),
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


def figure(canvas: Canvas, theme: Theme) -> None:
    """Paint the subject of a picture where it stands."""
    night = theme.palette.middle
    if theme.subject in THINGS:
        parts = THINGS[theme.subject](theme)
        if theme.night and theme.subject not in ("lighthouse", "house"):
            parts = [(path, mix(top, night, 0.3), mix(low, night, 0.3)) for path, top, low in parts]
    else:
        coat, light, dark = (rgb(code) for code in COATS[theme.subject or "fox"])
        if theme.night:
            coat, light = mix(coat, night, 0.3), mix(light, night, 0.25)
            dark = mix(dark, night, 0.1)
        body, head = BUILDS.get(theme.subject or "fox", (_fox_body, _fox_head))
        parts = [*body(coat, light, dark), *head(coat, light, dark)]
    rng = canvas.rng
    size = min(canvas.unit * rng.uniform(0.44, 0.52), canvas.height * 0.5)
    x, y = canvas.at(rng.uniform(0.42, 0.62), 0.925)
    flip = rng.choice((-1, 1))
    shadow = mix(theme.palette.ground, theme.palette.near, 0.35)
    canvas.shape(
        [ellipse((x + flip * size * 0.12, y), size * 0.48, size * 0.04)], shadow, opacity=150
    )
    for path, top, low in parts:
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
        *_mirrored(EAR, dark, coat),
        *_mirrored(INNER_EAR, mix(light, coat, 0.35), light),
        (curve(HEAD), mix(coat, light, 0.12), coat),
        *_mirrored(CHEEK, light, mix(light, coat, 0.08)),
        *_mirrored(EYE, dark, dark),
        (curve(NOSE), dark, dark),
    ]


def _cat_head(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    pink = mix(light, rgb("#e58a8a"), 0.6)
    return [
        *_mirrored(CAT_EAR, coat, coat),
        *_mirrored(CAT_INNER_EAR, pink, mix(pink, coat, 0.4)),
        (curve(CAT_HEAD), mix(coat, light, 0.1), coat),
        *_mirrored(MUZZLE, light, light),
        *_mirrored(IRIS, rgb("#f6d45a"), rgb("#e09a3a")),
        *_mirrored(PUPIL, dark, dark),
        *_mirrored(WHISKERS, light, light),
        (curve(NOSE, shift=(0.0, -0.055)), pink, pink),
    ]


def _mirrored(outline: str, top: Colour, low: Colour) -> list[Part]:
    return [(curve(outline, mirror=mirror), top, low) for mirror in (False, True)]


DOG_TAIL = "120,-40 300,-120 400,-330 460,-340 400,-100 220,10"
DOG_HEAD = (
    "0,-420 -110,-440 -180,-530 -195,-650 -130,-755 0,-785 130,-755 195,-650 180,-530 110,-440"
)
DOG_MUZZLE = "0,-425 -75,-450 -95,-520 -50,-590 0,-600"
DOG_EAR = "-120,-760 -230,-700 -275,-540 -225,-420 -165,-520 -150,-650"
TONGUE = "-28,-455! -26,-390 0,-370 26,-390 28,-455!"


def _dog_body(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    tail = (curve(DOG_TAIL), coat, mix(coat, dark, 0.3))
    return [tail, *_torso(coat, light, dark, sock=light)]


def _dog_head(coat: Colour, light: Colour, dark: Colour) -> list[Part]:
    return [
        (curve(DOG_HEAD), mix(coat, light, 0.15), coat),
        *_mirrored(DOG_EAR, mix(coat, dark, 0.45), mix(coat, dark, 0.6)),
        (curve(TONGUE), rgb("#ef8f96"), rgb("#d9626e")),
        *_mirrored(DOG_MUZZLE, light, mix(light, coat, 0.25)),
        *_eyes(85, -640, 30, dark),
        (ellipse((0.0, -0.555), 0.05, 0.036), dark, dark),
    ]


BUILDS = {"cat": (_cat_body, _cat_head), "dog": (_dog_body, _dog_head)}


def _eyes(x: int, y: int, radius: int, colour: Colour) -> list[Part]:
    places = ((side * x / 1000, y / 1000) for side in (-1, 1))
    return [(ellipse(place, radius / 1000, radius / 1000), colour, colour) for place in places]


def _box(left: int, top: int, right: int, bottom: int) -> Path:
    """Return a rectangle in thousandths."""
    corners = (left, top), (right, top), (right, bottom), (left, bottom)
    return [(x / 1000, y / 1000) for x, y in corners]


def _owl(theme: Theme) -> list[Part]:
    brown, pale, dark = rgb("#8a5f3c"), rgb("#e9d3ae"), rgb("#2c1d14")
    body = "0,0 -170,-40 -235,-250 -215,-480 -160,-640 0,-690 160,-640 215,-480 235,-250 170,-40"
    belly = "0,-40 -110,-80 -145,-250 -95,-400 0,-430 95,-400 145,-250 110,-80"
    flecks = [((x + 40 * (row % 2)) / 1000, (-130 - 70 * row) / 1000) for row in range(4)
              for x in (-80, 0, 80)]  # fmt: skip
    return [
        (_box(-480, -10, 480, 45), rgb("#5b3d28"), rgb("#3b2718")),
        *_mirrored("-195,-560! -225,-760! -70,-650!", brown, dark),
        (curve(body), mix(brown, pale, 0.15), brown),
        (curve(belly), pale, mix(pale, brown, 0.3)),
        *((ellipse(place, 0.022, 0.014), brown, brown) for place in flecks),
        *_mirrored("-205,-440 -265,-250 -205,-50! -140,-250", mix(brown, dark, 0.3), dark),
        *_eyes(92, -530, 92, pale),
        *_eyes(92, -530, 62, rgb("#f2a63a")),
        *_eyes(92, -530, 34, dark),
        (curve("-30,-480! 30,-480! 0,-400!"), rgb("#e7a13c"), rgb("#c47a1f")),
        *_mirrored("-110,-30! -120,20! -40,20! -50,-30!", rgb("#e7a13c"), rgb("#c47a1f")),
    ]


def _horse(theme: Theme) -> list[Part]:
    coat, dark = rgb("#8b5230"), rgb("#2a1710")
    shade = mix(coat, dark, 0.4)
    body = "-340,-400 -310,-530 -100,-545 180,-550 330,-480 320,-360 180,-300 -60,-290 -270,-310"
    mane = "300,-880 210,-760 130,-560! 200,-540 290,-700 350,-850!"
    head = "300,-850 370,-910 440,-880 520,-770 600,-680 580,-620 510,-630 440,-690 370,-700"
    legs = []
    for x, tone in ((-200, shade), (160, shade), (-280, coat), (240, coat)):
        legs.append(
            (curve(f"{x - 50},-380! {x - 26},-20! {x + 26},-20! {x + 50},-380!"), tone, tone)
        )
        legs.append((_box(x - 32, -40, x + 32, 0), dark, dark))
    return [
        (curve("-310,-500 -420,-440 -450,-200 -410,-90! -370,-250 -290,-420"), dark, dark),
        *legs,
        (curve(body), mix(coat, (255, 220, 180), 0.15), shade),
        (curve("130,-500! 290,-860! 420,-760! 340,-420!"), coat, coat),
        (curve("360,-880! 385,-990! 430,-880!"), coat, shade),
        (curve(head), mix(coat, (255, 220, 180), 0.12), coat),
        (curve(mane), dark, dark),
        (ellipse((0.43, -0.79), 0.016, 0.016), dark, dark),
        (ellipse((0.565, -0.655), 0.012, 0.01), dark, dark),
    ]


def _lighthouse(theme: Theme) -> list[Part]:
    white, red, dark = rgb("#f7f3ea"), rgb("#d23c35"), rgb("#27303d")
    shade = mix(white, theme.palette.near, 0.3)
    lamp = rgb("#ffe9a0")
    rock = mix(theme.palette.near, rgb("#5b5750"), 0.5)
    stripes = []
    for low, high in ((-140, -290), (-430, -580)):
        left, right = 140 + low * 60 // 760, 140 + high * 60 // 760
        stripe = f"{-left},{low}! {-right},{high}! {right},{high}! {left},{low}!"
        stripes.append((curve(stripe), red, mix(red, dark, 0.2)))
    return [
        (curve("-460,90! -360,-40 -180,-90 120,-80 330,-50 480,90!"), rock, mix(rock, dark, 0.5)),
        (curve("-140,-40! -80,-760! 80,-760! 140,-40!"), white, shade),
        *stripes,
        (_box(-34, -130, 34, -50), dark, dark),
        (_box(-110, -800, 110, -765), dark, dark),
        (_box(-64, -900, 64, -800), lamp, rgb("#ffcf5c")),
        (curve("-90,-895! 0,-1000! 90,-895!"), red, mix(red, dark, 0.3)),
    ]


def _house(theme: Theme) -> list[Part]:
    wall, dark = rgb("#f2e3c9"), rgb("#4a2f26")
    roof = mix(theme.palette.accent, dark, 0.15)
    pane = rgb("#ffd77a") if theme.night else rgb("#8fc1dc")
    return [
        (_box(180, -740, 260, -480), mix(dark, roof, 0.3), dark),
        (_box(-330, -390, 330, 0), wall, mix(wall, dark, 0.2)),
        (curve("-410,-370! 0,-720! 410,-370!"), roof, mix(roof, dark, 0.3)),
        (_box(-62, -230, 62, 0), mix(dark, roof, 0.2), dark),
        *((_box(x, -310, x + 130, -180), dark, dark) for x in (-265, 135)),
        *((_box(x, -300, x + 52, -190), pane, pane) for x in (-255, -191, 145, 209)),
        (ellipse((0.04, -0.11), 0.01, 0.01), rgb("#f0c75a"), rgb("#f0c75a")),
    ]


def _tree(theme: Theme) -> list[Part]:
    bark = rgb("#6b4529")
    leaf = {"autumn": rgb("#d9772b"), "snow": rgb("#e8eef2")}.get(theme.mood, rgb("#3f8f4a"))
    dark, light = mix(leaf, theme.palette.near, 0.4), mix(leaf, (255, 255, 220), 0.25)
    crowns = (
        (-200, -560, 190),
        (205, -560, 185),
        (0, -500, 230),
        (-90, -740, 190),
        (110, -720, 185),
    )
    return [
        (curve("-90,0! -45,-120 -50,-480! 50,-480! 45,-120 100,0!"), bark, mix(bark, dark, 0.5)),
        *((ellipse((x / 1000, y / 1000), r / 1000, r / 1000), leaf, dark) for x, y, r in crowns),
        *(
            (ellipse((x / 1000 - 0.05, y / 1000 - 0.06), 0.06, 0.05), light, leaf)
            for x, y, _ in crowns
        ),
    ]


def _car(theme: Theme) -> list[Part]:
    paint, dark, glass = theme.palette.accent, rgb("#1b1d24"), rgb("#bfe0ee")
    low = mix(paint, dark, 0.35)
    wheels = [(x / 1000, -0.085) for x in (-270, 270)]
    return [
        (curve("-300,-240! -190,-430! 150,-430! 290,-240!"), paint, low),
        (curve("-235,-250! -165,-395! -15,-395! -15,-250!"), glass, mix(glass, dark, 0.3)),
        (curve("25,-250! 25,-395! 130,-395! 220,-250!"), glass, mix(glass, dark, 0.3)),
        (curve("-490,-80! -480,-200 -400,-250! 380,-250! 480,-210 490,-80!"), paint, low),
        (_box(-485, -190, -430, -150), rgb("#ffd77a"), rgb("#ffb43a")),
        (_box(440, -190, 486, -150), rgb("#f0524a"), rgb("#c4302b")),
        (_box(-6, -230, 6, -100), low, low),
        *((ellipse(place, 0.1, 0.1), dark, dark) for place in wheels),
        *((ellipse(place, 0.045, 0.045), rgb("#c9ccd2"), rgb("#8f939b")) for place in wheels),
    ]


def _food(theme: Theme) -> list[Part]:
    bowl, broth = mix(theme.palette.accent, rgb("#2b4f7d"), 0.35), rgb("#e8b45c")
    deep = mix(bowl, (0, 0, 0), 0.4)
    toppings = (
        (-170, -330, 75, "#d9453d"), (-10, -350, 80, "#6fae45"), (150, -335, 72, "#f6f1e4"),
        (-90, -290, 60, "#f2a63a"), (80, -285, 62, "#c9573c"),
    )  # fmt: skip
    return [
        (ellipse((0.0, 0.0), 0.5, 0.05), rgb("#efe9df"), rgb("#cfc7ba")),
        (curve("-400,-270! -330,-90 -150,0! 150,0! 330,-90 400,-270!"), bowl, deep),
        (ellipse((0.0, -0.275), 0.4, 0.095), mix(bowl, (255, 255, 255), 0.5), bowl),
        (ellipse((0.0, -0.275), 0.36, 0.078), broth, mix(broth, (120, 60, 0), 0.3)),
        *(_topping(*each) for each in toppings),
        (ellipse((0.15, -0.335), 0.036, 0.026), rgb("#f4b93c"), rgb("#e89a1c")),
    ]  # fmt: skip


def _topping(x: int, y: int, radius: int, code: str) -> Part:
    place, colour = (x / 1000, y / 1000), rgb(code)
    return ellipse(place, radius / 1000, radius / 1500), colour, mix(colour, (40, 20, 0), 0.3)


THINGS = {
    "owl": _owl,
    "horse": _horse,
    "lighthouse": _lighthouse,
    "house": _house,
    "tree": _tree,
    "car": _car,
    "food": _food,
}

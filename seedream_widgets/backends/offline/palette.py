"""Finds in a prompt's words what to draw: scene, subject, weather and colours."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Colour = tuple[int, int, int]

# name: sky top, sky middle, sky low, sun or moon, farthest layer, nearest layer, ground, accent
PALETTES = {
    "dawn": "#5f86c4 #c9b4d4 #fbdcc4 #fff6dd #c4b2d0 #2d375c #4a4f74 #ef7d6b",
    "day": "#3f97dd #97cdf0 #e9f6f5 #fffbe4 #a8d0de #1d5a58 #2f7a63 #ff8a4c",
    "sunset": "#35306f #d95c7b #ffae6b #fff0b8 #c8638a #241539 #331c48 #ffd166",
    "night": "#060b22 #14265a #4a69a8 #f6f2dc #3c5690 #050918 #0a1229 #ffd27d",
    "snow": "#86aedb #c9dcf0 #fde3cf #fff4dc #bccde4 #6684b0 #f3f8fd #e4572e",
    "forest": "#7fb3a6 #cfe3c6 #f8f3d3 #fffce4 #a9cbaa #0f352b #164437 #f2a541",
    "autumn": "#e0a679 #f5d3a0 #fdf0d2 #fffaec #dfa66d #571d16 #7a2c1b #d1495b",
    "sea": "#2878b5 #84c9de #fdf1d6 #fffbe8 #8fc0cf #0c3f5c #0f5874 #ff7f6a",
    "desert": "#d9694f #f3a875 #fbdcae #fff3d0 #e9a672 #6b2a24 #8d3c2a #2a9d8f",
    "violet": "#26194f #7a4da6 #f4a7c6 #ffe9d9 #9a6cb8 #1b1035 #291a4c #ffb4a2",
    "rose": "#ee9fb2 #f9cfcd #fff0e0 #fffaf0 #eeabb6 #6c2547 #8a3557 #f25f7c",
    "teal": "#0c4a5b #3a9c9b #dcefd0 #fdfbe2 #6fb7ae #07272f #0c3a42 #ffb703",
    "grey": "#8b97a6 #c3cbd4 #f0efea #ffffff #b5bfca #262d38 #39424f #e76f51",
}
# The unnamed mood of a prompt comes from these, so that newcomers see colour.
MOODS = ("dawn", "day", "sunset", "violet", "teal", "rose", "desert", "sea")

TIMES = {
    "night": "night midnight moon moonlight moonlit stars starry dark nocturnal nuit nacht",
    "sunset": "sunset dusk evening twilight fire lava volcano sundown",
    "dawn": "dawn sunrise morning misty fog foggy pastel",
    "snow": "snow snowy winter ice icy frozen arctic christmas blizzard frost",
    "autumn": "autumn fall october maple harvest pumpkin",
    "day": "day noon sunny summer daylight bright",
}
COLOURS = {
    "sunset": "orange red crimson scarlet vermilion",
    "sea": "blue azure navy cobalt",
    "forest": "green olive lime jade",
    "violet": "purple violet indigo magenta lavender neon cyberpunk",
    "rose": "pink rose blush coral",
    "desert": "gold golden yellow amber ochre brown copper",
    "teal": "teal turquoise cyan emerald mint",
    "grey": "grey gray black white silver monochrome noir",
}
ACCENTS = {
    "#d62f2f": "red crimson scarlet vermilion",
    "#f4772e": "orange copper",
    "#f7c331": "gold golden yellow amber",
    "#2fa866": "green emerald jade lime",
    "#2f6fe0": "blue azure navy cobalt",
    "#8b4fe0": "purple violet indigo lavender",
    "#f0679a": "pink rose magenta blush coral",
    "#1fb5b0": "teal turquoise cyan mint",
    "#20242e": "black",
    "#f6f3ec": "white silver",
}
SCENES = {
    "sea": "sea ocean beach wave lake river boat ship sail island water coast harbor fish whale",
    "city": "city town street skyline building tower tokyo paris london york urban cyberpunk "
    "neon car robot office architecture",
    "forest": "forest tree wood jungle pine deer bear owl garden park cabin",
    "space": "space galaxy planet cosmos cosmic nebula astronaut rocket star alien universe mars",
    "flowers": "flower blossom bouquet rose tulip sunflower poppy petal spring botanical bee "
    "butterfly lily daisy peony",
    "portrait": "portrait woman man grandfather grandpa grandmother grandma girl "
    "boy face person model people lady selfie child headshot",
    "dunes": "desert dune sand sahara camel egypt pyramid",
    "mountains": "mountain hill alps peak valley landscape volcano castle house village road",
    "ribbons": "abstract pattern logo poster texture design wallpaper silk music art painting "
    "product bottle cup coffee food text typography",
}
SUBJECTS = {
    "fox": "fox vixen squirrel",
    "cat": "cat kitten tiger lion panther lynx",
    "wolf": "wolf husky coyote",
    "dog": "dog puppy retriever poodle corgi",
    "owl": "owl",
    "horse": "horse pony stallion mare foal",
    "lighthouse": "lighthouse",
    "house": "house cottage cabin home barn",
    "car": "car automobile taxi",
    "food": "food meal dinner lunch soup ramen pasta salad fruit",
    "tree": "tree oak",
}
_LONGEST_TITLE = 140
_LAST_LETTER = 0x17F
OLD = frozenset({"old", "elderly", "grandfather", "grandpa", "grandmother", "grandma", "aged"})
# Where a thing stands that is not met just anywhere.
PLACES = {"lighthouse": "sea", "owl": "forest", "food": "table", "tree": "mountains"}
# What a scene looks best in when the prompt names neither hour, season nor colour.
USUAL = {
    "table": "dawn",
    "sea": "sea",
    "forest": "forest",
    "dunes": "desert",
    "flowers": "rose",
    "space": "violet",
}


@dataclass(frozen=True)
class Palette:
    """The colours of one picture."""

    high: Colour
    middle: Colour
    low: Colour
    sun: Colour
    far: Colour
    near: Colour
    ground: Colour
    accent: Colour

    def layer(self, depth: float) -> Colour:
        """Return a layer's colour, from the farthest (0) to the nearest (1)."""
        return mix(self.far, self.near, depth)


@dataclass(frozen=True)
class Theme:
    """What a prompt asks for, as far as its words are recognised."""

    scene: str
    subject: str | None
    mood: str
    named: bool
    night: bool
    snow: bool
    palette: Palette
    old: bool = False
    title: str = ""

    @property
    def meadow(self) -> bool:
        """Whether the picture needs a foreground: a figure stands on it, or snow lies there."""
        stands = self.subject is not None and self.scene not in ("sea", "table")
        return stands or (self.snow and self.scene in ("mountains", "forest"))


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour `share` of the way from `first` to `second`."""
    r, g, b = (round(a + (z - a) * share) for a, z in zip(first, second, strict=True))
    return r, g, b


def rgb(code: str) -> Colour:
    """Return the colour of a ``#rrggbb`` code."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def dice(*parts: object) -> random.Random:
    """Return a random generator that is always the same for the same `parts`."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return random.Random(int.from_bytes(hashlib.sha256(text).digest(), "big"))


def theme(prompt: str, index: int = 0) -> Theme:
    """Read a prompt; what it leaves open is chosen by its hash and `index`."""
    words = re.findall(r"[^\W_]+", prompt[:4000].lower())
    open_ = dice("theme", prompt)
    subject = _find(SUBJECTS, words)
    scenes = ("mountains", "forest") if subject else ("mountains", "ribbons", "dunes", "mountains")
    scene = _find(SCENES, words)
    named = _find(TIMES, words)
    if subject in PLACES and scene in (None, "forest", "ribbons", "sea", "city"):
        scene = PLACES[subject] if subject != "tree" or scene is None else scene
    elif scene is None and subject is None and named is None and _title(prompt):
        scene = "title"
    elif scene is None or (subject and scene in ("portrait", "flowers", "ribbons")):
        scene = open_.choice(scenes)
    moods = open_.sample(MOODS, len(MOODS))
    colour = None if subject else _find(COLOURS, words)
    named = named or colour
    mood = named or USUAL.get(scene) or moods[index % len(moods)]
    palette = Palette(*map(rgb, PALETTES[mood].split()))
    accent = _find(ACCENTS, words)
    if accent:
        palette = replace(palette, accent=rgb(accent))
    night, snow = (_find({name: TIMES[name]}, words) is not None for name in ("night", "snow"))
    old = not OLD.isdisjoint(words)
    title = _title(prompt) if scene == "title" else ""
    return Theme(scene, subject, mood, named is not None, night, snow, palette, old, title)


def _title(prompt: str) -> str:
    """Return the words for a title card, or nothing where Pillow's own font has no letters."""
    words = " ".join(prompt[:400].split())
    if any(ord(sign) > _LAST_LETTER or not sign.isprintable() for sign in words):
        return ""
    return words if len(words) <= _LONGEST_TITLE else f"{words[: _LONGEST_TITLE - 1]}…"


def _find(table: Mapping[str, str], words: Sequence[str]) -> str | None:
    """Return the row of the first word that a table knows, in the singular or the plural."""
    known = {word: name for name, row in table.items() for word in row.split()}
    hits = (known.get(word) or known.get(word.removesuffix("s")) for word in words)
    return next((hit for hit in hits if hit), None)

"""Draw the offline preview's pictures: the same prompt, seed, size and index, the same pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from seedream_widgets.backends.offline import figures, flowers, portrait, scenes, studies
from seedream_widgets.backends.offline.canvas import Canvas
from seedream_widgets.backends.offline.edit import edit
from seedream_widgets.backends.offline.label import label
from seedream_widgets.backends.offline.palette import dice, theme

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTENT_TYPE = "image/jpeg"
QUALITY = 90
# Larger pictures are painted at this area and scaled up: 4K stays about a second.
PAINTED_AREA = 2048 * 2048

SCENES = {
    "mountains": scenes.mountains,
    "forest": scenes.forest,
    "sea": scenes.sea,
    "dunes": scenes.dunes,
    "city": scenes.city,
    "space": studies.space,
    "flowers": flowers.flowers,
    "portrait": portrait.portrait,
    "ribbons": studies.ribbons,
}


def draw(
    prompt: str,
    seed: int,
    size: tuple[int, int],
    *,
    images: Sequence[Image.Image] = (),
    index: int = 0,
) -> Image.Image:
    """Draw one labelled RGB picture of `size` pixels; `index` tells the variants of a job apart."""
    picture = paint(prompt, seed, size, images=images, index=index)
    label(picture)
    return picture


def render(
    prompt: str,
    seed: int,
    size: tuple[int, int],
    *,
    images: Sequence[Image.Image] = (),
    index: int = 0,
    png: bool = False,
    clear: bool = False,
) -> bytes:
    """Draw one picture and return it as a JPEG file, or as PNG, with a clear background or not."""
    file = io.BytesIO()
    picture = draw(prompt, seed, size, images=images, index=index)
    if clear:
        picture = cut_out(picture)
    if png or clear:
        picture.save(file, "PNG", compress_level=1)
    else:
        picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def cut_out(picture: Image.Image) -> Image.Image:
    """Return a copy that is clear around an oval in the middle; its label stays."""
    width, height = picture.size
    inner = (width // 10, height // 10, width - width // 10, height - height // 10)
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).ellipse(inner, fill=255)
    left, top, right, bottom = label(picture.copy())
    mask.paste(255, (left, top, right, bottom))
    found = picture.convert("RGBA")
    found.putalpha(mask)
    return found


def paint(
    prompt: str,
    seed: int,
    size: tuple[int, int],
    *,
    images: Sequence[Image.Image] = (),
    index: int = 0,
) -> Image.Image:
    """Draw one picture without its label."""
    wanted = theme(prompt, index)
    shrink = min(1.0, (PAINTED_AREA / (size[0] * size[1])) ** 0.5)
    small = (max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink)))
    canvas = Canvas(small, dice("picture", prompt, seed, index))
    if images:
        edit(canvas, wanted, images, index)
    else:
        SCENES[wanted.scene](canvas, wanted)
        if wanted.meadow:
            scenes.meadow(canvas, wanted)
        if wanted.subject:
            figures.animal(canvas, wanted)
        if wanted.snow:
            scenes.snowfall(canvas)
    canvas.grain()
    if canvas.image.size == tuple(size):
        return canvas.image
    return canvas.image.resize(size, Image.Resampling.BICUBIC)

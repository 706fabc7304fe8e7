"""Draws the offline preview's pictures: equal prompt, seed, size and index give equal pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from seedream_widgets.backends.offline import figures, landscapes, studies
from seedream_widgets.backends.offline.canvas import Canvas
from seedream_widgets.backends.offline.palette import dice, mix, theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedream_widgets.backends.offline.palette import Colour, Theme

QUALITY = 90
# Larger pictures are painted at this area and scaled up: 4K stays about a second.
PAINTED_AREA = 2048 * 2048
BICUBIC = Image.Resampling.BICUBIC

LABEL = "Offline preview · not Seedream"
# Of the short side: the text is about 2.2% tall, still legible in a preview of 512 px.
LABEL_HEIGHT = 0.03

SCENES = {
    "mountains": landscapes.mountains,
    "forest": landscapes.forest,
    "sea": landscapes.sea,
    "dunes": landscapes.dunes,
    "city": landscapes.city,
    "space": studies.space,
    "flowers": studies.flowers,
    "portrait": studies.portrait,
    "ribbons": studies.ribbons,
    "table": studies.table,
    "title": studies.title,
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
    transparent: bool = False,
) -> bytes:
    """Draw one picture and return it as a file: JPEG, or PNG if `png` or `transparent` is set."""
    file = io.BytesIO()
    picture = draw(prompt, seed, size, images=images, index=index)
    if transparent:
        picture = cut_out(picture)
    if png or transparent:
        picture.save(file, "PNG", compress_level=1)
    else:
        picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def cut_out(picture: Image.Image) -> Image.Image:
    """Return a copy that is transparent around an oval in the middle; its label stays."""
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
            landscapes.meadow(canvas, wanted)
        if wanted.subject:
            figures.figure(canvas, wanted)
        if wanted.snow:
            landscapes.snowfall(canvas)
    canvas.grain()
    if canvas.image.size == tuple(size):
        return canvas.image
    return canvas.image.resize(size, BICUBIC)


def edit(canvas: Canvas, theme: Theme, images: Sequence[Image.Image], index: int) -> None:
    """Paint the given images into one picture."""
    rng = canvas.rng
    focus = (0.5, 0.5) if index == 0 else (rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8))
    closer = 0.04 * (index % 4)
    base = _fit(images[0], canvas.image.size, theme.palette.low, focus, closer)
    canvas.image = _tint(base, theme, (0.3 if theme.named else 0.16) + 0.04 * (index % 3))
    colours = theme.palette
    corner = canvas.at(rng.choice((0.0, 1.0)), 0.0)
    canvas.glow(corner, canvas.unit * 0.9, mix(colours.low, colours.sun, 0.5), 0.4)
    if theme.night:
        landscapes.stars(canvas, 0.45, 140)
    if theme.snow:
        landscapes.snowfall(canvas)
    _lay_prints(canvas, images[1:], colours.low)


def _fit(
    image: Image.Image,
    size: tuple[int, int],
    paper: Colour,
    focus: tuple[float, float] = (0.5, 0.5),
    closer: float = 0.0,
) -> Image.Image:
    """Return an image as RGB on `paper`, cropped to `size` around `focus`, less a border."""
    small = ImageOps.fit(_reduce(image, size), size, BICUBIC, bleed=closer, centering=focus)
    if "A" not in small.getbands():
        return small.convert("RGB")
    sheet = Image.new("RGB", size, paper)
    sheet.paste(small.convert("RGB"), (0, 0), small.getchannel("A"))
    return sheet


def _reduce(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return an image in a mode that scales well, cheaply reduced when far too large."""
    transparent = image.has_transparency_data
    factor = min(image.width // size[0], image.height // size[1]) // 2
    image = image.convert("RGBA" if transparent else "RGB")
    return image.reduce(factor) if factor > 1 else image


def _tint(image: Image.Image, theme: Theme, share: float) -> Image.Image:
    """Pull an image towards the palette, darker by night."""
    colours = theme.palette
    dark = mix(colours.near, (0, 0, 0), 0.4)
    grey = image.convert("L")
    tint = ImageOps.colorize(grey, dark, mix(colours.low, (255, 255, 255), 0.2), colours.middle)
    if theme.night:
        tint = ImageOps.colorize(grey, mix(dark, (0, 0, 0), 0.3), colours.low, colours.high)
        share += 0.25
    return Image.blend(image, tint, min(share, 0.75))


def _lay_prints(canvas: Canvas, images: Sequence[Image.Image], paper: Colour) -> None:
    """Lay the further images on the lower right half, away from the label, as small prints."""
    if not images:
        return
    count, rng = len(images), canvas.rng
    side = canvas.unit * max(0.13, 0.27 - 0.03 * count)
    columns = max(1, min(count, int(canvas.width * 0.5 / (side * 0.92))))
    for i, image in reversed(list(enumerate(images))):
        card = _framed_print(image, max(8, round(side)), paper).rotate(
            rng.uniform(-7, 7), BICUBIC, expand=True
        )
        row, column = divmod(i, columns)
        x = canvas.width - canvas.unit * 0.04 - side * 0.92 * (column + 0.5) - side * 0.05
        y = canvas.height - canvas.unit * 0.045 - side * (0.98 * row + 0.5)
        left, top = round(x - card.width / 2), round(y - card.height / 2)
        shadow = card.getchannel("A").point([round(v * 0.4) for v in range(256)])
        soft = shadow.filter(ImageFilter.GaussianBlur(max(1, side * 0.02)))
        canvas.image.paste((8, 10, 18), (left, top + round(side * 0.02)), soft)
        canvas.image.paste(card, (left, top), card)


def _framed_print(image: Image.Image, side: int, paper: Colour) -> Image.Image:
    """Return an image as a white-framed square with a transparent margin, ready to be turned."""
    frame, margin = max(2, side // 22), max(2, side // 16)
    inner = max(1, side - 2 * frame)
    card = Image.new("RGBA", (side + 2 * margin,) * 2, (255, 255, 255, 0))
    card.paste((252, 250, 246, 255), (margin, margin, margin + side, margin + side))
    picture = _fit(image, (inner, inner), paper)
    card.paste(picture, (margin + frame, margin + frame))
    return card


def label(picture: Image.Image) -> tuple[int, int, int, int]:
    """Put the label into the lower left corner, in place, and return its box."""
    text = _label_mask(picture)
    pad = max(2, round(text.height * 0.55))
    width, height = text.width + 3 * pad, text.height + 2 * pad
    left = min(round(text.height * 0.9), max(0, picture.width - width))
    top = max(0, picture.height - height - round(text.height * 0.9))
    scale = 4
    pill = Image.new("L", (width * scale, height * scale))
    box = (0, 0, width * scale - 1, height * scale - 1)
    ImageDraw.Draw(pill).rounded_rectangle(box, height * scale // 2, fill=204)
    picture.paste((13, 16, 24), (left, top), pill.reduce(scale))
    place = (left + (width - text.width) // 2, top + (height - text.height) // 2)
    picture.paste((255, 255, 255), place, text)
    return left, top, left + width, top + height


def _label_mask(picture: Image.Image) -> Image.Image:
    """Return the words as a mask, as tall as the picture asks and no wider than it."""
    size = max(11.0, min(picture.size) * LABEL_HEIGHT)
    font = studies.lettering_font(size)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(LABEL))
    mask = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(mask).text((-left, -top), LABEL, fill=255, font=font)
    # Pillow's bitmap font has only one size.
    tall = 1.0 if isinstance(font, ImageFont.FreeTypeFont) else size * 0.8 / mask.height
    shrink = min(tall, picture.width * 0.9 / mask.width)
    if shrink == 1.0:
        return mask
    small = (max(1, round(mask.width * shrink)), max(1, round(mask.height * shrink)))
    return mask.resize(small, Image.Resampling.BICUBIC)

"""Say on the picture itself that Seedream did not make it."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

TEXT = "Offline preview · not Seedream"
# Of the short side: the text is about 2.2% tall, still legible in a preview of 512 px.
HEIGHT = 0.03


def label(picture: Image.Image) -> tuple[int, int, int, int]:
    """Put the label into the lower left corner, in place, and return its box."""
    text = _text(picture)
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


def _text(picture: Image.Image) -> Image.Image:
    """Return the words as a mask, as tall as the picture asks and no wider than it."""
    size = max(11.0, min(picture.size) * HEIGHT)
    font = _font(size)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(TEXT))
    mask = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(mask).text((-left, -top), TEXT, fill=255, font=font)
    if isinstance(font, ImageFont.FreeTypeFont):
        room = picture.width * 0.9
        shrink = min(1.0, room / mask.width)
    else:
        shrink = min(size * 0.8 / mask.height, picture.width * 0.9 / mask.width)
    if shrink == 1.0:
        return mask
    small = (max(1, round(mask.width * shrink)), max(1, round(mask.height * shrink)))
    return mask.resize(small, Image.Resampling.BICUBIC)


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.load_default(size)
    except ImportError:  # Pillow without FreeType has only its bitmap font
        return ImageFont.load_default()

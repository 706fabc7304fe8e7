"""Show the given images: the first one graded to the prompt, the others as prints on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageFilter, ImageOps

from seedream_widgets.backends.offline.palette import mix
from seedream_widgets.backends.offline.scenes import snowfall, stars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedream_widgets.backends.offline.canvas import Canvas
    from seedream_widgets.backends.offline.palette import Colour, Theme

BICUBIC = Image.Resampling.BICUBIC


def edit(canvas: Canvas, theme: Theme, images: Sequence[Image.Image], index: int) -> None:
    """Paint the given images into one picture."""
    rng = canvas.rng
    focus = (0.5, 0.5) if index == 0 else (rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8))
    closer = 0.04 * (index % 4)
    base = _fitted(images[0], canvas.image.size, theme.palette.low, focus, closer)
    canvas.image = _graded(base, theme, (0.3 if theme.named else 0.16) + 0.04 * (index % 3))
    colours = theme.palette
    corner = canvas.at(rng.choice((0.0, 1.0)), 0.0)
    canvas.glow(corner, canvas.unit * 0.9, mix(colours.low, colours.sun, 0.5), 0.4)
    if theme.night:
        stars(canvas, 0.45, 140)
    if theme.snow:
        snowfall(canvas)
    _prints(canvas, images[1:], colours.low)


def _fitted(
    image: Image.Image,
    size: tuple[int, int],
    paper: Colour,
    focus: tuple[float, float] = (0.5, 0.5),
    closer: float = 0.0,
) -> Image.Image:
    """Return an image as RGB on `paper`, cropped to `size` around `focus`, less a border."""
    small = ImageOps.fit(_scaled(image, size), size, BICUBIC, bleed=closer, centering=focus)
    if "A" not in small.getbands():
        return small.convert("RGB")
    sheet = Image.new("RGB", size, paper)
    sheet.paste(small.convert("RGB"), (0, 0), small.getchannel("A"))
    return sheet


def _scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return an image in a mode that scales well, cheaply reduced when far too large."""
    clear = image.has_transparency_data
    factor = min(image.width // size[0], image.height // size[1]) // 2
    image = image.convert("RGBA" if clear else "RGB")
    return image.reduce(factor) if factor > 1 else image


def _graded(image: Image.Image, theme: Theme, share: float) -> Image.Image:
    """Pull an image towards the palette, darker by night."""
    colours = theme.palette
    dark = mix(colours.near, (0, 0, 0), 0.4)
    grey = image.convert("L")
    tint = ImageOps.colorize(grey, dark, mix(colours.low, (255, 255, 255), 0.2), colours.middle)
    if theme.night:
        tint = ImageOps.colorize(grey, mix(dark, (0, 0, 0), 0.3), colours.low, colours.high)
        share += 0.25
    return Image.blend(image, tint, min(share, 0.75))


def _prints(canvas: Canvas, images: Sequence[Image.Image], paper: Colour) -> None:
    """Lay the further images on the lower right half, away from the label, as small prints."""
    if not images:
        return
    count, rng = len(images), canvas.rng
    side = canvas.unit * max(0.13, 0.27 - 0.03 * count)
    columns = max(1, min(count, int(canvas.width * 0.5 / (side * 0.92))))
    for i, image in reversed(list(enumerate(images))):
        card = _print(image, max(8, round(side)), paper).rotate(
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


def _print(image: Image.Image, side: int, paper: Colour) -> Image.Image:
    """Return an image as a white-framed square with a clear margin, ready to be turned."""
    frame, margin = max(2, side // 22), max(2, side // 16)
    inner = max(1, side - 2 * frame)
    card = Image.new("RGBA", (side + 2 * margin,) * 2, (255, 255, 255, 0))
    card.paste((252, 250, 246, 255), (margin, margin, margin + side, margin + side))
    picture = _fitted(image, (inner, inner), paper)
    card.paste(picture, (margin + frame, margin + frame))
    return card

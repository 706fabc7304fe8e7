"""What a round brush painted over a picture: the region of an edit, as the page sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_NUMBERS = 20_000
"""Most numbers of all strokes together."""
_FARTHEST = 100_000
_MOST_WORK = 8_000_000_000
"""Most pixels that drawing may touch: seconds of work."""


@dataclass(frozen=True)
class Strokes:
    """Strokes of a brush, each its diameter and then x and y of each point, in pixels."""

    strokes: tuple[tuple[int, ...], ...]

    @classmethod
    def read(cls, value: Any) -> Strokes:
        """Read what a page sends.

        Raises:
            ValueError: It is not a list of strokes, or more than can be drawn in good time.
        """
        if not isinstance(value, list) or not value:
            raise ValueError("strokes must be a list of strokes")
        count, work = 0, 0
        for stroke in value:
            if not isinstance(stroke, list) or len(stroke) < 3 or len(stroke) % 2 == 0:
                raise ValueError("each stroke must be a diameter, and x and y of each point")
            count += len(stroke)
            if count > MOST_NUMBERS:
                raise ValueError(f"strokes may have {MOST_NUMBERS} numbers together")
            if not all(type(each) is int and abs(each) <= _FARTHEST for each in stroke):
                raise ValueError("strokes must be whole numbers of pixels")
            if stroke[0] < 1:
                raise ValueError("the diameter of a stroke must be 1 pixel or more")
            work += len(stroke) // 2 * stroke[0] ** 2
        if work > _MOST_WORK:
            raise ValueError("so many strokes of so wide a brush take too long; paint with fewer")
        return cls(tuple(tuple(stroke) for stroke in value))

    def drawn(self, size: tuple[int, int]) -> Image:
        """Return them as a mask of mode L: 255 where the brush went, else 0."""
        from PIL import Image, ImageDraw

        mask = Image.new("L", size, 0)
        draw = ImageDraw.Draw(mask)
        for diameter, *numbers in self.strokes:
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            half = (diameter - 1) / 2
            draw.line(points, fill=255, width=diameter)
            for x, y in points:  # round ends and joints
                draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
        return mask

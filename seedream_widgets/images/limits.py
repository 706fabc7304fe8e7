"""`InputLimits`: limits for input images."""

from __future__ import annotations

from dataclasses import dataclass

from seedream_widgets.errors import ImageInputError


@dataclass(frozen=True)
class InputLimits:
    """The limits of what is sent to fal, and of what is read.

    fal's schema states none of these for Seedream. They are the upstream model's (ByteDance,
    September 2025: JPEG or PNG, 10 MB, sides over 14 and up to 6000 px, ratio 1:3 to 3:1);
    its later text allows 1:16 to 16:1, so the wider ratio passes with a note.
    """

    max_bytes: int = 10_000_000
    min_side: int = 15
    max_side: int = 6000
    max_ratio: float = 16
    noted_ratio: float = 3
    formats: tuple[str, ...] = ("JPEG", "PNG")
    max_read_bytes: int = 256_000_000
    max_pixels: int = 178_956_970
    """Twice Pillow's own warning level, where Pillow itself refuses to open a file."""

    def refuse_length(self, length: int) -> None:
        """Raise `ImageInputError` for more bytes than are read, or for none at all."""
        if length == 0:
            raise ImageInputError("it is empty (0 bytes); check that it was written or downloaded")
        if length > self.max_read_bytes:
            raise ImageInputError(
                f"it has {megabytes(length)}, and at most {megabytes(self.max_read_bytes)} are "
                "read; scale it down first"
            )

    def refuse_pixels(self, width: int, height: int) -> None:
        """Raise `ImageInputError` for an image too large to be decoded safely."""
        if width * height > self.max_pixels:
            raise ImageInputError(
                f"it claims {width}x{height} px, and at most {self.max_pixels:,} pixels are "
                "decoded (a decompression bomb?); scale it down first"
            )

    def refuse_shape(self, width: int, height: int) -> None:
        """Raise `ImageInputError` for sides no scaling down could make acceptable."""
        short, long = sorted((width, height))
        if short < self.min_side:
            raise ImageInputError(
                f"it is {width}x{height} px, and each side needs at least {self.min_side} px; "
                "pass a larger image"
            )
        if long > self.max_ratio * short:
            raise ImageInputError(
                f"it is {width}x{height} px, longer than {self.max_ratio:g}:1; crop it first"
            )

    def ratio_note(self, width: int, height: int) -> str | None:
        """Return a remark if fal may refuse the ratio, else ``None``."""
        short, long = sorted((width, height))
        if long <= self.noted_ratio * short:
            return None
        return f"{width}x{height} px is longer than {self.noted_ratio:g}:1, which fal may refuse"


LIMITS = InputLimits()


def megabytes(count: int) -> str:
    """Return a byte count for people, such as ``"30.1 MB"``."""
    for size, unit in ((1_000_000, "MB"), (1000, "KB")):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"

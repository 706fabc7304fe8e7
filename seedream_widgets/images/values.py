"""Checked input images: `ImageInput` holds bytes, `ImageUrl` an address."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from seedream_widgets.errors import SeedreamError
from seedream_widgets.images.limits import megabytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL.Image import Image

    from seedream_widgets.images.origins import Origin


@runtime_checkable
class HasImages(Protocol):
    """An object with images that can be inputs, such as a result or one image of it.

    It may also have ``__seedream_origins__()``, which returns the `Origin` of each image.
    """

    def __seedream_images__(self) -> Sequence[bytes]:
        """Return the untouched bytes of each image, in order."""
        ...


@dataclass(frozen=True, repr=False)
class ImageInput:
    """One image exactly as it will be sent; equal if the given files are equal.

    The pixels of a file that already fits are kept byte for byte. Its metadata (place, camera,
    thumbnail, captions, prompts) is not sent.

    Attributes:
        data: The bytes that are sent; empty if only a receipt is known.
        media_type: ``"image/png"`` or ``"image/jpeg"``.
        width: Pixels, upright.
        height: Pixels, upright.
        sha256: Hex digest of `original`, which identifies the image in requests and the library.
        name: A safe file name without a folder.
        note: What was changed and why, or a warning, in plain words.
        given: The file as it was given, if that is not `data`; it stays in the library.
        digests: Hex digests that recognise a result's picture: of the file as it was given, and
            of its pixels (see `origins.pixel_digest`).
        origin: The result's picture that the file or PIL image says it came from.
    """

    data: bytes = field(compare=False)
    media_type: str = field(compare=False)
    width: int = field(compare=False)
    height: int = field(compare=False)
    sha256: str
    name: str = field(default="image.png", compare=False)
    note: str | None = field(default=None, compare=False)
    given: bytes | None = field(default=None, compare=False)
    digests: tuple[str, ...] = field(default=(), compare=False)
    origin: Origin | None = field(default=None, compare=False)

    @classmethod
    def from_data(
        cls,
        data: bytes,
        media_type: str,
        size: tuple[int, int],
        name: str,
        note: str | None,
        given: bytes | None = None,
    ) -> ImageInput:
        """Build one, hashing what was given; `given` is left out if it equals `data`."""
        given = None if given is None or given == data else given
        digest = hashlib.sha256(data if given is None else given).hexdigest()
        return cls(data, media_type, *size, digest, name, note, given)

    @property
    def original(self) -> bytes:
        """Return the file as it was given, else `data`."""
        return self.data if self.given is None else self.given

    @cached_property
    def sent_sha256(self) -> str:
        """The hex digest of `data`, which identifies uploads."""
        return self.sha256 if self.given is None else hashlib.sha256(self.data).hexdigest()

    @property
    def size(self) -> tuple[int, int]:
        """Return ``(width, height)`` in pixels."""
        return self.width, self.height

    @property
    def pil(self) -> Image:
        """Return a fresh PIL image, decoded when its pixels are first used."""
        from seedream_widgets.images.guard import open_image

        return open_image(self.data)

    def loaded(self) -> ImageInput:
        """Return it with its bytes in memory."""
        return self

    def without_bytes(self) -> ImageInput:
        """Return it without its bytes, with all other fields."""
        return replace(self, data=b"", given=None)

    def __repr__(self) -> str:
        return (
            f"ImageInput({self.name!r}, {self.media_type}, {self.width}x{self.height}, "
            f"{megabytes(len(self.data))}, sha256 {self.sha256[:8]})"
        )


class KeptInput(ImageInput):
    """An input image whose bytes stay on the disk and are read when needed.

    `read` returns the image by its digest; all else is as in `ImageInput`.
    """

    def __init__(
        self,
        read: Callable[[str], ImageInput],
        sha256: str,
        media_type: str,
        width: int,
        height: int,
        name: str,
        digests: tuple[str, ...] = (),
        origin: Origin | None = None,
    ) -> None:
        facts = {"media_type": media_type, "width": width, "height": height, "name": name}
        self.__dict__.update(facts, sha256=sha256, note=None, _read=read)
        self.__dict__.update(digests=digests, origin=origin)

    def loaded(self) -> ImageInput:
        """Return it with its bytes; they are empty if the file no longer exists."""
        try:
            image: ImageInput = self.__dict__["_read"](self.sha256)
        except (SeedreamError, OSError):
            return ImageInput(b"", self.media_type, self.width, self.height, self.sha256, self.name)
        return image

    @property
    def data(self) -> bytes:
        """The bytes that are sent."""
        return self.loaded().data

    @property
    def given(self) -> bytes | None:
        """The file as it was given, where that is not `data`."""
        return self.loaded().given

    @property
    def sent_sha256(self) -> str:
        """The hex digest of `data`."""
        return self.loaded().sent_sha256

    def without_bytes(self) -> ImageInput:
        """Return itself, as it holds no bytes."""
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ImageInput) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return super().__hash__()

    def __repr__(self) -> str:
        size = f"{self.width}x{self.height}"
        return f"KeptInput({self.name!r}, {self.media_type}, {size}, sha256 {self.sha256[:8]})"


@dataclass(frozen=True)
class ImageUrl:
    """An image at an ``https://`` URL, which fal fetches itself."""

    url: str

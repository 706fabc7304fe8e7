"""The studio's own trait types: a size, one of several words, and a list of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets
from traitlets import TraitError, TraitType

from seedream_widgets.errors import RequestError, described, quoted
from seedream_widgets.values.sizes import Size, read_size

if TYPE_CHECKING:
    from traitlets import HasTraits

    from seedream_widgets.images import ImageInput, ImageUrl

    Trait = TraitType[Any, Any]
    Enum = traitlets.Enum[Any]
else:
    Enum = traitlets.Enum
    Trait = TraitType  # Colab's traitlets 5.7 can't be subscripted

_MAX_NAME = 40
_MAX_SIDE = 1_000_000
"""In pixels; the page has the same limit."""


class FieldError(RequestError, TraitError):
    """A field of the form does not take a value."""


class UnknownFieldError(RequestError, AttributeError, TypeError):
    """The form has no field of that name, or it is read-only."""


class WordTrait(Enum):
    """One of several words; the error for another one suggests the word that was meant."""

    def error(self, obj: HasTraits | None, value: Any, error: Any = None, info: Any = None) -> Any:
        """Raise a readable error with a suggestion."""
        from seedream_widgets.values.guesses import did_you_mean

        words = [str(word) for word in self.values or ()]
        raise FieldError(
            f"{self.name} takes {', '.join(words)}, got {quoted(value)}"
            f"{did_you_mean(value, words)}",
            field=self.name or "",
            value=value,
        )


class SizeTrait(Trait):
    """A `Size` or a name; whether the endpoint takes it is checked at submit."""

    info_text = "(width, height), a ratio such as '4:3 2K', or a name such as 'auto'"

    def validate(self, obj: HasTraits, value: Any) -> Size | str:
        """Read the size as `Request` does."""
        try:
            size = read_size(value)
        except RequestError as error:
            raise FieldError(str(error), field="image_size", value=value) from error
        if isinstance(size, str):
            return size[:_MAX_NAME]
        if not all(1 <= side <= _MAX_SIDE for side in size):
            raise FieldError(
                f"image_size takes a width and a height of 1 to {_MAX_SIDE:,} pixels, got "
                f"{' x '.join(map(described, size))}",
                field="image_size",
                value=value,
            )
        return size


def size_to_json(value: Size | str, _widget: object) -> list[int] | str:
    """Write a size for the page."""
    return list(value) if isinstance(value, Size) else value


class ImagesTrait(Trait):
    """Up to ten input images, given as anything `load_images` takes."""

    info_text = "images: PIL images, arrays, paths, URLs, bytes or results"
    default_value = ()

    def validate(self, obj: HasTraits, value: Any) -> tuple[ImageInput | ImageUrl, ...]:
        """Load the images."""
        from seedream_widgets.images.load import load_given

        try:
            images = load_given(value if value is not None else (), field="references")
        except RequestError as error:
            raise FieldError(str(error), field="references") from error
        if len(images) > 10:
            raise FieldError(
                f"references takes up to 10 images, got {len(images)}; leave some out",
                field="references",
            )
        return images


def picture_names(value: list[Any]) -> list[str]:
    """Return the valid picture ids in an untrusted list, up to the most that can be selected."""
    from seedream_widgets.studio.protocol import MAX_IDS
    from seedream_widgets.values.result import image_of

    names = []
    for each in value[:MAX_IDS]:
        try:
            image_of(each)
        except (RequestError, AttributeError):
            continue
        names.append(each)
    return names

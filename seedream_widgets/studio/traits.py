"""The studio's own trait types: a size as people write it, and a list of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import TraitError, TraitType

from seedream_widgets.errors import RequestError
from seedream_widgets.values.sizes import Size, read_size

if TYPE_CHECKING:
    from traitlets import HasTraits

    from seedream_widgets.images import ImageInput, ImageUrl

    Trait = TraitType[Any, Any]
else:
    Trait = TraitType  # Colab's traitlets 5.7 can't be subscripted

_MAX_NAME = 40


class SizeTrait(Trait):
    """A `Size` or a name; whether the endpoint takes it is checked at submit."""

    info_text = "(width, height), a ratio such as '4:3 2K', or a name such as 'auto'"

    def validate(self, obj: HasTraits, value: Any) -> Size | str:
        """Read the size as `Request` does."""
        try:
            size = read_size(value)
        except RequestError as error:
            raise TraitError(str(error)) from error
        return size[:_MAX_NAME] if isinstance(size, str) else size


def size_to_json(value: Size | str, _widget: object) -> list[int] | str:
    """Write a size for the page."""
    return list(value) if isinstance(value, Size) else value


class ImagesTrait(Trait):
    """Up to ten input images, given as anything `load_images` takes."""

    info_text = "images: PIL images, arrays, paths, URLs, bytes or results"
    default_value = ()

    def validate(self, obj: HasTraits, value: Any) -> tuple[ImageInput | ImageUrl, ...]:
        """Load the images."""
        from seedream_widgets.images import load_images

        try:
            images = load_images(value if value is not None else (), field="references")
        except RequestError as error:
            raise TraitError(str(error)) from error
        if len(images) > 10:
            raise TraitError(f"references takes up to 10 images, got {len(images)}; leave some out")
        return images

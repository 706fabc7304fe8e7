"""Input images: converts anything a user may pass into what an endpoint accepts.

`load_images` takes PIL images, numpy arrays, paths, URLs, bytes, open files and results,
and returns `ImageInput` (bytes ready to be uploaded) or `ImageUrl` (fal fetches it itself).
A result can be passed because it has a method ``__seedream_images__()``, which returns the bytes of
each of its images; see `values.HasImages`.
"""

from __future__ import annotations

from seedream_widgets.images.limits import LIMITS, InputLimits
from seedream_widgets.images.load import load_image, load_images
from seedream_widgets.images.values import HasImages, ImageInput, ImageUrl, KeptInput

__all__ = [
    "LIMITS",
    "HasImages",
    "ImageInput",
    "ImageUrl",
    "InputLimits",
    "KeptInput",
    "load_image",
    "load_images",
]

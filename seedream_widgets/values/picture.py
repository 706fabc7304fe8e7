"""The PIL images that results give: Pillow's own, but thread-safe and small in a notebook."""

from __future__ import annotations

import threading
from base64 import b64decode
from functools import cache
from typing import Any

from seedream_widgets.late_imports import mime_bundle


def picture(image: Any) -> Any:
    """Make a PIL image safe to share between threads, and have a notebook show it as a preview.

    It stays an instance of its Pillow class, so every library accepts it. What Pillow makes from
    it (``copy``, ``resize``, ``crop``) is a plain image.

    Args:
        image: A Pillow image; it is changed in place.
    """
    plugin: Any = type(image)
    image.__class__ = _class_of(plugin)
    image._lock = threading.RLock()
    return image


@cache
def _class_of(plugin: Any) -> Any:
    """Return a subclass of a Pillow class that locks its decoding and shows itself small."""

    class Locked(plugin):  # type: ignore[misc]
        def load(self) -> Any:
            with self._lock:  # Pillow does not lock while it decodes
                return super().load()

        def __reduce_ex__(self, _: Any) -> Any:
            return picture, (self.copy(),)  # locks can't be pickled

        def __repr__(self) -> str:  # Pillow's has a memory address, which changes at every run
            return f"<{plugin.__name__} {self.width}x{self.height} {self.mode}>"

        def _repr_pretty_(self, pretty: Any, _: bool) -> None:
            pretty.text(repr(self))

        def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
            return {"text/plain": repr(self), **mime_bundle("image_bundle", self)}

        def _repr_png_(self) -> bytes | None:
            return None  # it would put the whole picture into the notebook

        def _repr_jpeg_(self) -> bytes | None:
            return b64decode(mime_bundle("image_bundle", self)["image/jpeg"])

    Locked.__name__, Locked.__qualname__ = plugin.__name__, plugin.__qualname__
    Locked.__module__ = plugin.__module__
    return Locked

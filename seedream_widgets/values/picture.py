"""The PIL images that results give: Pillow's own in all, but small in a notebook."""

from __future__ import annotations

import threading
from base64 import b64decode
from functools import cache
from typing import Any

from seedream_widgets.faces import shown


def picture(image: Any) -> Any:
    """Make a PIL image one that threads may share and that a notebook shows as a preview.

    It stays what it is to Pillow: an image of the same class, which everything takes. What
    Pillow makes of it (``copy``, ``resize``, ``crop``) is a plain image.

    Args:
        image: The caller's own; it is changed.
    """
    plugin: Any = type(image)
    image.__class__ = _class_of(plugin)
    image._lock = threading.RLock()
    return image


@cache
def _class_of(plugin: Any) -> Any:
    """Return Pillow's class for a format with a lock around its decoding, and a small face."""

    class Picture(plugin):  # type: ignore[misc]
        def load(self) -> Any:
            with self._lock:  # Pillow decodes without one
                return super().load()

        def __reduce_ex__(self, _: Any) -> Any:
            return picture, (self.copy(),)  # locks can't be pickled

        def __repr__(self) -> str:  # Pillow's holds an address, another one each time
            return f"<{plugin.__name__} {self.width}x{self.height} {self.mode}>"

        def _repr_pretty_(self, pretty: Any, _: bool) -> None:
            pretty.text(repr(self))

        def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
            return {"text/plain": repr(self), **shown("image_bundle", self)}

        def _repr_png_(self) -> bytes | None:
            return None  # the whole picture, for each notebook that shows it

        def _repr_jpeg_(self) -> bytes | None:
            return b64decode(shown("image_bundle", self)["image/jpeg"])

    Picture.__name__, Picture.__qualname__ = plugin.__name__, plugin.__qualname__
    Picture.__module__ = plugin.__module__
    return Picture

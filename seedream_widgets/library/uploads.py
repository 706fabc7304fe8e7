"""Where input images already are at fal, by digest: for other kernels, and after a restart."""

from __future__ import annotations

import json
import logging
import math
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from seedream_widgets.files import delete, read_json
from seedream_widgets.images.origins import digest_of
from seedream_widgets.library.folder import write_private

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)
_LARGEST = 8192
_CLOCKS = 60.0
"""Seconds that two computers' clocks may be apart."""


@dataclass(frozen=True)
class KeptUpload:
    """Where an image is, and since and until when, in seconds since the epoch."""

    url: str
    uploaded: float
    expires: float | None = None


class KeptUploads:
    """The uploads of a library: a small file for each image; losing them harms nothing.

    Args:
        library: The library's folder.
    """

    def __init__(self, library: Path) -> None:
        self._library = library

    def find(self, digest: str) -> KeptUpload | None:
        """Return what is known of an image; the folder may come from anybody."""
        path = self._path(digest)
        try:
            if path is None or not path.is_file() or path.stat().st_size > _LARGEST:
                return None
            return _checked(KeptUpload(**read_json(path.read_bytes())))
        except (OSError, ValueError, TypeError, RecursionError):
            return None

    def keep(self, digest: str, upload: KeptUpload) -> None:
        """Write down where an image is, if the folder can be written."""
        path = self._path(digest)
        try:
            if path is not None:
                write_private(path, json.dumps(asdict(upload)).encode(), self._library)
        except OSError as error:
            _log.debug("%s can't be written (%s)", path, error)

    def forget(self, digest: str) -> None:
        """Take out what is known of an image."""
        path = self._path(digest)
        with suppress(OSError):
            if path is not None:
                delete(path)

    def _path(self, digest: str) -> Path | None:
        if not digest_of(digest):
            return None
        return self._library / "uploads" / digest[:2] / f"{digest}.json"


def _checked(upload: KeptUpload) -> KeptUpload:
    """Return it if its values make sense.

    Raises:
        ValueError: One does not.
    """
    if not isinstance(upload.url, str) or not _is_moment(upload.uploaded):
        raise ValueError("it is not an upload")
    if upload.uploaded > time.time() + _CLOCKS:
        raise ValueError("it comes from the future")
    if upload.expires is not None and not _is_moment(upload.expires):
        raise ValueError("its end is not a time")
    return upload


def _is_moment(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value < 1e11  # type: ignore[arg-type, operator]

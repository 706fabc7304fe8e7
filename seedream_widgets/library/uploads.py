"""Remembers the URLs of uploaded input images, by digest, for other kernels and after restarts."""

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
"""How much the clocks of two computers may differ, in seconds."""


@dataclass(frozen=True)
class KeptUpload:
    """The URL of an uploaded image, when it was uploaded and when it expires (epoch seconds)."""

    url: str
    uploaded: float
    expires: float | None = None


class KeptUploads:
    """A library's record of uploads: a small file for each image. It can be deleted safely.

    Args:
        library: The library's folder.
    """

    def __init__(self, library: Path) -> None:
        self._library = library

    def find(self, digest: str) -> KeptUpload | None:
        """Return the upload of an image, if one is known; the folder is untrusted."""
        path = self._path(digest)
        try:
            if path is None or not path.is_file() or path.stat().st_size > _LARGEST:
                return None
            return _checked(KeptUpload(**read_json(path.read_bytes())))
        except (OSError, ValueError, TypeError, RecursionError):
            return None

    def keep(self, digest: str, upload: KeptUpload) -> None:
        """Write an upload down, if the folder can be written."""
        path = self._path(digest)
        try:
            if path is not None:
                write_private(path, json.dumps(asdict(upload)).encode(), self._library)
        except OSError as error:
            _log.debug("%s can't be written (%s)", path, error)

    def forget(self, digest: str) -> None:
        """Delete the record of an image's upload."""
        path = self._path(digest)
        with suppress(OSError):
            if path is not None:
                delete(path)

    def _path(self, digest: str) -> Path | None:
        if not digest_of(digest):
            return None
        return self._library / "uploads" / digest[:2] / f"{digest}.json"


def _checked(upload: KeptUpload) -> KeptUpload:
    """Return an untrusted record if its values are plausible.

    Raises:
        ValueError: One is not.
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

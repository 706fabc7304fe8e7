"""Decodes the ``data:`` URLs that stand for files in `sync_mode`."""

from __future__ import annotations

import base64
import binascii

from seedream_widgets.errors import ResultError


def decode(url: str, largest: int) -> bytes:
    """Return the bytes of a base64 ``data:`` URL.

    Raises:
        ResultError: It is none, is empty, or holds more than `largest` bytes.
    """
    head, _, body = url.partition(",")
    if not head.endswith(";base64") or len(body) * 3 // 4 > largest + 3:
        raise _bad()
    try:
        data = base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise _bad() from error
    if not data:
        raise _bad()
    return data


def _bad() -> ResultError:
    return ResultError(
        "The image inside the reply (sync_mode) is damaged. The request is billed; without "
        "sync_mode the file can be fetched again.",
        billing="yes",
    )

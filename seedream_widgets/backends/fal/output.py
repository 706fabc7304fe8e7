"""Reads the output of a finished request: untrusted, so each part is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.backends.fal.addresses import may_be_fetched
from seedream_widgets.errors import ResultError

if TYPE_CHECKING:
    from seedream_widgets.backends.fal.limits import Limits

_LARGEST_SIDE = 65_536
_TYPE = 100


def read_output(data: Any, request_id: str, queue: str, limits: Limits) -> Output:
    """Return the output of a result reply; `queue` tells which addresses are fine.

    Raises:
        ResultError: It is not what the endpoint promises, or its files can't be fetched safely.
    """
    images = data.get("images") if isinstance(data, dict) else None
    if not isinstance(images, list) or not all(isinstance(each, dict) for each in images):
        raise _malformed("names no list of images", request_id)
    if len(images) > limits.files:
        raise _malformed(f"names {len(images)} images, more than {limits.files}", request_id)
    files = tuple(_file(each, request_id, queue, limits) for each in images)
    seed = data.get("seed")
    return Output(files, seed if _is_whole(seed) else None, data)


def _file(image: dict[str, Any], request_id: str, queue: str, limits: Limits) -> OutputFile:
    url, kind = image.get("url"), image.get("content_type")
    # Base64 takes 4 characters for 3 bytes.
    inline = isinstance(url, str) and url.startswith("data:") and len(url) < limits.file_bytes * 1.4
    if not isinstance(url, str) or not (inline or may_be_fetched(url, queue)):
        raise _malformed("has an image without a usable https address", request_id)
    return OutputFile(
        url,
        kind[:_TYPE] if isinstance(kind, str) and kind.isprintable() else None,
        _side(image.get("width")),
        _side(image.get("height")),
    )


def _side(value: object) -> int | None:
    return value if _is_whole(value) and 0 < value <= _LARGEST_SIDE else None  # type: ignore[operator, return-value]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _malformed(how: str, request_id: str) -> ResultError:
    return ResultError(
        f"fal's result of request {request_id} {how}. Look at it on "
        "https://fal.ai/dashboard/requests; fal may have billed it.",
        request_id=request_id,
        billing="maybe",
    )

"""Gets the outcome of a finished request: its output, or why it failed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.backends.fal.addresses import may_be_fetched
from seedream_widgets.backends.fal.guard import hearing
from seedream_widgets.backends.fal.session import Patience, is_no_answer, is_trouble, within
from seedream_widgets.errors import BackendError, CredentialsError, ResultError, whole_number
from seedream_widgets.files import NOT_JSON
from seedream_widgets.values.endpoints import is_seed

if TYPE_CHECKING:
    from fal_client import AsyncRequestHandle, FalClientHTTPError

    from seedream_widgets.backends.fal.limits import Limits
    from seedream_widgets.backends.fal.session import FalSession
    from seedream_widgets.backends.fal.watch import Report


_LARGEST_SIDE = 65_536
_TYPE = 100
_KNOWN = frozenset({"images", "seed"})
_KNOWN_OF_IMAGE = frozenset(
    {"url", "content_type", "file_name", "file_size", "width", "height", "file_data"}
)
_MOST_EXTRA = 4000
_POLL = 0.5
"""Seconds between fal_client's own status checks before it asks for the result."""
_RETRIES = 2


def read_output(data: Any, request_id: str, queue: str, limits: Limits) -> Output:
    """Return the output in a result reply; `queue` is any URL of the queue host.

    Raises:
        ResultError: The reply is malformed, or its files can't be fetched safely.
    """
    images = data.get("images") if isinstance(data, dict) else None
    if not isinstance(images, list) or not all(isinstance(each, dict) for each in images):
        raise _malformed("has no list of images", request_id)
    if len(images) > limits.files:
        raise _malformed(f"names {len(images)} images, more than {limits.files}", request_id)
    files = tuple(_file(each, request_id, queue, limits) for each in images)
    seed = data.get("seed") if is_seed(data.get("seed")) else None
    return Output(files, seed, _extra(data, images))


def _extra(data: dict[str, Any], images: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the fields that this version does not know or can't use; the receipt keeps them."""
    found = {
        name: value
        for name, value in data.items()
        if name not in _KNOWN or (name == "seed" and value is not None and not is_seed(value))
    }
    of_images = [
        {name: value for name, value in image.items() if name not in _KNOWN_OF_IMAGE}
        for image in images
    ]
    if any(of_images):
        found["images"] = of_images
    try:
        text = json.dumps(found, ensure_ascii=False, allow_nan=False)
        text.encode()
    except NOT_JSON:
        return {"left out": "fields that are not JSON"}
    if len(text) > _MOST_EXTRA:
        names = [name[:40] for name in found][:20]
        return {"left out": f"{len(text):,} characters of {names!a}"}
    return found or None


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
    side = whole_number(value)
    return side if side is not None and 0 < side <= _LARGEST_SIDE else None


def _malformed(how: str, request_id: str) -> ResultError:
    return ResultError(
        f"fal's result of request {request_id} {how}. Look at it on "
        "https://fal.ai/dashboard/requests; fal may have billed it.",
        request_id=request_id,
        billing="maybe",
    )


async def fetch(session: FalSession, handle: AsyncRequestHandle, retries: int = _RETRIES) -> Output:
    """Return the output of a completed request.

    Args:
        session: The session that sent the request.
        handle: The request.
        retries: How often to ask again after a 5xx, which may be the model's final answer or
            a passing trouble at fal.

    Raises:
        BackendError: The request failed; a `ContentRejectedError` if its content was refused.
        ResultError: It succeeded, but its output is gone or malformed.
    """
    left = retries

    async def ask() -> Any:
        return await handle.get(interval=_POLL)

    def passing(error: FalClientHTTPError) -> bool:
        nonlocal left
        if _may_come(error):
            return True
        left -= error.status_code >= 500
        return error.status_code >= 500 and left >= 0

    try:
        with hearing() as heard:
            data = await Patience(session, handle.request_id).call(ask, passing)
    except BackendError as error:
        if error.status_code in (404, 410):
            raise _gone(handle.request_id) from error
        if retries and (error.status_code or 0) >= 500:
            raise _unsure(handle.request_id, error) from error
        raise
    try:
        data = session.explain.hide_in(data)
    except NOT_JSON:
        data = None
    output = read_output(data, handle.request_id, session.queue, session.limits)
    return replace(output, billable_units=heard.units)


async def raise_failure(
    session: FalSession, handle: AsyncRequestHandle, end: Report | None
) -> None:
    """Raise the error of a request whose completion says that it failed.

    Its result is asked for first, as that says more (which argument, which type). If the result
    has pictures after all, they are billed, and nothing is raised.

    Raises:
        BackendError: The request failed.
    """
    if end is None or not (end.error or end.error_type):
        return
    try:
        output = await within(session.limits.call, fetch(session, handle, retries=0))
        if output.files:
            return
    except BackendError as error:
        if error.status_code is not None and not isinstance(error, ResultError):
            raise
    except (CredentialsError, asyncio.TimeoutError):
        pass
    raise session.explain.explain(
        None, str(end.error or ""), end.error_type, request_id=handle.request_id
    )


def _may_come(error: FalClientHTTPError) -> bool:
    # fal_client asks for the status once more before the result.
    if error.response.request.url.path.endswith("/status"):
        return is_trouble(error)
    early = error.status_code == 400 and "in progress" in str(error.message)[:200]
    return early or is_no_answer(error)


def _unsure(request_id: str, error: BackendError) -> BackendError:
    """Return the error for a request that completed, but whose result is answered with a 5xx.

    Either the model failed, which is not billed, or fal has trouble and the image is there.
    """
    return BackendError(
        f"fal says that request {request_id} is complete, but answers {error.status_code} instead "
        "of its result. Call sd.resume() to ask again; fal may have billed it.",
        request_id=request_id,
        error_type=error.error_type,
        billing="maybe",
        details=error.details,
    )


def _gone(request_id: str) -> ResultError:
    return ResultError(
        f"fal no longer has the result of request {request_id}: it keeps one for about an hour. "
        "Look at https://fal.ai/dashboard/requests; fal may have billed it.",
        status_code=404,
        request_id=request_id,
        billing="maybe",
    )

"""Sends a request to fal's queue, never twice, and cancels it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
from fal_client import Completed, FalClientHTTPError, Queued

from seedream_widgets.backends.fal.addresses import is_request_id
from seedream_widgets.backends.fal.guard import Attempt, GivenUp, following, unknown
from seedream_widgets.backends.fal.session import LOST, within
from seedream_widgets.errors import SeedreamError, SubmitUnknownError
from seedream_widgets.files import NOT_JSON
from seedream_widgets.values.handle import Handle

if TYPE_CHECKING:
    from fal_client import AsyncRequestHandle

    from seedream_widgets.backends.base import Policy
    from seedream_widgets.backends.fal.session import FalSession
    from seedream_widgets.errors import Billing


def privacy_headers(policy: Policy) -> dict[str, str]:
    """Return the headers, documented by fal, that ask it to keep only what `policy` allows."""
    headers = {}
    if policy.expire_media is not None:
        lifecycle = {"expiration_duration_seconds": policy.expire_media}
        headers["X-Fal-Object-Lifecycle-Preference"] = json.dumps(lifecycle)
    if not policy.store_prompts:
        headers["X-Fal-Store-IO"] = "0"
    return headers


_FAILURES = (
    *(FalClientHTTPError, httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError),
    GivenUp,
)


async def submit(
    session: FalSession, endpoint_id: str, arguments: dict[str, Any], headers: dict[str, str]
) -> Handle:
    """Send one request and return how to find it again.

    Raises:
        SubmitUnknownError: fal may have accepted it, but its reply is lost.
        BackendError: fal refused it, or can't be reached; nothing is billed.
        CredentialsError: fal refused the key or the account.
    """
    limits = session.limits
    async with session.submits:
        with following(Attempt(limits.unreachable, limits.submit)) as attempt:
            try:
                sending = session.client.submit(endpoint_id, arguments, headers=headers)
                # httpx limits each read, so a trickling reply would never end. The last try begins
                # in the first half of this time, so that it has as long as the first.
                accepted = await within(2 * limits.submit, sending)
                given = (accepted.status_url, accepted.response_url, accepted.cancel_url)
                request_id: object = accepted.request_id
            except _FAILURES as error:
                raise _failed(session, attempt, error, endpoint_id) from session.explain.cause(
                    error
                )
            except SeedreamError:
                raise
            except Exception as error:
                if attempt.reply is None:
                    if attempt.sent:
                        raise
                    raise _failed(session, attempt, error, endpoint_id) from session.explain.cause(
                        error
                    )
                given, request_id = ("", "", ""), _request_id(attempt.reply)
                if not is_request_id(request_id):
                    lost = unknown(status_code=attempt.reply.status_code)
                    raise lost from session.explain.cause(error)
    return await _handle(session, request_id, endpoint_id, given)


async def _handle(
    session: FalSession, request_id: object, endpoint_id: str, given: tuple[Any, Any, Any]
) -> Handle:
    if not isinstance(request_id, str) or not is_request_id(request_id):
        raise unknown()
    safe = await session.resolve(Handle(request_id, endpoint_id, *given))
    return Handle(request_id, endpoint_id, safe.status_url, safe.response_url, safe.cancel_url)


def _failed(
    session: FalSession, attempt: Attempt, error: Exception, endpoint_id: str
) -> SeedreamError:
    if attempt.sent:
        code = attempt.reply.status_code if attempt.reply is not None else None
        return SubmitUnknownError(str(unknown()), status_code=code, billing="maybe")
    if attempt.reply is not None:
        return session.explain.response(attempt.reply, accepted=False, endpoint_id=endpoint_id)
    cause = error if isinstance(error, httpx.HTTPError) else attempt.failure
    return session.explain.unreachable(cause, "to send the request; nothing was sent")


def _request_id(reply: httpx.Response) -> object:
    """Return the id in a reply that fal_client could not use: the request was accepted."""
    try:
        body = reply.json()
    except NOT_JSON:
        body = None
    return body.get("request_id") if isinstance(body, dict) else None


async def cancel(session: FalSession, handle: AsyncRequestHandle, *, queued: bool) -> Billing:
    """Ask to stop one request and tell whether it may still be billed.

    Args:
        session: The session that sent the request.
        handle: The request.
        queued: Whether it was in the queue by its last known status.

    Returns:
        ``"no"`` if it never left the queue, ``"maybe"`` if it may have run or fal does not know it
        (any more), ``"yes"`` if it had finished.

    Raises:
        BackendError: fal can't be reached or had an error; the request goes on.
    """
    known = {"request_id": handle.request_id}
    try:
        async with session.cancels:
            await within(session.limits.call, handle.cancel())
    except FalClientHTTPError as error:
        if error.status_code == 404:
            return "maybe"
        if error.status_code == 400 and "ALREADY_COMPLETED" in error.response.text[:1000]:
            return "yes"
        raise session.explain.response(error.response, **known) from session.explain.cause(error)
    except (httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError) as error:
        raise session.explain.unreachable(
            error, "to cancel the request, which goes on", billing="maybe", **known
        ) from session.explain.cause(error)
    return "no" if queued and not await _may_have_run(session, handle) else "maybe"


async def _may_have_run(session: FalSession, handle: AsyncRequestHandle) -> bool:
    """Ask fal whether the request had begun meanwhile, which we may not have heard yet."""
    try:
        status = await within(session.limits.answer, handle.status())
    except (*LOST, FalClientHTTPError):
        return True
    if isinstance(status, Completed):
        return not isinstance(status.metrics, dict) or "inference_time" in status.metrics
    return not isinstance(status, Queued)

"""Sends a request to fal's queue, once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
from fal_client import FalClientHTTPError

from seedream_widgets.backends.fal.addresses import is_request_id
from seedream_widgets.backends.fal.guard import Attempt, GivenUp, submitting, unknown
from seedream_widgets.backends.fal.patience import within
from seedream_widgets.errors import SubmitUnknownError
from seedream_widgets.values.handle import Handle

if TYPE_CHECKING:
    from seedream_widgets.backends.fal.session import Session
    from seedream_widgets.errors import SeedreamError


_FAILURES = (
    *(FalClientHTTPError, httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError),
    GivenUp,
)


async def submit(
    session: Session, endpoint_id: str, arguments: dict[str, Any], headers: dict[str, str]
) -> Handle:
    """Send one request and return how to find it again.

    Raises:
        SubmitUnknownError: fal may have accepted it, but its reply is lost.
        BackendError: fal refused it, or can't be reached; nothing is billed.
        CredentialsError: fal refused the key or the account.
    """
    limits = session.limits
    async with session.submits:
        with submitting(limits.unreachable, limits.submit) as attempt:
            try:
                sending = session.client.submit(endpoint_id, arguments, headers=headers)
                # Its own time limit is for a read: a reply that drips would never end. The last
                # try has begun by half of this, and so has as long as the first.
                accepted = await within(2 * limits.submit, sending)
                given = (accepted.status_url, accepted.response_url, accepted.cancel_url)
                request_id: object = accepted.request_id
            except _FAILURES as error:
                raise _failed(session, attempt, error) from session.explain.cause(error)
            except (KeyError, TypeError, ValueError) as error:
                if attempt.reply is None:
                    raise
                given, request_id = ("", "", ""), _request_id(attempt.reply)
                if not is_request_id(request_id):
                    lost = unknown(status_code=attempt.reply.status_code)
                    raise lost from session.explain.cause(error)
    return await _handle(session, request_id, endpoint_id, given)


async def _handle(
    session: Session, request_id: object, endpoint_id: str, given: tuple[Any, Any, Any]
) -> Handle:
    if not isinstance(request_id, str) or not is_request_id(request_id):
        raise unknown()
    safe = await session.resolve(Handle(request_id, endpoint_id, *given))
    return Handle(request_id, endpoint_id, safe.status_url, safe.response_url, safe.cancel_url)


def _failed(session: Session, attempt: Attempt, error: Exception) -> SeedreamError:
    if attempt.sent:
        code = attempt.reply.status_code if attempt.reply is not None else None
        return SubmitUnknownError(str(unknown()), status_code=code, billing="maybe")
    if attempt.reply is not None:
        return session.explain.response(attempt.reply, accepted=False)
    cause = error if isinstance(error, httpx.HTTPError) else attempt.failure
    return session.explain.unreachable(cause, "to send the request; nothing was sent")


def _request_id(reply: httpx.Response) -> object:
    """Read the id out of a reply fal_client could not use: the request was accepted."""
    try:
        body = reply.json()
    except ValueError:
        body = None
    return body.get("request_id") if isinstance(body, dict) else None

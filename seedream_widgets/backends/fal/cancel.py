"""Asks fal to stop a request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
from fal_client import Completed, FalClientHTTPError, Queued

from seedream_widgets.backends.fal.patience import LOST, within

if TYPE_CHECKING:
    from fal_client import AsyncRequestHandle

    from seedream_widgets.backends.fal.session import Session
    from seedream_widgets.errors import Billing


async def cancel(session: Session, handle: AsyncRequestHandle, *, queued: bool) -> Billing:
    """Ask to stop one request and tell whether it may still be billed.

    Args:
        session: Whose request it is.
        handle: The request.
        queued: Whether it was still in the queue when last heard of.

    Returns:
        ``"no"`` when it was queued to the last, ``"maybe"`` when it may have run or fal does not
        know it (any more), ``"yes"`` when it had finished.

    Raises:
        BackendError: fal can't be reached or had an error: the request goes on.
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


async def _may_have_run(session: Session, handle: AsyncRequestHandle) -> bool:
    """Ask once more: word that the request had begun may have been on its way to us."""
    try:
        status = await within(session.limits.answer, handle.status())
    except (*LOST, FalClientHTTPError):
        return True
    if isinstance(status, Completed):
        return not isinstance(status.metrics, dict) or "inference_time" in status.metrics
    return not isinstance(status, Queued)

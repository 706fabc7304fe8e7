"""Prompts that make the offline preview fail, to teach and to test with."""

from __future__ import annotations

import re

from seedream_widgets.errors import BackendError, ContentRejectedError

_SLOW = re.compile(r"offline:slow(?: (\d{1,3}))?")


def fault(prompt: str, request_id: str) -> tuple[float, BackendError | None]:
    """Return how many times slower to go, and the error to fail with.

    ``offline:slow 20`` goes 20 times slower, ``offline:refuse`` is refused like an unsafe
    prompt, ``offline:fail`` fails like a broken runner.
    """
    match = _SLOW.search(prompt)
    slow = float(match[1] or 10) if match else 1.0
    if "offline:refuse" in prompt:
        return slow, ContentRejectedError(
            "The safety checker refused this prompt. Change the wording and try again. "
            "Offline nothing is billed; fal may bill a refusal.",
            status_code=422,
            request_id=request_id,
            error_type="content_policy_violation",
            field="prompt",
        )
    if "offline:fail" in prompt:
        return slow, BackendError(
            "The runner broke off (HTTP 503). Nothing is billed. Try again.",
            status_code=503,
            request_id=request_id,
            error_type="runner_disconnected",
        )
    return slow, None

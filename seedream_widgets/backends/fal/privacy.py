"""The headers that tell fal what it may keep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedream_widgets.backends.base import Policy


def privacy_headers(policy: Policy) -> dict[str, str]:
    """Return the headers of a submit, as fal documents them."""
    headers = {}
    if policy.expire_media is not None:
        lifecycle = {"expiration_duration_seconds": policy.expire_media}
        headers["X-Fal-Object-Lifecycle-Preference"] = json.dumps(lifecycle)
    if not policy.store_prompts:
        headers["X-Fal-Store-IO"] = "0"
    return headers

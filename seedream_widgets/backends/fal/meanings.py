"""What fal's error types mean to the person who sent the request: a table.

Sources: fal's error documentation and threads of its issue tracker (stored copies of 2026).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from seedream_widgets.errors import BackendError, Billing, ContentRejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Meaning(NamedTuple):
    """Say what happened, what to do, and whether fal bills it; `quote` adds fal's own words."""

    what: str
    then: str
    billing: Billing = "maybe"
    quote: bool = True
    kind: type[BackendError] = BackendError


_AGAIN = "Submit it again; nothing is billed."
_BUSY = Meaning("fal found no machine for the request", _AGAIN, "no")
_BROKE = Meaning("fal's machine broke off while it ran", _AGAIN, "no")
_TROUBLE = Meaning("fal had an error of its own", _AGAIN, "no")
_SLOW = Meaning("fal took too long and gave up", _AGAIN, "no")
_RANGE = Meaning("fal does not take the value of {field}", "Change it and try again.")
_FORMAT = Meaning("{image} has a format fal does not take", "Give it as PNG or JPEG.")
_FETCH = Meaning("fal can't fetch {image}", "Check its address, or give the image itself.")
_UNKNOWN = Meaning(
    "fal does not know {request}",
    "Look at https://fal.ai/dashboard/requests; fal may have billed it.",
)
_UNFIT = Meaning("The request does not fit this endpoint", "Change {field} and try again.")

BY_TYPE: Mapping[str, Meaning] = MappingProxyType(
    {
        "content_policy_violation": Meaning(
            "The safety checker refused {subject}",
            "Change {change} and try again.",
            quote=False,
            kind=ContentRejectedError,
        ),
        "no_media_generated": Meaning(
            "The model gave no image", "Change the prompt and try again.", quote=False
        ),
        "image_too_small": Meaning("{image} is too small for fal", "Give a larger one."),
        "image_too_large": Meaning("{image} is too large for fal", "Give a smaller one."),
        "file_too_large": Meaning("{image} is too large a file for fal", "Give a smaller one."),
        "image_load_error": Meaning("fal can't read {image}", "Give it as PNG or JPEG."),
        "file_download_error": _FETCH,
        "face_detection_error": Meaning("fal found no face in {image}", "Give another image."),
        "unsupported_image_format": _FORMAT,
        "unsupported_audio_format": _FORMAT,
        "unsupported_video_format": _FORMAT,
        "audio_duration_too_long": _UNFIT,
        "audio_duration_too_short": _UNFIT,
        "video_duration_too_long": _UNFIT,
        "video_duration_too_short": _UNFIT,
        "invalid_archive": _UNFIT,
        "archive_file_count_below_minimum": _UNFIT,
        "archive_file_count_exceeds_maximum": _UNFIT,
        "feature_not_supported": _UNFIT,
        "greater_than": _RANGE,
        "greater_than_equal": _RANGE,
        "less_than": _RANGE,
        "less_than_equal": _RANGE,
        "multiple_of": _RANGE,
        "one_of": _RANGE,
        "sequence_too_short": Meaning("fal wants more {field}", "Give more and try again."),
        "sequence_too_long": Meaning("fal wants fewer {field}", "Give fewer and try again."),
        "downstream_service_error": Meaning("Seedream itself failed behind fal", "Try again."),
        "downstream_service_unavailable": Meaning("Seedream is not available now", _AGAIN, "no"),
        "internal_server_error": _TROUBLE,
        "internal_error": _TROUBLE,
        "runner_server_error": _TROUBLE,
        "generation_timeout": _SLOW,
        "request_timeout": _SLOW,
        "startup_timeout": _SLOW,
        "runner_scheduling_failure": _BUSY,
        "runner_connection_timeout": _BUSY,
        "runner_connection_refused": _BUSY,
        "runner_connection_error": _BUSY,
        "runner_disconnected": _BROKE,
        "runner_incomplete_response": _BROKE,
        "client_disconnected": Meaning("fal lost the connection to us", "Try again."),
        "client_cancelled": Meaning(
            "The request was cancelled at fal", "fal bills it if it was running.", quote=False
        ),
        "bad_request": Meaning("fal does not take the request", "Change it and try again."),
        "concurrent_requests_limit": Meaning(
            "This fal account runs as many requests as it may", "Wait for one to end.", "no"
        ),
    }
)
"""Every type of fal's documentation; others are explained by their HTTP status."""

BY_STATUS: Mapping[int, Meaning] = MappingProxyType(
    {
        400: BY_TYPE["bad_request"],
        404: _UNKNOWN,
        408: _SLOW._replace(billing="maybe", then="Try again."),
        410: _UNKNOWN,
        413: Meaning("The request is too large for fal", "Give fewer or smaller images.", "no"),
        422: Meaning("fal does not take the request", "Change {field} and try again."),
        429: BY_TYPE["concurrent_requests_limit"],
        499: BY_TYPE["client_disconnected"],
        502: _BROKE,
        503: _BUSY,
        504: _SLOW,
    }
)
SERVER_TROUBLE = _TROUBLE
NO_ENDPOINT = Meaning(
    "fal has no such endpoint", "Choose another model, or update seedream-widgets.", "no"
)
OTHER = Meaning("fal did not carry out the request", "Try again.")

"""Every error type of fal's documentation, as the body of an HTTP error of its status."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]
_IMAGE = ("body", "image_urls", 0)
_SIZE = ("body", "image_size")
_PLATFORM = {
    400: ("bad_request",),
    429: ("concurrent_requests_limit",),
    499: ("client_disconnected", "client_cancelled"),
    500: ("runner_server_error", "internal_error"),
    502: ("runner_incomplete_response",),
    503: (
        *("runner_scheduling_failure", "runner_connection_timeout", "runner_connection_refused"),
        *("runner_connection_error", "runner_disconnected"),
    ),
    504: ("request_timeout", "startup_timeout"),
}
_MODEL: dict[int, dict[tuple[str | int, ...], dict[str, Body]]] = {
    422: {
        ("body", "prompt"): {"content_policy_violation": {}, "no_media_generated": {}},
        _IMAGE: {
            "image_too_small": {"min_height": 14, "min_width": 14},
            "image_too_large": {"max_height": 6000, "max_width": 6000},
            "image_load_error": {},
            "file_download_error": {},
            "face_detection_error": {},
            "file_too_large": {"max_size": 10_485_760},
            "unsupported_image_format": {"supported_formats": ["png", "jpeg"]},
            "unsupported_audio_format": {},
            "unsupported_video_format": {},
            "audio_duration_too_long": {"max_duration": 10},
            "audio_duration_too_short": {"min_duration": 1},
            "video_duration_too_long": {"max_duration": 10},
            "video_duration_too_short": {"min_duration": 1},
            "invalid_archive": {},
            "archive_file_count_below_minimum": {"min_count": 1},
            "archive_file_count_exceeds_maximum": {"max_count": 9},
        },
        _SIZE: {
            "greater_than": {"gt": 0},
            "greater_than_equal": {"ge": 960},
            "less_than": {"lt": 4097},
            "less_than_equal": {"le": 4096},
            "multiple_of": {"multiple_of": 8},
            "one_of": {"expected": ["square"]},
            "feature_not_supported": {},
        },
        ("body", "image_urls"): {"sequence_too_short": {}, "sequence_too_long": {}},
    },
    400: {("body",): {"downstream_service_error": {}}},
    500: {("body",): {"internal_server_error": {}, "downstream_service_unavailable": {}}},
    504: {("body",): {"generation_timeout": {}}},
}


def _entry(kind: str, loc: tuple[str | int, ...], ctx: Body) -> Body:
    url = f"https://docs.fal.ai/errors#{kind}"
    entry = {"loc": list(loc), "msg": f"Words of fal on {kind}.", "type": kind, "url": url}
    return {"detail": [entry | ({"ctx": ctx} if ctx else {})]}


def _every() -> dict[str, tuple[int, Body]]:
    found: dict[str, tuple[int, Body]] = {
        kind: (status, {"detail": f"Words of fal on {kind}.", "error_type": kind})
        for status, kinds in _PLATFORM.items()
        for kind in kinds
    }
    for status, places in _MODEL.items():
        for loc, kinds in places.items():
            found |= {kind: (status, _entry(kind, loc, ctx)) for kind, ctx in kinds.items()}
    return found


TYPES: Mapping[str, tuple[int, Body]] = MappingProxyType(_every())

"""What a user is told for each error type of fal's documentation, and rows made of it."""

from __future__ import annotations

from tests.fal_server.documented import TYPES

from .case import Row

CONTENT = "content_policy_violation"
QUOTED = r" \(fal: 'Words of fal on {}\.'\)\. "
_AGAIN = r"Submit it again; nothing is billed\."
_SAYS: dict[str, tuple[str, str]] = {
    "content_policy_violation": (
        r"The safety checker refused this prompt\. ",
        r"Change the wording and try again\. fal may bill a refusal\.",
    ),
    "no_media_generated": (r"The model gave no image\. ", r"Change the prompt and try again\."),
    "image_too_small": (r"Image 1 is too small for fal", r"Give a larger one\."),
    "image_too_large": (r"Image 1 is too large for fal", r"Give a smaller one\."),
    "image_load_error": (r"fal can't read image 1", r"Give it as PNG or JPEG\."),
    "file_download_error": (
        r"fal can't fetch image 1",
        r"Check its address, or give the image itself\.",
    ),
    "face_detection_error": (r"fal found no face in image 1", r"Give another image\."),
    "file_too_large": (r"Image 1 is too large a file for fal", r"Give a smaller one\."),
    "sequence_too_short": (r"fal wants more images", r"Give more and try again\."),
    "sequence_too_long": (r"fal wants fewer images", r"Give fewer and try again\."),
    "feature_not_supported": (
        r"The request does not fit this endpoint",
        r"Change image_size and try again\.",
    ),
    "bad_request": (r"fal does not take the request", r"Change it and try again\."),
    "concurrent_requests_limit": (
        r"This fal account runs as many requests as it may",
        r"Wait for one to end\.",
    ),
    "client_disconnected": (r"fal lost the connection to us", r"Try again\."),
    "client_cancelled": (
        r"The request was cancelled at fal\. ",
        r"fal bills it if it was running\.",
    ),
    "runner_disconnected": (r"fal's machine broke off while it ran", _AGAIN),
    "runner_incomplete_response": (r"fal's machine broke off while it ran", _AGAIN),
    "downstream_service_error": (r"Seedream itself failed behind fal", r"Try again\."),
    "downstream_service_unavailable": (r"Seedream is not available now", _AGAIN),
}
_LIKE = {
    "unsupported_": (r"Image 1 has a format fal does not take", r"Give it as PNG or JPEG\."),
    "runner_server": (r"fal had an error of its own", _AGAIN),
    "runner_": (r"fal found no machine for the request", _AGAIN),
    "internal_": (r"fal had an error of its own", _AGAIN),
    "request_timeout": (r"fal took too long and gave up", _AGAIN),
    "startup_timeout": (r"fal took too long and gave up", _AGAIN),
    "generation_timeout": (r"fal took too long and gave up", _AGAIN),
    **dict.fromkeys(
        ("audio_", "video_", "invalid_archive", "archive_"),
        (r"The request does not fit this endpoint", r"Change images and try again\."),
    ),
    **dict.fromkeys(
        ("greater_than", "less_than", "multiple_of", "one_of"),
        (r"fal does not take the value of image_size", r"Change it and try again\."),
    ),
}
KEYS = r"Copy it again from https://fal\.ai/dashboard/keys, or call sd\.login\(\)\."
TOP_UP = r"Top it up at https://fal\.ai/dashboard/billing; it may take some minutes\."
UPLOAD_LOST = (
    r"fal can't be reached to upload row\d+\.png; nothing is billed( \(.*\))?\. Check the network "
    r"and proxy, then try again\."
)
RESUME = r"Check the network and proxy, then call sd\.resume\(\) to get it\."
UNHEARD = (
    r"fal can't be reached for \d+ minutes while request [0-9a-f-]+ ran; it may be done and "
    rf"billed( \(.+\))?\. {RESUME}"
)
GOES_ON = r" Request [0-9a-f-]+ goes on at fal: call sd\.resume\(\) then\."
KEY = rf"fal does not accept the key \(fal: '.+'\)\. .+ or call sd\.login\(\)\.{GOES_ON}"
LOCKED = rf"fal has locked this account \(.+\)\. .+\.{GOES_ON}"
AGAIN = r": https://\S+\. The request is billed; call sd\.resume\(\) to fetch it again\."


def sentence(kind: str) -> str:
    """Return the pattern of the whole sentence for one documented type."""
    likely = next((_LIKE[start] for start in _LIKE if kind.startswith(start)), ("", ""))
    what, then = _SAYS.get(kind, likely)
    return what + ("" if what.endswith(" ") else QUOTED.format(kind)) + then


def types(*statuses: int) -> list[str]:
    """Return the documented types of these HTTP statuses."""
    return [kind for kind, (status, _) in TYPES.items() if status in statuses]


def documented(point: str, *statuses: int, also: str = "", but: str = "") -> tuple[Row, ...]:
    """One row a documented type, as a reply at `point`; `also` is another point, `but` no row."""
    # No submit is answered that the request was cancelled.
    left_out = {but} if point == "run" else {but, "client_cancelled"}
    points = (point, also) if also else (point,)
    return tuple(
        Row(kind, " ".join(f"{each}:{kind}" for each in points), sentence(kind))
        for kind in types(*statuses)
        if kind not in left_out
    )


def content(*points: str) -> tuple[Row, ...]:
    """The refusal of a prompt before it was accepted: it costs nothing."""
    switches = " ".join(f"{point}:{CONTENT}" for point in points)
    sees = r"The safety checker refused this prompt\. Change the wording and try again\."
    return (Row(CONTENT, switches, sees),)


def replies(point: str, kinds: str, sees: str) -> tuple[Row, ...]:
    """One row a reply: ``"html=a web page"`` names the server's kind and says it in words."""
    named = [each.partition("=") for each in kinds.split(", ")]
    return tuple(Row(words or kind, f"{point}:{kind}", sees) for kind, _, words in named)

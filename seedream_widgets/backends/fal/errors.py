"""Turns fal's error replies and network failures into this package's errors.

A server's words are untrusted text: they are quoted, cut, and the key is removed. Tables say what
fal's error types and statuses mean to the user; their sources are fal's error documentation and
threads of its issue tracker (stored copies of 2026).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from seedream_widgets.backends.fal.connections import is_untrusted, untrusted
from seedream_widgets.credentials import KEYS_PAGE
from seedream_widgets.errors import BackendError, Billing, ContentRejectedError, CredentialsError
from seedream_widgets.files import NOT_JSON
from seedream_widgets.values.endpoints import listed, newer_than

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from seedream_widgets.credentials import Key
    from seedream_widgets.errors import SeedreamError


class Meaning(NamedTuple):
    """What happened, what to do, and whether fal bills it; `quote` adds fal's own words."""

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
"""Every error type that fal documents; others are explained by their HTTP status."""

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
NO_ENDPOINT = Meaning(
    "fal has no such endpoint (any more)", "{models}, or update seedream-widgets.", "no"
)
OTHER = Meaning("fal did not carry out the request", "Try again.")


BILLING_PAGE = "https://fal.ai/dashboard/billing"
_LONGEST = 300
_LEAST_HALF = 8
"""A half of a key with fewer characters is not hidden: it would occur in ordinary words."""
_ENTRIES = 16
_NAMES = {"image_urls": "images", "image_url": "images"}


class Explainer:
    """Explains fal's replies; it gets the key in order to remove it from quoted text."""

    def __init__(self, key: Key) -> None:
        # A server may quote one half of the key, or write the colon as %3A.
        halves = [half for half in key.value.split(":") if len(half) >= _LEAST_HALF]
        self._secrets = (key.value, *halves)

    def clean(self, text: object, longest: int = _LONGEST) -> str:
        """Return a server's text on one line, without control characters, cut, key removed."""
        words = self.hide(str(text))[: 20 * longest]
        line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
        return line if len(line) <= longest else line[: longest - 1] + "…"

    def hide(self, text: str) -> str:
        """Return `text` without the key."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def hide_in(self, data: Any) -> Any:
        """Return a reply's JSON without the key in any of its texts.

        Raises:
            RecursionError: It is nested deeper than any reply of fal.
        """
        if isinstance(data, str):
            return self.hide(data)
        if isinstance(data, list):
            return [self.hide_in(each) for each in data]
        if isinstance(data, dict):
            return {self.hide(name): self.hide_in(each) for name, each in data.items()}
        return data

    def cause(self, error: BaseException) -> BaseException | None:
        """Return `error`, for ``raise ... from``, or ``None`` if its message shows the key.

        Its traceback is removed: frames of httpx and fal_client have the key in their variables,
        which notebooks (``%xmode Verbose``) and crash reporters show.
        """
        pending = [error]
        while pending:
            each = pending.pop()
            each.__traceback__ = None
            pending += [led for led in (each.__cause__, each.__context__) if led]
        told = f"{error!r}{error}"
        return None if any(secret in told for secret in self._secrets) else error

    def response(self, reply: httpx.Response, **known: Any) -> SeedreamError:
        """Explain an HTTP error reply; `known` as in `explain`."""
        try:
            body = reply.json()
        except NOT_JSON:
            body = None
        page = "html" in reply.headers.get("content-type", "")
        if reply.is_redirect or (page and reply.status_code in (401, 403, 407)):
            return _in_between(reply.status_code)
        detail: object = body.get("detail", "") if isinstance(body, dict) else ""
        kind = body.get("error_type") if isinstance(body, dict) else None
        kind = kind or reply.headers.get("x-fal-error-type")
        return self.explain(reply.status_code, detail, kind, **known)

    def explain(
        self,
        status_code: int | None,
        detail: object,
        error_type: object,
        *,
        request_id: str | None = None,
        accepted: bool = True,
        endpoint_id: str = "",
    ) -> SeedreamError:
        """Explain an error by its type, else by its HTTP status.

        Args:
            status_code: HTTP status, where there was one.
            detail: fal's ``detail``: text, or a list of entries with ``loc``, ``msg``, ``type``.
            error_type: fal's ``error_type``, where it gave one.
            request_id: The request it is about.
            accepted: Whether fal had accepted the request; if not, it is never billed.
            endpoint_id: The endpoint, so that newer models can be suggested.
        """
        entries = self._entries(detail)
        first = entries[0] if entries else {}
        text = first.get("msg") or self.clean(detail if isinstance(detail, str) else "")
        if status_code in (401, 403):
            return _credentials(status_code, text, request_id)
        kind = self.clean(error_type or first.get("type") or "", 64)
        meaning = _meaning(kind, status_code, accepted)
        return meaning.kind(
            _sentence(meaning, first.get("loc", []), text, request_id, endpoint_id),
            status_code=status_code,
            request_id=request_id,
            error_type=kind or None,
            billing=meaning.billing,
            field=_field(first.get("loc", [])),
            details=entries,
        )

    def unreachable(
        self, error: BaseException | None, doing: str, then: str = "try again", **known: Any
    ) -> BackendError:
        """Explain that fal could not be reached for `doing`, such as "to send the request"."""
        why = f" ({type(error).__name__}: {self.clean(error, 120)})" if error else ""
        check = untrusted() if is_untrusted(error) else "Check the network and proxy, then"
        return BackendError(f"fal can't be reached {doing}{why}. {check} {then}.", **known)

    def _entries(self, detail: object) -> tuple[dict[str, Any], ...]:
        listed = detail if isinstance(detail, list) else []
        found = [each for each in listed if isinstance(each, dict)]
        return tuple(self._entry(each) for each in found[:_ENTRIES])

    def _entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        loc, ctx = entry.get("loc"), entry.get("ctx")
        kept: dict[str, Any] = {
            name: self.clean(entry[name]) for name in ("msg", "type", "url") if entry.get(name)
        }
        kept["loc"] = [
            part if isinstance(part, int) else self.clean(part, 64)
            for part in (loc[:8] if isinstance(loc, list) else [])
        ]
        if isinstance(ctx, dict):
            kept["ctx"] = {
                self.clean(name, 64): value if _is_number(value) else self.clean(value)
                for name, value in list(ctx.items())[:_ENTRIES]
            }
        return kept


def _in_between(status_code: int) -> BackendError:
    did = "sent the request elsewhere" if status_code < 400 else "refused the request"
    return BackendError(
        f"Something between here and fal {did} (HTTP {status_code}). Check the network and proxy, "
        "then try again.",
        status_code=status_code,
    )


def _credentials(status_code: int, text: str, request_id: str | None) -> CredentialsError:
    quoted, said = f" (fal: {text!r})" if text else "", text.lower()
    if "admin lock" in said:
        message = f"fal has locked this account{quoted}. Ask fal's support why."
    elif "locked" in said or "balance" in said:
        message = (
            f"fal has locked this account{quoted}. Top it up at {BILLING_PAGE}; it may take some "
            "minutes."
        )
    else:
        message = (
            f"fal does not accept the key{quoted}. Copy it again from {KEYS_PAGE}, or call "
            "sd.login()."
        )
    if request_id:
        message += f" Request {request_id} goes on at fal: call sd.resume() then."
    return CredentialsError(message, status_code=status_code)


def _meaning(kind: str, status_code: int | None, accepted: bool) -> Meaning:
    meaning = _look_up(kind, status_code, accepted)
    if not accepted or (status_code or 0) >= 500:
        # fal never bills a 5xx of whatever type (its docs), nor a request that it did not accept.
        return meaning._replace(billing="no")
    if meaning.kind is ContentRejectedError:
        return meaning._replace(then=f"{meaning.then} fal may bill a refusal.")
    return meaning


def _look_up(kind: str, status_code: int | None, accepted: bool) -> Meaning:
    if kind in BY_TYPE:
        return BY_TYPE[kind]
    if status_code in (404, 410) and not accepted:
        return NO_ENDPOINT
    rest = _TROUBLE if (status_code or 0) >= 500 else OTHER
    return BY_STATUS.get(status_code or 0, rest)


def _sentence(
    meaning: Meaning, loc: list[Any], text: str, request_id: str | None, endpoint_id: str
) -> str:
    field = _field(loc)
    images = field == "images"
    numbers = [part for part in loc if isinstance(part, int)]
    words = {
        "field": field or "the request",
        "request": f"request {request_id}" if request_id else "the request",
        "image": f"image {numbers[0] + 1}" if images and numbers else "an input image",
        "subject": {"prompt": "this prompt", "images": "an input image"}.get(
            field or "", "this request"
        ),
        "change": {"prompt": "the wording", "images": "the image"}.get(
            field or "", "the prompt or the images"
        ),
        "models": _other_models(endpoint_id),
    }
    quoted = f" (fal: {text!r})" if text and meaning.quote else ""
    what, then = meaning.what.format(**words), meaning.then.format(**words)
    what = what if what.startswith("fal") else what[0].upper() + what[1:]
    return f"{what}{quoted}. {then}"


def _other_models(endpoint_id: str) -> str:
    newer = newer_than(endpoint_id)
    if not newer:
        return "Choose another model"
    return f"Newer models that do the same: {listed(newer)}. Give one as model="


def _field(loc: list[Any]) -> str | None:
    names = [part for part in loc if isinstance(part, str) and part != "body"]
    return _NAMES.get(names[0], names[0]) if names else None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and abs(value) < 1e15

"""Makes fal's replies and network failures into this package's errors.

What a server says is untrusted text: it is quoted, cut, and never shows the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedream_widgets.backends.fal.meanings import (
    BY_STATUS,
    BY_TYPE,
    NO_ENDPOINT,
    OTHER,
    SERVER_TROUBLE,
    Meaning,
)
from seedream_widgets.credentials import KEYS_PAGE
from seedream_widgets.errors import BackendError, ContentRejectedError, CredentialsError

if TYPE_CHECKING:
    import httpx

    from seedream_widgets.credentials import Key
    from seedream_widgets.errors import SeedreamError

BILLING_PAGE = "https://fal.ai/dashboard/billing"
_LONGEST = 300
_ENTRIES = 16
_NAMES = {"image_urls": "images", "image_url": "images"}


class Explainer:
    """Explain what fal answers; it knows the key in order to never quote it."""

    def __init__(self, key: Key) -> None:
        self._secret = key.value

    def clean(self, text: object, longest: int = _LONGEST) -> str:
        """Return a server's text on one line, without control characters, cut, key removed."""
        words = self.hide(str(text))[: 20 * longest]
        line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
        return line if len(line) <= longest else line[: longest - 1] + "…"

    def hide(self, text: str) -> str:
        """Return `text` without the key."""
        return text.replace(self._secret, "***")

    def hide_in(self, data: Any) -> Any:
        """Return a reply's JSON without the key in any of its texts.

        Raises:
            ValueError: It is nested deeper than any reply of fal.
        """
        try:
            return self._hide_in(data)
        except RecursionError as error:
            raise ValueError("a reply is nested too deep") from error

    def _hide_in(self, data: Any) -> Any:
        if isinstance(data, str):
            return self.hide(data)
        if isinstance(data, list):
            return [self._hide_in(each) for each in data]
        if isinstance(data, dict):
            return {self.hide(name): self._hide_in(each) for name, each in data.items()}
        return data

    def cause(self, error: BaseException) -> BaseException | None:
        """Return `error` to chain, unless a server made it show the key.

        It is without its frames: the variables in those of httpx and fal_client hold the key,
        and notebooks (``%xmode Verbose``) and crash reporters show variables.
        """
        pending = [error]
        while pending:
            each = pending.pop()
            each.__traceback__ = None
            pending += [led for led in (each.__cause__, each.__context__) if led]
        return None if self._secret in f"{error!r}{error}" else error

    def response(self, reply: httpx.Response, **known: Any) -> SeedreamError:
        """Explain an HTTP error reply; `known` as in `explain`."""
        try:
            body = reply.json()
        except ValueError:
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
    ) -> SeedreamError:
        """Explain an error by its type, else by its HTTP status.

        Args:
            status_code: HTTP status, where there was one.
            detail: fal's ``detail``: text, or a list of entries with ``loc``, ``msg``, ``type``.
            error_type: fal's ``error_type``, where it gave one.
            request_id: The request it is about.
            accepted: Whether fal had accepted the request; what was not is never billed.
        """
        entries = self._entries(detail)
        first = entries[0] if entries else {}
        text = first.get("msg") or self.clean(detail if isinstance(detail, str) else "")
        if status_code in (401, 403):
            return _credentials(status_code, text, request_id)
        kind = self.clean(error_type or first.get("type") or "", 64)
        meaning = _meaning(kind, status_code, accepted)
        return meaning.kind(
            _sentence(meaning, first.get("loc", []), text, request_id),
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
        """Explain that the network kept us from `doing` something."""
        why = f" ({type(error).__name__}: {self.clean(error, 120)})" if error else ""
        return BackendError(
            f"fal can't be reached {doing}{why}. Check the network and proxy, then {then}.",
            **known,
        )

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
    meaning = _of_what(kind, status_code, accepted)
    if not accepted or (status_code or 0) >= 500:
        # A 5xx is never billed, whatever its type (fal's docs), nor what was not accepted.
        return meaning._replace(billing="no")
    if meaning.kind is ContentRejectedError:
        return meaning._replace(then=f"{meaning.then} fal may bill a refusal.")
    return meaning


def _of_what(kind: str, status_code: int | None, accepted: bool) -> Meaning:
    if kind in BY_TYPE:
        return BY_TYPE[kind]
    if status_code in (404, 410) and not accepted:
        return NO_ENDPOINT
    rest = SERVER_TROUBLE if (status_code or 0) >= 500 else OTHER
    return BY_STATUS.get(status_code or 0, rest)


def _sentence(meaning: Meaning, loc: list[Any], text: str, request_id: str | None) -> str:
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
    }
    quoted = f" (fal: {text!r})" if text and meaning.quote else ""
    what, then = meaning.what.format(**words), meaning.then.format(**words)
    what = what if what.startswith("fal") else what[0].upper() + what[1:]
    return f"{what}{quoted}. {then}"


def _field(loc: list[Any]) -> str | None:
    names = [part for part in loc if isinstance(part, str) and part != "body"]
    return _NAMES.get(names[0], names[0]) if names else None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and abs(value) < 1e15

"""A request as it once was, from a receipt or the journal: a result paid for is never refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import RequestError
from seedream_widgets.images import ImageInput, ImageUrl
from seedream_widgets.values.receipt import SETTINGS
from seedream_widgets.values.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN_PROMPT = "(prompt not stored)"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def request_again(
    prompt: str,
    settings: dict[str, Any],
    inputs: list[dict[str, Any]],
    find: Callable[[str], ImageInput],
) -> Request:
    """Build the request as nearly as it is still accepted.

    An input image that `find` does not find by its digest stands there without its bytes, so
    that it can't be sent again. A setting that is not accepted any more takes its default.
    """
    images = tuple(image for each in inputs if (image := _image(each, find)))
    known = {name: settings[name] for name in SETTINGS if name in settings}
    prompt = prompt if prompt.strip() else UNKNOWN_PROMPT
    while True:
        try:
            return Request(prompt, images, **known)
        except RequestError as error:
            if error.field in known:
                del known[error.field]
            elif known:
                known.popitem()
            elif images:
                images = ()
            else:
                prompt = UNKNOWN_PROMPT


def _image(each: object, find: Callable[[str], ImageInput]) -> ImageInput | ImageUrl | None:
    about = each if isinstance(each, dict) else {}
    url, digest = about.get("url"), about.get("sha256")
    if isinstance(url, str) and url.startswith("https://"):
        return ImageUrl(url)
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return None
    try:
        return find(digest)
    except (RequestError, OSError):
        sides = (about.get(side) for side in ("width", "height"))
        width, height = (side if isinstance(side, int) else 0 for side in sides)
        kind, name = (str(about.get(fact, ""))[:80] for fact in ("media_type", "name"))
        return ImageInput(b"", kind, width, height, digest, name)

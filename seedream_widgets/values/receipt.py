"""A result's receipt: readable JSON, kept beside the image files and embedded in them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import RequestError, check_type, described
from seedream_widgets.files import read_json, user_path
from seedream_widgets.images import ImageInput, ImageUrl, KeptInput, load_image
from seedream_widgets.images.origins import Origin, digest_of
from seedream_widgets.values.request import MAX_PROMPT, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


VERSION = 1
MAX_BYTES = 1 << 20
"""Largest receipt that is read or written, in bytes."""
MAX_HISTORY = 200
"""How many statuses of a job its receipt holds; of more, the first and the last ones."""
SETTINGS = tuple(each.name for each in fields(Request) if each.name not in ("prompt", "images"))
"""The request's fields beside prompt and images."""
_WHERE_GIVEN = ("output_format", "background", "draw", "mask")


@dataclass(frozen=True)
class Receipt:
    """What was asked for, what came, when, and what it cost.

    Attributes:
        request_id: fal's id of the request.
        created: When it was complete, ISO 8601, UTC.
        backend: ``"fal"`` or ``"offline"``.
        endpoint: The endpoint's id.
        model: ``"v4"`` and the like.
        prompt: The prompt; empty where prompts are not stored.
        settings: The request's other fields.
        arguments: Exactly what fal got, local images as ``sha256:<digest>``.
        inputs: The input images: name, digest, media type and size, or URL; ``digests`` that
            recognise the same picture in another file, and ``from``, the result that it came from.
        seed: The seed the backend says it used.
        images: The files: name, format, width, height, bytes, SHA-256, URL at fal; ``composed``
            where the model's answer was put into a masked region on this computer: the answer
            itself (``answer``) and how it was aligned.
        timings: Seconds in the queue, generating, fetching, and in all.
        price: US dollars for one image, and when and where that was read.
        cost: US dollars for the request at that price: for `billable_units` where fal reported
            them, else for the images that came; 0 where nothing is billed.
        history: Every status with its time, up to `MAX_HISTORY` of them.
        key: Digest that equal requests with a seed share, else ``None``.
        package: The package's version.
        billable_units: How many images fal says it bills; ``None`` where it did not say.
        version: The version of this format.
        extra: Fields of fal's answer that this version does not know.
    """

    request_id: str
    created: str
    backend: str
    endpoint: str
    model: str
    prompt: str
    settings: dict[str, Any]
    arguments: dict[str, Any]
    inputs: list[dict[str, Any]]
    seed: int | None
    images: list[dict[str, Any]]
    timings: dict[str, float]
    price: dict[str, str]
    cost: str | None
    history: list[dict[str, str]]
    key: str | None = None
    package: str = ""
    billable_units: str | None = None
    version: int = VERSION
    extra: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return asdict(self)

    def to_json(self, image: int = 0) -> str:
        """Return readable JSON.

        Args:
            image: Number of the image, from 1, whose file the receipt goes into; it is added, so
                that the file says which of the result's images it is. 0 adds nothing.

        Raises:
            RequestError: `image` is not the number of one of its images.
        """
        check_type(image, int, "image", "the number of an image, 1 is the first")
        if not 0 <= image <= len(self.images):
            raise RequestError(
                f"image takes 1 to {len(self.images)}, got {described(image)}",
                field="image",
                value=image,
            )
        said = vars(self) | ({"image": image} if image else {})
        return json.dumps(said, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Receipt:
        """Read untrusted JSON; the types of known fields are checked, unknown fields ignored.

        Raises:
            RequestError: It is not a receipt, or is too large.
        """
        check_type(text, (str, bytes), "text", "what Receipt.to_json() wrote")
        try:
            if len(text) > MAX_BYTES:
                raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
            values = read_json(text)
            known = {name: values[name] for name in _TYPES if name in values}
            for name, value in known.items():
                if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
                    raise TypeError(f"{name} is a {type(value).__name__}")
            return cls(**known)
        except (ValueError, TypeError, RecursionError) as error:
            raise RequestError(
                f"this is not a receipt of seedream_widgets ({error!s:.100})", field="receipt"
            ) from error


_KINDS: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "str | None": (str, type(None)),
    "int | None": (int, type(None)),
    "dict[str, Any]": dict,
    "dict[str, Any] | None": (dict, type(None)),
    "dict[str, str]": dict,
    "dict[str, float]": dict,
    "list[dict[str, Any]]": list,
    "list[dict[str, str]]": list,
}
_TYPES = {field.name: _KINDS[str(field.type)] for field in fields(Receipt)}


def read_receipt(file: Any) -> Receipt:
    """Return the receipt inside an image file.

    Args:
        file: A path, bytes, or an open binary file of a PNG, JPEG or WebP that `save` wrote.

    Raises:
        RequestError: There is no receipt in it, or it can't be read.
    """
    from seedream_widgets.images.receipts import extract

    try:
        if hasattr(file, "read"):
            data = file.read()
        elif isinstance(file, bytes | bytearray | memoryview):
            data = bytes(file)
        else:
            data = user_path(file, "file").read_bytes()
    except (OSError, TypeError) as error:
        raise RequestError(f"file can't be read ({error})", field="file") from error
    text = extract(data)
    if text is None:
        raise RequestError(
            "there is no receipt in this file; save() writes one into PNG, JPEG and WebP files",
            field="file",
        )
    return Receipt.from_json(text)


def iso_time(seconds: float) -> str:
    """Return seconds since the epoch as ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def describe_inputs(images: Iterable[ImageInput | ImageUrl]) -> list[dict[str, Any]]:
    """Describe input images for a receipt, by digest or URL, without their bytes."""
    return [
        {"url": image.url} if isinstance(image, ImageUrl) else _described(image) for image in images
    ]


def _described(image: ImageInput) -> dict[str, Any]:
    about: dict[str, Any] = {
        "sha256": image.sha256,
        "name": image.name,
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
    }
    if image.digests:
        about["digests"] = list(image.digests)
    if image.origin:
        about["from"] = image.origin.to_dict()
    return about


def describe_settings(request: Request) -> dict[str, Any]:
    """Return the request's fields but prompt and images; those that few models take only if set."""
    values = {name: getattr(request, name) for name in SETTINGS}
    size = values["image_size"]
    values["image_size"] = list(size) if isinstance(size, tuple) else size
    values["mask"] = _described(request.mask) if request.mask else None
    return {
        name: value
        for name, value in values.items()
        if value is not None or name not in _WHERE_GIVEN
    }


UNKNOWN_PROMPT = "(prompt not stored)"


def request_from_receipt(
    prompt: str,
    settings: dict[str, Any],
    inputs: list[dict[str, Any]],
    find: Callable[[str], ImageInput],
) -> Request:
    """Return the request that a receipt describes, as far as it is still accepted.

    `find` reads an input image by its digest once its bytes are needed; an image that is not found
    has none, and can't be sent again. A setting that is no longer accepted gets its default.
    """
    images = tuple(image for each in inputs if (image := input_from_receipt(each, find)))
    known = {name: settings[name] for name in SETTINGS if name in settings}
    if known.get("mask") is not None:
        known["mask"] = input_from_receipt(known["mask"], find)
    prompt = prompt[:MAX_PROMPT] if prompt.strip() else UNKNOWN_PROMPT
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


def digests_of(about: dict[str, Any]) -> tuple[str, ...]:
    """Return the digests that recognise an input of a receipt in another file; untrusted."""
    said = about.get("digests")
    return tuple(filter(None, map(digest_of, said[:4]))) if isinstance(said, list) else ()


def input_from_receipt(
    each: object, find: Callable[[str], ImageInput]
) -> ImageInput | ImageUrl | None:
    """Return an input image that a receipt describes; its bytes are read when they are needed.

    Args:
        each: The receipt's entry; untrusted.
        find: Reads an image by its digest.
    """
    about = each if isinstance(each, dict) else {}
    url, digest = about.get("url"), about.get("sha256")
    if isinstance(url, str) and url.startswith("https://"):
        try:
            found = load_image(url)
        except RequestError:
            return None
        return found if isinstance(found, ImageUrl) else None
    digest = digest_of(digest)
    if not digest:
        return None
    sides = (about.get(side) for side in ("width", "height"))
    width, height = (side if isinstance(side, int) else 0 for side in sides)
    kind, name = (str(about.get(fact, ""))[:80] for fact in ("media_type", "name"))
    origin = Origin.from_dict(about.get("from"))
    return KeptInput(find, digest, kind, width, height, name, digests_of(about), origin)

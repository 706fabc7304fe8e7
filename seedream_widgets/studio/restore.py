"""Restores the form from the receipt in an image file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from traitlets import TraitError

from seedream_widgets.errors import RequestError
from seedream_widgets.images import ImageInput, ImageUrl, load_image
from seedream_widgets.images.origins import Origin
from seedream_widgets.studio.cards import FORM
from seedream_widgets.values.endpoints import ENDPOINTS
from seedream_widgets.values.receipt import Receipt, digests_of, read_receipt
from seedream_widgets.values.request import Request

if TYPE_CHECKING:
    from seedream_widgets.library import Library
    from seedream_widgets.studio.form import Form

_UNLESS_GIVEN = {"output_format": None, "background": None}
_ABSENT = ImageInput(b"", "image/png", 1, 1, "")
"""Takes the place of an input that is not in this library."""
_MAX_INPUTS = 11  # one more than the form takes, so that it refuses


def restore(studio: Form, library: Library, data: bytes) -> str | None:
    """Set the whole form from the receipt in `data`; return a note on what is missing, if any.

    Raises:
        RequestError: There is no receipt, or the form does not take what it says.
    """
    receipt = _receipt(data)
    images, missing = _inputs(receipt, library)
    form = _form(receipt)
    _check(form, [*images, *(_ABSENT for _ in missing)])
    name, value = "", None
    try:
        # Held together, so that one refused value rolls all of them back.
        with studio._keeping_size(), studio.hold_trait_notifications():
            for name, value in {**form, "references": images}.items():
                setattr(studio, name, value)
    except TraitError as error:
        raise _refusal(name, value) from error
    notes = [] if receipt.prompt else ["The prompt was not kept in this file"]
    if missing:
        notes.append(f"Not in this library: {', '.join(missing)}. Add what is missing, in order")
    return ". ".join(notes) + "." if notes else None


def _check(form: dict[str, Any], images: list[ImageInput | ImageUrl]) -> None:
    """Check the whole request before any field is set, as a file may come from anybody.

    Raises:
        RequestError: It could not be submitted.
    """
    try:
        Request(**{"prompt": "not kept", **form}, images=tuple(images))
    except RequestError as error:
        name = (error.field or "value").partition("[")[0]
        raise _refusal(name, form.get(name, len(images))) from error


def _refusal(name: str, value: object) -> RequestError:
    article = "an" if name[0] in "aeiou" else "a"
    return RequestError(
        f"the receipt in this file has {article} {name} that can't be used ({value!r:.80}); "
        "fill in the form by hand",
        field="receipt",
    )


def _receipt(data: bytes) -> Receipt:
    try:
        return read_receipt(data)
    except RequestError as error:
        if error.field != "file":
            raise
        raise RequestError(
            "no receipt in this file; drop it on the images to use it as a reference",
            field="file",
        ) from error


def _form(receipt: Receipt) -> dict[str, Any]:
    known = {**_UNLESS_GIVEN, **receipt.settings}
    form = {name: known[name] for name in FORM if name in known and name != "prompt"}
    if form.get("image_size", "") is None:
        del form["image_size"]
        if receipt.endpoint in ENDPOINTS:
            form["image_size"] = ENDPOINTS[receipt.endpoint].default_size
    if receipt.seed is not None:
        form["seed"] = receipt.seed
    return {"prompt": receipt.prompt, **form} if receipt.prompt else form


def _inputs(receipt: Receipt, library: Library) -> tuple[list[ImageInput | ImageUrl], list[str]]:
    images: list[ImageInput | ImageUrl] = []
    missing = []
    for number, each in enumerate(receipt.inputs[:_MAX_INPUTS], 1):
        about = each if isinstance(each, dict) else {}
        name = str(about.get("name") or "image.png")[:60]
        try:
            images.append(_input(about, name, library))
        except RequestError:
            missing.append(f"image {number} ({name})")
    return images, missing


def _input(about: dict[str, Any], name: str, library: Library) -> ImageInput | ImageUrl:
    url = about.get("url")
    if isinstance(url, str) and url.startswith("https://"):  # never a path: it is untrusted
        return load_image(url, field="references")
    from seedream_widgets.images.fit import safe_name

    # It is found by its digest; the name in the receipt is untrusted.
    found = library.input(str(about.get("sha256", "")))
    return replace(
        found,
        name=safe_name(name, found.media_type.removeprefix("image/").upper()),
        digests=digests_of(about) or found.digests,
        origin=Origin.from_dict(about.get("from")) or found.origin,
    )

"""Sets the form to ask for a picture again: the same, varied, larger, or what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from seedream_widgets.errors import RequestError
from seedream_widgets.studio.cards import FORM
from seedream_widgets.values.receipt import UNKNOWN_PROMPT
from seedream_widgets.values.sizes import Size

if TYPE_CHECKING:
    from seedream_widgets.studio.form import Form
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result

How = Literal["reuse", "vary", "large", "missing"]
_LONGEST = 4096
"""Longest side in pixels that fal is known to take; see `values.sizes`."""


def ask_again(studio: Form, result: Result, index: int, how: str) -> None:
    """Set the whole form to ask for a picture again; nothing is sent.

    Args:
        studio: The form to set.
        result: The picture's result.
        index: Which of its images, from 0.
        how: ``"reuse"`` unchanged, ``"vary"`` with another seed, ``"large"`` in 4K, ``"missing"``
            for the pictures of a set that did not come.

    Raises:
        RequestError: The picture can't be asked for in this way.
    """
    request = _request(result, index, how)
    form = {name: getattr(request, name) for name in FORM}
    with studio._keeping_size(), studio.hold_trait_notifications():
        for name, value in {**form, "references": request.images}.items():
            setattr(studio, name, value)


def _request(result: Result, index: int, how: str) -> Request:
    asked = result.request
    if asked.prompt == UNKNOWN_PROMPT:
        raise RequestError("the prompt of this picture was not stored; write one", field="prompt")
    if asked.mask is not None:
        raise RequestError(
            "this picture was asked for with a marked region; ask for it again from Python: "
            f"sd.library.get({result.request_id!r}).vary()",
            field="mask",
        )
    if how == "reuse":
        return asked
    if how == "vary":
        return replace(asked, seed=None, draw=None)
    if how == "large":
        return replace(asked, draw=None, seed=result.seed, image_size=_larger(result, index))
    if how == "missing":
        if not result.missing:
            raise RequestError("no picture of this set is missing", field="max_images")
        return result._request_for_missing()
    raise RequestError("how takes reuse, vary, large or missing", field="how", value=how)


def _larger(result: Result, index: int) -> Size:
    file, endpoint = result.files[index], result.request.endpoint
    factor = _LONGEST / max(file.width, file.height)
    size = endpoint.size_rule.nearest(Size(round(file.width * factor), round(file.height * factor)))
    if factor <= 1 or size.width * size.height <= 1.05 * file.width * file.height:
        raise RequestError(
            f"{endpoint.model} can't make this picture larger than it is, {file.width} x "
            f"{file.height}",
            field="image_size",
        )
    return size

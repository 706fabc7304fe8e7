"""A request as the Python that repeats it."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING

from seedream_widgets.images import ImageUrl

if TYPE_CHECKING:
    from seedream_widgets.images import ImageInput
    from seedream_widgets.request import Request


def as_code(request: Request) -> str:
    """Return Python that builds an equal `Request` and runs it; it holds no key.

    Local images are named by their digest and come back from the library.
    """
    lines = [f"    {request.prompt!r},"]
    if request.images:
        images = ", ".join(_image(image) for image in request.images)
        lines.append(f"    images=[{images}],")
    default = {
        field.name: field.default for field in fields(request) if field.default is not MISSING
    }
    for name in default:
        value = getattr(request, name)
        if name == "images" or value == default[name]:
            continue
        shown = tuple(value) if isinstance(value, tuple) else value
        lines.append(f"    {name}={shown!r},")
    body = "\n".join(lines)
    return (
        f"import seedream_widgets as sd\n\nrequest = sd.Request(\n{body}\n)\n"
        "result = sd.submit(request).result()\n"
    )


def _image(image: ImageInput | ImageUrl) -> str:
    if isinstance(image, ImageUrl):
        return repr(image.url)
    return f'sd.library.input("{image.sha256}")'

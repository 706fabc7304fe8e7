"""A request as the Python that repeats it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from seedream_widgets.files import is_default_library
from seedream_widgets.images import ImageUrl

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.images import ImageInput
    from seedream_widgets.values.request import Request


def as_code(request: Request, library: Path | None = None) -> str:
    """Return Python that builds an equal `Request` and runs it; it holds no key.

    Local images are named by their digest and come back from the library.

    Args:
        request: What to repeat.
        library: The folder of the client that sent it, where that is not the default one.
    """
    client, begin = "sd", "import seedream_widgets as sd\n\n"
    if library is not None and not is_default_library(library):
        client, begin = "client", f"{begin}client = sd.Client(library={str(library)!r})\n"
    lines = [f"    {request.prompt!r},"]
    if request.images:
        images = ", ".join(_image(image, client) for image in request.images)
        lines.append(f"    images=[{images}],")
    for field in fields(request):
        name, value = field.name, getattr(request, field.name)
        if name in ("prompt", "images") or value == field.default:
            continue
        shown = repr(tuple(value) if isinstance(value, tuple) else value)
        lines.append(f"    {name}={_image(value, client) if name == 'mask' else shown},")
    body = "\n".join(lines)
    return f"{begin}request = sd.Request(\n{body}\n)\nresult = {client}.submit(request).result()\n"


def _image(image: ImageInput | ImageUrl, client: str) -> str:
    if isinstance(image, ImageUrl):
        return repr(image.url)
    return f'{client}.library.input("{image.sha256}")'

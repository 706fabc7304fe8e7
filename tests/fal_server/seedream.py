"""Seedream as fal describes it: which arguments it takes, refuses, and what it returns.

Written from fal's documentation, not from the package under test.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .pictures import Size
    from .state import Job, State

Entry = dict[str, Any]
PRESETS: dict[str, Size] = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
    "auto": (2048, 2048),
    "auto_2K": (2048, 2048),
    "auto_4K": (4096, 4096),
}


class Endpoint(NamedTuple):
    usd: float
    edit: bool
    least: int
    most: int
    presets: frozenset[str]
    sides: tuple[int, int] | None = None
    returns_seed: bool = True
    enhances: bool = True


_V4 = frozenset(PRESETS)
_V45 = _V4 - {"auto"}
_SIDES = (1920, 4096)
ENDPOINTS = {
    "fal-ai/bytedance/seedream/v4/text-to-image": Endpoint(0.03, False, 960**2, 4096**2, _V4),
    "fal-ai/bytedance/seedream/v4/edit": Endpoint(0.03, True, 921_600, 4096**2, _V4),
    "fal-ai/bytedance/seedream/v4.5/text-to-image": Endpoint(
        0.04, False, 2560 * 1440, 4096**2, _V45, _SIDES, enhances=False
    ),
    "fal-ai/bytedance/seedream/v4.5/edit": Endpoint(
        0.04, True, 2560 * 1440, 4096**2, _V45, _SIDES, returns_seed=False, enhances=False
    ),
}


class Rejected(Exception):
    """Carry the entries of a 422."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__(entries)
        self.entries = entries


def check(endpoint_id: str, arguments: dict[str, Any]) -> None:
    """Refuse arguments as a pydantic model would, all faults at once."""
    endpoint = ENDPOINTS[endpoint_id]
    entries = [*_text(arguments), *_counts(arguments), *_switches(arguments, endpoint)]
    entries += _size_entries(endpoint, arguments.get("image_size"))
    if endpoint.edit:
        entries += _url_entries(arguments)
    if entries:
        raise Rejected(entries)


def entry(field: str, kind: str, message: str, given: object = None, **context: object) -> Entry:
    found: Entry = {"loc": ["body", field], "msg": message, "type": kind, "input": given}
    return {**found, "ctx": context} if context else found


def _text(arguments: dict[str, Any]) -> list[Entry]:
    if "prompt" not in arguments:
        return [entry("prompt", "missing", "Field required", arguments)]
    prompt = arguments["prompt"]
    if not isinstance(prompt, str):
        return [entry("prompt", "string_type", "Input should be a valid string", prompt)]
    if not prompt.strip():
        return [entry("prompt", "value_error", "Prompt must not be empty", prompt)]
    return []


def _counts(arguments: dict[str, Any]) -> list[Entry]:
    found = []
    for field in ("num_images", "max_images"):
        value = arguments.get(field, 1)
        if not _is_int(value):
            found.append(entry(field, "int_type", "Input should be a valid integer", value))
        elif value < 1:
            text = "Input should be greater than or equal to 1"
            found.append(entry(field, "greater_than_equal", text, value, ge=1))
        elif value > 6:
            text = "Input should be less than or equal to 6"
            found.append(entry(field, "less_than_equal", text, value, le=6))
    seed = arguments.get("seed")
    if seed is not None and not _is_int(seed):
        found.append(entry("seed", "int_type", "Input should be a valid integer", seed))
    return found


def _switches(arguments: dict[str, Any], endpoint: Endpoint) -> list[Entry]:
    found = []
    for field in ("sync_mode", "enable_safety_checker"):
        if not isinstance(arguments.get(field, False), bool):
            found.append(entry(field, "bool_type", "Input should be a boolean", arguments[field]))
    mode = arguments.get("enhance_prompt_mode", "standard")
    if endpoint.enhances and mode not in ("standard", "fast"):
        text = "Input should be 'standard' or 'fast'"
        found.append(entry("enhance_prompt_mode", "literal_error", text, mode))
    return found


def _size_entries(endpoint: Endpoint, size: object) -> list[Entry]:
    if size is None or (isinstance(size, str) and size in endpoint.presets):
        return []
    if not isinstance(size, dict):
        return [entry("image_size", "literal_error", "Input should be a preset or a size", size)]
    width, height = size.get("width", 512), size.get("height", 512)
    if not (_is_int(width) and _is_int(height) and width > 0 and height > 0):
        return [entry("image_size", "int_type", "Input should be valid integers", size)]
    if _sides_fit(endpoint, width, height):
        return []
    if width * height > endpoint.most:
        return [entry("image_size", "image_too_large", "Too many pixels", size, max=endpoint.most)]
    if width * height < endpoint.least and not endpoint.edit:
        return [entry("image_size", "image_too_small", "Too few pixels", size, min=endpoint.least)]
    return []


def _sides_fit(endpoint: Endpoint, width: int, height: int) -> bool:
    if endpoint.sides is None:
        return False
    least, most = endpoint.sides
    return least <= min(width, height) and max(width, height) <= most


def _url_entries(arguments: dict[str, Any]) -> list[Entry]:
    if "image_urls" not in arguments:
        return [entry("image_urls", "missing", "Field required", arguments)]
    urls = arguments["image_urls"]
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        return [entry("image_urls", "list_type", "Input should be a list of strings")]
    if not urls:
        return [entry("image_urls", "sequence_too_short", "At least one image is needed")]
    counts = arguments.get("num_images", 1), arguments.get("max_images", 1)
    if all(map(_is_int, counts)) and min(len(urls), 10) + counts[0] * counts[1] > 15:
        return [entry("image_urls", "value_error", "Inputs and outputs together exceed 15")]
    return []


def load_inputs(state: State, job: Job) -> list[bytes]:
    """Fetch the last ten inputs: files kept here and data URIs, whole images all of them."""
    urls = job.arguments["image_urls"] if ENDPOINTS[job.endpoint_id].edit else []
    return [_load(state, url) for url in urls[-10:]]


def _load(state: State, url: str) -> bytes:
    from PIL import Image

    content = _data(url) if url.startswith("data:") else _kept(state, url)
    if content is None:
        text = "Failed to download the file. Please check if the URL is accessible."
        raise Rejected([entry("image_urls", "file_download_error", text, url[:200])])
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
    except Exception as error:
        text = "Failed to load the image. Please ensure the image file is not corrupted."
        raise Rejected([entry("image_urls", "image_load_error", text, url[:200])]) from error
    return content


def _data(url: str) -> bytes | None:
    try:
        return base64.b64decode(url.partition(",")[2], validate=True)
    except binascii.Error:
        return None


def _kept(state: State, url: str) -> bytes | None:
    file = state.files.get(_file_path(url))
    return file.content if file else None


def _file_path(url: str) -> str:
    path = urlsplit(url).path
    return path[path.find("/files/") :]


def output_size(endpoint_id: str, size: object) -> Size:
    """Tell the size of the pictures; what is too small is scaled up, the ratio kept."""
    endpoint = ENDPOINTS[endpoint_id]
    if isinstance(size, dict):
        width, height = size.get("width", 512), size.get("height", 512)
    else:
        width, height = PRESETS[str(size or "auto_2K")]
    if _sides_fit(endpoint, width, height):
        return width, height
    factor = max(1.0, math.sqrt(endpoint.least / (width * height)))
    return math.ceil(width * factor), math.ceil(height * factor)


def count(arguments: dict[str, Any], per_set: int | None) -> int:
    most = arguments.get("max_images", 1)
    each = most if per_set is None else min(most, per_set)
    return int(arguments.get("num_images", 1) * each)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

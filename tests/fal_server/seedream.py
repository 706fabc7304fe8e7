"""Seedream as fal describes it: which arguments it takes, refuses, and what it returns.

Written from fal's documentation, not from the package under test.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
from decimal import Decimal
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
    "auto_1K": (1024, 1024),
    "auto_1.5K": (1536, 1536),
    "auto_2K": (2048, 2048),
    "auto_3K": (3072, 3072),
    "auto_4K": (4096, 4096),
}
_SIX = frozenset(name for name in PRESETS if not name.startswith("auto"))
_WORDS = {
    "enhance_prompt_mode": ("standard", "fast"),
    "output_format": ("jpeg", "png"),
    "background": ("auto", "opaque", "transparent"),
}


class Endpoint(NamedTuple):
    """What fal says of one endpoint; `tiers` are most pixels and US dollars, ascending."""

    arguments: frozenset[str]
    tiers: tuple[tuple[float, str], ...]
    least: int
    most: int
    presets: frozenset[str]
    sides: tuple[int, int] | None = None
    returns_seed: bool = True
    scales: tuple[str, ...] = ()
    each_reference: str = "0"
    together: float = math.inf
    ratio: float = math.inf

    @property
    def edit(self) -> bool:
        return "image_urls" in self.arguments

    def usd(self, pixels: int, references: int) -> Decimal:
        """Tell what one image costs."""
        usd = next(usd for most, usd in self.tiers if pixels <= most)
        return Decimal(usd) + Decimal(self.each_reference) * max(0, references - 1)


_ANY = math.inf
_BASE = frozenset({"prompt", "image_size", "num_images", "sync_mode", "enable_safety_checker"})
_LITE = _BASE | {"max_images"}
_V45 = _LITE | {"seed"}
_V4 = _V45 | {"enhance_prompt_mode"}
_NEW = _BASE | {"output_format"}
_URLS = {"image_urls"}
_V4_NAMES = _SIX | {"auto", "auto_2K", "auto_4K"}
_V45_NAMES = _V4_NAMES - {"auto"}
_LITE_NAMES = _SIX | {"auto_2K", "auto_3K"}
_FLASH_NAMES = _SIX | {"auto_2K"}
_PRO_NAMES = _FLASH_NAMES | {"auto_1K"}
_SIDES = (1920, 4096)
_PRO = ((1536**2, "0.0675"), (_ANY, "0.135"))
_V55 = ((2_610_000, "0.03"), (_ANY, "0.0405"))
_OLD = "fal-ai/bytedance/seedream/"
_FAMILY = "bytedance/seedream/"
ENDPOINTS = {
    _OLD + "v4/text-to-image": Endpoint(_V4, ((_ANY, "0.03"),), 960**2, 4096**2, _V4_NAMES),
    _OLD + "v4/edit": Endpoint(
        _V4 | _URLS, ((_ANY, "0.03"),), 921_600, 4096**2, _V4_NAMES, scales=("up",),
        together=15,
    ),
    _OLD + "v4.5/text-to-image": Endpoint(
        _V45, ((_ANY, "0.04"),), 2560 * 1440, 4096**2, _V45_NAMES, _SIDES
    ),
    _OLD + "v4.5/edit": Endpoint(
        _V45 | _URLS, ((_ANY, "0.04"),), 2560 * 1440, 4096**2, _V45_NAMES, _SIDES,
        returns_seed=False, scales=("up",), together=15,
    ),
    _FAMILY + "v5/lite/text-to-image": Endpoint(
        _LITE, ((_ANY, "0.035"),), 2560 * 1440, 3072**2, _LITE_NAMES,
        scales=("up", "down"),
    ),
    _FAMILY + "v5/lite/edit": Endpoint(
        _LITE | _URLS, ((_ANY, "0.035"),), 2560 * 1440, 3072**2, _LITE_NAMES,
        scales=("up", "down"),
    ),
    _FAMILY + "v5/flash/text-to-image": Endpoint(
        _NEW, ((_ANY, "0.027"),), 1024**2, 2048**2, _FLASH_NAMES, returns_seed=False,
        ratio=16,
    ),
    _FAMILY + "v5/flash/edit": Endpoint(
        _NEW | _URLS, ((_ANY, "0.027"),), 1024**2, 2048**2, _FLASH_NAMES, returns_seed=False,
        ratio=16,
    ),
    _FAMILY + "v5/pro/text-to-image": Endpoint(
        _NEW, _PRO, 1024**2, 2048**2, _PRO_NAMES, returns_seed=False, ratio=16
    ),
    _FAMILY + "v5/pro/edit": Endpoint(
        _NEW | _URLS, _PRO, 1024**2, 2048**2, _PRO_NAMES, returns_seed=False,
        each_reference="0.0045", ratio=16,
    ),
    _FAMILY + "v5.5/text-to-image": Endpoint(
        _NEW | {"background"}, _V55, 1024**2, 2048**2, _PRO_NAMES | {"auto_1.5K"},
        returns_seed=False, ratio=16,
    ),
}  # fmt: skip


class Rejected(Exception):
    """Carry the entries of a 422."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__(entries)
        self.entries = entries


def check(endpoint_id: str, arguments: dict[str, Any]) -> None:
    """Refuse arguments as a pydantic model would, all faults at once."""
    endpoint = ENDPOINTS[endpoint_id]
    entries = [
        entry(name, "extra_forbidden", "Extra inputs are not permitted", value)
        for name, value in arguments.items()
        if name not in endpoint.arguments
    ]
    entries += [*_text(arguments), *_counts(arguments), *_switches(arguments)]
    entries += _size_entries(endpoint, arguments.get("image_size"))
    if endpoint.edit:
        entries += _url_entries(arguments, endpoint.together)
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


def _switches(arguments: dict[str, Any]) -> list[Entry]:
    found = []
    for field in ("sync_mode", "enable_safety_checker"):
        if not isinstance(arguments.get(field, False), bool):
            found.append(entry(field, "bool_type", "Input should be a boolean", arguments[field]))
    for field, words in _WORDS.items():
        if arguments.get(field, words[0]) not in words:
            text = f"Input should be {' or '.join(map(repr, words))}"
            found.append(entry(field, "literal_error", text, arguments[field]))
    if arguments.get("background") == "transparent" and arguments.get("output_format") != "png":
        text = "A transparent background needs output_format 'png'"
        found.append(entry("background", "value_error", text, "transparent"))
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
    if max(width, height) > endpoint.ratio * min(width, height):
        return [entry("image_size", "value_error", "The ratio is over 16", size)]
    if width * height > endpoint.most and "down" not in endpoint.scales:
        return [entry("image_size", "image_too_large", "Too many pixels", size, max=endpoint.most)]
    if width * height < endpoint.least and "up" not in endpoint.scales:
        return [entry("image_size", "image_too_small", "Too few pixels", size, min=endpoint.least)]
    return []


def _sides_fit(endpoint: Endpoint, width: int, height: int) -> bool:
    if endpoint.sides is None:
        return False
    least, most = endpoint.sides
    return least <= min(width, height) and max(width, height) <= most


def _url_entries(arguments: dict[str, Any], most: float) -> list[Entry]:
    if "image_urls" not in arguments:
        return [entry("image_urls", "missing", "Field required", arguments)]
    urls = arguments["image_urls"]
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        return [entry("image_urls", "list_type", "Input should be a list of strings")]
    if not urls:
        return [entry("image_urls", "sequence_too_short", "At least one image is needed")]
    counts = arguments.get("num_images", 1), arguments.get("max_images", 1)
    if all(map(_is_int, counts)) and min(len(urls), 10) + counts[0] * counts[1] > most:
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
    pixels = width * height
    if pixels > endpoint.most:
        factor = math.sqrt(endpoint.most / pixels)
        return math.floor(width * factor), math.floor(height * factor)
    factor = max(1.0, math.sqrt(endpoint.least / pixels))
    return math.ceil(width * factor), math.ceil(height * factor)


def usd(endpoint_id: str, arguments: dict[str, Any]) -> Decimal:
    """Tell what one image costs: by the pixels asked, and the references that go in."""
    width, height = output_size(endpoint_id, arguments.get("image_size"))
    references = len(arguments.get("image_urls", ())[-10:])
    return ENDPOINTS[endpoint_id].usd(width * height, references)


def count(arguments: dict[str, Any], per_set: int | None) -> int:
    most = arguments.get("max_images", 1)
    each = most if per_set is None else min(most, per_set)
    return int(arguments.get("num_images", 1) * each)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

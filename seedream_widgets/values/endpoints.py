"""Facts: the endpoints, what each accepts, its limits and its dated price.

Another version of Seedream is one more row in `_ROWS`. Sources: fal's model pages and
schema (stored copies of 2026), and the vendor's tutorial for ratios.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from seedream_widgets.errors import RequestError
from seedream_widgets.values.sizes import Size, SizeRule

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["text-to-image", "edit"]

COUNTS = (1, 6)
"""Smallest and largest `num_images` and `max_images`."""
_FRESH = timedelta(days=1)
MAX_SEED = 2**31 - 1
"""Largest seed upstream documents; fal's schema only says integer."""
ENHANCE_PROMPT_MODES = ("standard", "fast")
PRESETS: Mapping[str, Size] = MappingProxyType(
    {
        "square_hd": Size(1024, 1024),
        "square": Size(512, 512),
        "portrait_4_3": Size(768, 1024),
        "portrait_16_9": Size(576, 1024),
        "landscape_4_3": Size(1024, 768),
        "landscape_16_9": Size(1024, 576),
    }
)
"""fal's named sizes in pixels, from its toolkit. What Seedream makes of small ones is unknown."""


@dataclass(frozen=True)
class Price:
    """Hold US dollars for one image, and when and where that was read."""

    usd: Decimal
    as_of: str
    source: str

    @property
    def age(self) -> str:
        """``"price of 2026"`` where it was read before yesterday: fal may ask another one now."""
        try:
            fresh = date.today() - date.fromisoformat(self.as_of) <= _FRESH
        except ValueError:  # a year or a month, as of a stored copy
            fresh = False
        return "" if fresh else f"price of {self.as_of}"


@dataclass(frozen=True)
class Endpoint:
    """Describe one fal endpoint: its id, the arguments it accepts, its limits and price."""

    id: str
    model: str
    kind: Kind
    arguments: tuple[str, ...]
    size_names: tuple[str, ...]
    size_rule: SizeRule
    default_size: Size
    price: Price
    max_inputs: int = 0
    """How many images it takes; fal would silently keep only the last ones of more."""
    max_inputs_and_outputs: int | None = None

    def __str__(self) -> str:
        return self.id


_SHARED = (
    "prompt",
    "image_size",
    "num_images",
    "max_images",
    "seed",
    "sync_mode",
    "enable_safety_checker",
)
_V4 = (*_SHARED, "enhance_prompt_mode")
_V4_NAMES = (*PRESETS, "auto", "auto_2K", "auto_4K")
_V45_NAMES = (*PRESETS, "auto_2K", "auto_4K")
_MAX = 4096 * 4096
_V45_RULE = SizeRule(2560 * 1440, _MAX, sides=(1920, 4096))
_PRICE_V4 = Price(Decimal("0.03"), "2026", "fal's model page, stored copy")
_PRICE_V45 = Price(Decimal("0.04"), "2026", "fal's model page, stored copy")
_2K = Size(2048, 2048)
_ID = "fal-ai/bytedance/seedream"

_ROWS = (
    Endpoint(
        f"{_ID}/v4/text-to-image", "v4", "text-to-image", _V4, _V4_NAMES,
        SizeRule(960 * 960, _MAX), _2K, _PRICE_V4,
    ),
    Endpoint(
        f"{_ID}/v4/edit", "v4", "edit", (*_V4, "image_urls"), _V4_NAMES,
        SizeRule(921_600, _MAX, scales_up=True), _2K, _PRICE_V4,
        max_inputs=10, max_inputs_and_outputs=15,
    ),
    Endpoint(
        f"{_ID}/v4.5/text-to-image", "v4.5", "text-to-image", _SHARED, _V45_NAMES,
        _V45_RULE, _2K, _PRICE_V45,
    ),
    Endpoint(
        f"{_ID}/v4.5/edit", "v4.5", "edit", (*_SHARED, "image_urls"), _V45_NAMES,
        _V45_RULE, _2K, _PRICE_V45,
        max_inputs=10, max_inputs_and_outputs=15,
    ),
)  # fmt: skip

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType({row.id: row for row in _ROWS})
"""Every endpoint by its fal id."""
MODELS: tuple[str, ...] = tuple(dict.fromkeys(row.model for row in _ROWS))
"""Names `model` takes, oldest first."""
DEFAULT_MODEL = "v4"


def endpoint_for(model: object, kind: Kind) -> Endpoint:
    """Return the endpoint of a model and kind.

    Raises:
        RequestError: `model` is none of `MODELS`.
    """
    for row in _ROWS:
        if (row.model, row.kind) == (model, kind):
            return row
    raise RequestError(
        f"model takes one of {', '.join(MODELS)}, got {model!r:.80}", field="model", value=model
    )

"""The endpoints: what each accepts, its limits and prices, and where that was read.

Another version of Seedream is one more row in `_ROWS`; nothing else names a version. Sources:
fal's model pages and schema (stored copies of 2026), and the vendor's tutorial for ratios. Facts
that only third parties state are named in a row's `unconfirmed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from seedream_widgets.errors import NoItemError, RequestError, as_text, refused
from seedream_widgets.late_imports import mime_bundle
from seedream_widgets.values.sizes import Size, SizeRule

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["text-to-image", "edit"]
Fact = Literal["id", "arguments", "sizes", "price"]

COUNTS = (1, 6)
"""Smallest and largest `num_images` and `max_images`."""
_FRESH = timedelta(days=1)
MAX_SEED = 2**31 - 1
"""Largest seed upstream documents; fal's schema only says integer."""


def is_seed(value: object) -> bool:
    """Tell whether `Request` accepts a seed: one that it refuses must not be offered for reuse."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SEED


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
    """What one image costs in US dollars, and when and where that was read.

    Attributes:
        usd: For an image of the first tier.
        as_of: When it was read, such as ``"2026"`` or an ISO date.
        source: Who says so.
        tiers: The most pixels of each tier and its price in US dollars, ascending; empty if the
            size does not matter. A larger image costs what the last tier does.
        each_reference: US dollars that each reference after the first adds to each image.
    """

    usd: Decimal
    as_of: str
    source: str
    tiers: tuple[tuple[int, Decimal], ...] = ()
    each_reference: Decimal = Decimal(0)

    @property
    def flat(self) -> bool:
        """Whether the price is a single number, which is all that fal's pricing API gives."""
        return not self.tiers and not self.each_reference

    def of_image(self, size: Size | str | None, references: int = 0) -> tuple[Decimal, Decimal]:
        """Return the least and the most that one image costs, in US dollars.

        Args:
            size: The size that is asked for. For a name that leaves the pixels to Seedream, such as
                ``"auto_2K"``, least and most differ if the price depends on the size.
            references: How many reference images are sent.
        """
        more = self.each_reference * max(0, references - 1)
        if not self.tiers:
            return self.usd + more, self.usd + more
        pixels = PRESETS.get(size) if isinstance(size, str) else size
        if pixels is None:
            return self.tiers[0][1] + more, self.tiers[-1][1] + more
        area = pixels.width * pixels.height
        usd = next((usd for most, usd in self.tiers if area <= most), self.tiers[-1][1])
        return usd + more, usd + more

    @property
    def age(self) -> str:
        """``"price of 2026"`` if it was read before yesterday and may have changed; else empty."""
        try:
            fresh = date.today() - date.fromisoformat(self.as_of) <= _FRESH
        except ValueError:  # a year or a month, as of a stored copy
            fresh = False
        return "" if fresh else f"price of {self.as_of}"

    def __str__(self) -> str:
        text = _dollars(self.usd)
        if self.tiers:
            *lower, (_, last) = self.tiers
            text = ", ".join(f"{_dollars(usd)} up to {most:,} pixels" for most, usd in lower)
            text += f", else {_dollars(last)}"
        if self.each_reference:
            text += f", and {_dollars(self.each_reference)} for each reference after the first"
        return text


def _dollars(usd: Decimal) -> str:
    """Return an amount as people write it: exact, with two decimals at least."""
    whole, _, fraction = f"{usd:f}".partition(".")
    return f"${whole}.{fraction.rstrip('0').ljust(2, '0')}"


@dataclass(frozen=True)
class Endpoint:
    """One fal endpoint: its id, the arguments it accepts, its limits and price.

    Attributes:
        id: fal's endpoint id.
        model: The value of `model` that selects it, such as ``"v4"``.
        kind: ``"text-to-image"`` or ``"edit"``.
        arguments: Every argument it takes; fal refuses others.
        size_names: The names that `image_size` takes besides sizes in pixels.
        size_rule: The sizes in pixels that it takes.
        default_size: The size of a request that does not name one.
        price: What an image costs.
        choices: The words accepted by each argument that takes one of a few; fal's default first.
        max_inputs: The most reference images; of more, fal would silently keep only the last ones.
        max_inputs_and_outputs: The most images in and out together, where fal states such a limit.
        sources: Where these facts come from.
        unconfirmed: The facts that only third parties state.
        speed: ``"fast"`` where its own page calls it so, else empty.
    """

    id: str
    model: str
    kind: Kind
    arguments: tuple[str, ...]
    size_names: tuple[str, ...]
    size_rule: SizeRule
    default_size: Size | str
    price: Price
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    max_inputs: int = 0
    max_inputs_and_outputs: int | None = None
    sources: str = ""
    unconfirmed: tuple[Fact, ...] = ()
    speed: str = ""

    @property
    def label(self) -> str:
        """The model's name as people read it, such as ``"V5 Flash"``."""
        return self.model.replace("-", " ").title()

    @property
    def output_formats(self) -> tuple[str, ...]:
        """What `output_format` takes, fal's default first; empty if it can't be chosen."""
        return self.choices.get("output_format", ())

    def __str__(self) -> str:
        return self.id


class Endpoints(Mapping[str, Endpoint]):
    """Endpoints by their fal id; a notebook shows them as a table."""

    def __init__(self, rows: tuple[Endpoint, ...]) -> None:
        self._rows = {row.id: row for row in rows}

    def __getitem__(self, name: str) -> Endpoint:
        if name not in self._rows:
            known = next((id for id in self._rows if f"/{name}/" in id), next(iter(self._rows)))
            raise NoItemError(
                f"no endpoint has the id {name!r:.80}; ids are fal's own, such as {known!r}",
                field="id",
                value=name,
            )
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def table(self) -> tuple[tuple[str, ...], ...]:
        """Return the column heads, and a row of cells for each endpoint."""
        return (HEADS, *map(_cells, self.values()))

    def __repr__(self) -> str:
        table = self.table()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in table
        )
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), **mime_bundle("endpoints_bundle", self)}


HEADS = (
    "model", "kind", "price of an image", "pixels", "names of sizes", "references", "seed",
    "formats", "unconfirmed", "id", "source",
)  # fmt: skip


def _cells(row: Endpoint) -> tuple[str, ...]:
    rule = row.size_rule
    least = "" if rule.scales_up else f"{rule.min_pixels:,} to "
    autos = [name for name in row.size_names if name not in PRESETS]
    return (
        row.model,
        row.kind,
        str(row.price),
        f"{least}{rule.max_pixels:,}",
        ", ".join(["presets", *autos]),
        f"up to {row.max_inputs}" if row.max_inputs else "none",
        "yes" if "seed" in row.arguments else "no",
        ", ".join(row.output_formats) or "fal's own",
        f"unconfirmed: {', '.join(row.unconfirmed)}" if row.unconfirmed else "",
        row.id,
        f"{row.sources}; price: {row.price.source}, {row.price.as_of}",
    )


_PAGE = "fal's model page, stored copy"
_OTHERS = "third parties"
_SHARED = ("prompt", "image_size", "num_images")
_COMMON = (*_SHARED, "max_images", "seed", "sync_mode", "enable_safety_checker")
_LITE = (*_SHARED, "max_images", "sync_mode", "enable_safety_checker")
_V4 = (*_COMMON, "enhance_prompt_mode")
_NEWER = (*_SHARED, "output_format", "sync_mode", "enable_safety_checker")
_V4_NAMES = (*PRESETS, "auto", "auto_2K", "auto_4K")
_V45_NAMES = (*PRESETS, "auto_2K", "auto_4K")
_LITE_NAMES = (*PRESETS, "auto_2K", "auto_3K")
_FLASH_NAMES = (*PRESETS, "auto_2K")
_PRO_NAMES = (*PRESETS, "auto_1K", "auto_2K")
_V55_NAMES = (*PRESETS, "auto_1K", "auto_1.5K", "auto_2K")
_MAX = 4096 * 4096
_V45_RULE = SizeRule(2560 * 1440, _MAX, sides=(1920, 4096))
_LITE_RULE = SizeRule(2560 * 1440, 3072 * 3072)  # fal would scale what lies outside
_FLASH_RULE = SizeRule(1024 * 1024, 2048 * 2048)
_2K = Size(2048, 2048)
_MODES = MappingProxyType({"enhance_prompt_mode": ("standard", "fast")})
_FORMATS = MappingProxyType({"output_format": ("jpeg", "png")})
_V55_CHOICES = MappingProxyType({**_FORMATS, "background": ("auto", "opaque", "transparent")})
_PRICE_V4 = Price(Decimal("0.03"), "2026", _PAGE)
_PRICE_V45 = Price(Decimal("0.04"), "2026", _PAGE)
_PRICE_LITE = Price(Decimal("0.035"), "autumn 2026", _PAGE)
_PRICE_FLASH = Price(Decimal("0.027"), "autumn 2026", _PAGE)
_PRO_TIERS = ((1536 * 1536, Decimal("0.0675")), (2048 * 2048, Decimal("0.135")))
_PRICE_PRO = Price(_PRO_TIERS[0][1], "autumn 2026", _PAGE, _PRO_TIERS)
_PRICE_PRO_EDIT = Price(
    _PRO_TIERS[0][1], "autumn 2026", _OTHERS, _PRO_TIERS, each_reference=Decimal("0.0045")
)
_PRICE_V55 = Price(
    Decimal("0.03"), "autumn 2026", _PAGE,
    ((2_610_000, Decimal("0.03")), (2048 * 2048, Decimal("0.0405"))),
)  # fmt: skip
_ID = "fal-ai/bytedance/seedream"
_NEW_ID = "bytedance/seedream"

_ROWS = (
    Endpoint(
        f"{_ID}/v4/text-to-image", "v4", "text-to-image", _V4, _V4_NAMES,
        SizeRule(960 * 960, _MAX), _2K, _PRICE_V4, _MODES, sources=_PAGE,
    ),
    Endpoint(
        f"{_ID}/v4/edit", "v4", "edit", (*_V4, "image_urls"), _V4_NAMES,
        SizeRule(921_600, _MAX, scales_up=True), _2K, _PRICE_V4, _MODES,
        max_inputs=10, max_inputs_and_outputs=15, sources=_PAGE,
    ),
    Endpoint(
        f"{_ID}/v4.5/text-to-image", "v4.5", "text-to-image", _COMMON, _V45_NAMES,
        _V45_RULE, _2K, _PRICE_V45, sources=_PAGE,
    ),
    Endpoint(
        f"{_ID}/v4.5/edit", "v4.5", "edit", (*_COMMON, "image_urls"), _V45_NAMES,
        _V45_RULE, _2K, Price(_PRICE_V45.usd, "2026", _OTHERS),
        max_inputs=10, max_inputs_and_outputs=15, sources=_PAGE, unconfirmed=("price",),
    ),
    Endpoint(
        f"{_NEW_ID}/v5/lite/text-to-image", "v5-lite", "text-to-image", _LITE, _LITE_NAMES,
        _LITE_RULE, "auto_2K", _PRICE_LITE, sources=_PAGE,
    ),
    Endpoint(
        f"{_NEW_ID}/v5/lite/edit", "v5-lite", "edit", (*_LITE, "image_urls"), _LITE_NAMES,
        _LITE_RULE, "auto_2K", _PRICE_LITE, max_inputs=10, sources=_PAGE,
    ),
    Endpoint(
        f"{_NEW_ID}/v5/flash/text-to-image", "v5-flash", "text-to-image", _NEWER, _FLASH_NAMES,
        _FLASH_RULE, "auto_2K", _PRICE_FLASH, _FORMATS, sources=_PAGE,
        unconfirmed=("arguments",), speed="fast",
    ),
    Endpoint(
        f"{_NEW_ID}/v5/flash/edit", "v5-flash", "edit", (*_NEWER, "image_urls"), _FLASH_NAMES,
        _FLASH_RULE, "auto_2K", _PRICE_FLASH, _FORMATS, max_inputs=10, sources=_PAGE,
        speed="fast",
    ),
    Endpoint(
        f"{_NEW_ID}/v5/pro/text-to-image", "v5-pro", "text-to-image", _NEWER, _PRO_NAMES,
        _FLASH_RULE, "auto_2K", _PRICE_PRO, _FORMATS, sources=_PAGE, unconfirmed=("arguments",),
    ),
    Endpoint(
        f"{_NEW_ID}/v5/pro/edit", "v5-pro", "edit", (*_NEWER, "image_urls"), _PRO_NAMES,
        _FLASH_RULE, "auto_2K", _PRICE_PRO_EDIT, _FORMATS, max_inputs=10, sources=_OTHERS,
        unconfirmed=("id", "arguments", "sizes", "price"),
    ),
    # No copy of its page states pixel limits, so those of its siblings are used.
    Endpoint(
        f"{_NEW_ID}/v5.5/text-to-image", "v5.5", "text-to-image", (*_NEWER, "background"),
        _V55_NAMES, _FLASH_RULE, "auto_2K", _PRICE_V55, _V55_CHOICES, sources=_OTHERS,
        unconfirmed=("arguments", "sizes"),
    ),
)  # fmt: skip

ENDPOINTS: Mapping[str, Endpoint] = Endpoints(_ROWS)
"""Every endpoint by its fal id."""
MODELS: tuple[str, ...] = tuple(dict.fromkeys(row.model for row in _ROWS))
"""Names `model` takes, oldest first."""
DEFAULT_MODEL = "v4"


def choices(argument: str) -> tuple[str, ...]:
    """Return every word that an argument takes on any endpoint."""
    words = (word for row in _ROWS for word in row.choices.get(argument, ()))
    return tuple(dict.fromkeys(words))


def endpoint_for(model: object, kind: Kind) -> Endpoint:
    """Return the endpoint of a model and kind.

    Raises:
        RequestError: `model` is not one of `MODELS`, or has no endpoint of that kind.
    """
    for row in _ROWS:
        if (row.model, row.kind) == (model, kind):
            return row
    if model in MODELS:
        others = [row.model for row in _ROWS if row.kind == kind]
        raise RequestError(
            f"{model} has no {kind} endpoint here yet, so it takes no images; "
            f"{listed(others)} do" if kind == "edit" else f"{model} has no {kind} endpoint",
            field="images",
        )  # fmt: skip
    from seedream_widgets.values.guesses import did_you_mean

    said = as_text(model).lower().removeprefix("seedream").strip(" -_/")
    said = said if said.startswith("v") or "/" in said else f"v{said}"
    raise refused("model", f"one of {', '.join(MODELS)}", model, did_you_mean(said, MODELS))


def taken_by(argument: str, kind: Kind) -> tuple[str, ...]:
    """Return the models whose endpoint of that kind takes an argument."""
    return tuple(row.model for row in _ROWS if row.kind == kind and argument in row.arguments)


def newer_than(endpoint_id: str) -> tuple[str, ...]:
    """Return the models newer than an endpoint's that have one of the same kind, oldest first."""
    row = ENDPOINTS.get(endpoint_id)
    if row is None:
        return ()
    later = MODELS[MODELS.index(row.model) + 1 :]
    return tuple(each.model for each in _ROWS if each.kind == row.kind and each.model in later)


def listed(names: list[str] | tuple[str, ...]) -> str:
    """Return names as a sentence holds them: ``"v4, v4.5 and v5-lite"``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))

"""`Entry`: one result as the search index knows it; and how a result's folder is read."""

from __future__ import annotations

import hashlib
import math
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import RequestError, ResultError
from seedream_widgets.files import read_file
from seedream_widgets.images import LIMITS, ImageInput, load_image
from seedream_widgets.images.origins import Origin, digest_of, digest_of_pixels
from seedream_widgets.library.folder import RECEIPT, path_of
from seedream_widgets.values.endpoints import COUNTS, is_seed
from seedream_widgets.values.receipt import MAX_BYTES, Receipt, digests_of, request_from_receipt
from seedream_widgets.values.result import (
    SUFFIXES,
    Composition,
    Result,
    ResultImage,
    Timings,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)

COLUMNS = (
    "day, name, request_id, created, prompt, endpoint, model, backend,"
    " seed, images, cost, key, billable_units, asked, favourite, rating"
)
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One result in the library: what is known of it without opening its folder.

    Attributes:
        request_id: fal's request id, or the offline preview's.
        created: When the result was complete, in UTC.
        prompt: The whole prompt.
        endpoint: The fal endpoint id.
        model: Such as ``"v4.5"``.
        backend: ``"fal"`` or ``"offline"``.
        seed: The seed, if there is one.
        images: How many images it holds.
        cost: US dollars, if known.
        favourite: Whether it is marked as one.
        folder: Where its images and its receipt are.
        key: The digest that identical requests share, if there is one.
        billable_units: How many images fal said it bills, if it said so.
        rating: 1 to 5, or 0 for none.
        asked: How many images were asked for at most, if its receipt says so.
    """

    request_id: str
    created: datetime
    prompt: str
    endpoint: str
    model: str
    backend: str
    seed: int | None
    images: int
    cost: Decimal | None
    favourite: bool
    folder: Path
    key: str | None
    billable_units: Decimal | None = None
    rating: int = 0
    asked: int | None = None

    def result(self) -> Result:
        """Open the `Result`.

        Raises:
            ResultError: Its folder is gone or damaged.
        """
        return load(self.folder)

    def whole(self) -> Result | None:
        """Open the `Result` and check its files; return ``None`` if any is gone or damaged."""
        try:
            return load_whole(self.folder)
        except ResultError:
            return None

    @property
    def image(self) -> Image:
        """The first PIL image of its result."""
        return self.result().image

    def __seedream_images__(self) -> tuple[bytes, ...]:
        return self.result().__seedream_images__()

    def __seedream_origins__(self) -> tuple[Origin, ...]:
        return self.result().__seedream_origins__()

    def __repr__(self) -> str:
        asked = f" of {self.asked}" if self.asked and self.images < self.asked else ""
        one = self.images == 1 and not asked
        seed = "" if self.seed is None else f", seed {self.seed}"
        offline = ", offline preview (not Seedream)" if self.backend == "offline" else ""
        count = f"{self.images}{asked} image{'' if one else 's'}"
        return f"<Entry {count}{seed}{offline}: {self.prompt[:60]!r}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        shown: dict[str, str] = {}
        with suppress(ResultError):
            shown = self.result()._repr_mimebundle_()
        return {**shown, "text/plain": repr(self)}


def entry_of(row: Row, results: str) -> Entry:
    """Return the entry of a row of `COLUMNS`."""
    day, name, request_id, created, prompt, endpoint, model, backend = row[:8]
    seed, images, cost, key, units, asked, favourite, rating = row[8:16]
    return Entry(
        request_id=request_id,
        created=_EPOCH + timedelta(microseconds=created),
        prompt=prompt,
        endpoint=endpoint,
        model=model,
        backend=backend,
        seed=seed,
        images=images,
        cost=None if cost is None else Decimal(cost),
        favourite=bool(favourite),
        folder=Path(path_of(results, day, name)),
        key=key,
        billable_units=None if units is None else Decimal(units),
        rating=rating,
        asked=asked,
    )


def row_of(receipt: dict[str, Any], day: str, name: str) -> Row | None:
    """Return a receipt's row of `COLUMNS`, except for the marks, which are files in its folder.

    It is ``None`` if the receipt lacks a field that every receipt has.
    """
    said = [receipt.get(field) for field in ("request_id", "endpoint", "model", "backend")]
    request_id, endpoint, model, backend = (_short_text(value) for value in said)
    prompt, images = receipt.get("prompt"), receipt.get("images")
    created = _created(receipt.get("created"))
    if not (request_id and endpoint and model and backend) or created is None:
        return None
    if not isinstance(prompt, str) or not isinstance(images, list):
        return None
    seed = receipt["seed"] if is_seed(receipt.get("seed")) else None
    cost, units = (amount(receipt.get(field)) for field in ("cost", "billable_units"))
    about = (request_id, created, clean(prompt), endpoint, model, backend)
    key = _short_text(receipt.get("key"))
    told = (seed, len(images), cost, key, units, _asked(receipt.get("settings")))
    return (day, name, *about, *told)


def _asked(settings: object) -> int | None:
    """Return how many images a request could give, from the settings in its receipt."""
    asked = 1
    for name in ("num_images", "max_images"):
        count = settings.get(name) if isinstance(settings, dict) else None
        if type(count) is not int or not COUNTS[0] <= count <= COUNTS[1]:
            return None
        asked *= count
    return asked


Link = tuple[str, int, int]
"""A digest of a picture, the picture's number from 1, and 1 if the result made it, 0 if it was one
of its inputs. Digests of pixels are computed only when somebody asks; until then the picture's size
(``2048x1152``) takes their place. An input of unknown origin has its size besides its digests."""
_MOST_LINKS = 200


def links_of(receipt: dict[str, Any]) -> list[Link]:
    """Return the links for all inputs and images in a receipt, which is untrusted."""
    links: list[Link] = []
    for made, name in ((1, "images"), (0, "inputs")):
        said = receipt.get(name)
        for number, each in enumerate(said[:50] if isinstance(said, list) else (), 1):
            if isinstance(each, dict):
                known = _made_digests(each) if made else [*used_digests(each), unknown_size(each)]
                links += [(digest, number, made) for digest in known if digest]
    return links[:_MOST_LINKS]


def _made_digests(image: dict[str, Any]) -> list[str]:
    file, pixels = digest_of(image.get("sha256")), digest_of(image.get("pixels"))
    return [file, pixels or (size_of(image) if file else "")]


def size_of(about: dict[str, Any]) -> str:
    """Return a picture's size, which takes the place of its pixels' digest until that is known."""
    width, height = about.get("width"), about.get("height")
    known = type(width) is int and type(height) is int and 0 < width * height < 1 << 30
    return f"{width}x{height}" if known else ""


def unknown_size(about: dict[str, Any]) -> str:
    """Return the size of an input in a receipt, or an empty text if its origin is known."""
    return "" if Origin.from_dict(about.get("from")) else size_of(about)


def used_digests(about: dict[str, Any]) -> list[str]:
    """Return all digests that identify an input in a receipt, each once."""
    origin = Origin.from_dict(about.get("from"))
    told = origin.sha256 if origin else ""
    by_id = f"id:{origin.request_id}" if origin and not told else ""
    own = digest_of(about.get("sha256"))
    return [*dict.fromkeys(filter(None, (own, *digests_of(about), told, by_id)))]


def pixels_of(entry: Entry, number: int) -> str:
    """Return the `digest_of_pixels` of a result's picture, or an empty text if it can't be read."""
    try:
        file = entry.result().files[number - 1]
        return digest_of_pixels(file.read_bytes(), (file.width, file.height))
    except (ResultError, IndexError):
        return ""


def microseconds(when: datetime) -> int:
    """Return an aware moment as microseconds since 1970."""
    return (when - _EPOCH) // _MICROSECOND


def plain_date(value: Any) -> Any:
    """Return a date of pandas or numpy as Python's own; any other value unchanged.

    Raises:
        ValueError: It is NaT, which is not a date.
    """
    if isinstance(value, str):
        return value
    if value != value:
        raise ValueError("NaT is not a date")
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime(warn=False)
    if (type(value).__module__, type(value).__name__) == ("numpy", "datetime64"):
        found = value.item()  # an int if the unit is nanoseconds
        return value.astype("datetime64[us]").item() if isinstance(found, int) else found
    return value


def moment(value: datetime | date | str, zone: tzinfo | None = None) -> datetime:
    """Return an aware datetime; a value without a time zone is in `zone`, else in local time.

    Raises:
        ValueError: It is not a date, or out of range.
    """
    value = plain_date(value)
    if isinstance(value, str):
        text = value.strip()
        value = datetime.fromisoformat(f"{text[:-1]}+00:00" if text[-1:] in "Zz" else text)
    elif not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone) if zone else _local(value)
    try:
        return value.astimezone(timezone.utc)
    except OverflowError as error:
        raise ValueError(f"{value} is out of range") from error


def _local(value: datetime) -> datetime:
    """Take a naive datetime for local time, or for UTC where local time is out of range."""
    try:
        return value.astimezone()
    except (OverflowError, ValueError, OSError):
        return value.replace(tzinfo=timezone.utc)


def _created(value: object) -> int | None:
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        return microseconds(moment(value, timezone.utc))
    except ValueError:
        return None


def clean(text: str) -> str:
    """Replace what is not valid Unicode, such as a lone surrogate, and the NUL character."""
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


def _short_text(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= 200 and value == clean(value) else None


def amount(value: object) -> str | None:
    """Return an untrusted decimal number as text, or ``None`` if it is not finite and 0 or more."""
    if not isinstance(value, str) or len(value) > 32:
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return str(found) if found.is_finite() and 0 <= found < 1_000_000_000 else None


def load(folder: Path) -> Result:
    """Read the result in `folder`, whose receipt is untrusted.

    Raises:
        ResultError: Receipt or files are missing or damaged.
    """
    try:
        data = read_file(f"{folder}/{RECEIPT}", MAX_BYTES)
        if data is None:
            raise ValueError(f"its receipt is not a file of at most {MAX_BYTES:,} bytes")
        receipt = Receipt.from_json(data)
        files = tuple(_file(folder, each) for each in receipt.images)
        units = amount(receipt.billable_units)
        if not files:
            raise ValueError("it names no image")
        return Result(
            request=request_from_receipt(
                receipt.prompt,
                receipt.settings,
                receipt.inputs,
                partial(read_input, folder.parents[2]),
            ),
            request_id=receipt.request_id,
            files=files,
            seed=receipt.seed if is_seed(receipt.seed) else None,
            timings=Timings(**{name: float(receipt.timings[name]) for name in _TIMINGS}),
            backend=receipt.backend,
            created=moment(receipt.created, timezone.utc),
            receipt=receipt,
            billable_units=Decimal(units) if units else None,
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ResultError(
            f"the result in {folder} can't be read ({error!s:.200}); its other files are still "
            "there",
            billing="yes",
        ) from error


def load_whole(folder: Path) -> Result:
    """Read the result in `folder`, and check all bytes of its files.

    Raises:
        ResultError: Receipt or files are missing, incomplete or damaged.
    """
    result = load(folder)
    for file in result.files:
        file.check()
    return result


_MOST_PIXELS = 1 << 31
_TIMINGS = ("queue", "generation", "fetch", "total")


def _file(folder: Path, image: dict[str, Any]) -> ResultImage:
    name = str(image["file"])
    path = folder / name
    if path.name != name or path.is_symlink() or not path.is_file():  # the name is untrusted
        raise ValueError(f"there is no file {name!r:.80}")
    if image["format"] not in SUFFIXES:
        raise ValueError(f"{name!r:.80} has the format {image['format']!r:.20}")
    there, count = path.stat().st_size, image.get("bytes")
    if there != count if isinstance(count, int) else not there:
        said = f"{count:,} bytes" if isinstance(count, int) else "an image"
        raise ValueError(f"{name!r:.80} has {there:,} bytes instead of {said}; it was cut")
    return ResultImage(
        path,
        image["format"],
        _pixels(image["width"]),
        _pixels(image["height"]),
        str(image.get("url", "")),
        byte_count=there if isinstance(count, int) else None,
        sha256=digest_of(image.get("sha256")),
        composed=_composition(folder, image.get("composed")),
    )


def _pixels(told: Any) -> int:
    number = int(told)
    if not 0 <= number < _MOST_PIXELS:
        raise ValueError(f"it has an image of {told!r:.40} pixels")
    return number


def _composition(folder: Path, said: object) -> Composition | None:
    if said is None:
        return None
    if not isinstance(said, dict) or not isinstance(said.get("answer"), dict):
        raise ValueError("it does not say which answer was put into the picture")
    pairs = [tuple(float(each) for each in said[name]) for name in ("scale", "shift")]
    numbers = [*pairs[0], *pairs[1], float(said["agreement"])]
    if [*map(len, pairs)] != [2, 2] or not all(map(math.isfinite, numbers)):
        raise ValueError("it does not say how the answer was aligned")
    scale, shift = ((a, b) for a, b in pairs)
    answer = _file(folder, {**said["answer"], "composed": None})
    aligned, feather = bool(said.get("aligned")), int(said.get("feather", 0))
    return Composition(answer, scale, shift, numbers[-1], aligned, feather)


def read_input(root: Path, digest: str) -> ImageInput:
    """Return an input image of the library at `root` by the SHA-256 of its bytes.

    Raises:
        RequestError: It is not in this library.
    """
    if digest_of(digest):
        for path in (root / "inputs" / digest[:2]).glob(f"{digest}.*"):
            data = read_file(str(path), LIMITS.max_read_bytes)
            if data is None or hashlib.sha256(data).hexdigest() != digest:
                continue
            image = load_image(data)
            # Its digest is that of the kept bytes, even if this version would convert it otherwise.
            if isinstance(image, ImageInput):
                given = None if image.data == data else data
                return replace(image, sha256=digest, name=path.name, given=given)
    raise RequestError(
        f"images: input image {digest[:12]}… is not in {root}; give the image itself",
        field="images",
        value=digest,
    )

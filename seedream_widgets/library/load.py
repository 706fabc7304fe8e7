"""A result, read back from its folder."""

from __future__ import annotations

from datetime import timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from seedream_widgets.again import request_again
from seedream_widgets.errors import ResultError
from seedream_widgets.library.entry import amount, moment
from seedream_widgets.library.folder import RECEIPT, read_file
from seedream_widgets.values.receipt import MAX_BYTES, Receipt
from seedream_widgets.values.result import SUFFIXES, Result, ResultImage, Timings

if TYPE_CHECKING:
    from pathlib import Path


def load(folder: Path) -> Result:
    """Read the result in `folder`; what its receipt says is untrusted.

    Raises:
        ResultError: Receipt or files are missing or damaged.
    """
    try:
        data = read_file(f"{folder}/{RECEIPT}", MAX_BYTES)
        if data is None:
            raise ValueError(f"its receipt is no file of up to {MAX_BYTES:,} bytes")
        receipt = Receipt.from_json(data)
        files = tuple(_file(folder, each) for each in receipt.images)
        units = amount(receipt.billable_units)
        if not files:
            raise ValueError("it names no image")
        return Result(
            request=_request(folder, receipt),
            request_id=receipt.request_id,
            files=files,
            seed=receipt.seed,
            timings=Timings(**{name: float(receipt.timings[name]) for name in _TIMINGS}),
            backend=receipt.backend,
            created=moment(receipt.created, timezone.utc),
            receipt=receipt,
            cached=True,
            billable_units=Decimal(units) if units else None,
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ResultError(
            f"the result in {folder} can't be read ({error!s:.200}); its files are still there",
            billing="yes",
        ) from error


_TIMINGS = ("queue", "generation", "fetch", "total")


def _file(folder: Path, image: dict[str, Any]) -> ResultImage:
    name = str(image["file"])
    path = folder / name
    if path.name != name or path.is_symlink() or not path.is_file():  # it may come from anybody
        raise ValueError(f"there is no file {name!r:.80}")
    if image["format"] not in SUFFIXES:
        raise ValueError(f"{name!r:.80} has the format {image['format']!r:.20}")
    size = int(image["width"]), int(image["height"])
    return ResultImage(path, image["format"], *size, str(image.get("url", "")))


def _request(folder: Path, receipt: Receipt) -> Any:
    from seedream_widgets.library.library import Library

    root = folder.parents[2]
    return request_again(
        receipt.prompt, receipt.settings, receipt.inputs, lambda digest: Library(root).input(digest)
    )

"""Results as tables: one row per image, in typed columns."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import MissingPackageError
from seedream_widgets.library.entry import amount
from seedream_widgets.values.marks import read_marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from seedream_widgets.values.result import Result

COLUMNS: dict[str, str] = {
    "prompt": "string",
    "model": "string",
    "endpoint": "string",
    "asked": "string",
    "width": "Int64",
    "height": "Int64",
    "number": "Int64",
    "images": "Int64",
    "seed": "Int64",
    "draw": "Int64",
    "cost": "object",
    "queue_seconds": "Float64",
    "generation_seconds": "Float64",
    "fetch_seconds": "Float64",
    "total_seconds": "Float64",
    "created": "datetime64[us, UTC]",
    "backend": "string",
    "request_id": "string",
    "path": "string",
    "sha256": "string",
    "favourite": "boolean",
    "rating": "Int64",
    "error": "string",
}
"""The columns of a table of images and their pandas types; ``cost`` holds `Decimal`.

``asked`` is the size asked for, ``width`` and ``height`` what came, in pixels. ``number`` counts
from 1 within a request; ``images`` is how many that request gave. ``cost`` is US dollars for one
image: the request's cost divided by its images.
"""


def image_rows(result: Result, more: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return a row for each image of a result, by the names in `COLUMNS`.

    Args:
        result: The result.
        more: Further columns, with the same value in each row.
    """
    request, receipt, timings = result.request, result.receipt, result.timings
    told = amount(receipt.cost) if receipt is not None else None  # a receipt may be anybody's
    cost = None if told is None else Decimal(told) / max(1, len(result.files))
    digests = [each.get("sha256") for each in receipt.images] if receipt is not None else []
    size = request.image_size
    marks = read_marks(str(result.files[0].path.parent)) if result.files else None
    return [
        {
            **(more or {}),
            "prompt": receipt.prompt if receipt is not None else request.prompt,
            "model": request.model,
            "endpoint": request.endpoint.id,
            "asked": f"{size[0]}x{size[1]}" if isinstance(size, tuple) else size,
            "width": file.width,
            "height": file.height,
            "number": number,
            "images": len(result.files),
            "seed": result.seed,
            "draw": request.draw,
            "cost": cost,
            "queue_seconds": timings.queue,
            "generation_seconds": timings.generation,
            "fetch_seconds": timings.fetch,
            "total_seconds": timings.total,
            "created": result.created,
            "backend": result.backend,
            "request_id": result.request_id,
            "path": str(file.path),
            "sha256": digests[number - 1] if len(digests) >= number else None,
            "favourite": marks.favourite if marks else False,
            "rating": marks.rating if marks else 0,
            "error": None,
        }
        for number, file in enumerate(result.files, 1)
    ]


def frame(rows: Iterable[Mapping[str, Any]], first: Sequence[str] = ()) -> pd.DataFrame:
    """Return rows as a DataFrame with typed columns, which shows the images in a notebook.

    Args:
        rows: From `image_rows`.
        first: Further text columns, placed before the others.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    try:
        import pandas as pd

        from seedream_widgets.library.frame import ImageFrame
    except ImportError as error:
        raise MissingPackageError("a DataFrame", "pandas", "pandas") from error
    found = ImageFrame(list(rows), columns=[*first, *COLUMNS])
    kinds = {**dict.fromkeys(first, "string"), **COLUMNS}
    for name, kind in kinds.items():
        found[name] = (
            pd.to_datetime(found[name], utc=True) if name == "created" else found[name].astype(kind)
        )
    return found


def to_pandas(results: Iterable[Result]) -> pd.DataFrame:
    """Return a DataFrame with one row per image of several results; see `COLUMNS`.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    return frame(row for result in results for row in image_rows(result))


def to_arrow(table: pd.DataFrame) -> Any:
    """Return a table of images as a `pyarrow.Table`; ``cost`` becomes a decimal column.

    Raises:
        MissingPackageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingPackageError("an Arrow table", "pyarrow", "pandas") from error
    columns = table.assign(cost=None)
    found = pa.Table.from_pandas(columns, preserve_index=False)
    costs = [None if usd is None or usd != usd else usd for usd in table["cost"]]
    exact = pa.array(
        [None if usd is None else usd.quantize(Decimal("0.000001")) for usd in costs],
        pa.decimal128(18, 6),
    )
    return found.set_column(found.schema.get_field_index("cost"), "cost", exact)

"""Exports pictures with their metadata for other programs: as an image folder or a ZIP."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED, ZipFile

from seedream_widgets.errors import RequestError
from seedream_widgets.files import in_place_of
from seedream_widgets.values.result import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from seedream_widgets.values.result import Result

SPLIT = "train"
METADATA = "metadata.jsonl"


def export_imagefolder(rows: Iterable[tuple[Result, list[dict[str, Any]]]], folder: Path) -> int:
    """Write images and ``metadata.jsonl`` in the layout that ``datasets.load_dataset`` reads.

    They go into ``folder/train``, as `load_dataset` ignores metadata at the root.

    Args:
        rows: Each result with its rows from `image_rows`.
        folder: A folder that is new or empty.

    Returns:
        How many images were written.

    Raises:
        RequestError: The folder is not empty.
    """
    if folder.exists() and not folder.is_dir():
        raise RequestError(
            f"{folder} is a file: give a new folder, or format='zip' to write one file",
            field="folder",
            value=folder,
        )
    if folder.exists() and any(folder.iterdir()):
        raise RequestError(
            f"folder {folder} is not empty: give a new one, so that nothing is mixed up",
            field="folder",
            value=folder,
        )
    target = folder / SPLIT
    target.mkdir(parents=True)
    count = 0
    with open(target / METADATA, "w", encoding="utf-8") as lines:
        for name, file_row, data in _named(rows):
            (target / name).write_bytes(data)
            lines.write(json.dumps({"file_name": name, **file_row}, ensure_ascii=False) + "\n")
            count += 1
    return count


def export_zip(rows: Iterable[tuple[Result, list[dict[str, Any]]]], path: Path) -> int:
    """Write images, each with its receipt beside it, into a new ZIP file; return how many."""
    count = 0
    with in_place_of(path) as part, ZipFile(part, "x", ZIP_STORED) as archive:
        for result, own in rows:
            for name, _, data in _named([(result, own)], count):
                archive.writestr(name, data)
                if result.receipt is not None:
                    archive.writestr(f"{Path(name).stem}.json", result.receipt.to_json())
                count += 1
    return count


def zip_of(pictures: Iterable[tuple[Result, int]], most: int) -> bytes:
    """Return a ZIP file of single pictures, each with its receipt in it and beside it.

    Args:
        pictures: Results, each with the number of the picture in it.
        most: The most bytes that they may have together.

    Raises:
        RequestError: They are larger than that.
    """
    file, names, size = io.BytesIO(), set[str](), 0
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for result, index in pictures:
            data = result._file_bytes(index)
            size += len(data)
            if size > most:
                raise RequestError(
                    f"these pictures are larger than {most:,} bytes together; save fewer at once, "
                    "or in a cell: for result in gallery.selection: result.save('pictures/')"
                )
            stem, number = result._file_stem(index + 1), 1
            while (name := stem if number == 1 else f"{stem}-{number}") in names:
                number += 1
            names.add(name)
            archive.writestr(f"{name}{SUFFIXES[result.files[index].format]}", data)
            if result.receipt is not None:
                archive.writestr(f"{name}.json", result.receipt.to_json())
    return file.getvalue()


def _named(
    rows: Iterable[tuple[Result, list[dict[str, Any]]]], count: int = 0
) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """Yield a file name, a JSON-ready row and the untouched bytes of each image."""
    for result, own in rows:
        for index, (file, row) in enumerate(zip(result.files, own, strict=True)):
            count += 1
            name = f"{count:05d}-{result.request_id[:12]}-{index + 1}{SUFFIXES[file.format]}"
            yield _safe(name), _plain(row), file.read_bytes()


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name != "path"}
    return {
        name: value if isinstance(value, str | int | float | None) else str(value)
        for name, value in kept.items()
    }

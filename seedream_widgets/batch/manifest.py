"""A batch on disk: one readable file in the library, written before anything is sent.

``batches/<name>/manifest.json`` holds the axes and each cell's request, with input images by digest
(they are in the library's ``inputs/``). The state of a cell is not in it: results and journal have
that, which several machines can write at once.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedream_widgets.batch.cell import Cell, cell_name
from seedream_widgets.batch.plan import Axis, Plan
from seedream_widgets.errors import RequestError, quoted
from seedream_widgets.files import DEVICES, read_file
from seedream_widgets.library.folder import write_private
from seedream_widgets.values.receipt import describe_inputs, describe_settings, request_from_receipt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seedream_widgets.library import Library
    from seedream_widgets.values.request import Request

VERSION = 1
FOLDER = "batches"
FILE = "manifest.json"
MOST_BYTES = 256 << 20
_NOT = r"""\x00-\x1f\ud800-\udfff/\\:*?"<>|"""  # no folder's name on some system
_NAME = re.compile(rf"[^{_NOT} .](?:[^{_NOT}]{{0,78}}[^{_NOT} .])?")


@dataclass(frozen=True)
class Manifest:
    """A batch as it is saved.

    Attributes:
        name: The batch's name, its folder's too.
        created: When it was first written, in seconds since the epoch.
        plan: Its axes and cells.
    """

    name: str
    created: float
    plan: Plan


def check_name(name: object) -> str:
    """Return `name` if it is a valid folder name on every system.

    Raises:
        RequestError: It is not.
    """
    if isinstance(name, str) and _NAME.fullmatch(name) and len(name.encode()) <= 120:
        return name
    raise RequestError(
        "name of a batch takes 1 to 80 characters that a folder's name can have, and no dot at its "
        f"ends, got {quoted(name)}",
        field="name",
        value=name,
    )


def existing_spelling(library: Library, name: object) -> str:
    """Return the existing batch's spelling of `name`, ignoring case, or `name` if there is none.

    Some systems distinguish ``Foxes`` from ``foxes`` and others don't, and a library may move.

    Raises:
        RequestError: It is not a valid folder name.
    """
    name = check_name(name)
    alike = [each for each in names(library) if each.casefold() == name.casefold()]
    return name if name in alike or not alike else alike[0]


def write(library: Library, manifest: Manifest) -> None:
    """Write a batch down, its input images first.

    Raises:
        OSError: The library can't be written.
    """
    for image_set in {cell.request.images: cell.request for cell in manifest.plan.cells}.values():
        library._keep_inputs(image_set)
    plan = manifest.plan
    values = {
        "version": VERSION,
        "name": manifest.name,
        "created": manifest.created,
        "axes": [{"name": axis.name, "labels": axis.labels} for axis in plan.axes],
        "cells": [
            {
                "name": cell.name,
                "at": cell.at,
                **_further_places(cell),
                **_request_fields(cell.request),
            }
            for cell in plan.cells
        ],
    }
    text = json.dumps(values, ensure_ascii=False, indent=1)
    write_private(_path(library, manifest.name), text.encode(), library.path)


def read(library: Library, name: str) -> Manifest:
    """Read a batch; the file is untrusted.

    Raises:
        RequestError: There is none of this name, or it is damaged, was changed, or has another
            version.
    """
    name = existing_spelling(library, name)
    path = _path(library, name)
    try:
        data = read_file(str(path), MOST_BYTES)
        if data is None:
            raise ValueError(f"it is not a file of at most {MOST_BYTES >> 20} MB")
        values = json.loads(data)
        version = values["version"]
        if version != VERSION:
            raise ValueError(f"its version is {version!r:.20}, and this package reads {VERSION}")
        cells = tuple(_read_cell(each, library) for each in values["cells"])
        axes = tuple(Axis(str(a["name"]), tuple(map(str, a["labels"]))) for a in values["axes"])
        _check_places(axes, cells)
        return Manifest(name, float(values["created"]), Plan(axes, cells))
    except FileNotFoundError as error:
        known = ", ".join(names(library)) or "none yet"
        raise RequestError(
            f"name {name!r:.80}: no batch of this name in {library.path}; there are: {known:.400}",
            field="name",
            value=name,
        ) from error
    except (
        *(OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError),
    ) as error:
        raise RequestError(
            f"the batch in {path} can't be read ({error!s:.200}); its results are still in the "
            "library. Move the file away and make the batch again: nothing is paid for twice",
            field="name",
            value=name,
        ) from error


def names(library: Library) -> list[str]:
    """Return the names of a library's batches, newest first."""
    return [name for _, name in sorted(_dated_names(library), reverse=True)]


def _dated_names(library: Library) -> Iterator[tuple[float, str]]:
    for path in (library.path / FOLDER).glob(f"*/{FILE}"):
        if _NAME.fullmatch(path.parent.name):
            with suppress(OSError):  # moved away meanwhile, or a link to nowhere
                yield path.stat().st_mtime, path.parent.name


def _path(library: Library, name: str) -> Path:
    return library.path / FOLDER / name / FILE


def _further_places(cell: Cell) -> dict[str, Any]:
    """Return its further places, if it has any."""
    return {"also": cell.places[1:]} if len(cell.places) > 1 else {}


def _request_fields(request: Request) -> dict[str, Any]:
    settings = describe_settings(request)
    return {
        "prompt": request.prompt,
        "settings": {name: value for name, value in settings.items() if value is not None},
        "inputs": describe_inputs(request.images),
    }


def _read_cell(values: dict[str, Any], library: Library) -> Cell:
    """Return a cell, checking that its request is exactly the one that its name is derived from.

    Raises:
        ValueError, TypeError, KeyError: It is not.
    """
    name, places = values["name"], [values["at"], *values.get("also", ())]
    request = request_from_receipt(
        values["prompt"], values["settings"], values["inputs"], library.input
    )
    if request.key is None or cell_name(request) != name:
        raise ValueError(f"the cell {name!r:.40} was changed: it asks for something else")
    if not all(type(index) is int and index >= 0 for at in places for index in at):
        raise ValueError(f"the cell {name} has no place")
    cell = Cell(name, request, tuple(places[0]))
    cell.places += [tuple(at) for at in places[1:]]
    return cell


def _check_places(axes: tuple[Axis, ...], cells: tuple[Cell, ...]) -> None:
    shape = tuple(map(len, axes))
    taken: set[tuple[int, ...]] = set()
    for cell in cells:
        for at in cell.places:
            if len(at) != len(shape) or any(i >= n for i, n in zip(at, shape, strict=True)):
                raise ValueError(f"the cell {cell.name} lies outside the axes")
            if at in taken:
                raise ValueError(f"two cells have the place {at}")
            taken.add(at)


def new(name: str, plan: Plan, created: float | None = None) -> Manifest:
    """Return the manifest of a batch that is made now.

    Raises:
        RequestError: No folder can have this name.
    """
    if DEVICES.match(check_name(name)):
        raise RequestError(
            f"name of a batch can't be {name!r}, which is a device on Windows, where the library "
            "could not be read; add a word to it",
            field="name",
            value=name,
        )
    return Manifest(name, time.time() if created is None else created, plan)

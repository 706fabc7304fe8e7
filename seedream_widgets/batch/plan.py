"""What a batch asks for: axes, their product, and one checked request for each cell."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from seedream_widgets.batch.cell import Cell, cell_name
from seedream_widgets.errors import RequestError, described
from seedream_widgets.images import ImageInput, ImageUrl, load_images
from seedream_widgets.values.request import Request

LIMIT = 10_000
"""Most cells that a batch has unless it is given another `limit`."""
MOST_DRAWS = 1000
_LABEL = 200
_FIELDS = tuple(each.name for each in fields(Request) if each.init)
_SLOT = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_]\w{0,63}")


@dataclass(frozen=True)
class Axis:
    """One direction of a batch: its name, and a short text for each of its values."""

    name: str
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Plan:
    """The axes of a batch and its cells, in the order of the product: the last axis is fastest."""

    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...] = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(map(len, self.axes))


def product(axes: Mapping[str, Any], *, repeat: int = 1, limit: int = LIMIT) -> Plan:
    """Return every combination of what `axes` lists.

    Args:
        axes: Arguments of `Request`, and values for ``{name}`` slots of the prompts. A list, a
            range, an array or a pandas Series is an axis; a scalar, a text, a tuple or an image
            is the same in every cell. Each element of ``images`` is one cell's references.
        repeat: Draws of each combination, 1 to 1000.
        limit: Most cells.

    Raises:
        RequestError: A name is unknown, an axis is empty, a slot has no value, there are more
            than `limit` cells, or a cell is not accepted; its `field` says which.
    """
    given = _with_draws(axes, repeat)
    if "prompt" not in given:
        raise RequestError("a batch needs prompt=: a text, or a list of texts", field="prompt")
    listed = {name: _values(name, value) for name, value in given.items()}
    prompts = [_prompt(value) for value in listed["prompt"] or [given["prompt"]]]
    slots = _slots(prompts)
    _check_names(given, slots)
    choices = _choices(prompts)
    order: dict[str, tuple[Any, ...]] = {}
    for name, values in listed.items():
        if values is not None:
            order[name] = values
        if name == "prompt":
            order |= choices
    _check_count(order, limit)
    constants = {name: given[name] for name in given if name not in order}
    loaded = _Images()
    names = tuple(order)
    cells: dict[str, Cell] = {}
    for at in itertools.product(*(range(len(values)) for values in order.values())):
        chosen = {name: order[name][index] for name, index in zip(names, at, strict=True)}
        request = _request({**constants, **chosen}, slots, choices, loaded)
        _put(cells, request, at)
    labels = tuple(
        Axis(name, tuple(_label(name, value, n) for n, value in enumerate(order[name], 1)))
        for name in names
    )
    return Plan(labels, tuple(cells.values()))


def _put(cells: dict[str, Cell], request: Request, at: tuple[int, ...]) -> None:
    """Put a request at a place; one that stands elsewhere already is the same cell."""
    name = cell_name(request)
    if name in cells:
        cells[name].places.append(at)
    else:
        cells[name] = Cell(name, request, at)


def listed(rows: Any, *, repeat: int = 1, limit: int = LIMIT) -> Plan:
    """Return a cell for each row and draw.

    Args:
        rows: A list of dicts, or a DataFrame; the columns are arguments of `Request`. Missing
            values (``None`` or NaN) take the default.
        repeat: Draws of each row, 1 to 1000.
        limit: Most cells.

    Raises:
        RequestError: A column is unknown, or a row is not accepted: the message names the row.
    """
    records = _records(rows)
    unknown = {name for record in records for name in record} - {*_FIELDS}
    if unknown:
        name = min(unknown, key=str)
        raise RequestError(
            f"rows have the column {name!r:.60}, which is not an argument of a request; they may "
            f"have {', '.join(_FIELDS)}. Rename the column, or drop it",
            field=str(name),
        )
    draws = tuple(range(1, _check_repeat(repeat) + 1))
    if len(records) * len(draws) > limit:
        _too_many(len(records) * len(draws), limit)
    loaded = _Images()
    cells: dict[str, Cell] = {}
    for number, record in enumerate(records):
        for place, draw in enumerate(draws):
            values = dict(record)
            if repeat > 1:
                values["draw"] = draw
            try:
                request = _request(values, {}, {}, loaded)
            except RequestError as error:
                raise RequestError(
                    f"row {number}: {error}", field=error.field, value=error.value
                ) from error
            at = (number, place) if repeat > 1 else (number,)
            _put(cells, request, at)
    axes = [Axis("row", tuple(str(number) for number in range(len(records))))]
    if repeat > 1:
        axes.append(Axis("draw", tuple(map(str, draws))))
    return Plan(tuple(axes), tuple(cells.values()))


class _Images:
    """The references of cells, each loaded once however many cells use them."""

    def __init__(self) -> None:
        self._loaded: dict[int, tuple[Any, tuple[ImageInput | ImageUrl, ...]]] = {}

    def load(self, value: Any) -> tuple[ImageInput | ImageUrl, ...]:
        if id(value) not in self._loaded:  # the value is kept, so that its id stays its own
            self._loaded[id(value)] = (value, load_images(value))
        return self._loaded[id(value)][1]


def _request(
    values: dict[str, Any],
    slots: Mapping[str, Sequence[str]],
    choices: Mapping[str, Sequence[str]],
    loaded: _Images,
) -> Request:
    words = {name: str(values.pop(name)) for name in [*slots, *choices] if name in values}
    prompt = _filled(values.pop("prompt"), words) if slots or choices else values.pop("prompt")
    images = values.pop("images", None)
    known = {name: value for name, value in values.items() if value is not None}
    if known.get("seed") is None and known.get("draw") is None:
        known["draw"] = 1  # without a seed or a draw, nobody could tell later that it is here
    references = () if images is None else loaded.load(images)
    return Request(prompt, references, **known)


def _with_draws(axes: Mapping[str, Any], repeat: int) -> dict[str, Any]:
    if _check_repeat(repeat) == 1:
        return dict(axes)
    if "draw" in axes:
        raise RequestError(
            "repeat and draw mean the same: give one of them", field="repeat", value=repeat
        )
    return {**axes, "draw": range(1, repeat + 1)}


def _check_repeat(repeat: int) -> int:
    if isinstance(repeat, bool) or not isinstance(repeat, int) or not 1 <= repeat <= MOST_DRAWS:
        raise RequestError(
            f"repeat takes a whole number from 1 to {MOST_DRAWS}, got {repeat!r:.40}",
            field="repeat",
            value=repeat,
        )
    return repeat


def _values(name: str, value: Any) -> tuple[Any, ...] | None:
    """Return the values of an axis, or ``None`` where `value` is the same in every cell."""
    if isinstance(value, str | bytes | tuple | int | float | bool | None):
        return None
    if isinstance(value, list | range):
        values = tuple(value)
    elif _is_column(value) and name != "images":
        values = tuple(value.tolist())
    elif isinstance(value, Mapping | set | frozenset) or _is_lazy(value):
        raise RequestError(
            f"{name} of a batch takes a list for an axis, or one value for every cell, got a "
            f"{type(value).__name__}; write list(...) around it",
            field=name,
            value=value,
        )
    else:
        return None  # an image, a path, a result
    if not values:
        raise RequestError(
            f"{name} is an empty list: give it at least one value, or leave it out", field=name
        )
    return values


def _is_column(value: object) -> bool:
    """Tell whether this is a numpy array with one dimension, or a pandas Series or Index."""
    return getattr(value, "ndim", None) == 1 and hasattr(value, "tolist")


def _is_lazy(value: object) -> bool:
    return isinstance(value, Iterable) and hasattr(value, "__next__")


def _prompt(value: Any) -> str:
    if not isinstance(value, str):
        raise RequestError(
            f"prompt takes a text, or a list of texts, got {value!r:.60}",
            field="prompt",
            value=value,
        )
    return value


def _slots(prompts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the ``{name}`` slots of the prompts, in order."""
    found = {}
    for inside in _braces(prompts):
        if "|" not in inside:
            if not _NAME.fullmatch(inside):
                raise RequestError(
                    f"prompt has {{{inside:.40}}}, which can't be the name of a slot; "
                    "write {{ and }} for braces that belong to the text",
                    field="prompt",
                    value=inside,
                )
            found[inside] = ()
    return dict.fromkeys(found, ())


def _choices(prompts: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return the ``{red|green}`` choices of the prompts as axes, each named by its own text."""
    return {
        inside: tuple(dict.fromkeys(inside.split("|")))
        for inside in _braces(prompts)
        if "|" in inside
    }


def _braces(prompts: Sequence[str]) -> Iterable[str]:
    for prompt in dict.fromkeys(prompts):
        for match in _SLOT.finditer(prompt):
            if match[1] is not None:
                yield match[1]


def _filled(prompt: str, words: Mapping[str, str]) -> str:
    def word(match: re.Match[str]) -> str:
        return match[0][0] if match[1] is None else words[match[1]]

    return _SLOT.sub(word, prompt)


def _check_names(given: Mapping[str, Any], slots: Mapping[str, Any]) -> None:
    for name in given:
        if name not in _FIELDS and name not in slots:
            from difflib import get_close_matches

            near = get_close_matches(name, [*_FIELDS, *slots], 1)
            guess = f"did you mean {near[0]}?" if near else "check the spelling"
            raise RequestError(
                f"{name} is not an argument of a request, and the prompt has no {{{name}}}; "
                f"{guess}",
                field=name,
                value=given[name],
            )
    for name in slots:
        if name not in given:
            raise RequestError(
                f"prompt has the slot {{{name}}}, and no value was given for it; add "
                f"{name}=[...], or write {{{{{name}}}}} for braces that belong to the text",
                field=name,
            )


def _check_count(order: Mapping[str, Sequence[Any]], limit: int) -> None:
    count = 1
    for values in order.values():
        count *= len(values)
    if count > limit:
        sizes = " x ".join(f"{len(values)} {name}" for name, values in order.items())
        _too_many(count, limit, f" ({sizes})")


def _too_many(count: int, limit: int, how: str = "") -> None:
    raise RequestError(
        f"this batch has {count:,} cells{how}, more than {limit:,}; leave values out, or pass "
        f"limit={count} if you mean it",
        field="limit",
        value=limit,
    )


def _records(rows: Any) -> list[dict[str, Any]]:
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        rows = rows.to_dict("records")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise RequestError(
            f"rows of a batch are a list of dicts or a DataFrame, got {described(rows)}",
            field="rows",
            value=rows,
        )
    if not rows:
        raise RequestError("rows are empty: give at least one", field="rows", value=rows)
    return [{name: value for name, value in row.items() if not _is_missing(value)} for row in rows]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _label(name: str, value: Any, number: int) -> str:
    """Return how an axis shows one of its values: a short text."""
    if name == "images":
        return f"images {number}"
    if isinstance(value, tuple) and len(value) == 2 and name == "image_size":
        return f"{value[0]} × {value[1]}"
    return str(value)[:_LABEL]


def plan_digest(cells: Iterable[Cell]) -> str:
    """Return what two plans share that ask for the same cells."""
    return hashlib.sha256(json.dumps([cell.name for cell in cells]).encode()).hexdigest()

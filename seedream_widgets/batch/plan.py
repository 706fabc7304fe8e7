"""Plans a batch: its axes, their product, and one checked request for each cell."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Mapping, MappingView, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from numbers import Number
from typing import TYPE_CHECKING, Any

from seedream_widgets.batch.cell import Cell, cell_name
from seedream_widgets.errors import RequestError, described, refused, whole_between, whole_number
from seedream_widgets.images.load import load_given
from seedream_widgets.values.guesses import meant
from seedream_widgets.values.request import Request

if TYPE_CHECKING:
    from seedream_widgets.images import ImageInput, ImageUrl

LIMIT = 10_000
"""The most cells of a batch, unless another `limit` is given."""
MOST_DRAWS = 1000
_LABEL = 200
_FIELDS = tuple(each.name for each in fields(Request) if each.init)
_SLOT = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_]\w{0,63}")
_JSON = re.compile(r'\s*"[^"]*"\s*:')
_BATCH_ARGUMENTS = ("rows", "name", "repeat", "limit")
"""Arguments of ``sd.batch`` that are not axes, so slots can't have these names."""


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
    limit = _check_limit(limit)
    asked = _with_draws(axes, repeat)
    if "prompt" not in asked:
        _check_names(asked, ())
        raise RequestError("a batch needs prompt=: a text, or a list of texts", field="prompt")
    listed = {name: _axis_values(name, value) for name, value in asked.items()}
    prompts = [_checked_prompt(value) for value in listed["prompt"] or [asked["prompt"]]]
    slots = _slots(prompts)
    _check_names(asked, slots)
    choices = _choices(prompts)
    order: dict[str, Sequence[Any]] = {}
    for name, values in listed.items():
        if values is not None:
            order[name] = values
        if name == "prompt":
            order |= choices
    _check_count(order, limit)
    constants = {name: asked[name] for name in asked if name not in order}
    loaded = _Images()
    names = tuple(order)
    cells: dict[str, Cell] = {}
    for at in itertools.product(*(range(len(values)) for values in order.values())):
        chosen = {name: order[name][index] for name, index in zip(names, at, strict=True)}
        given = {**constants, **chosen}
        words = {name: _slot_text(name, given[name]) for name in (*slots, *choices)}
        given["prompt"] = _fill_slots(given["prompt"], words)
        known = {name: value for name, value in given.items() if name in _FIELDS}
        _add_cell(cells, _request(known, loaded), at)
    labels = tuple(
        Axis(name, tuple(_label(name, value, n) for n, value in enumerate(order[name], 1)))
        for name in names
    )
    return Plan(labels, tuple(cells.values()))


def _add_cell(cells: dict[str, Cell], request: Request, at: tuple[int, ...]) -> None:
    """Put a request at a place; equal requests at several places are one cell."""
    name = cell_name(request)
    if name in cells:
        cells[name].places.append(at)
    else:
        cells[name] = Cell(name, request, at)


def from_rows(rows: Any, *, repeat: int = 1, limit: int = LIMIT) -> Plan:
    """Return a cell for each row and draw.

    Args:
        rows: A list of dicts, or a DataFrame; the columns are arguments of `Request`. Missing
            values (``None`` or NaN) take the default.
        repeat: Draws of each row, 1 to 1000.
        limit: Most cells.

    Raises:
        RequestError: A column is unknown, or a row is not accepted: the message names the row.
    """
    limit = _check_limit(limit)
    records = _records(rows)
    unknown = {name for record in records for name in record} - {*_FIELDS}
    if unknown:
        name = min(unknown, key=str)
        raise RequestError(
            f"rows have the column {name!r:.60}, which is not an argument of a request; rename or "
            f"drop it: {meant(str(name)[:60], _FIELDS)}",
            field=str(name),
        )
    draws = tuple(range(1, whole_between(repeat, "repeat", 1, MOST_DRAWS) + 1))
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
                request = _request(values, loaded)
            except RequestError as error:
                raise RequestError(
                    f"row {number}: {error}", field=error.field, value=error.value
                ) from error
            at = (number, place) if repeat > 1 else (number,)
            _add_cell(cells, request, at)
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
            self._loaded[id(value)] = (value, load_given(value))
        return self._loaded[id(value)][1]


def _request(values: dict[str, Any], loaded: _Images) -> Request:
    if "prompt" not in values:
        raise RequestError("it has no prompt; give it a text", field="prompt")
    prompt, images = values.pop("prompt"), values.pop("images", None)
    known = {name: value for name, value in values.items() if value is not None}
    if known.get("seed") is None and known.get("draw") is None:
        known["draw"] = 1  # without a seed or a draw, nobody could tell later that it is here
    references = () if images is None else loaded.load(images)
    return Request(prompt, references, **known)


def _with_draws(axes: Mapping[str, Any], repeat: int) -> dict[str, Any]:
    if whole_between(repeat, "repeat", 1, MOST_DRAWS) == 1:
        return dict(axes)
    if "draw" in axes:
        raise RequestError(
            "repeat and draw mean the same: give one of them", field="repeat", value=repeat
        )
    return {**axes, "draw": range(1, repeat + 1)}


def _check_limit(limit: object) -> int:
    most = whole_number(limit)
    if most is None or most < 1:
        raise RequestError(
            f"limit takes the most cells that a batch may have, from 1, got {described(limit)}",
            field="limit",
            value=limit,
        )
    return most


def _axis_values(name: str, value: Any) -> Sequence[Any] | None:
    """Return the values of an axis, or ``None`` where `value` is the same in every cell."""
    if isinstance(value, str | bytes | tuple | int | float | bool | None):
        return None
    values: Sequence[Any]
    if name == "image_size" and isinstance(value, list) and _is_one_size(value):
        raise RequestError(
            f"image_size of a batch takes a list of sizes, got {value}; write the tuple "
            f"{tuple(value)} for one size, or [{tuple(value)}] for a list of it",
            field="image_size",
            value=value,
        )
    if isinstance(value, list | range):
        values = value if isinstance(value, range) else tuple(value)  # a range may be endless
    elif _is_column(value):
        values = value.tolist()
    elif getattr(value, "ndim", 0) > 1 and name not in ("images", "mask"):
        raise RequestError(
            f"{name} of a batch takes a list for an axis, got an array of shape "
            f"{tuple(value.shape)}; give one with one dimension, or its .tolist()",
            field=name,
            value=value,
        )
    elif isinstance(value, Mapping | MappingView | set | frozenset) or _is_lazy(value):
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


def _is_one_size(value: list[Any]) -> bool:
    return len(value) == 2 and all(isinstance(side, int) for side in value)


def _is_column(value: object) -> bool:
    """Tell whether this is a numpy array with one dimension, or a pandas Series or Index."""
    return getattr(value, "ndim", None) == 1 and hasattr(value, "tolist")


def _is_lazy(value: object) -> bool:
    return isinstance(value, Iterable) and hasattr(value, "__next__")


def _checked_prompt(value: Any) -> str:
    if not isinstance(value, str):
        raise refused("prompt", "a text, or a list of texts", value)
    return value


def _slots(prompts: Sequence[str]) -> tuple[str, ...]:
    """Return the ``{name}`` slots of the prompts, in order."""
    found = [inside for inside in _in_braces(prompts) if not _is_choice(inside)]
    for inside in found:
        if inside in ("prompt", *_BATCH_ARGUMENTS):
            raise RequestError(
                f"prompt has the slot {{{inside}}}, and {inside}= means something else in a "
                f"batch; give the slot another name, such as {{the_{inside}}}",
                field="prompt",
                value=inside,
            )
        if not _NAME.fullmatch(inside):
            raise RequestError(
                f"prompt has {{{inside:.40}}}, which can't be the name of a slot; "
                "write {{ and }} for braces that belong to the text",
                field="prompt",
                value=inside,
            )
    return tuple(dict.fromkeys(found))


def _choices(prompts: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return the ``{red|green}`` choices of the prompts as axes, each named by its own text."""
    return {
        inside: tuple(dict.fromkeys(inside.split("|")))
        for inside in _in_braces(prompts)
        if _is_choice(inside)
    }


def _is_choice(inside: str) -> bool:
    """Tell whether it is a choice such as ``{red|green}``, and not JSON with a ``|`` in it."""
    return "|" in inside and not _JSON.match(inside)


def _in_braces(prompts: Sequence[str]) -> Iterable[str]:
    for prompt in dict.fromkeys(prompts):
        rest = _SLOT.sub("", prompt)
        if _SLOT.search(prompt) and ("{" in rest or "}" in rest):
            raise RequestError(
                "prompt has a brace without a partner, or braces inside braces; give a choice that "
                "holds a slot as an axis of its own, or write {{ and }} for braces that belong to "
                f"the text: {prompt:.100}",
                field="prompt",
                value=prompt,
            )
        yield from (match[1] for match in _SLOT.finditer(prompt) if match[1] is not None)


def _fill_slots(prompt: str, words: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        return match[0][0] if match[1] is None else words[match[1]]  # "{{" becomes "{"

    return _SLOT.sub(replacement, prompt)


def _slot_text(name: str, value: Any) -> str:
    """Return the text to put into a slot."""
    is_text = isinstance(value, str)
    with suppress(ValueError):  # Python refuses to print a number of more than 4300 digits
        if is_text or (isinstance(value, Number) and value == value):
            return str(value)
    raise RequestError(
        f"{name} is a slot of the prompt, so it takes texts or numbers, got {described(value)}",
        field=name,
        value=value,
    )


def _check_names(given: Mapping[str, Any], slots: Sequence[str]) -> None:
    for name in given:
        if name not in _FIELDS and name not in slots:
            raise RequestError(
                f"{name} is not an argument of a request, and the prompt has no {{{name}}}; "
                f"{meant(name, [*_FIELDS, *slots])}",
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
        names = list(rows.columns)
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise RequestError(
                f"rows have the column {twice[0]!r:.60} twice; rename or drop one",
                field=str(twice[0]),
            )
        # If a value is missing, pandas turns a column of whole numbers into floats.
        rows = [{n: _int_if_whole(v) for n, v in row.items()} for row in rows.to_dict("records")]
    if not isinstance(rows, list):
        raise RequestError(
            f"rows of a batch are a list of dicts or a DataFrame, got {described(rows)}; "
            f"{_advice(rows)}",
            field="rows",
            value=rows,
        )
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise RequestError(
                f"rows of a batch are dicts, and row {number} is not: {described(row)}; "
                "for prompts only, write sd.batch(prompt=[...])",
                field="rows",
                value=row,
            )
    if not rows:
        raise RequestError("rows are empty: give at least one", field="rows", value=rows)
    return [{name: value for name, value in row.items() if not _is_missing(value)} for row in rows]


def _advice(rows: Any) -> str:
    """Return advice for something that was passed as rows but can't be: what to write instead."""
    if isinstance(rows, str):
        return "write prompt='...' for what to draw, or name='...' for a batch to reopen"
    if isinstance(rows, Mapping):
        return "write axes as arguments: sd.batch(prompt=[...], seed=[...])"
    return "write list(...) around it, or prompt=[...] for prompts alone"


def _int_if_whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, or pandas' missing number or date."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _label(name: str, value: Any, number: int) -> str:
    """Return an axis's label for one of its values: a short text."""
    if name == "images":
        return f"images {number}"
    if isinstance(value, tuple) and len(value) == 2 and name == "image_size":
        return f"{value[0]} × {value[1]}"
    return str(value)[:_LABEL]


def plan_digest(cells: Iterable[Cell]) -> str:
    """Return a digest that is the same for plans with the same cells."""
    return hashlib.sha256(json.dumps([cell.name for cell in cells]).encode()).hexdigest()

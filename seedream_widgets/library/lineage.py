"""Lineage: which results a result's inputs came from, and what was made of its own pictures.

Pictures are known again by the digests of their files and of their pixels, in the library that
holds the result and in the session's: by their pixels last, and only those of the input's size.
What an input says of itself (a receipt in a file, say) is believed where no digest tells more, and
only ever names a result.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from os.path import realpath
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import ResultError, SeedreamError
from seedream_widgets.images.origins import Origin
from seedream_widgets.late_imports import mime_bundle
from seedream_widgets.library.entry import Entry, unknown_size, used_digests
from seedream_widgets.library.library import Library
from seedream_widgets.values.receipt import describe_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from seedream_widgets.values.result import Result

MOST = 1000
"""Most results that a line of ancestors is followed through."""
_WORDS = 60


@dataclass(frozen=True)
class Source:
    """Where one input image of a result came from.

    Attributes:
        number: Which input, from 1: "image 2" of the prompt.
        name: Its file name, or its URL.
        origin: The result's picture that it is or was made of; ``None`` for a file of one's own.
        result: That result; ``None`` where it was deleted, or is in a library not known here.
    """

    number: int
    name: str
    origin: Origin | None
    result: Result | None

    def __str__(self) -> str:
        said = f"image {self.number}"
        if self.origin is None:
            return f"{said} is {self.name}, which no result is known to have given"
        which = f"image {self.origin.image} of " if self.origin.image else "a picture of "
        if self.result is not None:
            return f"{said} is {which}{_named(self.result)}"
        known = self.origin.request_id or f"the file {self.origin.sha256[:12]}…"
        what = f"{which}result {known}" if self.origin.request_id else known
        return f"{said} came from {what}, which is not in the library (any more)"


class Lineage:
    """The line of one result, looked up when it is asked for.

    Args:
        result: Whose line it is.
        libraries: Where it is looked up.
        pixels: Whether pictures may be decoded for it.

    Attributes:
        result: Whose line it is.
        sources: A `Source` for each input image, in order.
    """

    def __init__(
        self, result: Result, libraries: Sequence[Library], *, pixels: bool = True
    ) -> None:
        self.result = result
        self._libraries, self._pixels = libraries, pixels

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Where each input image came from, those that were deleted since told in words."""
        return tuple(self._source(n, each) for n, each in enumerate(_inputs(self.result), 1))

    @property
    def parents(self) -> tuple[Result, ...]:
        """The results that its inputs are pictures of, each once, without those deleted."""
        return tuple(_once(each.result for each in self.sources if each.result))

    @property
    def children(self) -> tuple[Result, ...]:
        """The results made of its pictures, oldest first."""
        asked = [*(file.sha256 for file in self.result.files), f"id:{self.result.request_id}"]
        sizes = [f"{file.width}x{file.height}" for file in self.result.files]
        if self._pixels and any(library.users(sizes) for library in self._libraries):
            for library in self._libraries:
                asked += library._made_by(self.result.request_id)
        found = [
            result
            for library in self._libraries
            for entry in library.users(asked)
            if (result := _opened(entry)) and _id(result) != _id(self.result)
        ]
        return tuple(_once(sorted(found, key=lambda each: each.created)))

    @property
    def ancestors(self) -> tuple[Result, ...]:
        """Its parents, their parents and so on: the nearest first, each once."""
        found: list[Result] = []
        turn = [self.result]
        while turn and len(found) < MOST:
            lines = (Lineage(one, self._libraries, pixels=self._pixels) for one in turn)
            above = [each for line in lines for each in line.parents]
            known = {_id(each) for each in (self.result, *found)}
            turn = [each for each in _once(above) if _id(each) not in known]
            found += turn
        return tuple(found[:MOST])

    def _source(self, number: int, about: dict[str, Any]) -> Source:
        told = Origin.from_dict(about.get("from"))
        name = str(about.get("name") or about.get("url") or "an image")[:200]
        for library in self._libraries:
            size = unknown_size(about) if self._pixels else ""
            if found := _origin(library, about, told, self.result, size):
                return Source(number, name, *found)
        return Source(number, name, told, None)

    def __str__(self) -> str:
        lines = [f"{_named(self.result)}:", *(f"  {each}" for each in self.sources)]
        if not self.sources:
            lines.append("  drawn from its prompt alone")
        if made := self.children:
            lines.append(f"  made of it: {', '.join(map(_named, made[:10]))}")
        if len(made) > 10:
            lines.append(f"  and {len(made) - 10} more")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Lineage of {self}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self), **mime_bundle("lineage_bundle", self)}


def lineage_of(result: Result, session: Library) -> Lineage:
    """Return the lineage of a result, looked up in its own library and in the session's."""
    root = result._library_path
    own = [Library(root)] if root and realpath(root) != realpath(session.path) else []
    return Lineage(result, [*own, session])


def own_lineage(result: Result) -> Lineage | None:
    """Return the lineage of a result within the library that holds it, if one does.

    It is there at once: no picture is decoded for it.
    """
    root = result._library_path
    return Lineage(result, [Library(root)], pixels=False) if root else None


def with_origins(inputs: list[dict[str, Any]], library: Library) -> list[dict[str, Any]]:
    """Return a receipt's inputs with the results of `library` that they came from.

    Pictures may be decoded for it, for some seconds at most.
    """
    return [each | _named_origin(library, each) for each in inputs]


def _named_origin(library: Library, about: dict[str, Any]) -> dict[str, Any]:
    found = library.makers(used_digests(about), unknown_size(about))
    return {"from": _picked(found)[1].to_dict()} if found else {}


def _origin(
    library: Library, about: dict[str, Any], told: Origin | None, child: Result, size: str
) -> tuple[Origin, Result] | None:
    """Return the picture that an input is, and its result, where this library holds it."""
    makers = library.makers(used_digests(about), size)
    found = [each for each in makers if each[0].folder != child.files[0].path.parent]
    if told and told.request_id:  # several may have given the very same picture
        found = [each for each in found if each[1].request_id == told.request_id] or found
    earlier = [each for each in found if each[0].created <= child.created] or found
    if earlier:
        entry, origin = _picked(earlier)
        result = _opened(entry)
        return (origin, result) if result else None
    if told and told.request_id and not told.sha256:
        with suppress(SeedreamError):
            return told, library.get(told.request_id)
    return None


def _picked(found: Sequence[tuple[Entry, Origin]]) -> tuple[Entry, Origin]:
    """Return the newest."""
    return max(found, key=lambda each: each[0].created)


def _inputs(result: Result) -> list[dict[str, Any]]:
    said = result.receipt.inputs if result.receipt else describe_inputs(result.request.images)
    return [each for each in said if isinstance(each, dict)]


def _opened(entry: Entry) -> Result | None:
    try:
        return entry.result()
    except ResultError:
        return None


def _id(result: Result) -> tuple[str, str]:
    return result.request_id, result.files[0].sha256


def _once(results: Iterable[Result]) -> Iterator[Result]:
    return iter({_id(each): each for each in results}.values())


def _named(result: Result) -> str:
    words = " ".join(result.prompt.split())
    short = words if len(words) <= _WORDS else f"{words[: _WORDS - 1]}…"
    return f"{short!r} ({result.request_id})" if short else f"result {result.request_id}"

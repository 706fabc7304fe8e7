"""`Library`: a folder of results, with the inputs, the journal and a search over them."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from seedream_widgets.errors import (
    RequestError,
    ResultError,
    SeedreamError,
    check_type,
    described,
    whole_between,
)
from seedream_widgets.files import file_name, library_folder
from seedream_widgets.images import ImageInput, ImageUrl, KeptInput
from seedream_widgets.images.origins import Origin
from seedream_widgets.library.collections import Collections
from seedream_widgets.library.entry import Entry, load, load_whole, read_input
from seedream_widgets.library.folder import (
    RECEIPT,
    RESULTS,
    make_stage,
    private,
    put,
    read_receipt,
    staging,
    sweep,
    sync,
    write_private,
)
from seedream_widgets.library.index import Index
from seedream_widgets.library.journal import Journal
from seedream_widgets.library.mirror import Mirror
from seedream_widgets.library.place import place_at
from seedream_widgets.library.trash import Trash
from seedream_widgets.library.uploads import KeptUploads
from seedream_widgets.values.marks import FAVOURITE, MOST, RATING
from seedream_widgets.values.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from seedream_widgets.library.mirror import Mirrored
    from seedream_widgets.library.place import Place
    from seedream_widgets.library.search import Search
    from seedream_widgets.values.receipt import Receipt
    from seedream_widgets.values.request import Request

_log = logging.getLogger(__name__)
T = TypeVar("T")
Change = tuple[str, str]
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


class Library:
    """A folder of results that people can browse, back up and share.

    ``results/<day>/<words of the prompt>-<request id>/`` holds the untouched files and
    ``receipt.json``; ``inputs/`` the input images by digest, and ``uploads/`` their URLs at fal;
    ``journal/`` the requests under way; ``collections/`` named lists of results; ``studios/`` the
    state of each studio; ``trash/`` deleted results, until it is emptied. The search index is a
    cache outside the folder, and can be rebuilt from it at any time.

    Args:
        path: The folder; by default ``SEEDREAM_HOME``, or else the user's data folder.
        shared: A place where several machines, each with a folder of its own, agree on who sends
            which request, and find each other's results; see `place_at`. By default there is none.
    """

    def __init__(self, path: str | Path | None = None, shared: Place | None = None) -> None:
        self.path = library_folder(path)
        self._shared = shared
        self._journal = Journal(self.path, shared, strict=shared is not None)
        self._uploads = KeptUploads(self.path)
        self.collections = Collections(self.path, self.search)
        self._trash = Trash(self.path)
        self._index = Index(self.path)
        self._swept = False
        self._listeners: list[Callable[[Change], object]] = []

    def search(
        self,
        text: str = "",
        *,
        since: datetime | date | str | None = None,
        until: datetime | date | str | None = None,
        endpoint: str | None = None,
        model: str | None = None,
        backend: str | None = None,
        favourite: bool | None = None,
        rating: int | None = None,
        kind: str | None = None,
        fewer: bool = False,
        among: Iterable[str] | None = None,
    ) -> Search:
        """Return the results whose prompts hold all words of `text`, newest first, lazily.

        Each item is an `Entry`; ``entry.result()`` opens it.

        Args:
            text: Words in the prompt, or beginnings of words.
            since: The earliest time; local time unless it has a time zone.
            until: The latest time; a date means the whole day.
            endpoint: The fal endpoint id.
            model: Such as ``"v4.5"``.
            backend: ``"fal"`` or ``"offline"``.
            favourite: Only favourites, or only others.
            rating: Only those with this rating or a higher one, 1 to 5.
            kind: ``"text-to-image"`` or ``"edit"``.
            fewer: Only those with fewer images than were asked for.
            among: Only these request ids.

        Raises:
            RequestError: `since` or `until` is not a date, or `rating` or `kind` is unknown.
        """
        return self._index.search(
            text,
            since=since,
            until=until,
            endpoint=endpoint,
            model=model,
            backend=backend,
            favourite=favourite,
            rating=rating,
            kind=kind,
            fewer=fewer,
            among=among,
        )

    def favourites(self) -> Search:
        """Return the results that are marked as favourites, newest first."""
        return self.search(favourite=True)

    def get(self, request_id: str) -> Result:
        """Return a result by fal's request id.

        Raises:
            ResultError: There is none.
        """
        check_type(request_id, str, "request_id", "the id of a request, as text")
        entry = self._index.known(request_id)
        if entry is not None:
            with suppress(ResultError):  # it was moved since, or is damaged
                result = load(entry.folder)
                if result.request_id == request_id:
                    return result
        entry = self._index.get(request_id)
        if entry is None and self._ask(lambda: self._trash.get(request_id) is not None):
            raise ResultError(
                f"the result {request_id!r:.80} is in the library's trash; "
                f"sd.library.restore({request_id!r:.80}) brings it back"
            )
        if entry is None:
            raise ResultError(f"no result {request_id!r:.80} in {self.path}; try sd.resume()")
        return load(entry.folder)

    def _twin(self, key: str, backend: str) -> Result | None:
        """Return the newest undamaged result of an identical request.

        One that was deleted is restored from the trash, rather than paid for again.
        """
        found = self._ask(lambda: self._index.identical(key, backend)) or []
        whole = next((kept for entry in found if (kept := entry.whole())), None)
        if whole is not None:
            return whole
        for entry in self._ask(lambda: self._trash.identical(key, backend)) or []:
            if entry.whole():
                with suppress(SeedreamError):  # another process is restoring it, too
                    self.restore(entry.request_id)
            if kept := self._find(entry.request_id):
                return kept
        return None if self._shared is None else Mirror(self, self._shared).twin(key, backend)

    def _find(self, request_id: str) -> Result | None:
        """Return a result by fal's request id, if it is here and undamaged."""
        entry = self._ask(lambda: self._index.get(request_id) or self._trash.get(request_id))
        return entry.whole() if entry else None

    def entry(self, request_id: str) -> Entry | None:
        """Return the entry of a result, if it is here."""
        check_type(request_id, str, "request_id", "the id of a request, as text")
        return self._index.get(request_id)

    def makers(self, digests: Sequence[str], size: str = "") -> list[tuple[Entry, Origin]]:
        """Return the results that made a picture with one of these digests, newest first.

        If none is known, pictures of `size` (``"2048x1152"``) whose pixels have no digest yet are
        decoded, which takes 40 ms per megapixel, and some seconds at most.
        """
        _check_digests(digests)
        check_type(size, str, "size", "a width and a height, as text: '2048x1152'")
        found = self._ask(lambda: self._index.linked(digests, made=True, size=size)) or []
        return [
            (entry, Origin("" if ":" in digest else digest, entry.request_id, number))
            for entry, digest, number in found
        ]

    def users(self, digests: Sequence[str]) -> list[Entry]:
        """Return the results that had a picture with one of these digests as an input."""
        _check_digests(digests)
        found = self._ask(lambda: self._index.linked(digests, made=False)) or []
        return [*{entry.folder: entry for entry, _, _ in found}.values()]

    def _made_by(self, request_id: str) -> list[str]:
        """Return all digests of a result's pictures, of their files and their pixels."""
        return self._ask(lambda: self._index.made_by(request_id)) or []

    def _ask(self, work: Callable[[], T]) -> T | None:
        """Query the index; as it is only a cache, its errors are logged and give ``None``."""
        try:
            from sqlite3 import DatabaseError
        except ImportError as error:
            _log.warning("the index of %s can't be used (%s)", self.path, error)
            return None
        try:
            return work()
        except (OSError, DatabaseError) as error:
            _log.warning("the index of %s can't be used (%s)", self.path, error)
            return None

    def input(self, digest: str) -> ImageInput:
        """Return an input image by the SHA-256 of its bytes.

        Raises:
            RequestError: It is not in this library.
        """
        check_type(digest, str, "digest", "the SHA-256 of an input image, as text")
        if self._shared is not None and self._input_file(digest) is None:
            with suppress(OSError):
                Mirror(self, self._shared).fetch_input(digest)
        return read_input(self.path, digest)

    def favourite(self, result: Result | Entry, mark: bool = True) -> None:
        """Mark a result as a favourite, or remove the mark.

        Raises:
            ResultError: It is not in this library.
            SeedreamError: Its folder can't be written.
        """
        check_type(mark, bool, "mark", "True or False")
        self._mark(result, FAVOURITE, b"" if mark else None)

    def rate(self, result: Result | Entry, rating: int) -> None:
        """Rate a result 1 to 5; 0 removes the rating.

        Raises:
            RequestError: `rating` is not a whole number from 0 to 5.
            ResultError: It is not in this library.
            SeedreamError: Its folder can't be written.
        """
        stars = whole_between(rating, "rating", 0, MOST)
        self._mark(result, RATING, b"%d\n" % stars if stars else None)

    def _mark(self, result: Result | Entry, name: str, content: bytes | None) -> None:
        folder = self._entry(result).folder
        sign = folder / name
        try:
            if content is None:
                sign.unlink(missing_ok=True)
            else:
                write_private(sign, content, self.path)
            os.utime(folder.parent)
        except OSError as error:
            raise SeedreamError(
                f"{folder} can't be written ({error.strerror}), so it can't be marked; make "
                "it writable, or mark a copy of it in a library of your own"
            ) from error
        self._changed("marked", result.request_id)

    def _entry(self, result: Result | Entry) -> Entry:
        check_type(result, (Result, Entry), "result", "a result or an entry of the library")
        entry = self._index.get(result.request_id)
        if entry is None:
            raise ResultError(f"no result {result.request_id!r:.80} in {self.path}")
        return entry

    def delete(self, *results: Result | Entry) -> None:
        """Move results into the library's trash; `restore` brings them back.

        Their cost stays in `sd.spending`, and an identical request is answered from the trash, not
        paid for again. Only `empty_trash` deletes files.

        Raises:
            ResultError: One is not in this library.
            SeedreamError: A folder can't be moved.
        """
        for result in results:
            self._trash.put(self._entry(result))
            self._changed("deleted", result.request_id)

    def restore(self, request_id: str | Result | Entry) -> Result:
        """Restore a deleted result from the trash, and return it.

        Args:
            request_id: Its request id, or the result or entry itself, as ``library.trash[0]``.

        Raises:
            ResultError: It is not in the trash.
            SeedreamError: Its folder can't be moved.
        """
        takes = "the id of a request, as text, or a deleted result or entry"
        check_type(request_id, (str, Result, Entry), "request_id", takes)
        request_id = request_id if isinstance(request_id, str) else request_id.request_id
        entry = self._trash.get(request_id)
        if entry is None:
            raise ResultError(f"no result {request_id!r:.80} in the trash of {self.path}")
        folder = self._trash.take(entry)
        self._changed("restored", request_id)
        return load(folder)

    @property
    def trash(self) -> tuple[Entry, ...]:
        """The deleted results that can be restored, newest first."""
        return tuple(self._trash.entries())

    def empty_trash(self) -> int:
        """Delete the results in the trash for good, and return how many there were.

        Their cost stays in `sd.spending`.
        """
        return self._trash.empty()

    def billed_before(self, since: datetime | date | str | None = None) -> Search | tuple[()]:
        """Return the deleted results that were paid for since a time, for the ledger."""
        return self._trash.search(since=since, backend="fal") if self._trash else ()

    def on_change(self, listener: Callable[[Change], object]) -> Callable[[], None]:
        """Call `listener` for each change that this process makes.

        It gets a pair: ``"saved"``, ``"marked"``, ``"deleted"`` or ``"restored"``, and the request
        id. It is called on the thread that made the change, perhaps one that jobs need, so it must
        not block; an error in it is logged and harms nothing.

        Returns:
            A function that stops the calls.
        """
        if not callable(listener):
            raise RequestError(
                f"listener takes a function that is called with changes, got {described(listener)}",
                field="listener",
                value=listener,
            )
        self._listeners.append(listener)

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def _changed(self, what: str, request_id: str) -> None:
        for listener in tuple(self._listeners):
            try:
                listener((what, request_id))
            except Exception:  # what was done is done: a picture is in its place
                _log.exception("a listener of %s failed", self.path)

    def _keep_inputs(self, request: Request) -> None:
        """Write a request's local images as they were given, each once."""
        self._keep_images((*request.images, *filter(None, [request.mask])))

    def _keep_images(self, images: Iterable[ImageInput | ImageUrl]) -> None:
        for image in images:
            if isinstance(image, ImageUrl):
                continue
            file = self._input_file(image.sha256)
            if file is None and (data := image.original):
                suffix = ".png" if data.startswith(b"\x89PNG") else ".jpg"
                file = self.path / "inputs" / image.sha256[:2] / f"{image.sha256}{suffix}"
                write_private(file, data, self.path)
            if file is not None and self._shared is not None:
                Mirror(self, self._shared).keep_input(image.sha256, file)

    def _share(self, result: Result) -> None:
        """Copy a result to the shared place, if there is one.

        Raises:
            OSError: That place can't be written.
        """
        if self._shared is not None:
            Mirror(self, self._shared).share(result)

    def _offer(self, results: Iterable[Result]) -> None:
        """Copy those results to the shared place that it does not have, if there is one.

        Raises:
            OSError: That place can't be written.
        """
        if self._shared is not None:
            Mirror(self, self._shared).offer(results)

    def _bring(self, keys: Iterable[str], backend: str) -> int:
        """Copy results for `keys` from the shared place, and return how many were copied.

        Raises:
            OSError: The shared place can't be read.
        """
        return 0 if self._shared is None else Mirror(self, self._shared).bring(keys, backend)

    def to_pandas(self) -> Any:
        """Return a DataFrame with one row per image, newest first; ``cost`` is in US dollars.

        Damaged results are left out.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        from seedream_widgets.library.table import to_pandas

        def results() -> Iterator[Result]:
            for entry in self:
                with suppress(ResultError):
                    yield entry.result()

        return to_pandas(results())

    def push(self, address: str | Path, **options: Any) -> Mirrored:
        """Copy the results, favourites, ratings and batches that another place lacks to it.

        It can be interrupted at any moment: the next call copies what is still missing. A result
        appears there only once all of its files are there.

        Args:
            address: A folder, or an address of fsspec, such as ``s3://bucket/foxes``.
            **options: Options of fsspec's file system, such as ``endpoint_url=``.

        Returns:
            What was copied, what was there already, and what was left out and why.

        Raises:
            RequestError: It is not an address.
            MissingPackageError: fsspec, or what it needs for this address, is not installed.
            SeedreamError: The place can't be read or written.
        """
        return self._mirrored(address, options, Mirror.push)

    def pull(self, address: str | Path, **options: Any) -> Mirrored:
        """Copy the results, favourites, ratings and batches that this library lacks from a place.

        Arguments, return value and errors are those of `push`. The place is not trusted: names are
        checked, sizes limited and digests compared, and what fails a check is left out.
        """
        return self._mirrored(address, options, Mirror.pull)

    def _mirrored(
        self, address: str | Path, options: dict[str, Any], work: Callable[[Mirror], Mirrored]
    ) -> Mirrored:
        place = place_at(address, **options)
        try:
            return work(Mirror(self, place))
        except OSError as error:
            raise SeedreamError(
                f"{place.address} can't be read or written ({error!s:.300}); check the address and "
                "its permissions, then call it again: it goes on with what is missing"
            ) from error

    def _without_inputs(self, request: Request) -> Request:
        """Return a request whose images are read from the library when needed.

        Images that are not in the library stay in memory.
        """
        if not any(isinstance(image, ImageInput) for image in request.images):
            return request

        def kept(image: Any) -> Any:
            if isinstance(image, ImageUrl | KeptInput) or not self._input_file(image.sha256):
                return image
            facts = image.media_type, image.width, image.height, image.name
            known = image.digests, image.origin
            return KeptInput(partial(read_input, self.path), image.sha256, *facts, *known)

        mask = request.mask and kept(request.mask)
        return replace(request, images=tuple(map(kept, request.images)), mask=mask)

    def _input_file(self, digest: str) -> Path | None:
        """Return the file of an input image, if it is kept here."""
        folder = self.path / "inputs" / digest[:2]
        files = (folder / f"{digest}{suffix}" for suffix in (".png", ".jpg"))
        return next((file for file in files if file.exists()), None)

    def __reduce__(self) -> tuple[type[Library], tuple[Path]]:
        return type(self), (self.path,)  # so that requests that read images from it can be pickled

    def _staging(self, name: str) -> Path:
        """Return the folder for a job's files while they are incomplete."""
        return staging(name, self.path)

    def _stage(self, name: str) -> Path:
        """Make and return that folder; files from an earlier run will be replaced."""
        if not self._swept:
            self._sweep()
        return make_stage(self._staging(name), self.path)

    def _clear(self, name: str) -> None:
        """Delete what an unfinished job left in its staging folder."""
        shutil.rmtree(self._staging(name), ignore_errors=True)

    def _sweep(self) -> None:
        """Delete what processes that have ended left unfinished."""
        self._swept = True
        sweep(self.path, self._journal.leases.follows)
        self._journal.sweep()
        self._journal.leases.sweep()

    def _commit(self, stage: Path, receipt: Receipt, words: str) -> tuple[Path, Receipt]:
        """Move a staged result to its place, whole and synced; return its folder and receipt.

        The folder is named after `words`. If the same result is there already, from another kernel
        or an earlier run, that one stays. Other pictures with the same request id get ``-2`` and so
        on added to it.
        """
        for number in count(1):
            name = receipt.request_id if number == 1 else f"{receipt.request_id}-{number}"
            kept = replace(receipt, request_id=name)
            target = self._place(kept, words)
            if self._keep(stage, target, kept):
                break
        return target, kept

    def _keep(self, stage: Path, target: Path, receipt: Receipt) -> bool:
        """Move a staged result to `target`; return ``False`` if that holds other pictures."""
        held = _held(target, receipt)
        if held == "nothing":
            _finish(stage, receipt)
            try:
                put(stage, target, self.path)
            except OSError:
                held = _held(target, receipt)  # another kernel was faster
                if held == "nothing":
                    raise
        if held == "others":
            return False
        if held == "damaged":
            _repair(stage, target, receipt, self.path)
        if held == "these":
            shutil.rmtree(stage, ignore_errors=True)
        else:
            self._ask(lambda: self._index.add(target, vars(receipt)))
        self._changed("saved", receipt.request_id)
        return True

    def _place(self, receipt: Receipt, words: str) -> Path:
        """Return the folder that a result has already, or the one to give it."""
        entry = self._ask(lambda: self._index.known(receipt.request_id))
        if entry and not entry.folder.is_dir():  # moved by hand, or deleted
            entry = self._ask(lambda: self._index.get(receipt.request_id))
        if entry:
            return self.path.joinpath(*entry.folder.parts[-3:])
        name = file_name(words, f"-{_UNSAFE.sub('_', receipt.request_id)[:128]}")
        return self.path / RESULTS / receipt.created[:10] / name

    def __len__(self) -> int:
        """How many results it holds."""
        return len(self.search())

    def __bool__(self) -> bool:
        return True  # even if it is empty

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.search())

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        """Return one entry, 0 is the newest, or a slice of them."""
        return self.search()[index]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        shown = self.search()._repr_mimebundle_()  # without its path, which is private
        return {**shown, "text/plain": shown["text/plain"].replace("Search", "Library", 1)}

    def __repr__(self) -> str:
        return f"<Library {str(self.path)!r}>"


def _held(folder: Path, receipt: Receipt) -> Literal["nothing", "these", "others", "damaged"]:
    """Tell whether a result's folder holds nothing, these pictures, others, or damaged ones."""
    if not folder.is_dir():
        return "nothing"
    said = read_receipt(str(folder)) or {}
    if said.get("request_id", receipt.request_id) != receipt.request_id:
        return "others"
    ours = _digests(receipt.images)
    try:
        result = load_whole(folder)
    except ResultError:
        theirs = _digests(said.get("images"))
        return "others" if theirs and all(theirs) and theirs != ours else "damaged"
    theirs = [hashlib.sha256(file.read_bytes()).hexdigest() for file in result.files]
    return "these" if theirs == ours else "others"


def _finish(stage: Path, receipt: Receipt) -> None:
    """Write the receipt beside its pictures, and sync them to the disk."""
    with open(stage / RECEIPT, "wb", opener=private) as file:
        file.write(receipt.to_json().encode())
    sync(stage)


def _check_digests(digests: object) -> None:
    told = "digests", "a list of SHA-256 digests, as text"
    check_type(digests, (list, tuple), *told)
    for each in digests:  # type: ignore[attr-defined]
        check_type(each, str, *told)


def _digests(images: Any) -> list[Any]:
    listed = images if isinstance(images, list) else []
    return [each.get("sha256") if isinstance(each, dict) else None for each in listed]


def _repair(stage: Path, target: Path, receipt: Receipt, root: Path) -> None:
    """Move a result over a damaged one, its receipt last; other files there stay."""
    _finish(stage, receipt)
    for path in sorted(stage.iterdir(), key=lambda path: path.name == RECEIPT):
        put(path, target / path.name, root)
    stage.rmdir()

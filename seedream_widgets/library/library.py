"""`Library`: results on disk as plain folders, inputs by digest, the journal, and a search."""

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
    ``receipt.json``; ``inputs/`` the input images by digest, ``uploads/`` where fal has them;
    ``journal/`` what is under way; ``collections/`` lists of results under a name; ``studios/``
    what each studio goes on with; ``trash/`` what was deleted, until it is emptied.
    The index for searching is a cache outside the folder and is rebuilt from it at any time.

    Args:
        path: The folder; ``SEEDREAM_HOME`` or the user's data folder unless given.
        shared: Where several machines that have folders of their own decide who asks for what,
            and find each other's results, see `place_at`; in the folder alone unless given.
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
            text: Words that the prompt holds, each at least in its beginning.
            since: The earliest moment; local time unless it names a time zone.
            until: The latest moment; a date counts as the whole day.
            endpoint: The fal endpoint id.
            model: Such as ``"v4.5"``.
            backend: ``"fal"`` or ``"offline"``.
            favourite: Only favourites, or only others.
            rating: Only those rated so high or higher, 1 to 5.
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
            with suppress(ResultError):  # it went elsewhere since, or is damaged
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
        """Return the newest result of an identical request that is still whole.

        One that was deleted comes back from the trash: it is not bought again.
        """
        found = self._ask(lambda: self._index.identical(key, backend)) or []
        whole = next((kept for entry in found if (kept := entry.whole())), None)
        if whole is not None:
            return whole
        for entry in self._ask(lambda: self._trash.identical(key, backend)) or []:
            if entry.whole():
                with suppress(SeedreamError):  # another process is bringing it back, too
                    self.restore(entry.request_id)
            if kept := self._find(entry.request_id):
                return kept
        return None if self._shared is None else Mirror(self, self._shared).twin(key, backend)

    def _find(self, request_id: str) -> Result | None:
        """Return a result by fal's request id, if it is here and whole."""
        entry = self._ask(lambda: self._index.get(request_id) or self._trash.get(request_id))
        return entry.whole() if entry else None

    def entry(self, request_id: str) -> Entry | None:
        """Return what the index knows of a result, if it is here."""
        check_type(request_id, str, "request_id", "the id of a request, as text")
        return self._index.get(request_id)

    def makers(self, digests: Sequence[str], size: str = "") -> list[tuple[Entry, Origin]]:
        """Return the results that gave a picture of one of these digests, newest first.

        Where none is known to, the pixels of pictures of a `size` (``"2048x1152"``) are looked at
        that were not yet; it takes 40 ms a megapixel, and some seconds at most.
        """
        _check_digests(digests)
        check_type(size, str, "size", "a width and a height, as text: '2048x1152'")
        found = self._ask(lambda: self._index.linked(digests, made=True, size=size)) or []
        return [
            (entry, Origin("" if ":" in digest else digest, entry.request_id, number))
            for entry, digest, number in found
        ]

    def users(self, digests: Sequence[str]) -> list[Entry]:
        """Return the results that a picture of one of these digests was an input of."""
        _check_digests(digests)
        found = self._ask(lambda: self._index.linked(digests, made=False)) or []
        return [*{entry.folder: entry for entry, _, _ in found}.values()]

    def _made_by(self, request_id: str) -> list[str]:
        """Return the digests that a result's pictures are known by, also by their pixels."""
        return self._ask(lambda: self._index.made_by(request_id)) or []

    def _ask(self, work: Callable[[], T]) -> T | None:
        """Ask the index, which is only a cache: its troubles harm no result."""
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
        """Mark a result as a favourite, or no longer.

        Raises:
            ResultError: It is not in this library.
            SeedreamError: Its folder can't be written.
        """
        check_type(mark, bool, "mark", "True or False")
        self._mark(result, FAVOURITE, b"" if mark else None)

    def rate(self, result: Result | Entry, rating: int) -> None:
        """Rate a result 1 to 5; 0 takes the rating away.

        Raises:
            RequestError: `rating` is not one of those.
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

        What they cost stays in `sd.spending`, and an identical request is answered from the trash
        and not bought again. Only `empty_trash` deletes files.

        Raises:
            ResultError: One is not in this library.
            SeedreamError: A folder can't be moved.
        """
        for result in results:
            self._trash.put(self._entry(result))
            self._changed("deleted", result.request_id)

    def restore(self, request_id: str | Result | Entry) -> Result:
        """Bring a deleted result back and return it.

        Args:
            request_id: Its request id, or the result or the entry itself: ``library.trash[0]``.

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
        """Delete what is in the trash for good, and return how many results that were.

        What they cost stays in `sd.spending`.
        """
        return self._trash.empty()

    def billed_before(self, since: datetime | date | str | None = None) -> Search | tuple[()]:
        """Return what was paid for and deleted since, for the ledger."""
        return self._trash.search(since=since, backend="fal") if self._trash else ()

    def on_change(self, listener: Callable[[Change], object]) -> Callable[[], None]:
        """Have `listener` told of what this process changes; call what it returns to stop.

        It gets what was done, ``"saved"``, ``"marked"``, ``"deleted"`` or ``"restored"``, and the
        request id. It is called where that was done, also in threads that jobs need, so it must
        not wait; an error in it is logged and harms nothing.
        """
        if not callable(listener):
            raise RequestError(
                f"listener takes a function of what changed; got {described(listener)}",
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
        """Put a result that is here where all that share this library find it.

        Raises:
            OSError: That place can't be written.
        """
        if self._shared is not None:
            Mirror(self, self._shared).share(result)

    def _offer(self, results: Iterable[Result]) -> None:
        """Put results that are here where all that share this library find them.

        Raises:
            OSError: That place can't be written.
        """
        if self._shared is not None:
            Mirror(self, self._shared).offer(results)

    def _bring(self, keys: Iterable[str], backend: str) -> int:
        """Copy here what others that share this library got for `keys`; return how many came.

        Raises:
            OSError: The shared place can't be read.
        """
        return 0 if self._shared is None else Mirror(self, self._shared).bring(keys, backend)

    def to_pandas(self) -> Any:
        """Return a DataFrame with a row an image, newest first; ``cost`` is a `Decimal` in dollars.

        A result that is damaged has no row.

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
        """Copy all results, favourites, ratings and batches to another place that lacks them.

        It can be stopped at any moment: the next call copies what is missing then. A result
        appears there when all of its files are there.

        Args:
            address: A folder, or an address of fsspec, such as ``s3://bucket/foxes``.
            **options: What fsspec's file system takes, such as ``endpoint_url=``.

        Returns:
            What was copied, what was there already, and what was left out and why.

        Raises:
            RequestError: It is not an address.
            MissingPackageError: fsspec, or what it needs for this address, is not installed.
            SeedreamError: The place can't be read or written.
        """
        return self._mirrored(address, options, Mirror.push)

    def pull(self, address: str | Path, **options: Any) -> Mirrored:
        """Copy what this library lacks of another place: results, favourites, ratings, batches.

        Arguments, returns and errors as of `push`. What is there may be anybody's: names are
        checked, sizes bounded and digests compared; what does not hold is left out.
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
                "who may use it, then call it again: it goes on with what is missing"
            ) from error

    def _without_inputs(self, request: Request) -> Request:
        """Return a request whose images are read from the library when they are asked for.

        Those that are not kept stay in memory.
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
        return type(self), (self.path,)  # for a request that reads its images from it

    def _staging(self, name: str) -> Path:
        """Return where a job's files are put before they are whole."""
        return staging(name, self.path)

    def _stage(self, name: str) -> Path:
        """Make that folder; files of an earlier run are replaced one by one."""
        if not self._swept:
            self._sweep()
        return make_stage(self._staging(name), self.path)

    def _clear(self, name: str) -> None:
        """Take away what an unfinished job left in its staging folder."""
        shutil.rmtree(self._staging(name), ignore_errors=True)

    def _sweep(self) -> None:
        """Take away what processes that have ended left unfinished."""
        self._swept = True
        sweep(self.path, self._journal.leases.follows)
        self._journal.sweep()
        self._journal.leases.sweep()

    def _commit(self, stage: Path, receipt: Receipt, words: str) -> tuple[Path, Receipt]:
        """Make a staged result appear, whole and synced, and return its folder and its receipt.

        The folder is named after `words`.

        A result that is there already, from another kernel or an earlier run, stays. Other
        pictures under the same request id get ``-2`` and so on behind it. It takes as long on a
        day of many results as on its first.
        """
        for number in count(1):
            name = receipt.request_id if number == 1 else f"{receipt.request_id}-{number}"
            kept = replace(receipt, request_id=name)
            target = self._place(kept, words)
            if self._keep(stage, target, kept):
                break
        return target, kept

    def _keep(self, stage: Path, target: Path, receipt: Receipt) -> bool:
        """Put a staged result to its place; ``False`` where that holds other pictures."""
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
        """Return the folder that a result has, or else the one it is to have."""
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
        return True  # an empty library is one all the same

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
        shown = self.search()._repr_mimebundle_()  # its own repr has a path of this computer
        return {**shown, "text/plain": shown["text/plain"].replace("Search", "Library", 1)}

    def __repr__(self) -> str:
        return f"<Library {str(self.path)!r}>"


def _held(folder: Path, receipt: Receipt) -> Literal["nothing", "these", "others", "damaged"]:
    """Tell what a result's place holds: nothing, its pictures, or others of the same name."""
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
    """Write the receipt beside its pictures, and have all of them on the disk."""
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
    """Put a result over a damaged one, its receipt last; what else lies there stays."""
    _finish(stage, receipt)
    for path in sorted(stage.iterdir(), key=lambda path: path.name == RECEIPT):
        put(path, target / path.name, root)
    stage.rmdir()

"""Copies results between a library and another place, each whole or not at all.

The other place has the same folders as a library. A result's receipt is written last and read
first: without one there is no result. The place is not trusted: names, sizes and digests are
checked before anything from it appears in the library.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from uuid import uuid4

from seedream_widgets.errors import ResultError, SeedreamError
from seedream_widgets.files import read_file, read_json
from seedream_widgets.images import LIMITS
from seedream_widgets.images.origins import digest_of
from seedream_widgets.library.entry import load, load_whole
from seedream_widgets.library.folder import RECEIPT, RESULTS, path_of, text_of, write_private
from seedream_widgets.library.journal import claim_name
from seedream_widgets.values.marks import FAVOURITE, MOST, RATING
from seedream_widgets.values.receipt import MAX_BYTES, Receipt
from seedream_widgets.values.result import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from seedream_widgets.library.entry import Entry
    from seedream_widgets.library.place import Place
    from seedream_widgets.values.result import Result

T = TypeVar("T")
_AT_ONCE = 8
"""How many results are copied at once."""
MANIFEST_BYTES = 256 << 20
"""Largest manifest of a batch, in bytes."""
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_NAME = r"[^\x00-\x1f/\\:*?\"<>|.][^\x00-\x1f/\\:*?\"<>|]{0,254}"
_RECEIPT_OF = re.compile(rf"{RESULTS}/({_DAY})/({_NAME})/{RECEIPT}")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
_INPUT = re.compile(r"inputs/([0-9a-f]{2})/(\1[0-9a-f]{62})\.(?:png|jpg)")
_MARKS = {FAVOURITE: [b""], RATING: [b"%d" % stars for stars in range(1, MOST + 1)]}
"""The valid contents of the files that mark a result."""
_TOLD = 3


class Results(Protocol):
    """A `Library`, as far as a mirror needs it."""

    path: Path

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over its results."""
        ...

    def _find(self, request_id: str) -> Result | None: ...

    def _input_file(self, digest: str) -> Path | None: ...

    def _stage(self, name: str) -> Path: ...

    def _commit(self, stage: Path, receipt: Receipt, words: str) -> tuple[Path, Receipt]: ...


@dataclass(frozen=True)
class Mirrored:
    """The outcome of `Library.push` or `Library.pull`.

    Attributes:
        address: The other place.
        results: How many results were copied.
        there: How many were there already.
        bytes: How many bytes were copied.
        batches: How many batches' manifests were copied.
        left_out: A sentence for each that was not copied.
    """

    address: str
    results: int = 0
    there: int = 0
    bytes: int = 0
    batches: int = 0
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = [
            f"{_count(self.results, 'result')} copied ({self.bytes / 1e6:,.1f} MB)",
            f"{self.there:,} already there",
        ]
        if self.batches:
            told.append(f"{_count(self.batches, 'batch', 'batches')} copied")
        if self.left_out:
            few = "; ".join(self.left_out[:_TOLD])
            more = len(self.left_out) - _TOLD
            told.append(f"{len(self.left_out):,} left out: {few}")
            told += [f"and {more:,} more in .left_out"] if more > 0 else []
        return f"{self.address}: {', '.join(told)}"

    def __repr__(self) -> str:
        return f"<Mirrored {self}>"


class Mirror:
    """Copies a library's results to and from another place.

    Args:
        library: The library.
        place: The other place.
    """

    def __init__(self, library: Results, place: Place) -> None:
        self._library, self._place = library, place

    def push(self) -> Mirrored:
        """Copy every result, mark and batch that is not there yet.

        Raises:
            OSError: The place can't be read.
        """
        trial = f".trial/{uuid4().hex}"  # fail at once if it can't be written, not for each result
        self._place.create(trial, b"")
        self._place.delete(trial)
        there, inputs = self._place.find(RESULTS), self._place.find("inputs")

        def one(folder: Path) -> int:
            at = _at(folder)
            sent = 0 if f"{at}/{RECEIPT}" in there else self._send(load(folder), inputs)
            for mark in _MARKS:
                if f"{at}/{mark}" not in there and (folder / mark).is_file():
                    self._place.create(f"{at}/{mark}", read_file(f"{folder}/{mark}", 8) or b"")
            return sent

        sizes, left = _each({entry.folder.name: entry.folder for entry in self._library}, one)
        manifests = (self._library.path / "batches").glob("*/manifest.json")
        batches, more = _manifests(
            [path.parent.name for path in manifests],
            partial(read_manifest, self._library),
            self._read_manifest,
            partial(self._send_manifest, inputs),
        )
        return _mirrored(self._place, sizes, batches, [*left, *more])

    def share(self, result: Result) -> None:
        """Copy one result, and register it under the key of its request.

        Raises:
            ResultError: Its files are damaged here.
            OSError: The place can't be written.
        """
        assert result.receipt is not None
        folder = result.files[0].path.parent
        if self._place.read(f"{_at(folder)}/{RECEIPT}", MAX_BYTES) is None:
            self._send(result, {})
        if key := result.receipt.key:
            day, name = text_of(folder)
            told = json.dumps({"day": day, "name": name}, ensure_ascii=False)
            self._place.write(_known_by(key, result.receipt.backend), told.encode())

    def offer(self, results: Iterable[Result]) -> None:
        """Copy those results that are not registered there yet.

        Raises:
            OSError: The place can't be read or written.
        """
        known = set(self._place.names("done"))
        for result in results:
            receipt = result.receipt
            if receipt is None or not receipt.key:
                continue
            if _known_by(receipt.key, receipt.backend).rpartition("/")[2] not in known:
                with suppress(ResultError):  # damaged here, so others have to ask for it again
                    self.share(result)

    def keep_input(self, digest: str, file: Path) -> None:
        """Copy an input image unless it is there."""
        self._place.create(f"inputs/{digest[:2]}/{file.name}", file.read_bytes())

    def _send(self, result: Result, inputs: Collection[str]) -> int:
        """Copy a result, its receipt last, and return how many bytes that were."""
        assert result.receipt is not None
        folder = result.files[0].path.parent
        at, sent = _at(folder), 0
        answers = [file.composed.answer for file in result.files if file.composed]
        for file in (*result.files, *answers):
            file.check()
            data = file.read_bytes()
            self._place.write(f"{at}/{file.path.name}", data)
            sent += len(data)
        self._send_inputs(_inputs(result.receipt), inputs)
        receipt = read_file(f"{folder}/{RECEIPT}", MAX_BYTES) or b""
        self._place.write(f"{at}/{RECEIPT}", receipt)
        return sent + len(receipt)

    def _send_inputs(self, digests: Iterable[str], there: Collection[str]) -> None:
        for digest in digests:
            file = self._library._input_file(digest)
            if file is not None and f"inputs/{digest[:2]}/{file.name}" not in there:
                self.keep_input(digest, file)

    def _send_manifest(self, there: Collection[str], name: str, data: bytes) -> None:
        self._send_inputs(_inputs_of(data), there)
        self._place.write(f"batches/{name}/manifest.json", data)

    def pull(self) -> Mirrored:
        """Copy every result, mark and batch that is not here yet.

        Raises:
            OSError: The place can't be read.
        """
        there = self._place.find(RESULTS)
        inputs: set[str] = set()
        found = {parts[2]: parts for name in there if (parts := _RECEIPT_OF.fullmatch(name))}
        strange = [
            f"{name!r:.120} has a name that no result of a library has"
            for name in there
            if name.endswith(f"/{RECEIPT}") and not _RECEIPT_OF.fullmatch(name)
        ]

        def one(parts: re.Match[str]) -> int:
            day, name = parts[1], parts[2]
            folder, size = self._here(day, name), 0
            if folder is None:
                folder, size, digests = self._fetch(day, name, there)
                inputs.update(digests)
            for mark in _MARKS:
                at = f"{RESULTS}/{day}/{name}/{mark}"
                if folder and at in there and not (folder / mark).exists():
                    found = self._place.read(at, 8)
                    data = found.data.strip() if found else b""
                    if data in _MARKS[mark]:
                        write_private(folder / mark, data, self._library.path)
                        os.utime(folder.parent)  # so that the index reads the day again
            return size

        sizes, left = _each(found, one)
        remote = [name for name in self._place.names("batches") if re.fullmatch(_NAME, name)]
        batches, more = _manifests(
            remote,
            self._read_manifest,
            partial(read_manifest, self._library),
            partial(self._keep_manifest, inputs),
        )
        self._fetch_inputs(inputs)
        if not there and not remote:
            raise FileNotFoundError(errno.ENOENT, "nothing of a library is there")
        return _mirrored(self._place, sizes, batches, [*strange, *left, *more])

    def bring(self, keys: Iterable[str], backend: str) -> int:
        """Copy the results of requests with these keys, and return how many were copied.

        Raises:
            OSError: The place can't be read.
        """
        known = set(self._place.names("done"))
        wanted = [key for key in keys if _known_by(key, backend).rpartition("/")[2] in known]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return sum(pool.map(lambda key: self.twin(key, backend) is not None, wanted))

    def twin(self, key: str, backend: str) -> Result | None:
        """Copy the result of the request with a key, if there is one, and return it.

        Raises:
            OSError: The place can't be read.
        """
        found = self._place.read(_known_by(key, backend), 10_000)
        if found is None:
            return None
        with suppress(ValueError, TypeError, KeyError, ResultError):
            told = read_json(found.data)
            day, name = str(told["day"]), str(told["name"])
            if not _RECEIPT_OF.fullmatch(f"{RESULTS}/{day}/{name}/{RECEIPT}"):
                return None
            folder = self._here(day, name)
            if folder is None:
                folder, _, digests = self._fetch(day, name, None, (key, backend))
                self._fetch_inputs(digests)
            if folder is not None:
                return load(folder)
        return None

    def fetch_input(self, digest: str) -> bool:
        """Copy an input image by its digest, and return whether that worked."""
        for suffix in (".png", ".jpg"):
            name = f"inputs/{digest[:2]}/{digest}{suffix}"
            if not _INPUT.fullmatch(name):
                return False
            found = self._place.read(name, LIMITS.max_read_bytes)
            if found and hashlib.sha256(found.data).hexdigest() == digest:
                write_private(self._library.path / name, found.data, self._library.path)
                return True
        return False

    def _here(self, day: str, name: str) -> Path | None:
        """Return the folder of a result if it is here and readable, by its day and name there."""
        folder = Path(path_of(self._library.path / RESULTS, day, name))
        try:
            load(folder)
        except ResultError:
            return None
        return folder

    def _fetch(
        self,
        day: str,
        name: str,
        there: dict[str, int] | None,
        asked: tuple[str, str] | None = None,
    ) -> tuple[Path | None, int, set[str]]:
        """Copy one result; return its folder, its bytes, and the digests of its inputs.

        The folder is ``None`` if the result is here under another name.

        Raises:
            ResultError: It is incomplete, or does not match its receipt.
            OSError: The place or the library fails.
        """
        at = f"{RESULTS}/{day}/{name}"
        found = self._place.read(f"{at}/{RECEIPT}", MAX_BYTES)
        if found is None:
            raise ResultError(f"its receipt is gone, or larger than {MAX_BYTES:,} bytes")
        try:
            receipt = Receipt.from_json(found.data)
        except SeedreamError as error:
            raise ResultError(str(error)) from error
        if asked and (receipt.key, receipt.backend) != asked:
            raise ResultError("it answers another request than it is known by")
        if self._has(receipt):
            return None, 0, set()
        stage = self._library._stage(f"pull-{uuid4().hex[:12]}")
        try:
            size = self._fetch_files(at, receipt, stage, there)
            (stage / RECEIPT).write_bytes(found.data)
            load_whole(stage)  # check it as strictly as when it is opened later
            folder, _ = self._library._commit(stage, receipt, receipt.prompt)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        return folder, size + len(found.data), set(_inputs(receipt))

    def _has(self, receipt: Receipt) -> bool:
        known = self._library._find(receipt.request_id)
        ours = known.receipt.images if known and known.receipt else []
        return bool(ours) and _pictures(ours) == _pictures(receipt.images)

    def _fetch_files(
        self, at: str, receipt: Receipt, stage: Path, there: dict[str, int] | None
    ) -> int:
        size = 0
        for image in _files(receipt):
            file, count = str(image.get("file")), image.get("bytes")
            if not _FILE.fullmatch(file) or not file.endswith(tuple(SUFFIXES.values())):
                raise ResultError(f"{file!r:.80} is not a valid name of a picture's file")
            most = min(count, LIMITS.max_read_bytes) if isinstance(count, int) else None
            if there is not None and f"{at}/{file}" not in there:
                raise ResultError(f"its file {file!r:.80} is not there")
            found = self._place.read(f"{at}/{file}", most or LIMITS.max_read_bytes)
            if found is None:
                raise ResultError(f"its file {file!r:.80} is gone, or larger than it may be")
            if "sha256" in image and hashlib.sha256(found.data).hexdigest() != image["sha256"]:
                raise ResultError(f"its file {file!r:.80} is damaged: its digest is another")
            (stage / file).write_bytes(found.data)
            size += len(found.data)
        return size

    def _fetch_inputs(self, digests: Iterable[str]) -> None:
        for digest in digests:
            if self._library._input_file(digest) is None:
                self.fetch_input(digest)

    def _read_manifest(self, name: str) -> bytes | None:
        found = self._place.read(f"batches/{name}/manifest.json", MANIFEST_BYTES)
        return found.data if found else None

    def _keep_manifest(self, inputs: set[str], name: str, data: bytes) -> None:
        inputs.update(_inputs_of(data))
        path = self._library.path / "batches" / name / "manifest.json"
        write_private(path, data, self._library.path)


def _manifests(
    names: Iterable[str],
    source: Callable[[str], bytes | None],
    target: Callable[[str], bytes | None],
    write: Callable[[str, bytes], None],
) -> tuple[int, list[str]]:
    """Copy batches that the target lacks, or that have fewer cells there than at the source."""
    copied, left = 0, []
    for name in names:
        try:
            data = source(name)
            cells = _cells_of(data)
            known = target(name)
            if data is None or cells is None:
                left.append(f"the batch {name!r:.80} is damaged")
            elif data == known:
                continue
            elif known is None or cells > (_cells_of(known) or {""}):
                write(name, data)
                copied += 1
            elif not cells <= (_cells_of(known) or set()):
                left.append(f"the batch {name!r:.80} asks for other cells at the other end")
        except OSError as error:
            left.append(f"the batch {name!r:.80}: {error!s:.200}")
    return copied, left


def _each(items: Mapping[str, T], work: Callable[[T], int]) -> tuple[list[int], list[str]]:
    """Do `work` for several items at once; failures are returned as sentences, by name."""

    def tried(name: str) -> int | str:
        try:
            return work(items[name])
        except (SeedreamError, OSError) as error:
            return f"{name!r:.80}: {error!s:.200}"

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        done = list(pool.map(tried, items))
    return [n for n in done if isinstance(n, int)], [each for each in done if isinstance(each, str)]


def _mirrored(place: Place, sizes: list[int], batches: int, left: list[str]) -> Mirrored:
    copied = [size for size in sizes if size]
    there = len(sizes) - len(copied)
    return Mirrored(place.address, len(copied), there, sum(copied), batches, tuple(left))


def read_manifest(library: Results, name: str) -> bytes | None:
    """Return a batch's manifest in a library, or ``None`` if there is none."""
    try:
        return read_file(str(library.path / "batches" / name / "manifest.json"), MANIFEST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _at(folder: Path) -> str:
    """Return the name of a result's folder, relative to the library or place."""
    return "/".join((RESULTS, *text_of(folder)))


def _known_by(key: str, backend: str) -> str:
    return f"done/{claim_name(key, backend)}"


def _cells_of(data: bytes | None) -> set[str] | None:
    """Return the names of a manifest's cells, or ``None`` if it is not valid."""
    try:
        return {str(cell["name"]) for cell in read_json(data or b"")["cells"]}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _inputs_of(data: bytes) -> set[str]:
    """Return the digests of the input images that a manifest's cells name."""
    with suppress(ValueError, TypeError, KeyError, RecursionError):
        return {digest for cell in read_json(data)["cells"] for digest in _digests(cell["inputs"])}
    return set()


def _inputs(receipt: Receipt) -> list[str]:
    """Return the digests of all images of a request, mask included."""
    return _digests([*receipt.inputs, receipt.settings.get("mask")])


def _files(receipt: Receipt) -> Iterable[dict[str, Any]]:
    """Yield a receipt's entry of each file, including the answers behind composed ones."""
    for image in receipt.images:
        yield image
        composed = image.get("composed")
        if isinstance(composed, dict) and isinstance(composed.get("answer"), dict):
            yield composed["answer"]


def _digests(described: Iterable[Any]) -> list[str]:
    found = (digest_of(each.get("sha256")) for each in described if isinstance(each, dict))
    return [each for each in found if each]


def _pictures(images: Iterable[dict[str, Any]]) -> list[Any]:
    return [(each.get("sha256"), each.get("bytes")) for each in images]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"

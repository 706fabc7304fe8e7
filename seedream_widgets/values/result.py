"""`Result`: images as untouched files, opened as PIL images when asked for."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
from dataclasses import InitVar, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, overload

from seedream_widgets.errors import (
    NoItemError,
    RequestError,
    ResultError,
    check_index,
    check_type,
    described,
    running_shell,
    whole_number,
)
from seedream_widgets.files import NAME_BYTES, file_name, user_path
from seedream_widgets.images.origins import ORIGIN, Origin
from seedream_widgets.late_imports import mime_bundle, relatives, submit_fresh
from seedream_widgets.values.marks import Marks, read_marks
from seedream_widgets.values.picture import picture
from seedream_widgets.values.receipt import UNKNOWN_PROMPT
from seedream_widgets.values.wording import missing_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path

    import numpy as np
    from PIL.Image import Image

    from seedream_widgets.images.compare import Difference
    from seedream_widgets.images.containers import Pieces
    from seedream_widgets.values.receipt import Receipt
    from seedream_widgets.values.request import Request

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "AVIF": ".avif", "GIF": ".gif"}
"""File suffix by Pillow format name, for the formats a result may have."""
_log = logging.getLogger(__name__)
_SUFFIX_BYTES = 12
"""Room for a file's suffix, and for a number before it where the name is taken."""
_USUAL_SUFFIXES = (*SUFFIXES.values(), ".bmp", ".tiff", ".pdf")
_LIKE_A_SUFFIX = re.compile(r"\.[a-z][a-z0-9]{1,4}", re.IGNORECASE)
"""Tells the name of a file from that of a folder: ``.heic`` is one, the ``.5`` of ``v4.5`` not."""


@dataclass(frozen=True)
class Timings:
    """Seconds spent waiting in fal's queue, generating, fetching, and in all."""

    queue: float
    generation: float
    fetch: float
    total: float


@dataclass(frozen=True)
class Composition:
    """How a model's answer was put into the marked region of the original, on this computer.

    Attributes:
        answer: The untouched file that the model answered.
        scale: How the answer lay on the original, horizontally and vertically.
        shift: Likewise, in pixels of the original.
        agreement: Correlation of answer and original outside the region once aligned, up to 1.
        aligned: Whether answer and original could be aligned; if not, it was used as it came.
        feather: Over how many pixels inside the region's edge the answer fades in.
    """

    answer: ResultImage
    scale: tuple[float, float]
    shift: tuple[float, float]
    agreement: float
    aligned: bool
    feather: int

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        pairs = {"scale": list(self.scale), "shift": list(self.shift)}
        return {**vars(self), "answer": self.answer.to_dict(), **pairs}


@dataclass(frozen=True)
class ResultImage:
    """One image of a result: the file as it came, and facts about it.

    Attributes:
        path: The untouched file.
        format: Pillow's name of the format, read from the bytes, such as ``"PNG"``.
        width: In pixels, read from the bytes.
        height: In pixels, read from the bytes.
        url: Where fal holds it; public to whoever has the URL. Empty for ``sync_mode``.
        data: The bytes themselves where no file could be written, else ``None``.
        byte_count: How many bytes came; ``None`` for a result kept by an early version.
        sha256: Hex digest of the bytes that came; empty where `byte_count` is ``None``.
        composed: For an edit with a mask, the model's own answer and how it was put into the
            original on this computer; else ``None``, and the file is as it came.
    """

    path: Path
    format: str
    width: int
    height: int
    url: str = ""
    data: bytes | None = field(default=None, repr=False, compare=False)
    byte_count: int | None = field(default=None, repr=False)
    sha256: str = field(default="", repr=False)
    composed: Composition | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return its entry in a receipt, as a JSON-ready dict."""
        said = {
            "file": self.path.name,
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "bytes": self.byte_count,
            "sha256": self.sha256,
            "url": self.url,
        }
        return said | ({"composed": self.composed.to_dict()} if self.composed else {})

    @property
    def _source(self) -> bytes | Path:
        """What a preview is made from: the file, or the bytes if no file could be written."""
        return self.path if self.data is None else self.data

    def within(self, folder: Path) -> ResultImage:
        """Return it with its path in another folder."""
        composed = self.composed
        if composed is not None:
            composed = replace(composed, answer=composed.answer.within(folder))
        return replace(self, path=folder / self.path.name, composed=composed)

    def in_memory(self) -> ResultImage:
        """Return it with its bytes loaded."""
        composed = self.composed
        if composed is not None:
            composed = replace(composed, answer=composed.answer.in_memory())
        return replace(self, data=self.read_bytes(), composed=composed)

    @property
    def pil(self) -> Image:
        """A PIL image of the untouched file, decoded when first used.

        Each access returns a new image, which you may change and share between threads. A notebook
        shows it as a preview of at most 120 KB.

        Raises:
            ResultError: It is not an image of the formats that a result may have.
        """
        from PIL import Image, UnidentifiedImageError

        try:
            # In a stranger's library this file may be anything, and Pillow would start
            # Ghostscript on PostScript.
            image = Image.open(io.BytesIO(self.read_bytes()), formats=tuple(SUFFIXES))
        except UnidentifiedImageError as error:
            raise ResultError(
                f"{self.path} is not a {', '.join(SUFFIXES)} image that Pillow can read; it was "
                "damaged or changed since it came",
                billing="yes",
            ) from error
        if self.sha256:
            image.info[ORIGIN] = self.sha256
        made: Image.Image = picture(image)
        return made

    def read_bytes(self) -> bytes:
        """Return the untouched bytes.

        Raises:
            ResultError: The file is gone, or is not what came.
        """
        if self.data is not None:
            return self.data
        try:
            data = self.path.read_bytes()
        except FileNotFoundError as error:
            raise ResultError(
                f"{self.path} is gone: it was deleted or moved. If it was moved, PIL.Image.open() "
                "opens it where it is now",
                billing="yes",
            ) from error
        except OSError as error:
            raise ResultError(
                f"{self.path} can't be read ({error.strerror}); make it readable, or open a copy "
                "of it with PIL.Image.open()",
                billing="yes",
            ) from error
        if self.sha256 and hashlib.sha256(data).hexdigest() != self.sha256:
            raise ResultError(
                f"{self.path} is not the file that came: it was damaged or changed since. "
                "PIL.Image.open() opens what is left of it",
                billing="yes",
            )
        return data

    def check(self) -> None:
        """Read the file to its end, and check that it is what came, or at least a whole image.

        Raises:
            ResultError: It is gone, incomplete or damaged.
        """
        if self.data is not None or self.sha256:
            self.read_bytes()
            return
        from PIL import Image

        try:
            with Image.open(self.path, formats=[self.format]) as image:
                # A PNG has checksums; other formats have to be decoded.
                image.verify() if self.format == "PNG" else image.load()
        except Exception as error:  # Pillow's decoders raise anything
            raise ResultError(f"{self.path} is damaged ({error})", billing="yes") from error

    def __seedream_images__(self) -> tuple[bytes, ...]:
        return (self.read_bytes(),)

    def __seedream_origins__(self) -> tuple[Origin, ...]:
        return (Origin(self.sha256),)

    @property
    def media_type(self) -> str:
        """The media type, such as ``"image/png"``."""
        return f"image/{self.format.lower()}"

    def save(self, target: str | Path, receipt: str = "") -> Path:
        """Write to `target`: with untouched pixels if its suffix fits, else converted by Pillow.

        Args:
            target: A file name with a suffix, such as ``"fox.png"``.
            receipt: JSON text to put into the file; by default none.

        Raises:
            RequestError: Pillow can't write files of that suffix here.
        """
        target = user_path(target, "target")
        check_type(receipt, str, "receipt", "a receipt as JSON text: receipt.to_json()")
        format_name = _writes(target)
        data = self.read_bytes() if format_name == self.format else self._converted(target)
        with open(target, "wb") as file:
            file.writelines(_carry(data, receipt))
        return target

    def _converted(self, target: Path) -> bytes:
        from seedream_widgets.images.metadata import orientation_of
        from seedream_widgets.images.pixels import changes_colours, on_white, to_rgb, upright

        format_name, file, image = _writes(target), io.BytesIO(), self.pil
        options: dict[str, Any] = {}
        if format_name in ("JPEG", "MPO"):
            options = {"quality": 95, "subsampling": 0}
        if format_name == "ICO":
            options = {"sizes": [(min(self.width, 256), min(self.height, 256))]}
        try:
            image.load()
            if (turn := orientation_of(image.info)) != 1:  # most formats are written without it
                told, image = image.info, upright(image, turn)
                kept = ("icc_profile", "transparency")
                image.info = {name: told[name] for name in kept if name in told}
            if format_name not in ("PNG", "TIFF") and changes_colours(image):  # or a profile
                image = to_rgb(image)
            if format_name in ("JPEG", "MPO", "PDF", "PPM", "EPS", "PCX"):
                image = on_white(image)  # else transparent parts would turn black
            image.save(file, format_name, **options)
        except Exception as error:  # each of Pillow's writers raises its own
            raise _unwritable(target, str(error)) from error
        return file.getvalue()


def _writes(target: Path) -> str:
    """Return Pillow's name for the format of a file's suffix.

    Raises:
        RequestError: Pillow does not know the suffix, or can't write that format here.
    """
    from PIL import Image

    format_name = Image.registered_extensions().get(target.suffix.lower(), "")
    if format_name not in Image.SAVE:
        raise _unwritable(target, f"Pillow can't write {target.suffix} files here")
    return format_name


def _unwritable(target: Path, reason: str) -> RequestError:
    from PIL import Image

    known = [suffix for suffix in _USUAL_SUFFIXES if suffix in Image.registered_extensions()]
    return RequestError(
        f"target, {target.name!r:.90}: {' '.join(reason.split())[:150]}; end it with "
        f"{', '.join(known)} or another suffix that Pillow writes. For a folder of that name, "
        "end it with a slash",
        field="target",
        value=str(target),
    )


class Relatives(Protocol):
    """The line of a result; see `library.lineage`."""

    @property
    def parents(self) -> tuple[Result, ...]:
        """The results that its inputs are pictures of."""
        ...

    @property
    def children(self) -> tuple[Result, ...]:
        """The results made of its pictures."""
        ...

    @property
    def ancestors(self) -> tuple[Result, ...]:
        """Its parents, their parents and so on, the nearest first."""
        ...


def image_id(request_id: str, index: int) -> str:
    """Return a picture's id, on the page and in the kernel: ``<request id>:<number from 0>``."""
    return f"{request_id}:{index}"


def image_of(name: str) -> tuple[str, int]:
    """Return the request id and the number that a picture's id holds.

    Raises:
        RequestError: It is not such an id.
    """
    request_id, _, index = name.rpartition(":")
    if not request_id or not index.isascii() or not index.isdigit() or len(index) > 4:
        raise RequestError(
            f"image_id takes <request id>:<number>, got {name!r:.80}", field="image_id", value=name
        )
    return request_id, int(index)


class Awaited(Protocol):
    """A job, as far as a `Result` needs it that has its request sent again."""

    def result(self) -> Result:
        """Wait for it."""
        ...


@dataclass(frozen=True, eq=False)
class Result:
    """The images that one request gave, and how they came to be.

    Attributes:
        request: What was asked for.
        request_id: fal's id of the request.
        files: One `ResultImage` for each image, in fal's order.
        seed: The seed that the backend says it used; ``None`` if it reported none, or if the model
            takes no seed, so that it could not be used again.
        timings: How long it waited, ran and was fetched.
        backend: ``"fal"`` or ``"offline"``; offline pictures are not Seedream's.
        created: When it was complete, UTC.
        receipt: All of that and more as data, which `save` puts into the files.
        cached: Whether it came from the library, without a request to fal and at no cost.
        billable_units: How many images fal says it bills; ``None`` where it did not say.
        extra: Fields of fal's answer that this version does not know.
        note: What went wrong when it was written to disk or put into a marked region, as a
            sentence, or ``None``.
        _again: Submits a request again, where a client made this result.
    """

    request: Request
    request_id: str
    files: tuple[ResultImage, ...]
    seed: int | None
    timings: Timings
    backend: str
    created: datetime
    receipt: Receipt | None = None
    cached: bool = False
    note: str | None = None
    billable_units: Decimal | None = None
    extra: dict[str, Any] | None = field(default=None, repr=False)
    _again: InitVar[Callable[[Request], Awaited] | None] = None  # no data: `asdict` leaves it out

    ndim = 0
    """Tells pandas to take a result in a list for one value, not for a list of pictures."""

    def __post_init__(self, _again: Callable[[Request], Awaited] | None) -> None:
        object.__setattr__(self, "_again", _again)

    def __getstate__(self) -> dict[str, Any]:
        # A client has locks and connections, which can be neither copied nor pickled.
        return {**self.__dict__, "_again": None}

    @property
    def images(self) -> tuple[Image, ...]:
        """The PIL images, new ones at each access, decoded from the untouched files when used."""
        return tuple(file.pil for file in self.files)

    @property
    def image(self) -> Image:
        """The first PIL image, a new one at each access: keep it in a variable to use it often."""
        return self.files[0].pil

    @property
    def arrays(self) -> tuple[np.ndarray[Any, Any], ...]:
        """The images as uint8 arrays of shape (height, width, 3 or 4); needs numpy."""
        import numpy as np

        def rgb(image: Image) -> Image:
            return image if image.mode in ("RGB", "RGBA") else image.convert("RGB")

        return tuple(np.array(rgb(image)) for image in self.images)

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[Image]:
        return (file.pil for file in self.files)

    @overload
    def __getitem__(self, which: int) -> Image: ...
    @overload
    def __getitem__(self, which: slice) -> tuple[Image, ...]: ...
    def __getitem__(self, which: int | slice) -> Image | tuple[Image, ...]:
        check_index(which, "the number of an image, 0 is the first, or a slice, as result[0]")
        try:
            files = self.files[which]
        except IndexError:
            raise NoItemError(
                f"no image of index {described(whole_number(which))}: this result has "
                f"{len(self)} image{'' if len(self) == 1 else 's'}, 0 is the first",
                field="index",
                value=which,
            ) from None
        return tuple(file.pil for file in files) if isinstance(files, tuple) else files.pil

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return the one image as an array, for ``np.asarray(result)`` and ``plt.imshow(result)``.

        Raises:
            RequestError: There are several: take one of ``result.arrays``.
        """
        if len(self.files) != 1:
            raise RequestError(
                f"this result has {len(self.files)} images and an array holds one; take "
                "result.arrays[0], or show them with sd.show(result)",
                field="images",
            )
        (array,) = self.arrays
        return array if dtype is None else array.astype(dtype)

    @property
    def favourite(self) -> bool:
        """Whether it is marked as a favourite; ``sd.library.favourite(result)`` marks it."""
        return self._marks.favourite

    @property
    def rating(self) -> int:
        """Its rating, 1 to 5, or 0 for none; ``sd.library.rate(result, 4)`` gives one."""
        return self._marks.rating

    @property
    def _marks(self) -> Marks:
        return read_marks(str(self.files[0].path.parent))

    def difference(self, other: Result | Image, image: int = 0, *, unequal: str = "") -> Difference:
        """Compare one image of this result with one of another, pixel by pixel.

        Args:
            other: Another result, of which the image of the same number is taken, or a PIL image.
            image: Which image, from 0.
            unequal: What to do if their sizes differ: ``"fit"`` scales the other until it fills
                this one, ``"crop"`` cuts both to the part they share; by default it is an error.

        Raises:
            RequestError: Their sizes differ, or there is no such image.
        """
        from PIL.Image import Image as PilImage

        from seedream_widgets.images.compare import difference

        check_type(other, (Result, PilImage), "other", "another result or a PIL image")
        check_type(image, int, "image", "the number of an image, 0 is the first")
        pictures = [self, other] if isinstance(other, Result) else [self]
        if any(not 0 <= image < len(result.files) for result in pictures):
            raise RequestError(
                f"image takes the number of an image that both results have, from 0, got "
                f"{described(image)}",
                field="image",
                value=image,
            )
        second = other.files[image].pil if isinstance(other, Result) else other
        found = difference(self.files[image].pil, second, unequal)
        return replace(found, image=picture(found.image))

    def __seedream_images__(self) -> tuple[bytes, ...]:
        return tuple(file.read_bytes() for file in self.files)

    def __seedream_origins__(self) -> tuple[Origin, ...]:
        return tuple(
            Origin(file.sha256, self.request_id, number)
            for number, file in enumerate(self.files, 1)
        )

    @property
    def lineage(self) -> Relatives:
        """Where its pictures came from, and what was made of them.

        ``print(result.lineage)`` names for each input image the result that it came from, even if
        it went through PIL or a file, or if that result was deleted since. Both the library that
        holds this result and the session's are searched.
        """
        lineage: Relatives = relatives(self)
        return lineage

    @property
    def parents(self) -> tuple[Result, ...]:
        """The results whose pictures were its inputs, each once, in the inputs' order.

        Deleted results are left out; ``result.lineage`` still names them.
        """
        return self.lineage.parents

    @property
    def children(self) -> tuple[Result, ...]:
        """The results that had one of its pictures as an input, oldest first."""
        return self.lineage.children

    def save(self, target: str | Path, *, receipt: bool = True) -> tuple[Path, ...]:
        """Write the images to a folder or a file and return their paths.

        The receipt goes into PNG, JPEG and WebP files, pixels untouched; `sd.read_receipt`
        brings it back, and so does dropping the file on the widget's prompt.

        Args:
            target: A folder, or a file name with a suffix. In a folder the files are named after
                prompt and seed, and no file is overwritten. A file of the given name is
                overwritten; several images are numbered (``fox-1.png``). Pixels stay untouched
                if the suffix fits; otherwise Pillow converts, to any format that it writes. End a
                new folder's name with a slash if it looks like a file's (``foxes.old/``).
            receipt: Whether to put the receipt, prompt included, into the files.

        Raises:
            RequestError: There is no home or working folder to find `target` from, or Pillow
                can't write files of that suffix.
            OSError: It can't be written.
        """
        path = user_path(target, "target")
        is_folder = path.is_dir() or str(target).endswith(("/", os.sep))
        is_folder = is_folder or not _LIKE_A_SUFFIX.fullmatch(path.suffix)
        if not is_folder:
            _writes(path)  # before anything is made
        (path if is_folder else path.parent).mkdir(parents=True, exist_ok=True)
        saved = []
        for number, file in enumerate(self.files, 1):
            if is_folder:
                own = _free(path / f"{self._file_stem(number)}{SUFFIXES[file.format]}")
            else:
                own = path if len(self) == 1 else path.with_stem(f"{path.stem}-{number}")
            saved.append(file.save(own, self._receipt_json(number) if receipt else ""))
        return tuple(saved)

    def _file_stem(self, number: int) -> str:
        """Return a file name without suffix for the image `number`, counted from 1.

        A prompt that is not to be stored is left out of file names, too.
        """
        seed = "" if self.seed is None else f"-{self.seed}"
        return file_name(self.prompt, f"{seed}-{number}", NAME_BYTES - _SUFFIX_BYTES)

    @property
    def prompt(self) -> str:
        """The prompt as it may be shown and stored: empty where it is not to be stored."""
        return self.receipt.prompt if self.receipt else self.request.prompt

    def _file_bytes(self, index: int) -> bytes:
        """Return one image's file with the receipt in it, as `save` writes it."""
        return b"".join(_carry(self.files[index].read_bytes(), self._receipt_json(index + 1)))

    def _receipt_json(self, number: int) -> str:
        """Return the receipt that goes into the file of the image `number`, counted from 1."""
        return self.receipt.to_json(image=number) if self.receipt else ""

    @property
    def missing(self) -> int:
        """How many of the pictures asked for did not come; 0 where all did.

        ``max_images`` is an upper limit: a set often has fewer pictures.
        """
        return max(0, self.request.images_range[1] - len(self.files))

    def vary(self, **changes: Any) -> Result:
        """Send the request again with another seed, at full price, and wait for the result.

        Args:
            **changes: Arguments of `Request` to change: ``image_size="1:1 4K"`` for a larger
                picture, ``prompt=...``, or ``seed=result.seed`` to keep the seed.

        Raises:
            RequestError: The prompt was not stored, or an argument is not accepted.
        """
        self._check_prompt("prompt" in changes)
        again = replace(self.request, **{"seed": None, "draw": None, **changes})
        return self._submit(again).result()

    def ask_for_missing(self) -> Result:
        """Ask for the pictures of a set that did not come, and wait for them; they are billed.

        Those that came are sent as reference images, as many as the model takes, so that the new
        ones match them.

        Raises:
            RequestError: None is missing, or the prompt was not stored.
        """
        if not self.missing:
            raise RequestError(
                f"all {len(self)} pictures came; result.vary() asks for others", field="missing"
            )
        self._check_prompt()
        return self._submit(self._request_for_missing()).result()

    def _request_for_missing(self) -> Request:
        request, missing = self.request, self.missing
        plain = replace(request, seed=None, draw=None, max_images=1, num_images=missing)
        if request.mask is not None:
            return plain
        try:
            given: Any = (*request.images, self.files[0])
            endpoint = replace(plain, images=given).endpoint
            room = endpoint.max_inputs - len(request.images)
            if endpoint.max_inputs_and_outputs:
                room = min(room, endpoint.max_inputs_and_outputs - len(request.images) - missing)
            came = self.files[: max(0, room)]
            first = len(request.images) + 1
            asked = len(self) + missing
            if not came:
                return plain
            given = (*request.images, *came)
            words = missing_words(request.prompt, asked, first, len(came))
            return replace(plain, images=given, prompt=words)
        except RequestError:  # the model takes no references, or no more of them
            return plain

    def _submit(self, request: Request) -> Awaited:
        submit: Callable[[Request], Awaited] = self.__dict__["_again"] or submit_fresh
        return submit(request)

    def _check_prompt(self, given: bool = False) -> None:
        if self.request.prompt == UNKNOWN_PROMPT and not given:
            raise RequestError(
                "the prompt of this result was not stored, so it can't be asked for again; submit "
                "a request with the prompt",
                field="prompt",
            )

    def verify_seed(self) -> SeedCheck:
        """Ask again with the same seed, at full price, and tell whether the pictures are the same.

        For a result from the library the session's default client asks; for another client, call
        ``client.verify_seed(result)``.

        Raises:
            RequestError: No seed is known, or the prompt was not stored.
        """
        return check_seed(self, self._submit)

    def as_code(self) -> str:
        """Return the Python that repeats it; running it gives an equal `Request`, no key in it."""
        from seedream_widgets.values.code import as_code

        return as_code(self.request, self._library_path)

    @property
    def _library_path(self) -> Path | None:
        """The folder of the library that holds it, if one does."""
        parents = self.files[0].path.parents  # <library>/results/<day>/<result>/<file>
        return parents[3] if len(parents) > 3 and parents[2].name == "results" else None

    def __repr__(self) -> str:
        file = self.files[0]
        asked = len(self) + self.missing
        count = f"{len(self)} of {asked} images" if self.missing else f"{len(self)} image"
        plural = "s" * (len(self) > 1 and not self.missing)
        sizes = f"{count}{plural} {file.width}x{file.height}"
        offline = ", offline preview (not Seedream)" if self.backend == "offline" else ""
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"<Result {sizes}{seed}{offline}: {self.prompt[:60]!r}>"

    def _shown(self) -> None:
        """Note that the running cell has shown it, so that it is not shown there twice."""
        object.__setattr__(self, "_cell", _running_cell())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        cell = getattr(self, "_cell", None)
        if cell is not None and cell == _running_cell():
            return {"text/plain": repr(self)}
        return {"text/plain": repr(self), **mime_bundle("result_bundle", self)}


def _running_cell() -> int | None:
    """Return the number of the cell that IPython runs, where there is one."""
    return getattr(running_shell(), "execution_count", None)


def _carry(data: bytes, receipt: str) -> Pieces:
    """Return, in pieces, a file with a receipt in it; unchanged if its format can't hold one."""
    from seedream_widgets.images.receipts import embed_pieces

    try:
        return embed_pieces(data, receipt) if receipt else [data]
    except RequestError as error:
        _log.warning("saved without its receipt: %s", error)
        return [data]


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


@dataclass(frozen=True)
class SeedCheck:
    """The outcome of sending a request again with the same seed.

    Attributes:
        same: Whether as many pictures came and every pixel is equal.
        different: The numbers, from 1, of the pictures that differ or came only once.
        result: What came the second time; it was paid for like the first.
    """

    same: bool
    different: tuple[int, ...]
    result: Result

    def __str__(self) -> str:
        if self.same:
            return "the same seed gave the same pixels, this time"
        numbers = ", ".join(map(str, self.different))
        return f"the same seed gave other pixels (image {numbers})"


def check_seed(result: Result, submit: Callable[[Request], Awaited]) -> SeedCheck:
    """Ask again with the seed of `result` and compare pixel by pixel.

    Raises:
        RequestError: It is not a result, no seed is known, or the prompt was not stored.
    """
    check_type(result, Result, "result", "a Result, such as sd.generate returns")
    if result.request.prompt == UNKNOWN_PROMPT:
        raise RequestError(
            "the prompt of this result was not stored, so it can't be asked for again; submit a "
            f"request with the prompt and seed={result.seed}",
            field="prompt",
        )
    if result.seed is None:
        raise RequestError(
            "the backend reported no seed for this result, so there is none to check", field="seed"
        )
    again = submit(replace(result.request, seed=result.seed)).result()
    pairs = max(len(result), len(again))
    different = tuple(n + 1 for n in range(pairs) if not _equal(result, again, n))
    return SeedCheck(not different, different, again)


def _equal(first: Result, second: Result, index: int) -> bool:
    if index >= min(len(first), len(second)):
        return False
    one, two = (result.files[index].pil for result in (first, second))
    return (one.mode, one.size, one.tobytes()) == (two.mode, two.size, two.tobytes())

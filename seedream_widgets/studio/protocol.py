"""The messages between page and kernel: what each holds, and how an untrusted one is read.

Every message of the page carries an `id` and is answered by exactly one `reply` or `error`.
``tests/messages/`` holds one golden file a message, read by the front end's tests as well.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NewType, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_TEXT = 200
MAX_ADDRESS = 8000
MAX_LIST = 100
Address = NewType("Address", str)
"""A text of at most `MAX_ADDRESS` characters."""
Ids = NewType("Ids", tuple[str, ...])
"""Up to `MAX_IDS` ids, as one selection may hold."""
MAX_IDS = 10_000
PURPOSES = ("reference", "restore")
"""What an upload is for: to become an input image, or to fill the form from its receipt."""


class ProtocolError(ValueError):
    """A message of the page is malformed."""


@dataclass(frozen=True)
class Message:
    """The base of what the page sends; `kind` is its name on the wire."""

    kind: ClassVar[str]
    id: str

    def __init_subclass__(cls, *, kind: str) -> None:
        cls.kind = kind


@dataclass(frozen=True)
class Submit(Message, kind="submit"):
    """The click: it carries the whole form, as traits are debounced and may be late.

    Attributes:
        form: The form's fields.
        terms: The backend and the highest cost that the button showed; see `Terms`.
        pressed: When it was pressed, in milliseconds since 1970 on the page's clock; 0 if unknown.
    """

    form: dict[str, Any]
    terms: dict[str, Any] | None = None
    pressed: int = 0


@dataclass(frozen=True)
class Cancel(Message, kind="cancel"):
    """Cancel a job."""

    job_id: str


@dataclass(frozen=True)
class Forget(Message, kind="forget"):
    """Dismiss a finished job's card."""

    job_id: str


@dataclass(frozen=True)
class ShowAgain(Message, kind="show_again"):
    """Bring back a dismissed card."""

    job_id: str


@dataclass(frozen=True)
class Sync(Message, kind="sync"):
    """Ask for the newest cards and the number of the last change.

    Attributes:
        since: The last change that the page knows; the answer has only later ones.
    """

    since: int | None = None


@dataclass(frozen=True)
class Older(Message, kind="older"):
    """Ask for a page of older cards, at places below `before`."""

    before: int


@dataclass(frozen=True)
class Ledger(Message, kind="ledger"):
    """Ask for the sums spent, the limits, and the last requests with their costs."""


@dataclass(frozen=True)
class Grid(Message, kind="grid"):
    """Ask for the axes and cells of a sheet."""


@dataclass(frozen=True)
class Ballot(Message, kind="vote"):
    """Vote for one of two cells; without names, begin a vote."""

    better: str = ""
    other: str = ""


@dataclass(frozen=True)
class RunBatch(Message, kind="ask"):
    """Run a sheet's batch: send the cells without a result.

    Attributes:
        retry: Whether to send cells again that may have been billed.
        cells: How many requests the button said it would send.
        terms: The backend and the highest cost that the button showed; see `Terms`.
        pressed: When it was pressed; see `Submit`.
    """

    retry: bool
    cells: int
    terms: dict[str, Any]
    pressed: int = 0


@dataclass(frozen=True)
class Stop(Message, kind="stop"):
    """Cancel the running cells of a sheet's batch."""


@dataclass(frozen=True)
class Export(Message, kind="export"):
    """Ask for the whole sheet as one file.

    Attributes:
        format: ``"png"`` or ``"html"``.
        x: The axis that runs across the grid; "" for the last one.
        fit: Whether to scale the pictures so that the PNG is not too large to open.
    """

    format: str
    x: str = ""
    fit: bool = False

    def __post_init__(self) -> None:
        if self.format not in ("png", "html"):
            raise ProtocolError("format must be png or html")


@dataclass(frozen=True)
class Write(Message, kind="write"):
    """Set traits that are kept out of saved notebooks because prompts are not stored."""

    traits: dict[str, Any]


@dataclass(frozen=True)
class Upload(Message, kind="upload"):
    """Announce a file; the reply says at which byte to start sending it."""

    upload_id: str
    name: str
    size: int
    media_type: str = ""
    purpose: str = "reference"

    def __post_init__(self) -> None:
        if self.purpose not in PURPOSES:
            raise ProtocolError(f"purpose must be one of {', '.join(PURPOSES)}")


@dataclass(frozen=True)
class Chunk(Message, kind="chunk"):
    """Bring the file's bytes from `offset` on, in one binary buffer."""

    upload_id: str
    offset: int


@dataclass(frozen=True)
class Probe(Message, kind="probe"):
    """Ask how many bytes of a file have been received."""

    upload_id: str


@dataclass(frozen=True)
class Abandon(Message, kind="abandon"):
    """Cancel an upload."""

    upload_id: str


@dataclass(frozen=True)
class Arrange(Message, kind="arrange"):
    """Set the references to these ids, in this order.

    Attributes:
        references: The ids.
        sized: Whether the size was set together with them, so that it must not follow image 1.
    """

    references: tuple[str, ...]
    sized: bool = False


@dataclass(frozen=True)
class UseResult(Message, kind="use_result"):
    """Append an image of a result to the references.

    Attributes:
        image_id: Which picture.
        exact: Whether to keep every pixel of it, as an edit of a marked region needs.
    """

    image_id: str
    exact: bool = False


@dataclass(frozen=True)
class AskAgain(Message, kind="ask_again"):
    """Set the form to ask for a picture of a result again; nothing is sent.

    Attributes:
        image_id: Which picture.
        how: ``"reuse"`` unchanged, ``"vary"`` with another seed, ``"large"`` in 4K, ``"missing"``
            for the pictures of a set that did not come.
    """

    image_id: str
    how: str


@dataclass(frozen=True)
class UseAddress(Message, kind="use_address"):
    """Append an image dragged in from another page to the references, by its address."""

    url: Address


@dataclass(frozen=True)
class GetPreview(Message, kind="preview"):
    """Ask for a small picture of a result image or a reference."""

    target: str
    edge: int


@dataclass(frozen=True)
class Original(Message, kind="original"):
    """Ask for the untouched file of a result image."""

    image_id: str


@dataclass(frozen=True)
class Browse(Message, kind="browse"):
    """Ask for a page of the library's pictures, newest first.

    Attributes:
        query: Words to find in the prompts.
        filters: Any of `since` and `until` (days such as ``"2026-11-28"``), `model`, `kind`,
            `favourite`, `rating` (at least), `fewer` (fewer images came than asked for), `session`
            (made in this session), `collection` (its name).
        offset: How many pictures to skip.
        count: The most pictures to return, up to 200.
        find: The id of a picture whose position to return as well; "" for none.
        days: Whether to return how many pictures each day has.
    """

    query: str
    filters: dict[str, Any]
    offset: int
    count: int
    find: str = ""
    days: bool = False


@dataclass(frozen=True)
class Pick(Message, kind="pick"):
    """Ask for only the ids of up to 10,000 pictures, to select a range of them."""

    query: str
    filters: dict[str, Any]
    offset: int
    count: int


@dataclass(frozen=True)
class Pictures(Message, kind="pictures"):
    """Ask for the facts of pictures of the library."""

    image_ids: tuple[str, ...]


@dataclass(frozen=True)
class Mark(Message, kind="mark"):
    """Mark results as favourites or rate them; `None` changes nothing.

    Attributes:
        results: Request ids.
        favourite: Whether they become favourites.
        rating: 1 to 5, or 0 for none.
    """

    results: Ids
    favourite: bool | None = None
    rating: int | None = None


@dataclass(frozen=True)
class Delete(Message, kind="trash"):
    """Move results into the library's trash."""

    results: Ids


@dataclass(frozen=True)
class Restore(Message, kind="restore"):
    """Bring results back from the trash."""

    results: Ids


@dataclass(frozen=True)
class Collect(Message, kind="collect"):
    """Add results to a collection, or take them out of it."""

    collection: str
    results: Ids
    remove: bool = False


@dataclass(frozen=True)
class Resume(Message, kind="resume"):
    """Resume the requests that earlier sessions left unfinished."""


@dataclass(frozen=True)
class Code(Message, kind="code"):
    """Ask for Python code that repeats a job, or the requests of pictures."""

    job_id: str = ""
    image_ids: Ids = Ids(())


@dataclass(frozen=True)
class Archive(Message, kind="archive"):
    """Ask for a ZIP of pictures with their receipts."""

    image_ids: Ids


@dataclass(frozen=True)
class Look(Message, kind="look"):
    """Tell which pictures the viewer shows, to decode them ahead; none when it is closed."""

    targets: tuple[str, ...]


@dataclass(frozen=True)
class Region(Message, kind="region"):
    """Ask for a part of a picture, given in its pixels, scaled to at most the `to_` size."""

    target: str
    left: int
    top: int
    width: int
    height: int
    to_width: int
    to_height: int


@dataclass(frozen=True)
class GetReceipt(Message, kind="receipt"):
    """Ask for the facts of a picture: rows of a name and a text, its inputs, and its lineage."""

    target: str


@dataclass(frozen=True)
class GetDifference(Message, kind="difference"):
    """Ask how much two pictures differ; `unequal` as in `images.compare.difference`."""

    first: str
    second: str
    unequal: str = ""


_CLASSES = {each.kind: each for each in Message.__subclasses__()}


class Picture(TypedDict):
    """One picture as the page knows it, whoever made it."""

    id: str
    result: str
    index: int
    count: int
    width: int
    height: int
    prompt: str
    asked: int | None
    favourite: bool
    rating: int
    error: str | None


class Card(TypedDict):
    """One job as the page shows it; `place` is its order, where higher is newer."""

    id: str
    place: int
    state: str
    text: str
    prompt: str
    offline: bool
    created: int
    finished: int | None
    progress: float | None
    log: str | None
    size: list[int] | None
    num_images: int
    max_images: int
    seed: int | None
    cost: str | None
    cached: bool
    clicked: bool
    note: str | None
    images: list[dict[str, Any]]
    error: dict[str, str | None] | None
    form: dict[str, Any]


def read(content: object) -> Message:
    """Read one message of the page.

    Raises:
        ProtocolError: It is not a known message, or a field is missing or of a wrong type.
    """
    if not isinstance(content, dict):
        raise ProtocolError("a message must be a JSON object")
    message_class = _CLASSES.get(str(content.get("kind")))
    if message_class is None:
        raise ProtocolError(f"unknown kind {content.get('kind')!r:.40}")
    values: dict[str, Any] = {}
    for field in fields(message_class):
        if field.name in content:
            values[field.name] = _READERS[str(field.type)](field.name, content[field.name])
        elif field.default is MISSING:
            raise ProtocolError(f"{message_class.kind} lacks {field.name}")
    return message_class(**values)


def _text(name: str, value: object, most: int = MAX_TEXT) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ProtocolError(f"{name} must be a text of at most {most} characters")
    return value


def _whole_number(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ProtocolError(f"{name} must be a whole number, 0 or more")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ProtocolError(f"{name} must be true or false")
    return value


def _or_none(read: Callable[[str, object], Any]) -> Callable[[str, object], Any]:
    return lambda name, value: None if value is None else read(name, value)


def _texts(name: str, value: object, most: int = MAX_LIST) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise ProtocolError(f"{name} must be a list of at most {most}")
    return tuple(_text(name, each) for each in value)


def _object(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > MAX_LIST:
        raise ProtocolError(f"{name} must be an object")
    return value


_READERS: dict[str, Callable[[str, object], Any]] = {
    "str": _text,
    "Address": partial(_text, most=MAX_ADDRESS),
    "int": _whole_number,
    "tuple[str, ...]": _texts,
    "dict[str, Any]": _object,
    "dict[str, Any] | None": _or_none(_object),
    "bool": _flag,
    "bool | None": _or_none(_flag),
    "int | None": _or_none(_whole_number),
    "Ids": partial(_texts, most=MAX_IDS),
}

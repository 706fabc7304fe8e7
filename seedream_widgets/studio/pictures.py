"""Pages of the library's pictures as the page gets them, with the facts of each picture."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import RequestError
from seedream_widgets.library.folder import read_receipt
from seedream_widgets.money.pricing import shown
from seedream_widgets.studio.protocol import MAX_IDS, MAX_TEXT, ProtocolError
from seedream_widgets.values.result import image_id, image_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seedream_widgets.library import Entry, Library, Search
    from seedream_widgets.library.pages import Listing
    from seedream_widgets.studio.protocol import Browse, Pick, Picture

MOST = 200
"""The most pictures in one answer."""
_PROMPT = 600
"""How many characters of a prompt an answer holds: its beginning and its end."""
_FILTERS = {
    "since": str,
    "until": str,
    "model": str,
    "kind": str,
    "favourite": bool,
    "rating": int,
    "fewer": bool,
    "session": bool,
    "collection": str,
}


def kept_search(asked: object) -> dict[str, Any]:
    """Return the search that a studio's gallery begins with, from the one that was kept.

    Unknown filters are left out, and so is "this session", which would be another one now.

    Args:
        asked: ``query`` and ``filters`` as they were kept; untrusted.
    """
    about = asked if isinstance(asked, dict) else {}
    words, filters = about.get("query"), about.get("filters")
    known = {
        name: value
        for name, value in (filters.items() if isinstance(filters, dict) else ())
        if name != "session" and value and type(value) is _FILTERS.get(name) and _is_short(value)
    }
    return {"query": words if isinstance(words, str) and _is_short(words) else "", "filters": known}


def _is_short(value: object) -> bool:
    return not isinstance(value, str) or len(value) <= MAX_TEXT


def search_for(
    library: Library, asked: Browse | Pick, session: Iterable[str], within: Search | None = None
) -> Search:
    """Return the search that a message asks for.

    Args:
        library: The library to search.
        asked: Words and filters; untrusted.
        session: Request ids of this session's results.
        within: The search that a gallery is limited to, if it is.

    Raises:
        ProtocolError: A filter is unknown, or of a wrong type.
        RequestError: A filter's value does not exist.
    """
    filters = {name: value for name, value in asked.filters.items() if value is not None}
    for name, value in filters.items():
        wanted = _FILTERS.get(name)
        if wanted is None or type(value) is not wanted:
            raise ProtocolError(f"filters.{name!r:.40} is unknown or of a wrong type")
        if not _is_short(value):
            raise ProtocolError(f"filters.{name} must have at most {MAX_TEXT} characters")
    groups = []
    if filters.pop("session", False):
        groups.append(set(session))
    if (collection := filters.pop("collection", None)) is not None:
        groups.append(set(library.collections[collection].ids))
    among = set.intersection(*groups) if groups else None
    search = library.search(asked.query, among=among, **filters)
    return search if within is None else search.within(within)


def answer_browse(library: Library, listing: Listing, asked: Browse) -> dict[str, Any]:
    """Return the answer to a `Browse` of a listing."""
    place = None
    with suppress(RequestError):
        place = listing.place(*image_of(asked.find)) if asked.find else None
    receipts: dict[str, dict[str, Any]] = {}
    pictures = listing.pictures(asked.offset, min(asked.count, MOST))
    answer: dict[str, Any] = {
        "total": listing.total,
        "place": place,
        "days": None,
        "collections": None,
        "pictures": [picture(entry, index, receipts) for entry, index in pictures],
    }
    if asked.days:
        answer["days"] = [[day.date, day.pictures, shown(day.cost)] for day in listing.days]
        answer["collections"] = list(library.collections)
    return answer


def answer_pick(listing: Listing, asked: Pick) -> list[str]:
    """Return the answer to a `Pick` of a listing."""
    return [image_id(*place) for place in listing.places(asked.offset, min(asked.count, MAX_IDS))]


def pictures_of(library: Library, ids: Iterable[str]) -> list[Picture]:
    """Return the facts of pictures; those that are no longer in the library are left out."""
    entries: dict[str, Entry | None] = {}
    receipts: dict[str, dict[str, Any]] = {}
    pictures = []
    for name in ids:
        with suppress(RequestError):
            request_id, index = image_of(name)
            if request_id not in entries:
                entries[request_id] = library.entry(request_id)
            entry = entries[request_id]
            if entry is not None and index < entry.images:
                pictures.append(picture(entry, index, receipts, whole=True))
    return pictures


def picture(
    entry: Entry, index: int, receipts: dict[str, dict[str, Any]], *, whole: bool = False
) -> Picture:
    """Return the facts of one picture for the page; its receipt is untrusted.

    Args:
        entry: The picture's result.
        index: The picture's number in it, from 0.
        receipts: Receipts that were read already, by request id.
        whole: Whether to include the whole of a long prompt.
    """
    if entry.request_id not in receipts:
        receipts[entry.request_id] = _receipt(entry)
    images = receipts[entry.request_id].get("images")
    about = images[index] if isinstance(images, list) and index < len(images) else None
    about = about if isinstance(about, dict) else {}
    width, height = (_pixels(about.get(name)) for name in ("width", "height"))
    return {
        "id": image_id(entry.request_id, index),
        "result": entry.request_id,
        "index": index,
        "count": entry.images,
        "width": width,
        "height": height,
        "prompt": entry.prompt if whole else _shortened(entry.prompt),
        "asked": entry.asked,
        "favourite": entry.favourite,
        "rating": entry.rating,
        "error": None if width and height else "Its receipt can't be read",
    }


def _receipt(entry: Entry) -> dict[str, Any]:
    try:
        return read_receipt(str(entry.folder)) or {}
    except OSError:
        return {}


def _pixels(value: object) -> int:
    return value if type(value) is int and 0 < value < 100_000 else 0


def _shortened(prompt: str) -> str:
    if len(prompt) <= _PROMPT:
        return prompt
    return f"{prompt[: _PROMPT // 2]} … {prompt[-_PROMPT // 2 :]}"

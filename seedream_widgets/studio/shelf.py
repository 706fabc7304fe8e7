"""`Shelf`: handles the page's messages about the library's pictures, for every widget with them."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import RequestError, ResultError, SeedreamError
from seedream_widgets.library.export import zip_of
from seedream_widgets.library.pages import Listing
from seedream_widgets.studio import protocol
from seedream_widgets.studio.answers import Answer, Aside, Table, answered_aside
from seedream_widgets.studio.pictures import (
    MOST,
    answer_browse,
    answer_pick,
    pictures_of,
    search_for,
)
from seedream_widgets.studio.viewer import input_of
from seedream_widgets.values.result import SUFFIXES, image_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seedream_widgets.images import ImageInput
    from seedream_widgets.library import Library, Search
    from seedream_widgets.library.library import Change
    from seedream_widgets.studio.bridge import Bridge
    from seedream_widgets.values.result import Result, ResultImage

MOST_ZIP = 300_000_000
"""The most bytes of pictures in one ZIP file for the page."""
MOST_CODE = 20
"""The most requests that are copied as code at once."""
LISTINGS = 4
"""How many recent searches keep their list, so that further pages are of the same list."""


class Shelf:
    """The library as one widget shows it.

    Args:
        widget: The widget, whose page is told of changes.
        aside: The widget's threads, as all of this reads the disk.
        library: Returns the library.
        session: Returns the request ids of this session's results.
        held: Returns a result by its request id if a job holds it in memory.
        within: Returns the search that the widget is limited to, or ``None`` for the whole library.
        searched: Called with each new search of the page.
    """

    def __init__(
        self,
        widget: Bridge,
        aside: Aside,
        library: Callable[[], Library],
        session: Callable[[], Iterable[str]] = tuple,
        held: Callable[[str], Result | None] = lambda _: None,
        within: Callable[[], Search | None] = lambda: None,
        searched: Callable[[protocol.Browse], object] = lambda _: None,
    ) -> None:
        self._widget, self._aside = widget, aside
        self._library, self._session, self._held = library, session, held
        self._within, self._searched = within, searched
        self._listings: dict[tuple[str, str], Listing] = {}
        self._listings_lock = threading.Lock()
        self._stop = library().on_change(self._on_change)
        self.table: Table = {
            protocol.Abandon: lambda _: ({}, []),
            **answered_aside(
                aside,
                {
                    protocol.Browse: self._browse,
                    protocol.Pick: self._pick,
                    protocol.Pictures: self._pictures,
                    protocol.Mark: self._mark,
                    protocol.Delete: self._trash,
                    protocol.Restore: self._restore,
                    protocol.Collect: self._collect,
                    protocol.Original: self._original,
                    protocol.Code: self.code,
                    protocol.Archive: self._archive,
                },
            ),
        }

    def close(self) -> None:
        """Tell the page no more."""
        self._stop()

    def changed(self) -> None:
        """Tell the page that the library has changed."""
        self._forget_listings()
        self._widget._post({"kind": "library"})

    def _on_change(self, change: Change) -> None:
        self._forget_listings()
        self._aside.start(self._tell_page, *change)  # it waits for the widget's lock

    def _tell_page(self, what: str, request_id: str) -> None:
        if what == "deleted":
            self._unpick(request_id)
        self.changed()

    def _unpick(self, request_id: str) -> None:
        """Remove a result from the selection, as it was deleted here or elsewhere."""
        with self._widget._lock:
            before = self._widget._picked
            left = [name for name in before if name.rpartition(":")[0] != request_id]
            if left != before:
                self._widget._picked = left

    def _forget_listings(self) -> None:
        with self._listings_lock:
            self._listings.clear()

    def picture(self, target: str) -> ImageInput | ResultImage:
        """Return a picture of a result by its id, or its input image as ``<id>~<number>``.

        Raises:
            RequestError: There is no such picture.
            ResultError: Its result is gone or damaged.
        """
        name, is_input, number = target.rpartition("~")
        if is_input:
            return input_of(self.find_picture(name)[0], number)
        result, index = self.find_picture(target)
        return result.files[index]

    def find_picture(self, name: str) -> tuple[Result, int]:
        """Return the result and the number of a picture by its id; it may read the disk.

        One that a job holds is known even after its files were deleted.

        Raises:
            RequestError: There is no such picture.
            ResultError: Its result is gone or damaged.
        """
        request_id, index = image_of(name)
        result = self._held(request_id) or self._kept(request_id)
        if index >= len(result.files):
            raise RequestError(
                f"the result {request_id!r:.80} has no image {index + 1}; select another",
                field="image_id",
                value=name,
            )
        return result, index

    def find_existing(self, name: str) -> tuple[Result, int]:
        """Return what `find_picture` does, but only if the picture's file still exists.

        Raises:
            RequestError: There is no such picture.
            ResultError: It was deleted, or its result is damaged.
        """
        result, index = self.find_picture(name)
        source = result.files[index]._source
        if isinstance(source, Path) and not source.exists():
            entry = self._library().entry(result.request_id)
            if entry is None:
                raise self._gone(result.request_id)
            if entry.folder != source.parent:
                result = entry.result()
        return result, index

    def _kept(self, request_id: str) -> Result:
        library = self._library()
        try:
            return library.get(request_id)
        except ResultError:
            if library.entry(request_id) is None:
                raise self._gone(request_id) from None
            raise

    def _gone(self, request_id: str) -> ResultError:
        """Return the error for a picture that is no longer in the library; `field` marks it."""
        if any(entry.request_id == request_id for entry in self._library().trash):
            restore = f"sd.library.restore({request_id!r:.80}) brings it back"
            return ResultError(f"This picture was deleted; {restore}.", field="picture")
        return ResultError("This picture is no longer in the library.", field="picture")

    def _browse(self, message: protocol.Browse) -> Answer:
        listing = self._listing(message, is_new_search=message.days)
        page = answer_browse(self._library(), listing, message)
        if len(page["pictures"]) < min(message.count, MOST, listing.total - message.offset):
            self.changed()  # some pictures are gone, so the list is out of date
        if message.days:  # only the first page of a search asks for days
            self._searched(message)
        return page, []

    def _pick(self, message: protocol.Pick) -> Answer:
        return {"image_ids": answer_pick(self._listing(message), message)}, []

    def _listing(
        self, message: protocol.Browse | protocol.Pick, is_new_search: bool = False
    ) -> Listing:
        """Return the list of a message's search, as it was when its first page was asked for."""
        name = message.query, json.dumps(message.filters, sort_keys=True)
        listing = None if is_new_search else self._listings.get(name)
        if listing is None:
            listing = Listing(search_for(self._library(), message, self._session(), self._within()))
            with self._listings_lock:
                self._listings.pop(name, None)
                self._listings[name] = listing
                while len(self._listings) > LISTINGS:
                    del self._listings[next(iter(self._listings))]
        return listing

    def _pictures(self, message: protocol.Pictures) -> Answer:
        return {"pictures": pictures_of(self._library(), message.image_ids)}, []

    def _mark(self, message: protocol.Mark) -> Answer:
        library = self._library()
        for entry in self._entries(message.results):
            if message.favourite is not None:
                library.favourite(entry, message.favourite)
            if message.rating is not None:
                library.rate(entry, message.rating)
        return {}, []

    def _trash(self, message: protocol.Delete) -> Answer:
        entries = self._entries(message.results)
        self._library().delete(*entries)
        return {"results": len(entries), "pictures": sum(entry.images for entry in entries)}, []

    def _restore(self, message: protocol.Restore) -> Answer:
        for request_id in message.results:
            self._library().restore(request_id)
        return {}, []

    def _collect(self, message: protocol.Collect) -> Answer:
        collections = self._library().collections
        collection = collections[message.collection]
        entries = self._entries(message.results)
        collection.remove(*entries) if message.remove else collection.add(*entries)
        self.changed()
        return {"collections": list(collections)}, []

    def _entries(self, request_ids: Iterable[str]) -> list[Any]:
        """Return the entries that exist; if some do not, tell the page that it is out of date."""
        found = [self._library().entry(request_id) for request_id in request_ids]
        there = [entry for entry in found if entry is not None]
        if len(there) < len(found):
            self.changed()
        if found and not there:
            raise ResultError(
                "the selected results are no longer in the library: they were deleted meanwhile"
            )
        return there

    def _original(self, message: protocol.Original) -> Answer:
        result, index = self.find_existing(message.image_id)
        file = result.files[index]
        name = f"{result._file_stem(index + 1)}{SUFFIXES[file.format]}"
        told = {"image_id": message.image_id, "name": name, "media_type": file.media_type}
        return told, [result._file_bytes(index)]

    def code(self, message: protocol.Code) -> Answer:
        """Answer with the Python that repeats the requests of pictures."""
        names = dict.fromkeys(image_of(name)[0] for name in message.image_ids)
        if len(names) > MOST_CODE:
            raise SeedreamError(
                f"code for {len(names)} requests is too long to copy; select up to "
                f"{MOST_CODE}, or use gallery.selection in a cell"
            )
        results = [self.find_picture(f"{name}:0")[0] for name in names]
        return {"code": "\n\n".join(result.as_code().rstrip() for result in results)}, []

    def _archive(self, message: protocol.Archive) -> Answer:
        data = zip_of([self.find_existing(name) for name in message.image_ids], MOST_ZIP)
        return {"name": "seedream.zip", "media_type": "application/zip"}, [data]

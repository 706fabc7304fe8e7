"""`Gallery`: a widget to look through the library's pictures, select and mark them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import traitlets as t

from seedream_widgets.api import default_client
from seedream_widgets.display.html import SHEET_RESULTS, counted
from seedream_widgets.errors import RequestError, ResultError, check_type, described
from seedream_widgets.jobs.engine import shared
from seedream_widgets.library import Library, Search
from seedream_widgets.library.collections import Collection
from seedream_widgets.library.entry import Entry
from seedream_widgets.studio.answers import Answers, Aside
from seedream_widgets.studio.bridge import Bridge
from seedream_widgets.studio.fallback import Fallback
from seedream_widgets.studio.picks import Picks, Selects
from seedream_widgets.studio.previews import Previews
from seedream_widgets.studio.shelf import Shelf
from seedream_widgets.studio.viewer import Viewer
from seedream_widgets.values.endpoints import MODELS
from seedream_widgets.values.result import Result


class Gallery(Bridge, Selects):
    """A widget that shows the library, a search of it, or some results.

    ``gallery.selection`` holds the results whose pictures are selected: read it in the next cell,
    set it, or observe it. ``gallery.images`` holds the selected pictures as PIL images.

    Args:
        found: A search, a collection or results to show; by default the whole library.
        library: The library; by default the session's.
    """

    _models: t.List[str] = t.List(t.Unicode(), help="Models to filter by").tag(sync=True)

    def __init__(
        self,
        found: Search | Collection | Result | Entry | Iterable[Result | Entry] | None = None,
        *,
        library: Library | None = None,
    ) -> None:
        check_type(
            library, (Library, type(None)), "library", "a Library, or None for the session's own"
        )
        self._library = default_client().library if library is None else library
        self._scope = _scope(found, self._library)
        engine = shared()
        aside = Aside(engine)
        self._parts.callback(aside.close)
        shelf = Shelf(
            self, aside, lambda: self._library, self._session_result_ids, within=lambda: self._scope
        )
        self._parts.callback(shelf.close)
        viewer = Viewer(engine, Previews(engine), aside, shelf)
        table = {**shelf.table, **viewer.table}
        name = f"seedream-{uuid4().hex[:8]}"
        self._fallback = Fallback(name, self._newest, engine, title=self._title)
        super().__init__(_view="gallery", _models=list(MODELS), _dom_classes=(name,))
        self._picks = Picks(self, shelf, self._tell_selection)
        self.on_msg(Answers(self, engine, aside, table).handle)

    @property
    def results(self) -> Search:
        """What it shows, newest first: the search it was given, or the whole library."""
        return self._library.search() if self._scope is None else self._scope

    def _session_result_ids(self) -> set[str]:
        return {job.request_id for job in default_client().jobs if job.request_id}

    def _newest(self) -> tuple[Result, ...]:
        results = []
        for entry in self.results[:SHEET_RESULTS]:
            try:
                results.append(entry.result())
            except ResultError:  # damaged; the page says so where it shows it
                continue
        return tuple(results)

    def _title(self, shown: int) -> str:
        results = counted(len(self.results), shown)
        return f"Seedream gallery: {results}. Run this cell to look through them."

    def __repr__(self) -> str:
        return f"<Gallery, {len(self.selection)} selected>"


def _scope(found: Any, library: Library) -> Search | None:
    if found is None or isinstance(found, Library):
        return None
    if isinstance(found, Search):
        return found
    if isinstance(found, Collection):
        return found.search()
    one = isinstance(found, Result | Entry) or not isinstance(found, Iterable)
    listed = (found,) if one else tuple(found)
    if not all(isinstance(each, Result | Entry) for each in listed):
        raise RequestError(
            "found takes a search, a collection or results, such as sd.library.search('fox'); "
            f"got {described(found)}",
            field="found",
            value=found,
        )
    return library.search(among=[each.request_id for each in listed])


def gallery(
    found: Search | Collection | Result | Entry | Iterable[Result | Entry] | None = None,
    *,
    library: Library | None = None,
) -> Gallery:
    """Return a widget to look through, search, select, mark and compare the library's pictures.

    ``gallery.selection`` is a tuple of the selected results; it can be set and observed.

    Args:
        found: A search, a collection or results to show; by default the whole library.
        library: The library; by default the session's.

    Raises:
        RequestError: `found` or `library` is something else.
    """
    return Gallery(found, library=library)

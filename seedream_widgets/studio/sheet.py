"""`Sheet`: a widget that shows a batch as a grid, which fills as its results come."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from seedream_widgets.batch.poster import MOST_PIXELS, fitting_edge, layout, words_of
from seedream_widgets.batch.vote import Vote
from seedream_widgets.display.html import SHEET_RESULTS
from seedream_widgets.errors import CredentialsError, RequestError
from seedream_widgets.files import file_name
from seedream_widgets.images.limits import megabytes
from seedream_widgets.jobs.engine import shared
from seedream_widgets.studio import protocol
from seedream_widgets.studio.answers import Answer, Answers, Aside, answered_aside
from seedream_widgets.studio.bridge import Bridge
from seedream_widgets.studio.fallback import Fallback
from seedream_widgets.studio.news import News
from seedream_widgets.studio.picks import Picks, Selects
from seedream_widgets.studio.previews import Previews
from seedream_widgets.studio.shelf import MOST_ZIP, Shelf
from seedream_widgets.studio.terms import GESTURE_MS, Terms, TermsError
from seedream_widgets.studio.viewer import Viewer
from seedream_widgets.values.result import image_id

if TYPE_CHECKING:
    from seedream_widgets.backends.base import Backend
    from seedream_widgets.batch.batch import Batch
    from seedream_widgets.batch.cell import Cell
    from seedream_widgets.batch.words import BatchEstimate
    from seedream_widgets.values.result import Result

_PAUSE = 0.2
"""Seconds to gather changes of cells before they are sent in one message."""
_MOST_VOTED = 200
_WORDS = 300


class Sheet(Bridge, Selects):
    """A widget that shows a batch as a grid; make it with ``batch.sheet()``.

    ``sheet.selection`` holds the selected results: read it in the next cell, set it, or observe it.
    ``sheet.ranking`` holds the results that were voted on, the best first. ``sheet.close()`` closes
    the sheet only: the batch goes on.

    Args:
        batch: The batch to show. Showing it sends nothing: ``batch.run()`` does, and the sheet's
            own button, which says for how much.
    """

    _fallback: Fallback

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._engine = engine = shared()
        self._changed: dict[str, Cell] = {}
        self._due = False
        self._changes_lock = threading.Lock()
        self._ballot: Vote | None = None
        self._pressed = 0
        self._aside = Aside(engine)
        self._parts.callback(self._aside.close)
        library = batch._client.library
        shelf = Shelf(self, self._aside, lambda: library)
        self._parts.callback(shelf.close)
        viewer = Viewer(engine, Previews(engine), self._aside, shelf)
        name = f"seedream-{uuid4().hex[:8]}"
        self._fallback = Fallback(name, self._first_results, engine, title=self._title)
        super().__init__(_view="sheet", _dom_classes=(name,))
        self._picks = Picks(self, shelf, self._tell_selection)
        own = answered_aside(
            self._aside,
            {
                protocol.Grid: self._grid,
                protocol.Ballot: self._vote,
                protocol.RunBatch: self._run_batch,
                protocol.Stop: self._cancel_batch,
                protocol.Export: self._export,
            },
        )
        table = {**shelf.table, **viewer.table, **own}
        self.on_msg(Answers(self, engine, self._aside, table).handle)
        self._parts.callback(batch._watch(self._note_change))
        self._endpoints = {cell.request.endpoint.id: cell.request.endpoint for cell in batch}
        self._terms_shown = self._terms(self._backend())
        news = News(engine, self._lock, self._update_if_terms_changed)
        self._parts.callback(news.end)
        news.begin()

    @property
    def batch(self) -> Batch:
        """The batch that it shows."""
        return self._batch

    @property
    def ranking(self) -> tuple[Result, ...]:
        """The results that were voted on, the best first; see `clear`."""
        ranked = self._ballot.ranking if self._ballot is not None else ()
        known = {cell.name: cell for cell in self._batch}
        return tuple(result for name in ranked if (result := known[name].opened()) is not None)

    @property
    def clear(self) -> bool:
        """Whether the votes decide the whole order: for any two, which one is better."""
        return self._ballot is not None and self._ballot.clear

    def save(
        self,
        target: str | Path,
        *,
        x: str | None = None,
        edge: int | None = None,
        pages: bool = False,
    ) -> Path:
        """Write the grid as ``.png`` or ``.html``; arguments and errors as `Batch.export`."""
        kind = "html" if str(target).lower().endswith((".html", ".htm")) else "png"
        return self._batch.export(target, format=kind, x=x, edge=edge, pages=pages)

    def _first_results(self) -> tuple[Result, ...]:
        """Return the first results in the grid's order, to show where no kernel runs."""
        opened = (cell.opened() for cell in self._batch)
        return tuple(islice((result for result in opened if result is not None), SHEET_RESULTS))

    def _title(self, shown: int) -> str:
        named = f"Batch {self._batch.name!r}"
        first = f"the first {shown} in its order" if shown else "none has come yet"
        return f"{named}, {len(self._batch):,} cells: {first}. Run this cell to see it as a grid."

    def __repr__(self) -> str:
        return f"<Sheet of batch {self._batch.name!r}, {len(self.selection)} selected>"

    def _grid(self, _: protocol.Grid) -> Answer:
        batch = self._batch
        axes = [{"name": axis.name, "labels": list(axis.labels)} for axis in batch.axes]
        standing = self._refresh()[0]
        cells = [cell_entry(cell) for cell in batch]
        return {"name": batch.name, "axes": axes, "cells": cells, "standing": standing}, []

    def _backend(self) -> Backend | None:
        """Return the backend, or ``None`` if the key can't be used; pressing a button says why."""
        try:
            return self._batch._client.backend
        except CredentialsError:
            return None

    def _terms(self, backend: Backend | None) -> object:
        """Return the backend and its prices, to notice when they change."""
        if backend is None:
            return None
        prices = self._batch._client.prices
        return backend.name, backend.bills, [prices.of(each) for each in self._endpoints.values()]

    def _update_if_terms_changed(self) -> None:
        """Update the page if the backend or its prices are no longer those that it shows."""
        if self._terms(self._backend()) != self._terms_shown:
            self._note_change(None)

    def _refresh(self) -> tuple[dict[str, Any], bool]:
        """Return the batch's standing, and whether the backend has changed which cells are done."""
        backend = self._backend()
        turned = backend is not None and self._batch._refresh_if_backend_changed(backend)
        return self._standing(backend), turned

    def _standing(self, backend: Backend | None) -> dict[str, Any]:
        """Return the batch's progress, and the words of its buttons."""
        self._terms_shown = self._terms(backend)
        standing = self._batch._standing(backend)
        asks = [
            {
                "words": ask.words,
                "cells": ask.cells,
                "terms": Terms.of(backend, ask.high).to_dict(),
                "retry": ask.retry,
            }
            for ask in standing["asks"]
            if backend is not None
        ]
        return {**standing, "words": " · ".join(standing["words"]), "asks": asks}

    def _note_change(self, cell: Cell | None) -> None:
        """Gather changes, from any thread, and tell the page of several at once."""
        with self._changes_lock:
            first, self._due = not self._due, True
            if cell is not None:
                self._changed[cell.name] = cell
        if first:
            self._engine.start(self._flush())

    async def _flush(self) -> None:
        await asyncio.sleep(_PAUSE)
        with self._changes_lock:
            cells, self._changed, self._due = list(self._changed.values()), {}, False

        def tell() -> None:
            standing, turned = self._refresh()
            news = [cell_entry(cell) for cell in (self._batch if turned else cells)]
            self._post({"kind": "cells", "cells": news, "standing": standing})

        await self._aside(tell)
        self._fallback.changed()

    def _run_batch(self, message: protocol.RunBatch) -> Answer:
        said = Terms.read(message.terms)

        def agree(backend: Backend, cost: BatchEstimate) -> None:
            now = Terms.of(backend, cost.high)
            # If other kernels have sent some of the cells meanwhile, it costs less: no need to ask.
            less = cost.cells < message.cells and now.costs_less(said)
            if not (less or now.is_same(said)):
                raise TermsError(now, said, cost.money)

        # Presses within a second, as from two views or queued by a busy kernel, count as one.
        again = message.pressed and abs(message.pressed - self._pressed) < GESTURE_MS
        self._pressed = message.pressed
        if not again:
            try:
                self._batch._start_again(retry=message.retry, agree=agree)
            except TermsError:
                self._note_change(None)  # the page gets the button as it is now
                raise
        return {"standing": self._standing(self._backend())}, []

    def _cancel_batch(self, _: protocol.Stop) -> Answer:
        self._batch.cancel()
        return {"standing": self._standing(self._backend())}, []

    def _export(self, message: protocol.Export) -> Answer:
        batch, x = self._batch, message.x or None
        edge = fitting_edge(layout(batch.axes, batch.cells, x)) if message.format == "png" else None
        if edge is not None and not message.fit:
            raise RequestError(
                f"As the pictures came, this PNG would have more than {MOST_PIXELS // 10**6} "
                f"megapixels. Press Save as PNG again to have them scaled to {edge} pixels, or run "
                'sheet.save("sheet.png", pages=True) in a cell for several files',
                field="edge",
            )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"sheet.{message.format}")
            batch.export(path, format=message.format, x=x, edge=edge)
            size = path.stat().st_size
            if size > MOST_ZIP:
                raise RequestError(
                    f"the file has {megabytes(size)}, more than {megabytes(MOST_ZIP)}; run "
                    f'sheet.save("sheet.{message.format}", edge=512) in a cell',
                    field="format",
                )
            data = path.read_bytes()
        name = file_name(batch.name, f".{message.format}")
        kind = "image/png" if message.format == "png" else "text/html"
        return {"name": name, "media_type": kind}, [data]

    def _vote(self, message: protocol.Ballot) -> Answer:
        with self._lock:
            if not message.better or self._ballot is None:
                self._ballot = Vote([cell.name for cell in self._voted_on()])
            if message.better:
                self._ballot.prefer(message.better, message.other)
            pair = self._ballot.pair
            ranking = list(self._ballot.ranking)
        return {"pair": list(pair) if pair else [], "ranking": ranking, "clear": pair is None}, []

    def _voted_on(self) -> list[Cell]:
        """Return the selected cells or, if fewer than two are, all that have a picture."""
        done = [cell for cell in self._batch if cell.state == "done"]
        chosen = {name.rpartition(":")[0] for name in self._picked}
        few = [cell for cell in done if _request_id(cell) in chosen]
        return (few if len(few) > 1 else done)[:_MOST_VOTED]


def _request_id(cell: Cell) -> str:
    result = cell.opened()
    return result.request_id if result is not None else ""


def cell_entry(cell: Cell) -> dict[str, Any]:
    """Return a cell's entry for the page."""
    result = cell.opened()
    file = result.files[0] if result is not None else None
    asked = cell.request.image_size  # lets a tile have its shape before its picture comes
    width, height = (
        (file.width, file.height) if file else asked if isinstance(asked, tuple) else (0, 0)
    )
    return {
        "name": cell.name,
        "at": [list(at) for at in cell.places],
        "id": image_id(result.request_id, 0) if result is not None else None,
        "width": width,
        "height": height,
        "words": cell.request.prompt[:_WORDS] if file else words_of(cell)[:_WORDS],
        "failed": file is None and cell.error is not None,
    }

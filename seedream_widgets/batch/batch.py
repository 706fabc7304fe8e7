"""`Batch`: many requests that are priced, run, waited for and continued as one."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from decimal import Decimal
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn, overload

from seedream_widgets import late_imports
from seedream_widgets.batch import manifest as manifests
from seedream_widgets.batch.cell import Cell
from seedream_widgets.batch.drive import Drive
from seedream_widgets.batch.plan import Plan, from_rows, plan_digest, product
from seedream_widgets.batch.poster import export_html, export_png, layout, static_html
from seedream_widgets.batch.words import (
    BatchEstimate,
    button_of,
    count_states,
    errors_by_kind,
    next_run_words,
    progress_words,
)
from seedream_widgets.batch.workers import submitter, takes_work
from seedream_widgets.display.progress import progress_line
from seedream_widgets.errors import (
    BackendError,
    NoItemError,
    RequestError,
    SeedreamError,
    StaysHereError,
    SubmitUnknownError,
    check_index,
    check_type,
    described,
    refused,
    say,
    whole_number,
    without_our_frames,
)
from seedream_widgets.files import file_name, user_path
from seedream_widgets.jobs.job import check_listener
from seedream_widgets.library.export import export_imagefolder, export_zip
from seedream_widgets.library.place import check_exclusive, place_at
from seedream_widgets.library.table import COLUMNS, frame, image_rows, to_arrow
from seedream_widgets.money.pricing import estimate
from seedream_widgets.values.wording import warn_of_references

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Generator, Iterable, Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from seedream_widgets.backends.base import Backend
    from seedream_widgets.batch.plan import Axis
    from seedream_widgets.jobs.client import Client
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.values.result import Result

_GRACE = 2.0
"""Seconds after an interrupt in which a second one cancels what is queued."""
_ENDS = {"png": (".png",), "html": (".html", ".htm"), "zip": (".zip",)}
"""The suffixes of the files of each format, if it is a file."""
_LOOK = 0.5
"""Seconds between two looks at a run, and so between two updates of its progress."""


class Batch:
    """Many requests as one object; make it with ``sd.batch(...)``.

    It is saved in the library before anything is sent, so that it can be continued after a crash
    and by other kernels: `run` only sends the missing cells. Equal cells of two batches are paid
    for once.

    Args:
        client: The client that sends the requests.
        manifest: The batch as it is saved.
    """

    __slots__ = (
        "__weakref__",
        "_backend",
        "_client",
        "_drive",
        "_executor",
        "_lock",
        "_manifest",
        "_pid",
        "_refreshed_for",
        "_run_estimate",
        "_watchers",
    )  # so that setting a misspelt name raises

    def __init__(self, client: Client, manifest: manifests.Manifest) -> None:
        self._client = client
        self._manifest = manifest
        self._lock = threading.RLock()
        self._drive: Drive | None = None
        self._executor: Executor | None = None
        self._run_estimate: BatchEstimate | None = None
        self._backend: Backend | None = None
        """The backend of the last run."""
        self._watchers: list[Callable[[Cell | None], object]] = []
        self._pid = os.getpid()
        self.look()

    @property
    def name(self) -> str:
        """The name that reopens it: ``sd.batches[name]``."""
        return self._manifest.name

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Its axes, each with a name and a label for each value."""
        return self._manifest.plan.axes

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return self._manifest.plan.shape

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its cells, the last axis fastest."""
        return self._manifest.plan.cells

    def __len__(self) -> int:
        return len(self.cells)

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Cell, ...]: ...
    def __getitem__(self, index: int | slice) -> Cell | tuple[Cell, ...]:
        check_index(index, "the number of a cell, 0 is the first, or a slice")
        try:
            return self.cells[index]
        except IndexError:
            raise NoItemError(
                f"no cell of index {described(whole_number(index))}: this batch has "
                f"{len(self)} cell{'' if len(self) == 1 else 's'}, 0 is the first",
                field="index",
                value=index,
            ) from None

    def __iter__(self) -> Iterator[Cell]:
        """Iterate over the cells; this sends nothing."""
        return iter(self.cells)

    def labels(self, cell: Cell) -> dict[str, str]:
        """Return the values of a cell on the axes, as short texts."""
        check_type(cell, Cell, "cell", "a cell of this batch: batch[0]")
        return {axis.name: axis.labels[at] for axis, at in zip(self.axes, cell.at, strict=True)}

    def look(self) -> None:
        """Update the cells' states from the library and the journal; sends nothing.

        Once a key is set, cells that were only drawn offline are missing again.
        """
        self._refresh(self._client.backend)

    def _refresh(self, backend: Backend) -> None:
        """Look for what has come of the cells of one backend."""
        for cell in self.cells:
            if cell.is_preview(backend) and cell.state != "running":
                cell.entry = cell.job = None
        wanted = {cell.request.key: cell for cell in self.cells}
        self._refreshed_for = backend.name
        try:
            self._refresh_from_disk(wanted, backend)
        except OSError as error:
            raise SeedreamError(
                f"what others got for batch {self.name!r} can't be read ({error!s:.300}); nothing "
                "was sent. Run it again once the shared place can be reached"
            ) from error

    def _refresh_from_disk(self, wanted: dict[str | None, Cell], backend: Backend) -> None:
        missing = [cell.request.key for cell in self.cells if cell.state != "done"]
        self._client.library._bring([key for key in missing if key], backend.name)
        found: set[str] = set()
        for entry in self._client.library.search(backend=backend.name):
            if entry.key and entry.key in wanted and entry.key not in found:
                found.add(entry.key)
                wanted[entry.key].entry = entry
        journal = self._client.library._journal
        accepted: set[str | None] = set()
        others: set[str | None] = set()
        for each in journal.pending():
            if each.backend == backend.name:
                (accepted if each.step == "accepted" else others).add(each.key)
        for asked in self.cells:
            # Besides an accepted request, an equal one may still be sent, and paid for.
            asked.sent = asked.request.key in accepted - others
        for pending in journal.ended():
            cell = wanted.get(pending.key)
            if cell is None or pending.backend != backend.name:
                continue
            doubtful = pending.billing != "no"
            cell.doubt = (
                BackendError(pending.message or "it ended without a result", billing="maybe")
                if doubtful
                else None
            )

    def _cells_in(self, *states: str) -> list[Cell]:
        return [cell for cell in self.cells if cell.state in states]

    @property
    def missing(self) -> list[Cell]:
        """The cells without a result."""
        return [cell for cell in self.cells if cell.state != "done"]

    @property
    def failed(self) -> list[Cell]:
        """The cells that ended without a result; ``cell.error`` says why."""
        return self._cells_in("failed", "uncertain")

    @property
    def results(self) -> list[Result]:
        """The results so far, in the order of the cells."""
        return [result for cell in self._cells_in("done") if (result := cell.result)]

    def estimate(self, *, retry: bool = False) -> BatchEstimate:
        """Return how many cells `run` would send, and what that may cost.

        Cells that fal has accepted from an earlier run are only fetched, and not paid for again.
        """
        return self._estimate(self._client.backend, retry)

    def _estimate(self, backend: Backend, retry: bool, on_executor: bool = False) -> BatchEstimate:
        """Estimate a run, from here or on an executor.

        Workers of an executor can't be told to only fetch a cell (see `_submit`), so there every
        cell may have to be paid for.
        """
        cells = self._cells_to_send(backend, retry)
        return self._cost_of(
            cells, () if on_executor else self._cells_to_fetch(backend, cells), backend
        )

    def _cost_of(
        self, cells: Collection[Cell], fetched: Collection[Cell], backend: Backend
    ) -> BatchEstimate:
        prices = self._client.prices
        asked = [estimate(cell.request, prices) for cell in cells if cell not in fetched]
        ages = dict.fromkeys(each.price.age for each in asked if each.price.age and backend.bills)
        low, high = (
            sum((getattr(each, end) for each in asked), Decimal(0)) if backend.bills else Decimal(0)
            for end in ("low", "high")
        )
        return BatchEstimate(len(cells), low, high, ", ".join(ages), len(fetched))

    def _cells_to_fetch(self, backend: Backend, cells: Iterable[Cell]) -> frozenset[Cell]:
        """Return the cells that a run only fetches, and does not pay for; see `Cell.sent`."""
        if backend.name != self._refreshed_for:
            return frozenset()
        return frozenset(cell for cell in cells if cell.sent and cell.state != "uncertain")

    def _cells_to_send(self, backend: Backend, retry: bool) -> list[Cell]:
        states = ("missing", "failed", *(["uncertain"] if retry else []))
        return [cell for cell in self.cells if cell.state in states or cell.is_preview(backend)]

    def start(
        self,
        *,
        retry: bool = False,
        on_update: Callable[[Cell], object] | None = None,
        executor: Executor | None = None,
        shared: str | Path | None = None,
    ) -> Drive:
        """Start to send the missing cells in the background, and return at once.

        Arguments and errors are those of `run`.
        """
        return self._start(retry, on_update, executor, shared)

    def _start(
        self,
        retry: bool,
        on_update: Callable[[Cell], object] | None = None,
        executor: Executor | None = None,
        shared: str | Path | None = None,
        agree: Callable[[Backend, BatchEstimate], object] | None = None,
    ) -> Drive:
        """Start unless `agree`, called with the backend and the estimate, raises."""
        if on_update is not None:
            check_listener(on_update, "cell")
        if executor is not None:
            _check_executor(executor)
        self._forget_parents_run()
        with self._lock:
            if self._drive is not None and not self._drive.ended:
                if on_update:
                    self._drive.listen(on_update)
                return self._drive
            self._use_shared_place(shared)
            client, backend = self._client, self._client.backend
            self._refresh(backend)
            self._offer_results()
            cells = self._cells_to_send(backend, retry)
            fetched = frozenset() if executor is not None else self._cells_to_fetch(backend, cells)
            cost = self._estimate(backend, retry, executor is not None)
            if agree is not None:
                agree(backend, cost)
            self._run_estimate, self._backend = cost, backend
            self._check_budget(backend, retry)
            manifests.write(self._client.library, self._manifest)
            self._executor = executor
            if executor is not None:
                self._drive = Drive(submitter(executor, client.library, backend.name), cells)
            else:
                # What is fetched counts in the session's limit: before it, what that has room for.
                cells.sort(key=fetched.__contains__)
                submit = partial(self._submit, backend.name, backend.bills, fetched)
                self._drive = Drive(submit, cells, self._resend_rule(), fetched)
            self._drive.listen(self._tell_watchers)
            self._drive.at_end(lambda: self._tell_watchers(None))
            if on_update:
                self._drive.listen(on_update)
            self._drive.start()
            return self._drive

    def _forget_parents_run(self) -> None:
        """In a forked child, forget the parent's run, whose threads do not exist here.

        The parent's requests are then waited for like those of any other process.
        """
        if self._pid == os.getpid():
            return
        self._pid, self._lock = os.getpid(), threading.RLock()
        self._drive, self._executor, self._watchers = None, None, []
        for cell in self.cells:
            if cell.job is not None and not cell.job.done:
                cell.job = None

    def _start_again(
        self, *, retry: bool, agree: Callable[[Backend, BatchEstimate], object]
    ) -> Drive:
        """Start like the last run, on its executor if that still takes work; see `_start`."""
        executor = self._executor
        alive = executor is not None and takes_work(executor)
        return self._start(retry, executor=executor if alive else None, agree=agree)

    def _watch(self, watcher: Callable[[Cell | None], object]) -> Callable[[], None]:
        """Call `watcher` with each cell that changes, in this and later runs.

        At the end of a run it is called with ``None``.

        Returns:
            A function that stops the calls.
        """
        self._watchers.append(watcher)

        def stop() -> None:
            self._watchers = [each for each in self._watchers if each != watcher]

        return stop

    def _tell_watchers(self, cell: Cell | None) -> None:
        for watcher in tuple(self._watchers):
            watcher(cell)

    def sheet(self) -> Any:
        """Return a widget that shows the batch as a grid, which fills as results come.

        Pictures selected there are in ``sheet.selection``, and those ranked by votes in
        ``sheet.ranking``; ``sheet.save("foxes.png")`` or ``.html`` exports it.
        """
        return late_imports.sheet(self)

    def _use_shared_place(self, address: str | Path | None) -> None:
        """Share the library with other machines through a place, after testing that place."""
        if address is None:
            return
        check_type(
            address, (str, os.PathLike), "shared", "a folder or an address, as s3://bucket/a"
        )
        place = place_at(address)
        check_exclusive(place)
        self._client = self._client._with_shared_place(place)

    def _offer_results(self) -> None:
        """Copy our results to the shared place, so that others don't send these cells."""
        library = self._client.library
        done = (cell.opened() for cell in self._cells_in("done"))
        try:
            library._offer(result for result in done if result is not None)
        except OSError as error:
            raise SeedreamError(
                f"the shared place can't be written ({error!s:.300}); nothing was sent. Run it "
                "again once it can be reached"
            ) from error

    def _submit(
        self, name: str, bills: bool, fetched: Collection[Cell], cell: Cell, fresh: bool
    ) -> Job:
        """Submit a cell to the backend that the run began with, even if a key was set since.

        A cell that the run only meant to fetch is not sent, if it can't be fetched any more.
        """

        def agree(backend: Backend) -> None:
            if (backend.name, backend.bills) != (name, bills):
                raise SeedreamError(
                    f"this run began with the backend {name!r}, and {backend.name!r} answers now; "
                    "nothing was sent. Run the batch again to ask there for the rest"
                )

        request = cell.request
        warn_of_references(request.prompt, len(request.images))
        sends = cell not in fetched
        return self._client._submit_as_agreed(request, agree, fresh=fresh, sends=sends)

    def _resend_rule(self) -> Callable[[Cell], bool]:
        """Return a function that decides whether a failed cell is sent again.

        It handles cells whose process was killed before fal's reply came: it looks for them in
        fal's list of requests, follows those that are there, and has those sent again that
        certainly never reached fal.
        """
        resumed: set[str] = set()

        def is_sent_again(cell: Cell) -> bool:
            error = cell.error
            if isinstance(error, SubmitUnknownError) and error.billing == "no":
                resumed.add(cell.name)
                return bool(self._client._resume_keys({cell.request.key or ""}))
            again = cell.name in resumed and getattr(error, "billing", "") == "no"
            resumed.discard(cell.name)
            return again

        return is_sent_again

    def _check_budget(self, backend: Backend, retry: bool) -> None:
        # Cells that fal has from another run are counted already; they are joined, not sent.
        cells = self._cells_to_send(backend, retry)
        to_pay = set(cells) - self._cells_to_fetch(backend, cells)
        if not (to_pay and backend.bills):
            return
        cost = self._cost_of(to_pay, (), backend)
        limits = self._client._limits
        limits.read()
        what = f"batch {self.name!r} ({cost.cells:,} requests)"
        limits.standing.refuse_over(cost.high, what, "make the batch smaller")

    def run(
        self,
        *,
        progress: bool | None = None,
        on_update: Callable[[Cell], object] | None = None,
        retry: bool = False,
        executor: Executor | None = None,
        shared: str | Path | None = None,
    ) -> Batch:
        """Send the missing cells and wait until all have ended; a failed cell stops no other.

        A keyboard interrupt stops sending and waiting: requests that fal has accepted go on, and
        another `run` fetches them. A second interrupt within two seconds cancels queued ones.

        Args:
            progress: Whether to show counts, time left and money; by default in a notebook and
                in a terminal.
            on_update: Called with each cell when it starts, changes or ends, on another thread.
            retry: Whether to send also cells that may have been billed without a result.
            executor: Runs the cells elsewhere: a process pool,
                ``distributed.Client().get_executor()`` or the like. Each worker needs a key in its
                own environment, and the same library folder unless there is a `shared` place.
            shared: A place where machines with separate library folders agree on who sends which
                cell, and find each other's results: a folder that all of them see, or an fsspec
                address with exclusive creation, such as ``s3://bucket/foxes``. Credentials for it
                come from each machine's environment.

        Raises:
            BudgetError: The missing cells may cost more than a limit of the session, the day or the
                month leaves; nothing was sent.
            RequestError: The shared place can't be reached, or lacks exclusive creation.
            KeyboardInterrupt: It was interrupted.
        """
        with progress_line(progress, len(self)) as tell:
            cost = self._estimate(self._client.backend, retry, executor is not None)
            tell(len(self._cells_in("done")), str(cost))
            before = self._drive
            try:
                drive = self.start(
                    retry=retry, on_update=on_update, executor=executor, shared=shared
                )
                while not drive.wait(_LOOK):
                    self._report(tell, drive)
            except KeyboardInterrupt as stopped:  # even one that comes just as it begins
                without_our_frames(stopped)
                if self._drive is not None and (self._drive is not before or not before.ended):
                    self._handle_interrupt(self._drive)
                raise
            if self.failed and self._backend is not None:
                self._refresh(self._backend)  # another process may have got a result
            self._report(tell, drive)
        return self

    def _report(self, tell: Callable[[int, str], None], drive: Drive) -> None:
        """Report progress: what runs, what failed and why, the time left and the money."""
        told = progress_words(self.cells, drive, self._run_estimate, self._client.backend.bills)
        tell(
            len(self._cells_in("done")),
            ", ".join(filter(None, [*told, errors_by_kind(self.cells)])),
        )

    def _refresh_if_backend_changed(self, backend: Backend) -> bool:
        """Update the cells if the backend has changed, and return whether it has."""
        with self._lock:
            running = self._drive is not None and not self._drive.ended
            if running or backend.name == self._refreshed_for:
                return False
            self._refresh(backend)
            return True

    def _standing(self, backend: Backend | None) -> dict[str, Any]:
        """Return the progress and what can be sent to `backend`, for a sheet."""
        drive, bills = self._drive, backend is not None and backend.bills
        running = drive is not None and not drive.ended
        counts = count_states(self.cells)
        asks, costs = [], []
        if not running and backend is not None:
            retries = [False] if counts["missing"] or counts["failed"] else []
            retries += [True] if counts["uncertain"] else []
            on_executor = self._executor is not None and takes_work(self._executor)
            costs = [self._estimate(backend, retry, on_executor) for retry in retries]
            asks = [
                button_of(counts, cost, bills, retry=retry)
                for cost, retry in zip(costs, retries, strict=True)
            ]
        words = progress_words(self.cells, drive, self._run_estimate, bills)
        words += dict.fromkeys(cost.age for cost in costs if cost.age)
        if asks and self._executor is not None:
            words.append(next_run_words(takes_work(self._executor)))
        return {
            "words": words,
            "errors": errors_by_kind(self.cells),
            "running": running,
            "asks": asks,
        }

    def retry(
        self,
        *,
        progress: bool | None = None,
        on_update: Callable[[Cell], object] | None = None,
        executor: Executor | None = None,
        shared: str | Path | None = None,
    ) -> Batch:
        """Run, and also send cells that may have been billed without a result; they may cost twice.

        Arguments and errors are those of `run`.
        """
        return self.run(
            retry=True, progress=progress, on_update=on_update, executor=executor, shared=shared
        )

    def _stop_and_say(self, drive: Drive, then: str) -> None:
        """Stop sending, as nobody waits any more, and print that."""
        drive.stop()
        count = drive.running
        are = (
            "1 request that fal has accepted goes"
            if count == 1
            else (f"{count} requests that fal has accepted go")
        )
        say(f"Nothing more is sent. {are} on; run the batch again to get them. {then}")

    def _handle_interrupt(self, drive: Drive) -> None:
        self._stop_and_say(drive, "Interrupt once more to cancel those that are queued.")
        try:
            time.sleep(_GRACE)
        except KeyboardInterrupt:
            say(f"{drive.cancel_queued()} queued requests are being cancelled.")

    def cancel(self) -> int:
        """Stop sending and ask to cancel every running cell; return how many those are."""
        self._forget_parents_run()
        sending = None
        if self._drive is not None:
            self._drive.stop()
            sending = self._drive.cancel_sending()
        others = (cell for cell in self.cells if cell is not sending)
        return sum(cell.cancel() for cell in others) + (sending is not None)

    def __await__(self) -> Generator[Any, None, Batch]:
        return self._run_async().__await__()

    async def _run_async(self) -> Batch:
        drive = self.start()
        try:
            await asyncio.wrap_future(_future_of_end(drive))
        except asyncio.CancelledError as stopped:
            self._stop_unless_ended(drive, stopped)
            raise
        return self

    def _stop_unless_ended(self, drive: Drive, stopped: BaseException) -> None:
        """Stop sending if the task that awaited it was cancelled, as by Ctrl+C in a notebook."""
        without_our_frames(stopped)
        if not drive.ended:
            self._stop_and_say(drive, "batch.cancel() cancels them.")

    def as_completed(self) -> Completions:
        """Run, and yield each cell when it ends, with ``for`` or ``async for``.

        If an interrupt or a cancelled task ends the waiting, sending stops, as in `run`.
        """
        return Completions(self, self.start())

    def to_pandas(self) -> Any:
        """Return a DataFrame with one row per image, axes first; cells without one have a row, too.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        return frame((row for cell in self.cells for row in self._rows(cell)), self._axis_columns())

    def to_arrow(self) -> Any:
        """Return `to_pandas` as a `pyarrow.Table`, for Parquet and others.

        Raises:
            MissingPackageError: pandas or pyarrow is not installed.
        """
        return to_arrow(self.to_pandas())

    def export(
        self,
        target: str | Path,
        *,
        format: str = "imagefolder",
        x: str | None = None,
        edge: int | None = None,
        pages: bool = False,
    ) -> Path:
        """Export the pictures with their metadata, and return the path.

        Args:
            target: A new or empty folder, or the name of a new file.
            format: ``"imagefolder"``, which ``datasets.load_dataset`` reads, ``"zip"``, or the
                whole grid: ``"png"`` with the pictures as they came, or ``"html"``, a single file
                with small pictures.
            x: The axis that runs across the grid; by default the last one.
            edge: The longer side of each picture in the PNG, in pixels; by default as they came.
            pages: Whether to write several PNG files if one would have more than 200 megapixels:
                they are numbered (``sheet-1.png``), and the first one is returned.

        Raises:
            RequestError: The format is unknown, the folder is not empty, or one PNG would have
                more than 200 megapixels; nothing was written.
        """
        path = user_path(target, "target")
        ends = _ENDS.get(format) if isinstance(format, str) else None
        if ends and path.suffix and path.suffix.lower() not in ends:
            raise RequestError(
                f"target of {format!r} ends in {' or '.join(ends)}, got {path.name!r:.80}; nothing "
                "was written",
                field="target",
                value=target,
            )
        if format == "imagefolder":
            export_imagefolder(self._results_with_rows(), path)
        elif format == "zip":
            export_zip(self._results_with_rows(), path)
        elif format == "png":
            grid = layout(self.axes, self.cells, x)
            return export_png(grid, path, edge, pages=pages)[0]
        elif format == "html":
            export_html(layout(self.axes, self.cells, x), path, self.name)
        else:
            raise refused("format", "'imagefolder', 'zip', 'png' or 'html'", format)
        return path

    def _results_with_rows(self) -> Iterator[tuple[Result, list[dict[str, Any]]]]:
        for cell in self._cells_in("done"):
            if (result := cell.opened()) is not None:
                yield result, self._rows(cell)

    def _axis_columns(self) -> tuple[str, ...]:
        """Return the axes that are not columns of the table."""
        return tuple(axis.name for axis in self.axes if axis.name not in COLUMNS)

    def _rows(self, cell: Cell) -> list[dict[str, Any]]:
        own = {name: at for name, at in self.labels(cell).items() if name not in COLUMNS}
        result = cell.opened()
        if result is not None:
            return image_rows(result, own)
        request = cell.request
        known = {"prompt": request.prompt, "model": request.model, "seed": request.seed}
        error = None if cell.error is None else str(cell.error)
        return [{**own, **known, "endpoint": request.endpoint.id, "error": error}]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise StaysHereError(
            f"a Batch stays in its process; reopen it there: sd.batches[{self.name!r}]"
        )

    def __repr__(self) -> str:
        counts = {state: len(self._cells_in(state)) for state in ("done", "running", "failed")}
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        shape = " × ".join(str(size) for size in self.shape if size != 1) or "1"
        return f"<Batch {self.name!r}: {len(self)} cells ({shape}){', ' if told else ''}{told}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {
            "text/plain": repr(self),
            "text/html": static_html(layout(self.axes, self.cells), repr(self)[1:-1]),
        }


class Completions:
    """The cells of a run in the order in which they end."""

    def __init__(self, batch: Batch, drive: Drive) -> None:
        self._batch, self._drive = batch, drive

    def __iter__(self) -> Iterator[Cell]:
        ends = self._drive.ends()
        while True:
            try:
                cell = _next_ended(ends)
            except KeyboardInterrupt as stopped:
                without_our_frames(stopped)
                self._batch._handle_interrupt(self._drive)
                raise
            if cell is None:
                return
            yield cell

    async def __aiter__(self) -> AsyncIterator[Cell]:
        ends = self._drive.ends()
        while True:
            try:
                cell = await asyncio.to_thread(_next_ended, ends)
            except asyncio.CancelledError as stopped:
                ends.put(None)  # wakes the thread that waits
                self._batch._stop_unless_ended(self._drive, stopped)
                raise
            if cell is None:
                return
            yield cell


class Batches:
    """The batches of a library, by name: ``sd.batches["foxes"]``."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getitem__(self, name: str) -> Batch:
        return Batch(self._client, manifests.read(self._client.library, name))

    def __iter__(self) -> Iterator[str]:
        return iter(manifests.names(self._client.library))

    def __len__(self) -> int:
        return len(manifests.names(self._client.library))

    def __contains__(self, name: object) -> bool:
        return name in manifests.names(self._client.library)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        return f"<Batches: {', '.join(self) or 'none yet'}>"


def make(
    client: Client,
    /,  # an axis may have any name
    rows: Any = None,
    *,
    name: str | None = None,
    repeat: int = 1,
    limit: int = 10_000,
    **axes: Any,
) -> Batch:
    """Make a batch and save it; see ``sd.batch``."""
    if not client._policy.store_prompts:
        raise RequestError(
            "a batch keeps its prompts in the library so that it can be continued, and this "
            "client has store_prompts=False; use a client that stores them",
            field="store_prompts",
        )
    if rows is None and not axes:
        if name is None:
            raise RequestError("give the batch a prompt=, rows, or a name to reopen", field="name")
        return Batches(client)[name]
    if rows is not None and axes:
        raise RequestError(
            f"give rows or axes, not both; {next(iter(axes))} can be a column of the rows",
            field=next(iter(axes)),
        )
    plan = (
        product(axes, repeat=repeat, limit=limit)
        if rows is None
        else from_rows(rows, repeat=repeat, limit=limit)
    )
    name = readable_name(plan) if name is None else name
    known = manifests.new(manifests.existing_spelling(client.library, name), plan)
    try:
        manifests.write(client.library, known)
    except OSError as error:
        raise SeedreamError(
            f"{client.library.path} can't be written ({error.strerror}), so the batch could not be "
            "saved, and nothing was sent; make room there, or give the client another library"
        ) from error
    return Batch(client, known)


def readable_name(plan: Plan) -> str:
    """Return a name made from the first prompt; the same cells always get the same name."""
    return file_name(plan.cells[0].request.prompt, f"-{plan_digest(plan.cells)[:4]}", 80)


def _check_executor(executor: Any) -> None:
    takes = (
        "a process pool, distributed.Client().get_executor() or the like, with a submit() method"
    )
    if isinstance(executor, type):
        given = f"the class {executor.__name__}; make one of it: {executor.__name__}()"
    elif not callable(getattr(executor, "submit", None)):
        given = described(executor)
    elif not takes_work(executor):
        kind = type(executor).__name__
        given = f"a {kind} that takes no work: it was shut down, or is broken; make another"
    else:
        return
    raise RequestError(f"executor takes {takes}; got {given}", field="executor", value=executor)


def _next_ended(ends: SimpleQueue[Cell | None]) -> Cell | None:
    """Wait for the next cell that ends; in short steps, as Windows can't interrupt a long wait."""
    while True:
        with suppress(Empty):
            return ends.get(timeout=_LOOK)


def _future_of_end(drive: Drive) -> Future[None]:
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()  # so that cancelling an await can't cancel it
    drive.at_end(lambda: future.set_result(None))
    return future

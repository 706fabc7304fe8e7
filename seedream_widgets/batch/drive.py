"""`Drive`: one run of a batch; it keeps about as many requests under way as fal runs at once."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from decimal import Decimal
from queue import SimpleQueue
from typing import TYPE_CHECKING

from seedream_widgets.errors import ResultError, SeedreamError
from seedream_widgets.money.pricing import cost
from seedream_widgets.values.status import InProgress, Preparing, Queued

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from seedream_widgets.batch.cell import Cell, Followed

_log = logging.getLogger(__name__)
FIRST = 8
"""How many requests are sent before it is known how many fal runs at once."""
MOST = 120
"""The most requests of a batch under way at once: fal's largest accounts run 40."""
_SETTLED = 0.3
"""A request counts as running at the same time as others only after so many seconds, as news of the
next one's start may come before news of the last one's end."""


class Drive:
    """One run of a batch, on its own thread.

    fal never refuses a queued request, and waiting costs nothing. So a few more requests are sent
    than are in progress at once, to keep all slots of the account busy.

    Args:
        submit: Starts the job of a cell; its second argument says whether to send the cell even
            though it may have been billed.
        cells: The cells to send, in order.
        sends_again: Tells whether to send a cell again that has just failed; called on this run's
            thread, so it may block.
        paid: Cells that were paid for before, so that their cost is not counted for this run.
    """

    def __init__(
        self,
        submit: Callable[[Cell, bool], Followed],
        cells: Sequence[Cell],
        sends_again: Callable[[Cell], bool] = lambda _: False,
        paid: Collection[Cell] = (),
    ) -> None:
        self._submit, self._sends_again, self._paid = submit, sends_again, paid
        self._cells = list(cells)
        self._waiting = deque(cells)
        self._failed: deque[Cell] = deque()
        self._handled: dict[Cell, Followed] = {}
        self._changed = threading.Condition()
        self._end_of_run = threading.Lock()
        self._end_of_run.acquire()
        self._under_way: set[Cell] = set()
        self._in_progress: dict[Cell, float] = {}
        self._generation_seconds: list[float] = []
        self._ended: list[Cell] = []
        self._queues: list[SimpleQueue[Cell | None]] = []
        self._spent_lock = threading.Lock()
        self._counted = 0
        self._spent = Decimal(0)
        self._listeners: list[Callable[[Cell], object]] = []
        self._telling = 0
        """How many cells have ended whose end the listeners have still to hear of."""
        self._at_end: list[Callable[[], object]] = []
        self._stopped = False
        self._sending: Cell | None = None
        self._cancel_once_sent = False
        self._over = False
        self.slots = 0
        """The most requests that fal was seen to run at once."""
        self._thread = threading.Thread(target=self._run, name="seedream-batch", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether every cell that was sent has ended, and no more will be sent."""
        return self._over or self._thread.ident is None  # interrupted before it began

    @property
    def stopped(self) -> bool:
        """Whether no more will be sent."""
        return self._stopped

    @property
    def running(self) -> int:
        """How many cells are under way."""
        return len(self._under_way)

    @property
    def window(self) -> int:
        """How many cells may be under way at once."""
        return min(MOST, max(FIRST, 2 * self.slots + 4))

    def seconds_left(self) -> float | None:
        """Return how long the rest may take, estimated from this run so far; ``None`` at first."""
        with self._changed:
            if not self._generation_seconds or not self.slots:
                return None
            left = len(self._cells) - len(self._ended)
            mean = sum(self._generation_seconds) / len(self._generation_seconds)
            return left * mean / self.slots

    @property
    def spent(self) -> Decimal:
        """What the results that came in this run cost, in US dollars."""
        with self._spent_lock:
            while self._counted < len(self._ended):
                cell = self._ended[self._counted]
                self._spent += Decimal(0) if cell in self._paid else _cost(cell)
                self._counted += 1
            return self._spent

    def listen(self, callback: Callable[[Cell], object]) -> None:
        """Call ``callback(cell)`` at each change, on another thread; its errors harm nothing."""
        self._listeners.append(callback)

    def at_end(self, callback: Callable[[], object]) -> None:
        """Call ``callback()`` once the run is over, or at once if it is."""
        with self._changed:
            if not self._over:
                self._at_end.append(callback)
                return
        callback()

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the end of the run; return whether it has ended."""
        # Not with a Condition: Ctrl+C at the wrong moment would leave it locked.
        if not self._over and self._end_of_run.acquire(timeout=timeout):
            self._end_of_run.release()
        return self._over

    def ends(self) -> SimpleQueue[Cell | None]:
        """Return a queue of the cells that have ended and will end, then ``None``."""
        # It may be waited for on a main thread, as no condition may: see `wait`.
        queue: SimpleQueue[Cell | None] = SimpleQueue()
        with self._changed:
            for each in (*self._ended, *([None] if self._over else [])):
                queue.put(each)
            self._queues.append(queue)
        return queue

    def stop(self) -> None:
        """Stop sending; requests under way go on."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def cancel_queued(self) -> int:
        """Ask to cancel the cells that fal has not started, and return how many there are."""
        sending = self.cancel_sending()
        with self._changed:
            waiting = [cell for cell in self._under_way if cell is not sending and _is_queued(cell)]
        return sum(cell.cancel() for cell in waiting) + (sending is not None)

    def cancel_sending(self) -> Cell | None:
        """Cancel the cell that is being sent right now as soon as possible, and return it."""
        with self._changed:
            self._cancel_once_sent = self._sending is not None
            return self._sending

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._failed or self._has_room() or self._is_over(), _SETTLED
                )
                self._count_slots()
                failed = self._failed.popleft() if self._failed else None
                if failed is None and not self._has_room():
                    if not self._is_over():
                        continue
                    self._over = True
                    for queue in self._queues:
                        queue.put(None)
                    last, self._at_end = self._at_end, []
                    break
                cell = failed or self._waiting.popleft()
                self._under_way.add(cell)
            if failed is None:
                self._send(cell, fresh=cell.state == "uncertain")
            elif not self._stopped and self._sends_again(cell):
                self._send(cell, fresh=False)
            else:
                self._end(cell)
        self._end_of_run.release()
        for callback in last:
            callback()

    def _has_room(self) -> bool:
        return bool(self._waiting) and not self._stopped and len(self._under_way) < self.window

    def _is_over(self) -> bool:
        return not (self._under_way or self._telling) and (self._stopped or not self._waiting)

    def _send(self, cell: Cell, *, fresh: bool) -> None:
        cell.refusal = cell.doubt = None
        cell.sent = False  # until one looks again, what is sent once more is paid for
        cell.job, self._sending = None, cell
        try:
            job = self._submit(cell, fresh)
        except Exception as error:  # such as a full disk, or a budget that is used up by now
            self._sending = None
            cell.refusal = (
                error
                if isinstance(error, SeedreamError)
                else SeedreamError(f"{type(error).__name__}: {error}")
            )
            self._end(cell)
            return
        with self._changed:
            cell.job, self._sending = job, None
        if self._cancel_once_sent:
            job.cancel()
        job.on_update(lambda job: self._on_job_update(cell, job))
        self._on_job_update(cell, job)

    def _on_job_update(self, cell: Cell, job: Followed) -> None:
        """Handle a change of a cell, on the engine's thread or this run's own."""
        if job.done and job.error is None:
            self._end(cell)
            return
        if job.done:
            with self._changed:
                self._free_slot(cell)
                if self._handled.get(cell) is not job:  # called twice, or the cell was sent again
                    self._handled[cell] = job
                    self._failed.append(cell)
                    self._changed.notify_all()
            return
        with self._changed:
            if isinstance(job.status, InProgress):
                self._in_progress.setdefault(cell, time.monotonic())
            else:
                self._free_slot(cell)
        self._call_listeners(cell)

    def _free_slot(self, cell: Cell) -> None:
        """Note that fal has finished a cell: its slot is free while its picture is fetched."""
        began = self._in_progress.pop(cell, None)
        if began is not None:
            self._generation_seconds.append(time.monotonic() - began)

    def _count_slots(self) -> None:
        now = time.monotonic()
        settled = [began for began in self._in_progress.values() if now - began >= _SETTLED]
        self.slots = max(self.slots, len(settled))

    def _end(self, cell: Cell) -> None:
        with self._changed:
            if cell not in self._under_way:
                return
            self._under_way.remove(cell)
            self._free_slot(cell)
            self._ended.append(cell)
            for queue in self._queues:
                queue.put(cell)
            self._telling += 1
            self._changed.notify_all()
        try:
            self._call_listeners(cell)
        finally:
            with self._changed:
                self._telling -= 1
                self._changed.notify_all()

    def _call_listeners(self, cell: Cell) -> None:
        for callback in tuple(self._listeners):
            try:
                callback(cell)
            except Exception:
                _log.exception("a callback of a batch failed")


def _is_queued(cell: Cell) -> bool:
    return cell.job is not None and isinstance(cell.job.status, Preparing | Queued)


def _cost(cell: Cell) -> Decimal:
    try:
        result = cell.opened()
    except ResultError:  # it was deleted meanwhile
        result = None
    return Decimal(0) if result is None else cost(result)

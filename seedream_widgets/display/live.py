"""Shows a job while it runs: as a card in a cell, or a line in a terminal."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING, Any

from seedream_widgets.display.html import result_bundle
from seedream_widgets.display.progress import in_notebook, page_listens, progress_line
from seedream_widgets.display.sheet import TEXT, in_a_line
from seedream_widgets.display.show import sheet_of
from seedream_widgets.errors import JobTimeout, SeedreamError, say, without_our_frames
from seedream_widgets.late_imports import live_card
from seedream_widgets.library import Entry
from seedream_widgets.values.result import Result
from seedream_widgets.values.status import Completed, Queued

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seedream_widgets.jobs.job import Job

_LOOK = 0.2
"""Seconds between two checks of a job that is waited for."""
_PAUSE = 0.5
"""Seconds between two updates of a card."""
_TELLING = 30.0
"""Most seconds to wait for listeners, which should return at once."""
_LONGEST_LINE = 160
_INTERRUPT = "Interrupt the cell to stop waiting."


def job_html(job: Job, elapsed: float | None = None, note: str = "", brief: bool = False) -> str:
    """Return a job as a card of static HTML: its pictures once it has them.

    Args:
        job: The job.
        elapsed: Seconds it has run, if they are to be shown.
        note: A last line.
        brief: Whether to leave out an error's message, which is shown below the card.
    """
    if isinstance(job.status, Completed):
        return result_bundle(job.result())["text/html"]
    prompt, *rest = _card_lines(job, elapsed, brief)
    more = "".join(
        f'<div style="opacity:.8">{escape(line)}</div>' for line in [*rest, note] if line
    )
    return (
        f'<div style="{TEXT};border-left:3px solid;'
        f'padding:2px 0 2px 10px;max-width:640px"><div>{escape(prompt)}</div>{more}</div>'
    )


def several_html(shown: Sequence[Job | Result | Entry]) -> str:
    """Return a list as HTML: results as a sheet with their index numbers, other jobs as cards."""
    pictures: list[Result] = []
    captions: list[str] = []
    cards = ""
    for number, each in enumerate(shown):
        result = _result_of(each)
        if result is not None:
            pictures.append(result)
            captions += [f"[{number}] {result.request.prompt}"] * len(result)
        elif not isinstance(each, Result | Entry):
            cards += f'<div style="margin-top:8px">{job_html(each)}</div>'
    sheet = sheet_of(pictures, captions=captions)._repr_mimebundle_() if pictures else {}
    return f"{sheet.get('text/html', '')}{cards}"


def _result_of(each: Job | Result | Entry) -> Result | None:
    """Return the result of an item, or ``None`` for a running job or a damaged entry."""
    if isinstance(each, Result):
        return each
    if isinstance(each, Entry):
        found: Result | None = each.whole()
        return found
    return each.result() if isinstance(each.status, Completed) else None


def _card_lines(job: Job, elapsed: float | None = None, brief: bool = False) -> list[str]:
    """Return the lines of a job's card: prompt, state and time, the newest log line."""
    error = None if brief else job.error
    what = job.status.text if error is None else str(error)
    took = "" if elapsed is None else f" · {elapsed:.0f} s"
    log = job.logs[-1].message if job.logs and not job.done else ""
    return [
        in_a_line(job.prompt or "(prompt not stored)", _LONGEST_LINE),
        f"{what[:1].upper()}{what[1:]}{took}",
        in_a_line(log, _LONGEST_LINE),
    ]


def show_job(job: Job) -> None:
    """Display a job as a card that is updated while it runs, even while other cells compute."""
    card = _Card(job)
    card.show()
    if card.can_update and not job.done:
        card.follow_to_end()


def _final_bundle(job: Job, brief: bool = False) -> dict[str, str]:
    if isinstance(job.status, Completed):
        return {"text/plain": repr(job), **result_bundle(job.result())}
    return {"text/plain": repr(job), "text/html": job_html(job, brief=brief)}


class _Card:
    """A job's card in a cell's output, updated in place.

    If a page is open it is a widget, with Cancel once the page has received a message from the
    kernel; saved notebooks and other hosts show the HTML beside it.

    Args:
        job: The job.
        note: What to do on hosts where clicks don't arrive.
        brief: Whether an error's message is shown below the card.
    """

    def __init__(self, job: Job, note: str = "", brief: bool = False) -> None:
        from IPython.display import DisplayHandle

        self._job, self._note, self._brief = job, note, brief
        self._lock = threading.Lock()
        self._updated_at, self._update_due = 0.0, False
        self._widget: Any = None
        make_handle: Callable[..., Any] = DisplayHandle
        self._handle = make_handle()

    def show(self) -> None:
        """Display it."""
        if not self._job.done and in_notebook() and page_listens():
            self._widget = live_card(self._job, self._note)
            self._widget.tell(_card_lines(self._job))
        self._handle.display(self._current_bundle(), raw=True)

    @property
    def can_update(self) -> bool:
        """Whether it can be updated."""
        return in_notebook()

    def follow_to_end(self) -> None:
        """Follow the job to its end on the engine's thread, with at most two changes a second."""
        self._note = ""
        self._stop = self._job.on_update(self._on_update)
        self._on_update(self._job)

    def _on_update(self, job: Job) -> None:
        with self._lock:
            wait = self._updated_at + _PAUSE - time.monotonic()
            if wait > 0 and not job.done:
                if not self._update_due:  # changes during the pause are shown after it
                    self._update_due = True
                    loop = job._engine.loop
                    loop.call_soon_threadsafe(loop.call_later, wait, self._update_after_pause)
                return
            self._updated_at = time.monotonic()
        self.update()
        if job.done:
            self._stop()

    def _update_after_pause(self) -> None:
        self._update_due = False
        if not self._job.done:  # the end was shown at once
            self._on_update(self._job)

    def update(self, elapsed: float | None = None) -> None:
        """Update the card; when the job has ended, show what stays in the notebook."""
        if self._job.done:
            self._handle.update(_final_bundle(self._job, self._brief), raw=True)
            if self._widget is not None:
                self._widget.close()
        elif self._widget is not None:
            self._widget.tell(_card_lines(self._job, elapsed))
        else:
            self._handle.update(self._current_bundle(elapsed), raw=True)

    def _current_bundle(self, elapsed: float | None = None) -> dict[str, Any]:
        if self._job.done:
            return _final_bundle(self._job, self._brief)
        html = job_html(self._job, elapsed, self._note)
        view = {} if self._widget is None else self._widget.view()
        return {"text/plain": repr(self._job), "text/html": html, **view}


def follow(
    job: Job, progress: bool | None, on_update: Callable[[Job], object] | None = None
) -> Result:
    """Wait for a job's result and show progress; an interrupt stops the waiting, not the job.

    Args:
        job: The job.
        progress: Whether to show progress; ``None``: in a notebook and in a terminal.
        on_update: Called with the job at each change, on the engine's thread.

    Raises:
        SeedreamError: The job failed or was cancelled.
        KeyboardInterrupt: Waiting was interrupted; the job goes on, as a printed line says.
    """
    stop = None
    try:
        if on_update is not None:
            stop = job.on_update(on_update)
            on_update(job)
        watch = _watch_in_cell if in_notebook() and progress is not False else _watch_in_terminal
        watch(job, progress)
        if stop is not None:
            _wait_until_told(job)
        return job.result()
    except KeyboardInterrupt as stopped:
        without_our_frames(stopped)
        if not job.done:
            _say_it_goes_on(job)
        raise
    finally:
        if stop is not None:
            stop()


def _watch_in_cell(job: Job, _: bool | None) -> None:
    if _wait_for_end(job, _LOOK):  # such as an answer from the library
        return
    card = _Card(job, _INTERRUPT, brief=True)
    try:
        card.show()
        while not _wait_for_end(job, _PAUSE):
            card.update(time.time() - job.created)
        card.update()
    except KeyboardInterrupt:
        card.follow_to_end()  # as the job does
        raise
    if job.error is None:
        job.result()._shown()


def _watch_in_terminal(job: Job, progress: bool | None) -> None:
    with progress_line(progress) as tell:
        while not _wait_for_end(job, _LOOK):
            tell(0, _status_line(job))
        tell(0, _status_line(job))


def _wait_for_end(job: Job, seconds: float) -> bool:
    try:
        job.result(seconds)
    except JobTimeout:
        return False
    except SeedreamError:
        return True
    return True


def _wait_until_told(job: Job) -> None:
    """Wait until those who follow the job heard of its end: its result wakes us a moment before."""
    told = threading.Event()
    with suppress(RuntimeError):  # Python is ending
        job._engine.loop.call_soon_threadsafe(told.set)
        told.wait(_TELLING)


def _status_line(job: Job) -> str:
    log = ""
    if job.logs and not job.done:
        log = f" · {in_a_line(job.logs[-1].message, _LONGEST_LINE)}"
    seconds = (job.finished or time.time()) - job.created
    return f"{job.status.text} · {seconds:.0f} s{log}"


def _say_it_goes_on(job: Job) -> None:
    billed = "is not billed unless fal starts it" if isinstance(job.status, Queued) else "may bill"
    if job.backend == "offline":
        billed = "costs nothing offline"
    say(
        f"Stopped waiting. The job goes on and {billed}: sd.jobs()[0].result() gets its result, "
        "sd.jobs()[0].cancel() stops it."
    )

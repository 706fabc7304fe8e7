"""A job that shows itself while it runs: a card in a cell, a line in a terminal."""

from __future__ import annotations

import threading
import time
from html import escape
from typing import TYPE_CHECKING, Any

from seedream_widgets.display.html import result_bundle
from seedream_widgets.display.progress import in_notebook, progress_line
from seedream_widgets.errors import JobTimeout, SeedreamError
from seedream_widgets.values.status import Completed, Queued

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.jobs.job import Job
    from seedream_widgets.values.result import Result

_LOOK = 0.2
"""Seconds between two looks at a job that is waited for."""
_PAUSE = 0.5
"""Seconds between two changes of a card."""
_LONGEST_LINE = 160


def job_html(job: Job, elapsed: float | None = None) -> str:
    """Return a job as a card of static HTML: its pictures once it has them.

    Args:
        job: Which.
        elapsed: Seconds it has run, where they are to be told.
    """
    if isinstance(job.status, Completed):
        return result_bundle(job.result())["text/html"]
    line = job.logs[-1].message if job.logs and not job.done else ""
    error = job.error
    what = str(error) if error is not None else job.status.text
    took = "" if elapsed is None else f" · {elapsed:.0f} s"
    return (
        '<div style="font:13px/1.45 system-ui,sans-serif;border-left:3px solid;'
        'padding:2px 0 2px 10px;max-width:640px">'
        f"<div>{escape(_short(job.prompt or '(prompt not stored)'))}</div>"
        f'<div style="opacity:.8">{escape(what)}{took}</div>'
        f'<div style="opacity:.65">{escape(_short(line))}</div></div>'
    )


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_LINE else f"{flat[: _LONGEST_LINE - 1]}…"


def show_job(job: Job) -> None:
    """Show a job as a card that changes while the job runs, also while other cells compute."""
    from IPython.display import display

    show: Callable[..., Any] = display
    handle = show(_data(job), raw=True, display_id=True)
    if job.done or handle is None or not in_notebook():
        return
    _Card(job, handle)


def _data(job: Job, elapsed: float | None = None) -> dict[str, str]:
    if isinstance(job.status, Completed):
        return {"text/plain": repr(job), **result_bundle(job.result())}
    return {"text/plain": repr(job), "text/html": job_html(job, elapsed)}


class _Card:
    """Changes a card at most twice a second, on the engine's thread."""

    def __init__(self, job: Job, handle: Any) -> None:
        self._job, self._handle = job, handle
        self._lock = threading.Lock()
        self._at = 0.0
        self._stop = job.on_update(self._change)
        self._change(job)

    def _change(self, job: Job) -> None:
        with self._lock:
            if time.monotonic() - self._at < _PAUSE and not job.done:
                return
            self._at = time.monotonic()
        self._handle.update(_data(job), raw=True)
        if job.done:
            self._stop()


def follow(
    job: Job, progress: bool | None, on_update: Callable[[Job], object] | None = None
) -> Result:
    """Wait for a job's result and show how far it is; an interrupt stops the waiting alone.

    Args:
        job: Which.
        progress: Whether to show it; ``None``: in a notebook and in a terminal.
        on_update: Called with the job at each change, on the engine's thread.

    Raises:
        SeedreamError: The job failed or was cancelled.
        KeyboardInterrupt: Waiting was interrupted; the job goes on, which is said in a line.
    """
    stop = job.on_update(on_update) if on_update is not None else None
    watch = _watch_in_cell if in_notebook() and progress is not False else _watch_in_terminal
    try:
        if on_update is not None:
            on_update(job)
        watch(job, progress)
        return job.result()
    except KeyboardInterrupt:
        if not job.done:
            _say_it_goes_on(job)
        raise
    finally:
        if stop is not None:
            stop()


def _watch_in_cell(job: Job, _: bool | None) -> None:
    from IPython.display import display

    show: Callable[..., Any] = display
    if _ended(job, _LOOK):  # such as an answer from the library
        return
    handle = show(_data(job, 0), raw=True, display_id=True)
    while not _ended(job, _PAUSE):
        handle.update(_data(job, time.time() - job.created), raw=True)
    handle.update({"text/plain": "", "text/html": ""}, raw=True)
    if job.error is None:
        handle.update(_data(job), raw=True)
        job.result()._shown()


def _watch_in_terminal(job: Job, progress: bool | None) -> None:
    with progress_line(progress) as tell:
        while not _ended(job, _LOOK):
            tell(0, _line(job))
        tell(0, _line(job))


def _ended(job: Job, seconds: float) -> bool:
    try:
        job.result(seconds)
    except JobTimeout:
        return False
    except SeedreamError:
        return True
    return True


def _line(job: Job) -> str:
    log = f" · {_short(job.logs[-1].message)}" if job.logs and not job.done else ""
    seconds = (job.finished or time.time()) - job.created
    return f"{job.status.text} · {seconds:.0f} s{log}"


def _say_it_goes_on(job: Job) -> None:
    billed = "is not billed unless fal starts it" if isinstance(job.status, Queued) else "may bill"
    if job.backend == "offline":
        billed = "costs nothing offline"
    print(
        f"Stopped waiting. The job goes on and {billed}: sd.jobs()[0].result() has it back, "
        "sd.jobs()[0].cancel() stops it."
    )

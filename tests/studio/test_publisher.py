"""Cards on their way to the page."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading

import pytest

from seedream_widgets.jobs.engine import shared
from seedream_widgets.studio.publisher import Publisher
from seedream_widgets.testing import ScriptedBackend
from tests.scripted import started, until


def test_a_card_that_can_not_be_sent_silences_no_other(tmp_path):
    sent, jobs = [], [started(ScriptedBackend(), tmp_path, f"fox {n}") for n in range(3)]

    def send(job, seq):
        if job is jobs[0]:
            raise RuntimeError("the comm is gone")
        sent.append((job, seq))

    publisher = Publisher(shared(), threading.RLock(), send)
    for job in jobs[:2]:
        publisher.publish(job)
    until(lambda: sent == [(jobs[1], 2)])
    publisher.publish(jobs[2])
    until(lambda: sent[1:] == [(jobs[2], 3)])


@pytest.mark.slow
def test_the_end_of_python_is_no_card_that_says_cancelled():
    """The page then finds the kernel gone, and says what became of the request."""
    code = """
    import atexit, threading, time
    import seedream_widgets as sd
    from seedream_widgets.backends.offline import OfflineBackend
    from seedream_widgets.jobs.engine import shared
    from seedream_widgets.studio.publisher import Publisher

    shown, sent = [], threading.Event()

    def send(job, seq):
        shown.append(job.status.kind)
        if job.request_id:
            sent.set()

    @atexit.register
    def tell():
        print("cancelled" in shown, job.status, job.error)

    publisher = Publisher(shared(), threading.RLock(), send)
    request = sd.Request("offline:slow 100", image_size=(960, 960))
    job = sd.Client(OfflineBackend(1)).submit(request)
    job.on_update(publisher.publish)
    publisher.publish(job)
    assert sent.wait(60)
    while publisher._scheduled:  # it would send the next card at once
        time.sleep(0.01)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True, text=True, timeout=200, check=True,
    )  # fmt: skip
    assert done.stdout == "False Cancelled Python ended\n"

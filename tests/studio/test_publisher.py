"""Cards on their way to the page."""

from __future__ import annotations

import threading

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

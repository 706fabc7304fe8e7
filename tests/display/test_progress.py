"""The bar beside a call that waits."""

from __future__ import annotations

import io
import sys
import threading

from tqdm import tqdm

from seedream_widgets.display.progress import progress_line
from tests.scripted import SECONDS


class Interrupted(io.StringIO):
    def write(self, text: str) -> int:
        raise KeyboardInterrupt


def test_a_bar_that_was_interrupted_holds_up_no_thread_that_collects_it(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Interrupted())
    stopped = []
    with tqdm.get_lock():  # as an interrupt leaves it
        try:
            with progress_line(True, 3):
                pass
        except KeyboardInterrupt as error:
            stopped.append(error)
        collects = threading.Thread(target=stopped.clear, daemon=True)
        collects.start()
        collects.join(SECONDS)
        held_up = collects.is_alive()
    assert not held_up

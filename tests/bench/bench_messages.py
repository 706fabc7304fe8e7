"""Bytes to the page for each further result: they must not grow with the history.

Today: a list trait of all results' cards, which is sent whole at each change; and one of their
pictures. Both widgets run on a comm that counts what it would send.
"""

from __future__ import annotations

import json
import tempfile
import threading
from typing import Any

import comm
import ipywidgets
import traitlets
from comm.base_comm import BaseComm

import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend
from tests.bench.rows import Row, hand_over
from tests.page import Page
from tests.scripted import SECONDS

RESULTS = 1000
AT_ONCE = 20
PREVIEW = 70_000
PICTURES = 100


class Counting(BaseComm):
    """Count the bytes of what is sent, and keep the cards of the jobs that have ended."""

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        if not hasattr(self, "size"):
            self.size = 0
            self.cards, self.changed = {}, threading.Condition()
        content = (data or {}).get("content", {})
        with self.changed:
            self.size += len(json.dumps(data)) + sum(map(len, buffers or []))
            if content.get("kind") == "job" and content["job"]["finished"]:
                self.cards[content["job"]["id"]] = content["job"]
            self.changed.notify_all()


class Cards(ipywidgets.DOMWidget):
    """Keep the history where widgets put state: in a trait."""

    cards = traitlets.List().tag(sync=True)
    pictures = traitlets.List().tag(sync=True)


def ours() -> tuple[list[int], list[dict[str, Any]]]:
    """Return the bytes of each batch, and the last card of each result."""
    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        studio = sd.Studio(sd.Client(ScriptedBackend("fal"), library=folder))
        page, seen = Page(studio), studio.comm
        for first in range(0, RESULTS, AT_ONCE):
            before = seen.size
            for number in range(first, first + AT_ONCE):
                page.send("submit", form={"prompt": f"a fox {number:04}"})
            with seen.changed:
                done = first + AT_ONCE
                assert seen.changed.wait_for(lambda done=done: len(seen.cards) == done, SECONDS)
            sizes.append(seen.size - before)
        studio.close()
    return sizes, list(seen.cards.values())


def today(card: dict[str, Any], results: int, picture: bytes | None = None) -> list[int]:
    """Return the bytes sent for each result where a trait holds them all."""
    widget, sizes = Cards(), []
    for number in range(results):
        before = widget.comm.size
        widget.cards = [*widget.cards, {**card, "id": str(number)}]
        if picture:
            widget.pictures = [*widget.pictures, picture]
        sizes.append(widget.comm.size - before)
    widget.close()
    return sizes


def rows() -> list[Row]:
    comm.create_comm = Counting
    sizes, cards = ours()
    plain = today(cards[0], RESULTS)
    pictures = sum(today(cards[0], PICTURES, bytes(PREVIEW)))
    with_previews = sum(sizes) * PICTURES / RESULTS + PICTURES * (PREVIEW + 200)
    early, late = (
        sum(len(json.dumps(each)) for each in some) for some in (cards[:100], cards[-100:])
    )
    return [
        Row("messages for each of results 901 to 1,000, KB", sum(sizes[-5:]) / 1e5,
            sum(plain[-100:]) / 1e5, times=100),
        Row("  a card of theirs, times one of results 1 to 100", late / early,
            sum(plain[-100:]) / sum(plain[:100]), most=1.05),
        Row("messages of 1,000 results, MB", sum(sizes) / 1e6, sum(plain) / 1e6, times=100),
        Row("messages of 100 results with previews of 70 KB, MB", with_previews / 1e6,
            pictures / 1e6, times=40),
    ]  # fmt: skip


if __name__ == "__main__":
    hand_over(rows())

"""A page without a browser: it opens a studio's comm and talks to it as the front end does."""

from __future__ import annotations

import itertools
import time
from typing import Any

import comm
import pytest

from tests.scripted import SECONDS


class PageComm(comm.base_comm.BaseComm):
    """A comm whose far end is this process."""

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        # Threads send at once, the first already in `__init__`: one step, so that none is lost.
        self.__dict__.setdefault("sent", []).append((msg_type, data, buffers or []))


class Page:
    """Speak for the page of one studio."""

    def __init__(self, studio: Any) -> None:
        self.studio = studio
        self._ids = (f"p{id(self)}-{number}" for number in itertools.count(1))

    @property
    def messages(self) -> list[tuple[dict[str, Any], list[bytes]]]:
        """Every custom message the kernel has sent, with its buffers."""
        return [
            (data["content"], buffers)
            for _, data, buffers in getattr(self.studio.comm, "sent", [])
            if data.get("method") == "custom"
        ]

    @property
    def updates(self) -> list[dict[str, Any]]:
        """Every trait update the kernel has sent."""
        return [
            data["state"]
            for _, data, _ in getattr(self.studio.comm, "sent", [])
            if data.get("method") in ("update", "echo_update")
        ]

    def set(self, **state: Any) -> None:
        """Write traits, as the page does."""
        self._deliver({"method": "update", "state": state, "buffer_paths": []}, [])

    def send(self, kind: str, *buffers: bytes, **content: Any) -> str:
        """Send a message and return its id."""
        content = {"kind": kind, "id": next(self._ids), **content}
        self._deliver({"method": "custom", "content": content}, [memoryview(b) for b in buffers])
        return content["id"]

    def ask(self, kind: str, *buffers: bytes, seconds: float = SECONDS, **content: Any) -> Any:
        """Send a message and return its answer: (content, buffers)."""
        name = self.send(kind, *buffers, **content)
        return self.wait(lambda m: m.get("id") == name and m["kind"] in ("reply", "error"), seconds)

    def wait(self, wanted: Any, seconds: float = SECONDS) -> tuple[dict[str, Any], list[bytes]]:
        """Wait for a message from the kernel."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for content, buffers in self.messages:
                if wanted(content):
                    return content, buffers
            time.sleep(0.002)
        raise AssertionError(f"no such message in {seconds} s; got {self.messages!r:.2000}")

    def _deliver(self, data: dict[str, Any], buffers: list[memoryview]) -> None:
        self.studio.comm.handle_msg({"content": {"data": data}, "buffers": buffers})


@pytest.fixture
def page(monkeypatch):
    """Return a function that makes a studio and opens its page."""
    monkeypatch.setattr(comm, "create_comm", PageComm)
    opened = []

    def open_page(*args, **keys):
        import seedream_widgets as sd

        opened.append(sd.Studio(*args, **keys))
        return Page(opened[-1])

    yield open_page
    for studio in opened:
        studio.close()

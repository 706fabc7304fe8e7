"""The card of a running job in a cell's output, with a Cancel button."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets as t

from seedream_widgets.studio.bridge import Bridge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedream_widgets.jobs.job import Job


class LiveCard(Bridge):
    """The card of one job while it runs; `display.live` replaces it when the job ends.

    Args:
        job: The job.
        note: What to show until the page has received an answer from the kernel.
    """

    _esm = Path(__file__).with_name("live_card.js").read_text(encoding="utf-8")
    _css = ""

    _lines: t.List[str] = t.List(help="The prompt, the state, the log line").tag(sync=True)
    _note = t.Unicode("", help="What to do where no click arrives").tag(sync=True)
    _cancelling = t.Bool(False, help="Whether it is being cancelled").tag(sync=True)

    def __init__(self, job: Job, note: str = "") -> None:
        self._job = job
        super().__init__(_note=note)
        self.on_msg(lambda _, content, __: self._answer(content))

    def _answer(self, content: Any) -> None:
        if not isinstance(content, dict):
            content = {}
        asked = content.get("kind") == "cancel" and self._job.cancel()
        self._cancelling = self._job._cancel_requested
        self._post(
            {"kind": "reply", "id": str(content.get("id"))[:100], "result": {"asked": asked}}
        )

    def tell(self, lines: Sequence[str]) -> None:
        """Update the card's lines, and whether the job can be cancelled."""
        with self._lock:
            self._lines = list(lines)
            self._cancelling = self._job._cancel_requested

    def view(self) -> dict[str, Any]:
        """Return its widget view as a MIME bundle."""
        made = self._repr_mimebundle_()
        data: dict[str, Any] = (made[0] if isinstance(made, tuple) else made) or {}
        return {name: value for name, value in data.items() if "widget-view" in name}

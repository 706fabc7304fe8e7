"""The shape of the fault matrix: groups of rows, and a row made into something that can be run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedream_widgets.errors import Billing
    from tests.fal_server import FalServer
    from tests.fal_server.faults import Fault

Kept = Literal["result", "resumable", "noted"]
"""In the library; in the journal, so that resuming gets the images; or only that it failed."""
_SWITCH = re.compile(r"(\w+):(\w+)(?:\*(\d+))?(?:@([\w.]+))?")


class Row(NamedTuple):
    """One fault.

    `switches` names the server's faults as ``point:kind``, on for good, ``*3`` for three times,
    ``@host`` for one host; `world` names what else is done (see `worlds`). `sees` matches the
    whole sentence the user sees.
    """

    fault: str
    switches: str
    sees: str
    world: str = ""


class Group(NamedTuple):
    """Rows of one kind: what is kept of the request, what we say of its bill, and what is true.

    `charged` is the server's own bill: ``"maybe"`` is what fal may bill by its documentation.
    """

    where: str
    what: str
    error: str | None
    kept: Kept
    billed: Billing
    charged: Billing
    rows: tuple[Row, ...]


class Case(NamedTuple):
    """One row with its group, and the word by which the server's faults know it."""

    word: str
    group: Group
    row: Row

    @property
    def id(self) -> str:
        return f"{self.group.where}, {self.group.what}: {self.row.fault}"

    @property
    def storage(self) -> bool:
        """Whether an image is uploaded."""
        return re.search(r"\b(token|upload|initiate|put):|@rest", self.row.switches) is not None

    @property
    def lasts(self) -> bool:
        """Whether a time limit has to pass first."""
        return "without an end" in self.group.what or "for long" in self.group.what

    def switch_on(self, server: FalServer) -> list[Fault]:
        """Switch its faults on, for it alone where the server can tell."""
        found = _SWITCH.findall(self.row.switches)
        return [
            server.fail(
                point,
                kind,
                times=int(times) if times else None,
                when=None if point == "connect" else lambda text: self.word in text,
                host=host or None,
            )
            for point, kind, times, host in found
        ]


def cases(groups: Iterable[Group]) -> Iterator[Case]:
    rows = ((group, row) for group in groups for row in group.rows)
    for number, (group, row) in enumerate(rows):
        yield Case(f"row{number:03}", group, row)

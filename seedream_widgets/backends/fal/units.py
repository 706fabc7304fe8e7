"""What fal says it bills: a header of its replies that fal_client's results do not show.

A model's endpoint tells its billed units in ``X-Fal-Billable-Units``, counted in the unit of its
price (fal's documentation, "Publishing to marketplace"); for Seedream that unit is an image.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

HEADER = "X-Fal-Billable-Units"
# At most 36 images come of a request: what goes far over that is no count of them.
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,12})?")


class Heard:
    """Hold the units that the reply of one request told, once it has come."""

    units: Decimal | None = None


_heard: ContextVar[Heard | None] = ContextVar("seedream_result", default=None)


@contextmanager
def hearing() -> Iterator[Heard]:
    """Listen to the replies of what is awaited inside, and of nothing else."""
    heard = Heard()
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def hear(reply: httpx.Response) -> None:
    """Note what a reply says of units: the last one, which is the result, counts."""
    heard = _heard.get()
    if heard is not None:
        heard.units = read_units(reply.headers.get(HEADER))


def read_units(told: str | None) -> Decimal | None:
    """Return billed units exactly; ``None`` for what is no plain number from 0 on."""
    return Decimal(told) if told is not None and _NUMBER.fullmatch(told) else None

"""The terms that a button shows for a click: which backend answers, and the most it can cost.

They may change between the drawing of the button and the click, as when a key is set; then the
user has to confirm.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import SeedreamError
from seedream_widgets.library.entry import amount
from seedream_widgets.money.pricing import shown, usd
from seedream_widgets.studio.protocol import MAX_TEXT, ProtocolError

if TYPE_CHECKING:
    from seedream_widgets.backends.base import Backend

GESTURE_MS = 1000
"""Milliseconds within which presses of the same button count as one."""

_ROUNDING = Decimal("0.00005")
"""Amounts that differ by less (in US dollars) count as equal: the page rounds prices."""


@dataclass(frozen=True)
class Terms:
    """Which backend answers a request, whether it bills, and the most it can cost in US dollars."""

    backend: str
    bills: bool
    high: Decimal

    @classmethod
    def of(cls, backend: Backend, high: Decimal) -> Terms:
        """Return the terms of `backend` for a request that costs at most `high` US dollars."""
        return cls(backend.name, backend.bills, high if backend.bills else Decimal(0))

    @classmethod
    def read(cls, told: dict[str, Any]) -> Terms:
        """Read the terms that the button showed, from an untrusted message.

        Raises:
            ProtocolError: They are incomplete, or of a wrong type.
        """
        backend, bills = told.get("backend"), told.get("bills")
        high = amount(told.get("high"))
        if not isinstance(backend, str) or len(backend) > MAX_TEXT:
            raise ProtocolError("terms must name a backend")
        if not isinstance(bills, bool) or high is None:
            raise ProtocolError("terms must say whether it bills, and the most it can cost")
        return cls(backend, bills, Decimal(high))

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict for the page."""
        return {"backend": self.backend, "bills": self.bills, "high": shown(self.high)}

    def is_same(self, other: Terms) -> bool:
        """Tell whether both mean the same to the user."""
        amount = not self.bills or abs(self.high - other.high) < _ROUNDING
        return amount and self._same_backend(other)

    def costs_less(self, other: Terms) -> bool:
        """Tell whether these are of the same backend and cost less than `other`."""
        return self._same_backend(other) and self.high < other.high

    def _same_backend(self, other: Terms) -> bool:
        return (self.backend, self.bills) == (other.backend, other.bills)


class TermsError(SeedreamError):
    """The terms have changed since the button was drawn, so the click has to be confirmed."""

    field = "terms"

    def __init__(self, now: Terms, before: Terms, costs: str) -> None:
        self.now = now
        if now.bills and not before.bills:
            what = f"A fal key is set now: this costs {costs}."
        elif now.bills and now.backend == before.backend:
            what = f"The price has changed: this costs {costs} now, not {usd(before.high)}."
        elif now.bills:
            what = f"{now.backend} answers now: this costs {costs}."
        elif before.bills:
            what = "No fal key is set any more: this would be drawn offline, without Seedream."
        else:
            what = f"{now.backend} answers now."
        super().__init__(f"{what} Press again to send.")

"""What a click was drawn under: who answers, and for how much at most."""

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
"""Presses closer together than that, in milliseconds, for the same thing are one."""

_NOTHING = Decimal("0.00005")
"""US dollars below which two amounts are one: the page multiplies a price that was rounded."""


@dataclass(frozen=True)
class Terms:
    """Say who answers a request, whether it bills, and the most it can cost in US dollars."""

    backend: str
    bills: bool
    high: Decimal

    @classmethod
    def of(cls, backend: Backend, high: Decimal) -> Terms:
        """Return what `backend` would answer under, for at most `high` US dollars."""
        return cls(backend.name, backend.bills, high if backend.bills else Decimal(0))

    @classmethod
    def read(cls, told: dict[str, Any]) -> Terms:
        """Read what the page says the button said.

        Raises:
            ProtocolError: It is not complete, or of a wrong type.
        """
        backend, bills = told.get("backend"), told.get("bills")
        high = amount(told.get("high"))
        if not isinstance(backend, str) or len(backend) > MAX_TEXT:
            raise ProtocolError("terms must name a backend")
        if not isinstance(bills, bool) or high is None:
            raise ProtocolError("terms must say whether it bills, and the most it can cost")
        return cls(backend, bills, Decimal(high))

    def to_dict(self) -> dict[str, Any]:
        """Return what the page gets."""
        return {"backend": self.backend, "bills": self.bills, "high": shown(self.high)}

    def same(self, other: Terms) -> bool:
        """Tell whether both come to the same for who pays."""
        amount = not self.bills or abs(self.high - other.high) < _NOTHING
        return amount and self._same_backend(other)

    def less(self, other: Terms) -> bool:
        """Tell whether the same backend answers for less."""
        return self._same_backend(other) and self.high < other.high

    def _same_backend(self, other: Terms) -> bool:
        return (self.backend, self.bills) == (other.backend, other.bills)


class TermsError(SeedreamError):
    """Ask about a click that was drawn under other terms than it would be sent under."""

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

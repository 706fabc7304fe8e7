"""Keeps prices current: asks the backend when first used, every hour, and again after a failure."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import wait
from typing import TYPE_CHECKING

from seedream_widgets.jobs.engine import shared

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from seedream_widgets.backends.base import Backend
    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.money.pricing import Prices
    from seedream_widgets.values.endpoints import Price

_log = logging.getLogger(__name__)
_WAIT_SECONDS = 3.0
_LONGEST_PAUSE = 300.0


class CurrentPrices:
    """Asks a backend for its prices when they are due, in the background.

    Args:
        prices: Receives them; emptied when the backend, and so perhaps the account, changes.
        age: Seconds after which they are asked for again.
        pause: Seconds before the first retry after a failure; doubled each time.
    """

    def __init__(self, prices: Prices, *, age: float = 3600.0, pause: float = 5.0) -> None:
        self._prices = prices
        self._age, self._pause = age, pause
        self._lock = threading.Lock()
        self._of: tuple[Engine, Backend] | None = None
        self._due = 0.0
        self._failures = 0
        self._asking: Future[None] | None = None

    def ask(self, backend: Backend) -> None:
        """Ask `backend` for its prices if they are due; return at once."""
        if not backend.bills:
            return
        own = shared(), backend
        with self._lock:
            changed = self._of is not None and self._of != own
            if self._of != own:
                self._of, self._due, self._failures, self._asking = own, 0.0, 0, None
            busy = self._asking is not None and not self._asking.done()
            if not busy and time.monotonic() >= self._due:
                self._asking = own[0].start(self._learn(own))
        if changed:
            self._prices.forget()

    def wait(self) -> None:
        """Wait for an answer that is on its way, for a few seconds at most."""
        asking, of = self._asking, self._of
        if asking is not None and of is not None and not of[0].here:
            wait([asking], _WAIT_SECONDS)

    def close(self) -> None:
        """Forget the backend; it is asked again if it is used again."""
        with self._lock:
            self._of = self._asking = None

    async def _learn(self, own: tuple[Engine, Backend]) -> None:
        told: Mapping[str, Price] = {}
        try:
            told = await own[1].prices()
        except Exception as error:  # the dated table serves as well
            _log.debug("the current prices could not be asked for: %s", error)
        with self._lock:
            if self._of != own:
                return
            self._failures = 0 if told else self._failures + 1
            pause = min(self._pause * 2 ** (self._failures - 1), _LONGEST_PAUSE)
            self._due = time.monotonic() + (self._age if told else pause)
        if told:
            self._prices.take(told)

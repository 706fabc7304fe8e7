"""Blocking work beside the loop, in a thread that never keeps Python from ending."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LINGER = 1.0
"""Seconds that cancelled work gets to tidy up."""


async def in_thread(work: Callable[[], None], stop: Callable[[], None], name: str) -> None:
    """Await `work` in a daemon thread of its own; cancelled, call `stop` and let it end.

    Not `asyncio.to_thread`: Python waits for its threads before it ends.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[BaseException | None] = loop.create_future()

    def run() -> None:
        failure: BaseException | None = None
        try:
            work()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(ended.set_result, failure)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        failure = await asyncio.shield(ended)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait([ended], timeout=_LINGER)
        raise
    if failure is not None:
        raise failure

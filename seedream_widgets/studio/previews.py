"""Makes small pictures for the page, each only once, in the engine's pool."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.images.growing import Growing
    from seedream_widgets.images.previews import Preview, Reduced
    from seedream_widgets.jobs.engine import Engine

KEPT = 128
"""How many previews are kept, of at most 100 KB each."""
EDGES = (128, 1024)
_LARGEST = 768
"""The largest edge that the page asks for (`EDGES` in js/src/pictures/previews.ts)."""


class Previews:
    """Makes previews on the engine's loop; requests for the same preview share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: dict[tuple[str, int], asyncio.Task[Preview]] = {}
        self._begun: tuple[str, Future[Reduced]] | None = None
        self._decoding = threading.Lock()

    def begin(self, target: str, growing: Growing) -> None:
        """Decode a picture while it downloads, unless another one is; from any thread.

        This runs in a thread of its own, as it mostly waits for the network. The outcome, a few
        MB, is kept until its preview is asked for or the next picture comes.
        """
        self._take_begun(target)  # drop that of an earlier attempt
        if not self._decoding.acquire(blocking=False):
            growing.close()
            return
        begun: Future[Reduced] = Future()
        self._begun = target, begun
        work = threading.Thread(
            target=self._reduce, args=(growing, begun), name="seedream-arriving", daemon=True
        )
        try:
            work.start()
        except RuntimeError as error:  # Python is ending
            self._finish(growing, begun, error)

    def _reduce(self, growing: Growing, begun: Future[Reduced]) -> None:
        from seedream_widgets.images.previews import reduce_arriving

        try:
            found = reduce_arriving(growing, _LARGEST)
        except Exception as error:  # the preview is made from the complete file then
            self._finish(growing, begun, error)
        else:
            self._finish(growing, begun, found)

    def _finish(
        self, growing: Growing, begun: Future[Reduced], outcome: Reduced | Exception
    ) -> None:
        growing.close()
        self._decoding.release()
        if isinstance(outcome, Exception):
            begun.set_exception(outcome)
        else:
            begun.set_result(outcome)

    def _take_begun(self, target: str) -> Future[Reduced] | None:
        begun = self._begun
        if begun is None or begun[0] != target:
            return None
        self._begun = None
        return begun[1]

    async def get(self, target: str, edge: int, source: bytes | Path) -> Preview:
        """Return the preview of `source`, whose id is `target`, with sides of up to `edge` pixels.

        Raises:
            ImageInputError: The bytes are not an image.
        """
        edge = min(max(edge, EDGES[0]), EDGES[1])
        key = target, edge
        if key not in self._tasks:
            self._tasks[key] = asyncio.ensure_future(self._make(target, edge, source))
            while len(self._tasks) > KEPT:
                del self._tasks[next(iter(self._tasks))]
        try:
            return await asyncio.shield(self._tasks[key])
        except Exception:
            self._tasks.pop(key, None)
            raise

    async def _make(self, target: str, edge: int, source: bytes | Path) -> Preview:
        from seedream_widgets.images.previews import Reduced, preview

        begun = self._take_begun(target)
        if begun is not None:
            (found,) = await asyncio.gather(asyncio.wrap_future(begun), return_exceptions=True)
            if isinstance(found, Reduced) and edge <= found.edge:
                return await self._engine.run_in_pool(found.preview, edge)
        return await self._engine.run_in_pool(preview, source, edge)

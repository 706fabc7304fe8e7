"""Small pictures for the page: each made once, in the engine's pool."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.engine import Engine
    from seedream_widgets.previews import Preview

KEPT = 128
"""Previews kept, of at most 100 KB each."""
EDGES = (128, 1024)


class Previews:
    """Make previews on the engine's loop; two that ask for one share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._made: dict[tuple[str, int], asyncio.Task[Preview]] = {}

    async def get(self, target: str, edge: int, source: bytes | Path) -> Preview:
        """Return the preview of `source`, which `target` names, at most `edge` pixels a side.

        Raises:
            ImageInputError: The bytes are no image.
        """
        edge = min(max(edge, EDGES[0]), EDGES[1])
        key = target, edge
        if key not in self._made:
            self._made[key] = asyncio.ensure_future(self._make(source, edge))
            while len(self._made) > KEPT:
                del self._made[next(iter(self._made))]
        try:
            return await asyncio.shield(self._made[key])
        except Exception:
            self._made.pop(key, None)
            raise

    async def _make(self, source: bytes | Path, edge: int) -> Preview:
        from seedream_widgets.previews import preview

        return await self._engine.decode(preview, source, edge)

"""Runs the backend's verbs the way the client does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from seedream_widgets.backends.fal import FalBackend, Limits
from seedream_widgets.credentials import find_key
from seedream_widgets.values.request import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seedream_widgets.backends.base import Policy
    from seedream_widgets.library.uploads import KeptUploads
    from seedream_widgets.values.handle import Handle
    from seedream_widgets.values.status import Status

T = TypeVar("T")
PATIENT = 60.0
"""Seconds that a slow machine, too, does not need for anything."""
QUICK = Limits(
    submit=PATIENT, unreachable=PATIENT, call=PATIENT, first_event=PATIENT, silence=PATIENT,
    patience=PATIENT, answer=PATIENT, poll=(0.02, 0.05), attempts=3,
)  # fmt: skip
"""Polls often. A test in which fal is silent or out of reach makes that limit short which ends it,
and no other: on a busy machine a connection alone takes longer than some tenths of a second."""
FOX = Request("a fox", seed=3)


def drive(
    scenario: Callable[[FalBackend], Awaitable[T]],
    *,
    policy: Policy | None = None,
    kept: KeptUploads | None = None,
    **limits: Any,
) -> T:
    """Run a scenario on a backend of its own, and close it."""

    async def main() -> T:
        key = find_key()
        assert key is not None
        backend = FalBackend(key, replace(QUICK, **limits), policy, kept)
        try:
            return await scenario(backend)
        finally:
            await backend.aclose()

    return asyncio.run(main())


async def submitted(backend: FalBackend, request: Request = FOX) -> Handle:
    return await backend.submit(request, [])


async def watched(backend: FalBackend, handle: Handle) -> list[Status]:
    return [status async for status in backend.watch(handle)]

"""Chooses the backend: fal if a key is found, else the offline preview, or the user's own."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Literal, Protocol

from seedream_widgets.credentials import Key, find_key
from seedream_widgets.errors import CredentialsError, refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from seedream_widgets.backends.base import Backend, Policy
    from seedream_widgets.library.uploads import KeptUploads


class Loop(Protocol):
    """The engine, as far as backends need it: their connections are closed on its loop."""

    def at_close(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have `work` awaited when Python ends."""
        ...

    def close_now(
        self,
        work: Callable[[], Coroutine[Any, Any, None]],
        after: Coroutine[Any, Any, object] | None = None,
    ) -> None:
        """Do the `work` given to `at_close` now, or `after` something."""
        ...


def _answers(backend: object) -> bool:
    return hasattr(backend, "name") and callable(getattr(backend, "submit", None))


async def _all_end(users: Sequence[Awaitable[object]]) -> None:
    await asyncio.gather(*users, return_exceptions=True)


class BackendChoice:
    """Gives the current backend, and makes one when a key is first used.

    Args:
        choice: ``"fal"``, ``"offline"``, a `Backend`, or ``None``: fal when a key is found.
        key: The fal key; ``None`` looks for one.
        policy: What fal may keep.
        kept: Earlier uploads.
        loop: Returns this process's engine, which backends run on.

    Raises:
        RequestError: `choice` is something else.
        CredentialsError: `choice` is ``"fal"`` and no key is found, or the key is malformed.
    """

    def __init__(
        self,
        choice: Literal["fal", "offline"] | Backend | None,
        key: str | None,
        loop: Callable[[], Loop],
        policy: Policy | None = None,
        kept: KeptUploads | None = None,
    ) -> None:
        known = choice in ("fal", "offline") if isinstance(choice, str) else _answers(choice)
        if choice is not None and not known:
            raise refused("backend", "'fal', 'offline' or a Backend", choice)
        self._choice = choice
        self._loop = loop
        self._policy = policy
        self._kept = kept
        self._given = find_key(key) if choice == "fal" or key is not None else None
        self._colab: Key | None = None
        self._made: dict[tuple[Loop, Key | None], Backend] = {}
        self._lock = threading.Lock()
        if choice is None:
            self.find_key()
        if choice == "fal" and self._given is None:
            raise CredentialsError(
                "no fal key found; set FAL_KEY, call sd.login(), or pass key= to Client"
            )

    @property
    def current(self) -> Backend:
        """The backend that would answer now."""
        if self._choice not in (None, "fal", "offline"):
            return self._choice  # type: ignore[return-value]
        key = None if self._choice == "offline" else self._current_key()
        own = self._loop(), key  # connections belong to one loop, so a forked child makes its own
        with self._lock:
            if own not in self._made:
                self._made[own] = self._make(key)
                own[0].at_close(self._made[own].aclose)
            return self._made[own]

    def find_key(self) -> bool:
        """Look for a key again, in Colab's secrets too, and tell whether there is one."""
        if not self._given and find_key(colab=False) is None:
            self._colab = find_key()
        return self._current_key() is not None

    def _current_key(self) -> Key | None:
        return self._given or find_key(colab=False) or self._colab

    def _make(self, key: Key | None) -> Backend:
        if key is None:
            from seedream_widgets.backends.offline import OfflineBackend

            chosen = self._choice == "offline"
            return OfflineBackend(label="Offline preview" + ("" if chosen else ": no FAL_KEY"))
        from seedream_widgets.backends.fal import FalBackend

        return FalBackend(key, policy=self._policy, kept=self._kept)

    def close(self, users: Sequence[Awaitable[object]] = ()) -> None:
        """Close the connections of the backends made here, once their `users` have ended."""
        with self._lock:
            made, self._made = self._made, {}
        for (engine, _), backend in made.items():
            if engine is self._loop():
                engine.close_now(backend.aclose, _all_end(users) if users else None)

    def __str__(self) -> str:
        if isinstance(self._choice, str | None):
            return self._choice or "fal or offline"
        return self._choice.name

"""Schedules requests on a backend and remembers this session's jobs."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from seedream_widgets.credentials import Key, find_key
from seedream_widgets.engine import shared
from seedream_widgets.errors import CredentialsError, RequestError
from seedream_widgets.folders import results_folder
from seedream_widgets.job import Job
from seedream_widgets.run import run
from seedream_widgets.status import Completed

if TYPE_CHECKING:
    from seedream_widgets.backends.base import Backend
    from seedream_widgets.engine import Engine
    from seedream_widgets.request import Request


class Client:
    """Send requests and keep their jobs.

    Args:
        backend: ``"fal"``, ``"offline"``, a `Backend`, or ``None``: fal when a key is found,
            else the offline preview. ``None`` looks again at each submit, for a key
            set later.
        key: fal key; ``None`` looks in `login`, ``FAL_KEY``, ``FAL_KEY_ID`` with
            ``FAL_KEY_SECRET``, and Colab's secrets.
        folder: Where result files go; ``None`` is the user's data folder, or
            ``SEEDREAM_HOME``.

    Raises:
        RequestError: `backend` is another word.
        CredentialsError: `backend` is ``"fal"`` and no key is found, or the key is malformed.
    """

    def __init__(
        self,
        backend: Literal["fal", "offline"] | Backend | None = None,
        *,
        key: str | None = None,
        folder: str | Path | None = None,
    ) -> None:
        if isinstance(backend, str) and backend not in ("fal", "offline"):
            raise RequestError(
                f"backend takes 'fal', 'offline' or a Backend, got {backend!r:.80}",
                field="backend",
                value=backend,
            )
        self._choice = backend
        self._given = find_key(key) if backend == "fal" or key is not None else None
        self._colab: Key | None = None
        self._folder = None if folder is None else Path(folder).expanduser()
        self._backends: dict[tuple[Engine, Key | None], Backend] = {}
        self._lock = threading.Lock()
        self._jobs: list[Job] = []
        if backend is None:
            self.find_key()
        if backend == "fal" and self._given is None:
            raise CredentialsError(
                "no fal key found; set FAL_KEY, call sd.login(), or pass key= to Client"
            )

    @property
    def backend(self) -> Backend:
        """Who would answer a request submitted now."""
        if self._choice not in (None, "fal", "offline"):
            return self._choice  # type: ignore[return-value]
        key = None if self._choice == "offline" else self._current_key()
        own = shared(), key  # connections belong to one loop: a forked child makes its own
        with self._lock:
            if own not in self._backends:
                self._backends[own] = self._make_backend(key)
                own[0].at_close(self._backends[own].aclose)
            return self._backends[own]

    def find_key(self) -> bool:
        """Look for a key again, in Colab's secrets too, and tell whether there is one.

        Call it from a cell: Colab's secrets block until the page answers.
        """
        if not self._given and find_key(colab=False) is None:
            self._colab = find_key()
        return self._current_key() is not None

    def _current_key(self) -> Key | None:
        return self._given or find_key(colab=False) or self._colab

    def _make_backend(self, key: Key | None) -> Backend:
        if key is None:
            from seedream_widgets.backends.offline import OfflineBackend

            chosen = self._choice == "offline"
            return OfflineBackend(label="Offline preview" + ("" if chosen else ": no FAL_KEY"))
        from seedream_widgets.backends.fal import FalBackend

        return FalBackend(key)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """This session's jobs, newest first."""
        return tuple(reversed(self._jobs))

    @property
    def spent(self) -> Decimal:
        """Estimated US dollars for the images that have come; refusals and cancels not counted."""
        total = Decimal(0)
        for job in self.jobs:
            if job.backend == "fal" and isinstance(job.status, Completed):
                total += job.request.endpoint.price.usd * len(job.result().files)
        return total

    def submit(self, request: Request) -> Job:
        """Start `request` and return its job at once."""
        engine, backend = shared(), self.backend
        job = Job(request, backend=backend.name, engine=engine)
        self._jobs.append(job)
        folder = (self._folder or results_folder()) / date.today().isoformat()
        engine.loop.call_soon_threadsafe(job.begin, run(job, backend, folder, engine))
        return job

    def close(self) -> None:
        """Let go of its connections, once its jobs have ended; a backend of yours stays open."""
        with self._lock:
            backends, self._backends = self._backends, {}
        for (engine, _), backend in backends.items():
            if engine is shared():
                engine.start(backend.aclose()).result()

    def __repr__(self) -> str:
        name = self._choice if isinstance(self._choice, str | None) else self._choice.name
        return f"<Client {name or 'fal or offline'}, {len(self._jobs)} jobs>"

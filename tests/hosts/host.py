"""What the journeys ask of a host: open cells, run them, and find the studio a cell shows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from tests.browser.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Frame, Locator, Page


class Book(ABC):
    """An open notebook with a kernel of its own; cells are counted from 0."""

    page: Page

    @abstractmethod
    def place(self, cell: int) -> Page | Frame | Locator:
        """Return where a cell's output is drawn."""

    def studio(self, cell: int = 0) -> Studio:
        """Wait for the studio that a cell shows."""
        return Studio(self.page, within=self.place(cell))

    @abstractmethod
    def run(self, cell: int, *, wait: bool = True) -> None:
        """Run a cell as its user does; without wait, return while it runs."""

    @abstractmethod
    def text(self, cell: int) -> str:
        """Read what a cell printed, returned or raised, as plain text."""

    @abstractmethod
    def sources(self) -> list[str]:
        """Read every cell's source, to see that no key went astray."""

    @abstractmethod
    def write(self, cell: int, source: str) -> None:
        """Replace the source of a cell, as its user does."""

    @abstractmethod
    def on_disk(self) -> str:
        """Read what is saved of the notebook; "" where nothing was."""

    @abstractmethod
    def theme(self, name: str) -> None:
        """Switch the host to "Light" or "Dark"."""

    @abstractmethod
    def reload(self) -> None:
        """Save, and load the page again; the kernel lives on."""

    @abstractmethod
    def restart_kernel(self) -> None:
        """Restart the kernel under the open page."""

    @abstractmethod
    def close(self) -> None:
        """End the kernel, and delete what was opened."""


class Host(ABC):
    """A host that runs here.

    Attributes:
        name: What `--hosts` calls it.
        label: What the table calls it, with the version that ran.
        serves_while_busy: Whether a click reaches the kernel while a cell computes.
        restores: Whether the widget is there again after a reload with a living kernel.
        tells_restart: Whether the page hears that its kernel was restarted.
        tells_death: Whether the page hears that its kernel was killed.
        clears_on_restart: Whether a restart takes the outputs away, so that no dead view stays.
    """

    name: str
    label: str
    serves_while_busy = True
    restores = True
    tells_restart = True
    tells_death = True
    clears_on_restart = False

    @abstractmethod
    def serve(self, home: Path) -> AbstractContextManager[None]:
        """Run what the host needs, everything of it under a new folder."""

    @abstractmethod
    def open(self, page: Page, name: str, cells: Sequence[str]) -> Book:
        """Open a new notebook of these cells, none of them run, on a page."""

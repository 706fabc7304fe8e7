from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.page import page as page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.fal_server import Authority, FalServer


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, and a library of the test's own; tests that need a key use `fal_server`."""
    monkeypatch.setenv("SEEDREAM_HOME", str(tmp_path))
    for name in ("FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    if api := sys.modules.get("seedream_widgets.api"):
        monkeypatch.setattr(api, "_client", None)  # the session's client knows its library


@pytest.fixture(scope="session")
def fal_authority() -> Iterator[Authority]:
    from tests.fal_server import Authority

    authority = Authority()
    yield authority
    authority.close()


@pytest.fixture
def fal_server(fal_authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    """A local fal that the environment points at, key included; it must not fail itself."""
    from tests.fal_server import FalServer

    with FalServer(authority=fal_authority) as server:
        for name, value in server.env.items():
            if value:
                monkeypatch.setenv(name, value)
            else:
                monkeypatch.delenv(name, raising=False)
        yield server
    assert server.errors == ()


@pytest.fixture
def fal_http(fal_server: FalServer) -> Iterator[httpx.Client]:
    """A plain HTTP client with the key, to speak the protocol by hand."""
    import httpx

    headers = {"Authorization": f"Key {fal_server.settings.key}"}
    with httpx.Client(headers=headers, timeout=5) as client:
        yield client

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.page import page as page

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.fal_server import Authority, FalServer
    from tests.s3_server import S3Server

HERE = Path(__file__).parent
# What makes a test slow: another process, a server, a browser, hypothesis, or much work.
# `make quick` leaves out what is marked `slow`, and does not even import these places.
SLOW_PLACES = {
    HERE / place
    for place in (
        *("backends/fal", "bench", "browser", "colab", "crash", "facts", "faults", "fuzz", "hosts"),
        *("range", "soak", "images/test_receipts_hostile.py", "studio/test_fallback.py"),
        *("display/test_live.py", "test_import_cost.py", "test_wheel.py", "test_magics.py"),
        *("jobs/test_elsewhere.py", "library/test_processes.py", "test_files.py"),
        *("live", "backends/test_policy.py", "batch/test_shared.py", "batch/test_workers.py"),
        *("images/test_transparent.py", "jobs/test_interrupted.py", "jobs/test_lost.py"),
        *("jobs/test_many_jobs.py", "library/test_mirror.py", "library/test_place.py"),
        *("library/test_trash.py", "money/test_prices.py", "security/test_bombs.py"),
        *("security/test_hosts.py", "security/test_key_in_errors.py"),
        "security/test_private_files.py",
        *("test_fal_server.py", "test_fal_server_faults.py", "test_fal_server_model.py"),
        *("test_fal_server_network.py", "test_key_nowhere.py", "test_notebook_twice.py"),
        "test_wrong_values.py",
        # Much work: pictures drawn, masks aligned, libraries of many results.
        *("backends/test_offline_art.py", "batch/test_poster.py", "images/test_masks.py"),
        *("images/test_regions.py", "jobs/test_region.py", "library/test_index_faults.py"),
        *("studio/test_continued.py", "studio/test_library.py", "studio/test_sheet.py"),
        *("studio/test_shelf.py", "studio/test_viewer.py", "values/test_picture.py"),
    )
}
# Long files go first, browser tests of half a minute too: the last to run should keep no worker
# waiting.
LONG_PLACES = {
    HERE / place
    for place in (
        *("batch/test_shared.py", "crash/test_changes.py", "crash/test_few_files.py", "faults"),
        "crash/test_moments.py",
        *("jobs/test_region.py", "range", "soak", "test_key_nowhere.py", "test_notebook_twice.py"),
        *("browser/test_accessibility.py", "browser/test_blob_urls.py", "browser/test_reload.py"),
        *("browser/test_presses.py", "browser/test_quickstart.py", "browser/test_sheet.py"),
        *("browser/test_saved_notebook.py", "browser/test_viewer.py"),
    )
}
SLOW_FIXTURES = {"fal_authority", "fal_server", "s3_server"}
SLOW_EVENTS = {"os.fork", "os.posix_spawn", "socket.bind", "subprocess.Popen"}


def _quick(config: pytest.Config) -> bool:
    return bool(config.option.markexpr == "not slow")


class _Loggers(dict[str, logging.Logger | logging.PlaceHolder]):
    """The loggers by name, of which another thread may make one while pytest goes through them."""

    def values(self) -> Any:
        return list(super().values())


def pytest_configure(config: pytest.Config) -> None:
    # pytest looks at every logger before each test. A thread that an earlier test left, such as
    # one that imports httpx to ask for prices, would make that end in "dictionary changed size".
    manager = logging.Logger.manager
    manager.loggerDict = _Loggers(manager.loggerDict)
    if _quick(config):
        # Imported, it binds a socket to see whether IPv6 is there: no test's doing.
        importlib.import_module("urllib3")
        sys.addaudithook(_refuse_what_is_slow)


def _refuse_what_is_slow(event: str, arguments: object) -> None:
    """Keep `make quick` honest: a test in it can't start a process or a server."""
    if event in SLOW_EVENTS and "PYTEST_CURRENT_TEST" in os.environ:
        pytest.fail(f"this test raises {event!r}: mark it with @pytest.mark.slow")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if _quick(config) and collection_path in SLOW_PLACES else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        hypothesis = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        place = {item.path, *item.path.parents}
        if hypothesis or fixtures & SLOW_FIXTURES or place & SLOW_PLACES:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: not {item.path, *item.path.parents} & LONG_PLACES)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No key, and a library of the test's own; tests that need a key use `fal_server`."""
    monkeypatch.setenv("SEEDREAM_HOME", str(tmp_path))
    for name in ("FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    # What a test types at the hidden prompt is no other test's key.
    monkeypatch.setattr(importlib.import_module("seedream_widgets.credentials"), "_typed", None)
    if api := sys.modules.get("seedream_widgets.api"):
        monkeypatch.setattr(api, "_client", None)  # the session's client knows its library
    yield
    if widgets := sys.modules.get("ipywidgets"):
        # A studio left open looks for a key for ever: it would ask the next test's fal for prices.
        widgets.Widget.close_all()


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
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """A local S3 that the environment points at, with the bucket ``foxes``."""
    from tests.s3_server import S3Server

    with S3Server() as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        conf = importlib.import_module("fsspec.config").conf
        monkeypatch.setitem(conf, "s3", json.loads(server.env["FSSPEC_S3"]))
        yield server


@pytest.fixture
def fal_http(fal_server: FalServer) -> Iterator[httpx.Client]:
    """A plain HTTP client with the key, to speak the protocol by hand."""
    import httpx

    headers = {"Authorization": f"Key {fal_server.settings.key}"}
    limits = httpx.Limits(keepalive_expiry=300)  # a busy machine's pauses take no new connection
    with httpx.Client(headers=headers, timeout=60, limits=limits) as client:
        yield client

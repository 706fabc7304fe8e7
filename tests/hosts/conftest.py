"""Run every journey in every host that `--hosts` names, and write down how it went."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import pytest

from tests.browser.chromium import chromium, collect_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from .host import Book, Host

HOSTS = {
    "jupyterlab": "jupyter:JupyterLab",
    "notebook": "jupyter:Notebook7",
    "vscode": "vscode:VSCode",
    "colab": "colab:Colab",
    "marimo": "marimo:Marimo",
}
ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
RESULTS = ROOT / "build" / "hosts"
SIZE = {"width": 1280, "height": 900}


class OpenBook(Protocol):
    def __call__(self, *cells: str) -> Book: ...


class Say(Protocol):
    def __call__(self, sentence: str) -> None: ...


class Shot(Protocol):
    def __call__(self, name: str) -> None: ...


def load(name: str) -> Host:
    module, _, kind = HOSTS[name].partition(":")
    host: Host = getattr(import_module(f"{__package__}.{module}"), kind)()
    return host


def wanted(config: pytest.Config) -> list[str]:
    names: str = config.getoption("hosts", "jupyterlab")
    return [*HOSTS] if names == "all" else names.split(",")


def own_host(module: Path) -> str | None:
    """Return the one host that a module such as test_marimo.py is about."""
    name = module.stem.removeprefix("test_")
    return name if module.stem.startswith("test_") and name in HOSTS else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hosts", default="jupyterlab", help=f"of {','.join(HOSTS)}; or all")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "host" in metafunc.fixturenames:
        own = own_host(Path(metafunc.module.__file__))
        names = [own] if own else wanted(metafunc.config)
        metafunc.parametrize("host", names, indirect=True, scope="session")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    own = own_host(collection_path)
    return True if own and own not in wanted(config) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[CALLED] = report.passed
    return report


CALLED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    host = load(request.param)
    with host.serve(tmp_path_factory.mktemp(host.name)):
        yield host


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Tab:
    """A page that tests load again and again: what the host has loaded once comes from its cache.

    Attributes:
        page: It is closed after a test that fails; the next one is new.
        errors: Console errors and uncaught errors.
    """

    def __init__(self, browser: Browser) -> None:
        context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page = context.new_page()
        self.errors = collect_errors(self.page)

    def clear(self) -> None:
        """Leave the host, and what it stored in the browser."""
        address = urlsplit(self.page.url)
        self.page.goto("about:blank")
        if address.netloc:
            devtools = self.page.context.new_cdp_session(self.page)
            origin = f"{address.scheme}://{address.netloc}"
            kinds = {
                "origin": origin,
                "storageTypes": "cookies,local_storage,indexeddb,service_workers",
            }
            devtools.send("Storage.clearDataForOrigin", kinds)
            devtools.detach()
        self.page.set_viewport_size(SIZE)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def tabs() -> Iterator[list[Tab]]:
    """The one that is open, or none."""
    tabs: list[Tab] = []
    yield tabs
    for tab in tabs:
        tab.page.context.close()


@pytest.fixture
def tab(browser: Browser, tabs: list[Tab], request: pytest.FixtureRequest) -> Iterator[Tab]:
    tab = tabs.pop() if tabs else Tab(browser)
    tab.errors.clear()
    yield tab
    if request.node.stash.get(CALLED, False):
        tab.clear()
        tabs.append(tab)
    else:
        tab.page.context.close()


@pytest.fixture
def page(tab: Tab) -> Page:
    return tab.page


@pytest.fixture
def errors(tab: Tab) -> list[str]:
    """Console errors and uncaught errors since the notebook opened: before, they are the host's."""
    return tab.errors


@pytest.fixture
def book(
    host: Host, page: Page, errors: list[str], request: pytest.FixtureRequest
) -> Iterator[OpenBook]:
    """Open cells in the host; their kernel ends with the test."""
    opened: list[Book] = []

    def open_book(*cells: str) -> Book:
        name = f"{request.node.originalname}_{len(opened)}"
        opened.append(host.open(page, name, cells))
        errors.clear()
        return opened[-1]

    yield open_book
    for each in opened:
        each.close()


@pytest.fixture
def shot(host: Host, page: Page) -> Shot:
    """Write a screenshot of the page into screenshots/, to be looked at."""

    def take(name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"host-{host.name}-{name}.png")

    return take


@pytest.fixture
def instead(host: Host, request: pytest.FixtureRequest) -> Iterator[Say]:
    """Say what the widget does where the host forbids a thing; the table tells it."""
    said: list[str] = []
    yield said.append
    RESULTS.mkdir(parents=True, exist_ok=True)
    journey = request.node.originalname.removeprefix("test_")
    record = {
        "host": host.name,
        "label": host.label,
        "journey": journey,
        "passed": request.node.stash.get(CALLED, False),
        "instead": said,
    }
    (RESULTS / f"{host.name}-{journey}.json").write_text(json.dumps(record, indent=1))


@pytest.fixture(autouse=True)
def _recorded(instead: Say) -> None:
    """Write every journey down, not only those that ask for a word."""

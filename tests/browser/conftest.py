"""Fixtures of the browser tests: one server, one browser, and a page that stays open."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from .chromium import chromium, collect_errors
from .jupyter import JupyterServer, jupyter_server
from .kept import KeptPage, new_page
from .lab import Notebook, write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, Locator, Page

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


class OpenNotebook(Protocol):
    def __call__(self, source: Sequence[str] | Path) -> Notebook: ...


class Shot(Protocol):
    def __call__(self, name: str, of: Locator | None = None) -> Path: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[pytest.TestReport]:
    report: pytest.TestReport = yield
    item.stash[PASSED] = report.passed and (report.when == "setup" or item.stash[PASSED])
    return report


PASSED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with jupyter_server(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def kept(browser: Browser, lab: JupyterServer) -> Iterator[KeptPage]:
    kept = KeptPage(browser, lab)
    yield kept
    kept.close()


@pytest.fixture
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """JupyterLab's page that tests share; an empty one for a test marked `own_page`."""
    if request.node.get_closest_marker("own_page"):
        page = new_page(request.getfixturevalue("browser"))
        yield page
        page.context.close()
    else:
        kept: KeptPage = request.getfixturevalue("kept")
        yield kept.lend()
        kept.take_back(failed=not request.node.stash.get(PASSED, False))


@pytest.fixture
def errors(page: Page, request: pytest.FixtureRequest) -> list[str]:
    """Console errors and uncaught errors of the page so far; ask for it before the notebook."""
    if request.node.get_closest_marker("own_page"):
        return collect_errors(page)
    kept: KeptPage = request.getfixturevalue("kept")
    return kept.errors


@pytest.fixture
def notebook(
    lab: JupyterServer, page: Page, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """Open a new notebook of these cells, or a copy of this file; its kernel ends with the test."""
    opened: list[Notebook] = []

    def open_notebook(source: Sequence[str] | Path) -> Notebook:
        # A name of its own for each case, too: a studio goes on by its notebook's path.
        name = f"{re.sub(r'[^a-zA-Z0-9]+', '_', request.node.name)[:80]}_{len(opened)}.ipynb"
        if isinstance(source, Path):
            shutil.copyfile(source, lab.folder / name)
        else:
            write_notebook(lab.folder / name, source)
        opened.append(Notebook(page, lab, name))
        return opened[-1]

    yield open_notebook
    for book in opened:
        book.close()


@pytest.fixture
def shot(page: Page) -> Shot:
    """Write a screenshot of the page, or a part of it, into screenshots/, to be looked at."""
    SCREENSHOTS.mkdir(exist_ok=True)

    def take(name: str, of: Locator | None = None) -> Path:
        path = SCREENSHOTS / f"{name}.png"
        if of is None:
            page.screenshot(path=path, full_page=True)
        else:
            of.screenshot(path=path)
        return path

    return take

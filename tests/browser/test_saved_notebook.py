"""A saved notebook: small, without the key, and with a contact sheet where no kernel runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from tests.fal_server import FalServer, Settings

from .jupyter import jupyter_server
from .lab import Notebook, write_notebook
from .studio import STUDIO, Studio, wait_until_drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from .conftest import Shot
    from .jupyter import JupyterServer

pytestmark = pytest.mark.own_page
KEY = "0f3b9c1e-7a52-4d0b:5e8d2f6a91c34b70"
RESULTS = 8
LIMIT = 300_000
SHEET = "[class$='-sheet']"
ROW = ".jp-OutputArea-child"
BOXES = "rows => rows.map(row => row.getBoundingClientRect().toJSON())"
SHEET_HAS_A_PICTURE = f"document.querySelector(`{SHEET} img`) !== null"
SAVE_STATE = {"@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True}}


@pytest.fixture
def fal() -> Iterator[FalServer]:
    settings = Settings(key=KEY, queue_seconds=0.1, run_seconds=0.3)
    with FalServer(settings) as server:
        yield server
    assert server.errors == ()


@pytest.fixture
def fal_lab(fal: FalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A JupyterLab whose kernels hold a key, and which saves widget state into notebooks."""
    with jupyter_server(tmp_path_factory.mktemp("fal"), settings=SAVE_STATE, env=fal.env) as server:
        yield server


def sizes(path: Any) -> tuple[int, int]:
    """Size of a saved notebook as it is by default, and with the widgets' state as well."""
    book = json.loads(path.read_text())
    state = book["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    for model in state.values():
        for bundle in ("_esm", "_css"):
            model["state"].pop(bundle, None)
    whole = len(json.dumps(book))
    del book["metadata"]["widgets"]
    return len(json.dumps(book)), whole


def test_a_saved_session_on_fal(
    errors: list[str], fal: FalServer, fal_lab: JupyterServer, page: Page, shot: Shot
) -> None:
    write_notebook(fal_lab.folder / "session.ipynb", [STUDIO, *["studio.result"] * 3])
    book = Notebook(page, fal_lab, "session.ipynb")
    book.run(0)
    studio = Studio(page)
    expect(studio.root).not_to_contain_text("Offline")
    expect(studio.generate).to_contain_text("$0.03")
    expect(studio.root).not_to_contain_text("Spent this session")
    for number in range(RESULTS):
        studio.submit(f"fox {number}")
        studio.wait_for_pictures(f"fox {number}")
        if number < 3:
            book.run(number + 1)
    expect(studio.cards).to_have_count(RESULTS)
    expect(studio.root).to_contain_text("Spent this session $0.24")
    expect(book.cell(0).locator(SHEET)).to_contain_text(f"{RESULTS} results")
    assert len(fal.bill) == RESULTS
    assert max(studio.preview_sizes()) < 100_000
    book.save()

    text = book.file.read_text()
    for secret in (KEY, *KEY.split(":"), KEY[:12], KEY[-12:]):
        assert secret not in text
    plain, with_state = sizes(book.file)
    assert plain < with_state < LIMIT
    book.end_kernel()

    page.goto("about:blank")
    book = Notebook(page, fal_lab, "session.ipynb")
    book.wait_until_shown()
    restored = Studio(page)
    expect(restored.prompt).to_have_value(f"fox {RESULTS - 1}")
    expect(restored.cards).to_have_count(0)
    expect_sheet(book, RESULTS, "$0.03")
    shot("saved-with-state")
    book.close()
    assert errors == []


def generate(lab: JupyterServer, page: Page, name: str) -> Notebook:
    """Return a saved notebook in which a click made a picture; nothing was run since."""
    write_notebook(lab.folder / name, [STUDIO, "sd.generate('a small fox', image_size='1:1 1K')"])
    book = Notebook(page, lab, name)
    book.run(0)
    book.run(1)
    studio = Studio(page)
    studio.submit("a red fox in fresh snow")
    studio.prompt.fill("typing goes on")
    studio.prompt.focus()
    typed = studio.prompt.element_handle()
    assert typed is not None
    page.wait_for_function(SHEET_HAS_A_PICTURE, timeout=60_000)
    # The sheet came in below the view, and the view is the one from before.
    assert typed.evaluate("field => document.activeElement === field && field.value") == (
        "typing goes on"
    )
    expect(book.cell(0).locator(SHEET)).to_be_hidden()
    assert [row["height"] for row in book.cell(0).locator(ROW).evaluate_all(BOXES)][1] == 0
    book.save()
    return book


def expect_sheet(book: Notebook, results: int, receipt: str) -> None:
    sheet = book.cell(0).locator(SHEET)
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text(f"Seedream studio: {results} result")
    expect(sheet).to_contain_text(receipt)
    expect(sheet.locator("img")).to_have_count(results)
    for image in sheet.locator("img").all():
        wait_until_drawn(image)


def test_a_notebook_opened_again_shows_the_sheet_until_its_cell_runs(
    lab: JupyterServer, page: Page, shot: Shot
) -> None:
    book = generate(lab, page, "again.ipynb")
    book.end_kernel()
    page.goto("about:blank")
    book = Notebook(page, lab, book.file.name)
    expect_sheet(book, 1, "offline preview, not Seedream")
    expect(book.cell(0).get_by_text("Error displaying widget")).to_be_hidden()
    shot("saved-reopened")
    book.run(0)
    Studio(page)
    expect(book.cell(0).locator(SHEET)).to_be_hidden()
    book.close()


def test_an_untrusted_notebook_shows_the_sheet(lab: JupyterServer, page: Page, shot: Shot) -> None:
    book = generate(lab, page, "mine.ipynb")
    stranger = book.file.with_stem("stranger")
    stranger.write_text(book.file.read_text().replace("red fox", "blue fox"))
    book.end_kernel()
    page.goto("about:blank")
    book = Notebook(page, lab, stranger.name)
    expect_sheet(book, 1, "offline preview, not Seedream")
    expect(book.cell(0).locator(SHEET)).to_contain_text("a blue fox in fresh snow")
    assert book.cell(0).locator("style").count() == 0, "JupyterLab trusted it"
    expect(book.cell(1)).to_contain_text("1024 × 1024")
    wait_until_drawn(book.cell(1).locator("img"))
    shot("saved-untrusted")
    book.close()


def test_a_prompt_that_is_not_stored_stays_out_of_the_saved_state(
    fal_lab: JupyterServer, fal: FalServer, page: Page, shot: Shot
) -> None:
    """JupyterLab writes down what the page's model holds."""
    cell = (
        "import seedream_widgets as sd\nstudio = sd.Studio(sd.Client(store_prompts=False))\nstudio"
    )
    ask = "studio.prompt.encode().hex()"
    answer = "studio.prompt = bytes.fromhex('626c7565').decode()"
    write_notebook(fal_lab.folder / "private.ipynb", [cell, ask, answer])
    book = Notebook(page, fal_lab, "private.ipynb")
    book.run(0)
    studio = Studio(page)
    studio.submit("the heiress of Brandtberg")
    studio.wait_for_pictures("the heiress of Brandtberg")
    assert len(fal.bill) == 1
    book.run(1)
    expect(book.cell(1)).to_contain_text(b"the heiress of Brandtberg".hex())
    shot("saved-private")
    book.save()
    text = book.file.read_text()
    assert '"num_images"' in text
    assert "Brandtberg" not in text
    book.run(2)
    expect(studio.prompt).to_have_value("blue")
    book.reload()
    expect(Studio(page).prompt).to_have_value("blue")
    book.close()


def test_a_page_of_nbconvert_shows_the_sheet_without_a_network(page: Page, shot: Shot) -> None:
    """With the widget's state in it: its scripts are on the network, so the view stays empty."""
    cells = [STUDIO, "studio.prompt = 'a red fox'\nstudio.submit().result().seed"]
    book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=200, kernel_name="python3").execute()
    assert book.metadata["widgets"]
    html, _ = HTMLExporter().from_notebook_node(book)
    page.route("http://notebook.test/", lambda route: route.fulfill(body=html))
    page.goto("http://notebook.test/")
    expect(page.locator(SHEET)).to_be_visible()
    wait_until_drawn(page.locator(SHEET).locator("img"))
    shot("saved-nbconvert")

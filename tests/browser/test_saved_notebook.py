"""A notebook saved after a session on fal: small, and without the key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.fal_server import FalServer, Settings

from .jupyter import jupyterlab
from .lab import Notebook, write_notebook
from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from .jupyter import JupyterServer

KEY = "0f3b9c1e-7a52-4d0b:5e8d2f6a91c34b70"
RESULTS = 8
LIMIT = 300_000
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
    with jupyterlab(tmp_path_factory.mktemp("fal"), SAVE_STATE, fal.env) as server:
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
    errors: list[str], fal: FalServer, fal_lab: JupyterServer, page: Page
) -> None:
    write_notebook(fal_lab.folder / "session.ipynb", [STUDIO, *["studio.result"] * 3])
    book = Notebook(page, fal_lab, "session.ipynb")
    book.run(0)
    studio = Studio(page)
    expect(studio.root).not_to_contain_text("Offline")
    expect(studio.generate).to_contain_text("$0.03")
    expect(studio.root).not_to_contain_text("Spent this session")
    for number in range(RESULTS):
        studio.submit(f"picture {number}")
        studio.wait_for_pictures(f"picture {number}")
        if number < 3:
            book.run(number + 1)
    expect(studio.cards).to_have_count(RESULTS)
    expect(studio.root).to_contain_text("Spent this session $0.24")
    assert len(fal.bill) == RESULTS
    assert max(studio.preview_sizes()) < 100_000
    book.save()

    text = book.file.read_text()
    for secret in (KEY, *KEY.split(":"), KEY[:12], KEY[-12:]):
        assert secret not in text
    plain, with_state = sizes(book.file)
    assert plain < LIMIT
    assert plain < with_state < LIMIT
    assert text.count("image/") + text.count("data:image") > 0, "the outputs hold no preview"
    book.close()
    assert errors == []

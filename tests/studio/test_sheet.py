"""A batch as a live grid, driven by a page without a browser."""

from __future__ import annotations

import pytest

import seedream_widgets as sd
from seedream_widgets.batch.batch import make
from seedream_widgets.jobs.client import Client
from seedream_widgets.studio.sheet import Sheet
from seedream_widgets.testing import ScriptedBackend
from tests.page import Page
from tests.scripted import until


@pytest.fixture
def backend():
    return ScriptedBackend("fal")


@pytest.fixture
def batch(backend, tmp_path):
    client = Client(backend, library=tmp_path)
    return make(client, name="foxes", prompt=["a <b>fox</b>", "an owl"], seed=[1, 2])


@pytest.fixture
def sheet(batch, page):
    shown = batch.sheet()
    assert isinstance(shown, Sheet)
    yield shown
    shown.close()


def told(page, kind="cells"):
    return [message for message, _ in page.messages if message["kind"] == kind]


def test_it_shows_a_grid_before_anything_is_asked_for(sheet, backend):
    page = Page(sheet)
    reply, _ = page.ask("grid")
    grid = reply["result"]
    assert [axis["name"] for axis in grid["axes"]] == ["prompt", "seed"]
    assert [cell["at"] for cell in grid["cells"]] == [[[0, 0]], [[0, 1]], [[1, 0]], [[1, 1]]]
    assert {cell["words"] for cell in grid["cells"]} == {"not asked yet"}
    assert backend.calls == []


def test_cells_fill_as_they_come_and_faults_are_words(sheet, batch, backend):
    page = Page(sheet)
    batch.run(progress=False)
    until(lambda: len({c["name"] for m in told(page) for c in m["cells"] if c["id"]}) == 4)
    backend.errors["submit"] = sd.BackendError("fal is away", billing="no")
    batch._manifest.plan.cells[0].entry = None
    batch._manifest.plan.cells[0].job = None
    words = page.ask("grid")[0]["result"]["cells"]
    assert words[1]["words"] == "a <b>fox</b>"
    assert words[0]["words"] == "not asked yet"


def test_what_is_chosen_on_the_page_is_results_in_python(sheet, batch):
    page = Page(sheet)
    batch.run(progress=False)
    cells = page.ask("grid")[0]["result"]["cells"]
    page.set(_picked=[cells[2]["id"]])
    assert [result.request.prompt for result in sheet.selection] == ["an owl"]
    sheet.selection = [batch[0].result]
    assert sheet._picked == [cells[0]["id"]]


def test_pictures_are_looked_at_large_and_with_their_receipts(sheet, batch):
    page = Page(sheet)
    batch.run(progress=False)
    target = page.ask("grid")[0]["result"]["cells"][0]["id"]
    reply, buffers = page.ask("preview", target=target, edge=256)
    assert reply["result"]["media_type"] == "image/webp"
    assert buffers
    assert page.ask("receipt", target=target)[0]["result"]["rows"]


def test_a_vote_ranks_the_cells_until_the_order_is_clear(sheet, batch):
    page = Page(sheet)
    batch.run(progress=False)
    wanted = [batch[n].name for n in (2, 0, 3, 1)]
    assert sheet.ranking == ()
    ballot = page.ask("vote", better="", other="")[0]["result"]
    while ballot["pair"]:
        better, other = sorted(ballot["pair"], key=wanted.index)
        ballot = page.ask("vote", better=better, other=other)[0]["result"]
    assert (ballot["ranking"], ballot["clear"], sheet.clear) == (wanted, True, True)
    assert [result.request_id for result in sheet.ranking] == [
        batch[n].result.request_id for n in (2, 0, 3, 1)
    ]


def test_a_vote_on_the_chosen_ones_alone(sheet, batch):
    page = Page(sheet)
    batch.run(progress=False)
    cells = page.ask("grid")[0]["result"]["cells"]
    page.set(_picked=[cells[0]["id"], cells[3]["id"]])
    ballot = page.ask("vote", better="", other="")[0]["result"]
    assert ballot["ranking"] == [cells[0]["name"], cells[3]["name"]]


def test_a_vote_on_what_is_not_there_is_refused_in_words(sheet, batch):
    page = Page(sheet)
    batch.run(progress=False)
    reply, _ = page.ask("vote", better="nobody", other=batch[0].name)
    assert reply["kind"] == "error"
    assert "'nobody' is not in this vote" in reply["message"]


def test_it_is_saved_as_a_picture_and_as_a_page(sheet, batch, tmp_path):
    batch.run(progress=False)
    assert sheet.save(tmp_path / "foxes.png").read_bytes().startswith(b"\x89PNG")
    page = sheet.save(tmp_path / "foxes.html", x="prompt").read_text()
    assert "&lt;b&gt;fox" in page
    assert "<b>fox" not in page


def test_a_saved_notebook_has_the_grid_as_it_was(sheet, batch):
    batch.run(progress=False)
    html = batch._repr_mimebundle_()["text/html"]
    assert html.count("<img") == 4
    assert repr(sheet) == "<Sheet of batch 'foxes', 0 selected>"


def test_a_closed_sheet_hears_no_more(sheet, batch):
    sheet.close()
    assert batch._watchers == []
    batch.run(progress=False)
    sheet.close()

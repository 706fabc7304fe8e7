"""What stands in the studio's place, in notebooks that a real kernel ran and real tools convert."""

from __future__ import annotations

import json
import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter, MarkdownExporter, RSTExporter
from nbformat.v4 import new_code_cell, new_notebook

from seedream_widgets.display.html import SHEET_BYTES

PROMPT = "a <b>fox</b> & co </div><script>alert(1)</script>"
CELLS = (
    "import seedream_widgets as sd",
    f"studio = sd.Studio(prompt={PROMPT!r}, image_size='1:1 1K', seed=7)\nstudio",
    "result = studio.submit().result()",
    "studio.prompt = 'a second fox'\njob = studio.submit()",
    "import time\nwhile not job.done: time.sleep(0.05)",
    "del time",
)
VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"


def run(*cells):
    """Run the cells in a kernel of their own, as ``nbconvert --execute`` does."""
    book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=200, kernel_name="python3").execute()
    return book


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEEDREAM_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("FAL_KEY", raising=False)
        return run(*CELLS)


def outputs(book, number=1):
    return [output["data"] for output in book.cells[number].outputs]


def without_state(book):
    copy = nbformat.reads(nbformat.writes(book), as_version=4)
    del copy.metadata["widgets"]
    return copy


def text(html):
    return re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)


def test_the_sheet_is_an_output_of_its_own_and_holds_what_came_later(book):
    view, sheet = outputs(book)
    assert set(view) == {VIEW, "text/html", "text/plain"}
    # Where the view can't be drawn, as in a reopened notebook, nothing stands above the sheet.
    assert text(view["text/html"]).strip() == ""
    assert set(sheet) == {"text/html", "text/plain", "image/jpeg"}
    for shown in (text(sheet["text/html"]), sheet["text/plain"]):
        assert "2 results, newest first" in shown
        assert shown.index("a second fox") < shown.index("fox&lt;" if "&lt;" in shown else "fox<")
        assert shown.count("1 image · 1024 × 1024 · seed 7 · ") == 2
        assert shown.count("offline preview, not Seedream") == 2
    assert sheet["text/html"].count('<img src="data:image/webp;base64,') == 2
    assert "<script" not in sheet["text/html"]
    assert len(json.dumps(sheet)) < SHEET_BYTES


def test_the_view_and_its_saved_state_wear_the_class_that_hides_the_sheet(book):
    view, sheet = outputs(book)
    state = book.metadata["widgets"][STATE]["state"]
    (name,) = state[view[VIEW]["model_id"]]["state"]["_dom_classes"]
    assert f'class="{name}-sheet"' in sheet["text/html"]
    # A rule that looks for something in the whole page makes each change of the page slow.
    assert not re.search(r":(root|has\(\*|[a-z-]*child)\b", sheet["text/html"])


def test_a_sheet_without_results_says_so_to_the_view():
    _, sheet = outputs(run("import seedream_widgets as sd\nstudio = sd.Studio()\nstudio"), 0)
    assert re.search(r'class="seedream-\w+-sheet" data-empty>', sheet["text/html"])


@pytest.mark.parametrize("saved", ["with state", "without"])
def test_a_page_made_by_nbconvert_holds_the_sheet(book, saved):
    page, _ = HTMLExporter().from_notebook_node(
        book if saved == "with state" else without_state(book)
    )
    assert page.count('src="data:image/webp;base64,') == 2
    assert "a second fox" in page
    assert (VIEW in page) == (saved == "with state")


@pytest.mark.parametrize("exporter", [MarkdownExporter, RSTExporter])
def test_other_formats_hold_prompts_and_receipts(book, exporter):
    page, _ = exporter().from_notebook_node(without_state(book))
    for shown in ("2 results, newest first", "a second fox", "offline preview, not Seedream"):
        assert shown in page


def test_a_studio_without_results_says_what_to_do():
    book = run("import seedream_widgets as sd\nstudio = sd.Studio()\nstudio")
    view, sheet = outputs(book, 0)
    assert "run this cell" in sheet["text/plain"]
    assert "run this cell" in sheet["text/html"]
    assert VIEW in view


def test_a_closed_studio_leaves_its_sheet_and_shows_no_view():
    book = run(
        "import seedream_widgets as sd\nstudio = sd.Studio(prompt='a fox', image_size='1:1 1K')",
        "studio",
        "studio.submit().result()",
        "studio.close()\nstudio",
        "sd.generate('another fox', image_size='1:1 1K')",
    )
    assert "1 result." in outputs(book)[1]["text/plain"]
    assert outputs(book, 3) == [{"text/plain": "<Studio 'a fox'>, closed"}]


def test_a_batchs_sheet_stands_there_as_its_first_pictures():
    book = run(
        "import seedream_widgets as sd",
        "foxes = sd.batch(prompt='a fox', seed=range(2), image_size='1:1 1K', name='foxes')",
        "sheet = foxes.sheet()\nsheet",
        # Renewed while the cell runs, as where the sheet's own button was pressed.
        "import time\nfoxes.run(progress=False)\nend = time.monotonic() + 60\n"
        "while len(sheet._fallback._published) < 2 and time.monotonic() < end: time.sleep(0.05)\n"
        "len(sheet._fallback._published)",
    )
    assert outputs(book, 3) == [{"text/plain": "2"}]
    view, sheet = outputs(book, 2)
    assert VIEW in view
    assert "2 cells: the first 2 in its order" in sheet["text/plain"]
    assert sheet["text/html"].count('<img src="data:image/webp;base64,') == 2
    assert len(json.dumps(sheet)) < SHEET_BYTES


def test_nothing_is_shown_where_no_kernel_runs(page, capsys):
    studio = page(prompt="a fox").studio
    studio._ipython_display_()
    assert "<Studio 'a fox'>" in capsys.readouterr().out


def test_the_widget_itself_carries_the_sheet_for_hosts_that_take_its_bundle(page):
    studio = page(prompt="a fox", image_size="1:1 1K").studio
    studio.submit().result(60)
    bundle = studio._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "1 result." in data["text/html"]
    assert data[VIEW]["model_id"] == studio.model_id


SECRET = "the heiress of Brandtberg"
PRIVATE = (
    "import os, seedream_widgets as sd\nfrom PIL import Image\n"
    "studio = sd.Studio(sd.Client(store_prompts=False), image_size='1:1 1K', prompt=SECRET)\n"
    "Image.new('RGB', (64, 64)).save(folder / f'{SECRET}.png')\n"
    "studio"
)


def test_where_prompts_are_not_stored_the_saved_notebook_holds_none(tmp_path, monkeypatch):
    monkeypatch.setenv("A_SECRET", SECRET)
    monkeypatch.setenv("A_FOLDER", str(tmp_path))
    book = run(
        "import os, pathlib\nSECRET = os.environ['A_SECRET']\n"
        "folder = pathlib.Path(os.environ['A_FOLDER'])",
        PRIVATE,
        "result = studio.submit().result()\nresult",
        "studio.prompt = f'{SECRET}, older'\nstudio.references = folder / f'{SECRET}.png'",
        "studio.submit().result()\nstudio.jobs[0]",
        "studio.prompt == f'{SECRET}, older', studio.request().prompt == studio.prompt",
        "studio",
        "studio.close()\nstudio",
    )
    assert outputs(book, 5) == [{"text/plain": "(True, True)"}]
    assert "2 results" in outputs(book)[1]["text/plain"]
    assert "1024" in json.dumps(book.metadata["widgets"][STATE])
    assert "Brandtberg" not in nbformat.writes(book)

"""A batch as a live grid, driven by a page without a browser."""

from __future__ import annotations

import threading
from decimal import Decimal
from html import unescape
from io import BytesIO

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.batch import poster
from seedream_widgets.batch.batch import make
from seedream_widgets.jobs.client import Client
from seedream_widgets.studio import news
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


def test_without_a_kernel_the_first_pictures_stand_there(sheet, batch):
    told = "Batch 'foxes', 4 cells: {}. Run this cell to see it as a grid."
    assert told.format("none has come yet") in unescape(sheet._fallback.html())
    batch.run(progress=False)
    html = sheet._repr_mimebundle_()[0]["text/html"]
    assert told.format("the first 4 in its order") in unescape(html)
    assert html.count("<img") == 4
    assert html.index("&lt;b&gt;fox") < html.index("an owl")
    assert sheet._dom_classes == (sheet._fallback._name,)


def test_a_closed_sheet_hears_no_more(sheet, batch):
    sheet.close()
    assert batch._watchers == []
    batch.run(progress=False)
    sheet.close()


def fal(high):
    return {"backend": "fal", "bills": True, "high": high}


def standing(page):
    return page.ask("grid")[0]["result"]["standing"]


def ended(page):
    """Wait until the page was told that the run is over, and return how it stands."""
    until(lambda: told(page) and not told(page)[-1]["standing"]["running"])
    return told(page)[-1]["standing"]


def test_it_says_what_a_press_asks_for_and_costs_before_it_is_pressed(sheet, backend):
    page = Page(sheet)
    assert standing(page) == {
        "words": "4 missing · price of 2026",
        "errors": "",
        "running": False,
        "asks": [
            {
                "words": "Run 4 requests, about $0.12",
                "cells": 4,
                "terms": fal("0.12"),
                "retry": False,
            }
        ],
    }
    reply, _ = page.ask("ask", retry=False, cells=4, terms=fal("0.12"))
    assert reply["kind"] == "reply"
    assert ended(page) == {
        "words": "$0.12 of about $0.12",
        "errors": "",
        "running": False,
        "asks": [],
    }
    assert backend.count("submit") == 4


def test_what_was_there_already_is_not_counted_as_spent(sheet, batch):
    page = Page(sheet)
    batch._client.submit(batch[0].request).result(60)
    page.ask("ask", retry=False, cells=4, terms=fal("0.12"))
    assert ended(page)["words"] == "$0.09 of about $0.09"


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (fal("0.11"), "The price has changed: this costs about $0.12 now, not $0.11."),
        (fal("0.16"), "The price has changed: this costs about $0.12 now, not $0.16."),
        (
            {"backend": "offline", "bills": False, "high": "0"},
            "A fal key is set now: this costs about $0.12.",
        ),
        ({**fal("0.12"), "backend": "mine"}, "fal answers now: this costs about $0.12."),
    ],
)
def test_what_is_no_more_as_the_button_said_is_asked_about(sheet, backend, terms, words):
    page = Page(sheet)
    reply, _ = page.ask("ask", retry=False, cells=4, terms=terms)
    assert reply["message"] == f"{words} Press again to send."
    assert reply["terms"] == fal("0.12")
    until(lambda: told(page))  # the page gets the button as it is
    assert told(page)[-1]["standing"]["asks"][0]["terms"] == fal("0.12")
    assert backend.calls == []
    assert page.ask("ask", retry=False, cells=4, terms=reply["terms"])[0]["kind"] == "reply"
    ended(page)


def test_presses_within_a_second_are_one_though_all_of_it_failed_between(sheet, backend):
    backend.errors["submit"] = sd.BackendError("fal is away", billing="no")
    page = Page(sheet)
    for pressed, sent in ((1_000_000, 4), (1_000_900, 4), (1_001_800, 4), (1_003_000, 8)):
        page.ask("ask", retry=False, cells=4, terms=fal("0.12"), pressed=pressed)
        until(lambda: not standing(page)["running"])
        assert backend.count("submit") == sent


def test_a_key_set_while_it_runs_has_nothing_more_sent(page, fal_server, monkeypatch, tmp_path):
    key = fal_server.settings.key
    monkeypatch.delenv("FAL_KEY")
    client = Client(library=tmp_path)
    batch = make(client, prompt="a fox", seed=range(30), image_size=(960, 960))
    once = threading.Event()

    def found(cell):
        if not once.is_set():
            once.set()
            monkeypatch.setenv("FAL_KEY", key)

    batch.run(progress=False, on_update=found)
    assert fal_server.count("submit") == 0
    assert batch.results  # drawn offline, as the button said
    (words,) = {str(cell.error) for cell in batch.failed}
    assert words == (
        "this run began with the backend 'offline', and 'fal' answers now; nothing was sent. Run "
        "the batch again to ask there for the rest"
    )
    client.close()


def test_a_key_set_later_is_told_and_previews_are_missing_then(
    page, fal_server, monkeypatch, tmp_path
):
    key = fal_server.settings.key
    monkeypatch.delenv("FAL_KEY")
    client = Client(library=tmp_path)
    batch = make(client, prompt="a fox", seed=range(3), image_size=(960, 960)).run(progress=False)
    assert [result.backend for result in batch.results] == ["offline"] * 3
    sheet = batch.sheet()
    opened = Page(sheet)
    assert opened.ask("grid")[0]["result"]["standing"]["asks"] == []

    def last():
        return told(opened)[-1]

    monkeypatch.setenv("FAL_KEY", key)
    assert news.LOOK_SECONDS + news._SOON_SECONDS < 5, "as the changelog says"
    until(lambda: any(each["standing"]["asks"] for each in told(opened)))
    first = next(each for each in told(opened) if each["standing"]["asks"])
    (ask,) = first["standing"]["asks"]
    assert ask["words"] == "Run 3 requests, about $0.09"
    assert ask["terms"] == {"backend": "fal", "bills": True, "high": "0.09"}
    assert [cell["id"] for cell in first["cells"]] == [None] * 3
    what = {name: ask[name] for name in ("retry", "cells", "terms")}
    assert opened.ask("ask", **what)[0]["kind"] == "reply"
    until(lambda: len(batch.results) == 3)
    assert [result.backend for result in batch.results] == ["fal"] * 3
    assert fal_server.count("submit") == 3
    monkeypatch.setenv("FAL_KEY", "no\nkey")
    until(lambda: not last()["standing"]["running"])
    assert opened.ask("grid")[0]["result"]["standing"]["asks"] == []
    monkeypatch.delenv("FAL_KEY")
    assert [result.backend for result in batch.results] == ["fal"] * 3
    sheet.close()
    client.close()


@pytest.mark.parametrize("high", ["-1", "NaN", "much", ""])
def test_an_amount_that_is_none_is_refused(sheet, backend, high):
    reply, _ = Page(sheet).ask("ask", retry=False, cells=4, terms=fal(high))
    assert reply["message"] == "terms must say whether it bills, and the most it can cost"
    assert backend.calls == []


def test_what_would_break_the_budget_is_refused_in_words(sheet, batch, backend):
    batch._client.budget.limit = Decimal("0.05")
    reply, _ = Page(sheet).ask("ask", retry=False, cells=4, terms=fal("0.12"))
    assert "(4 requests) may cost $0.12, more than the budget leaves" in reply["message"]
    assert backend.calls == []


def test_what_an_earlier_kernel_sent_is_told_before_it_is_asked_for(page, tmp_path):
    backend = ScriptedBackend("fal", hold=["queued"])

    def asked():
        return make(Client(backend, library=tmp_path), prompt="a fox", seed=range(20))

    first = asked()
    first.start()
    until(lambda: backend.count("submit") == 8)
    until(lambda: all(entry.handle for entry in first._client.library._journal.pending()))
    shown = asked().sheet()
    now = Page(shown).ask("grid")[0]["result"]
    words = "20 missing · 8 of them sent before: fetched, not paid again · price of 2026"
    assert now["standing"]["words"] == words
    assert [cell["words"] for cell in now["cells"]] == ["sent before"] * 8 + ["not asked yet"] * 12
    (ask,) = now["standing"]["asks"]
    assert (ask["words"], ask["terms"]) == ("Run 20 requests, about $0.36", fal("0.36"))
    shown.close()
    few = make(Client(backend, library=tmp_path), prompt="a fox", seed=range(8)).sheet()
    (ask,) = standing(Page(few))["asks"]
    assert (ask["words"], ask["terms"]) == ("Fetch 8 requests, not paid again", fal("0.00"))
    few.close()
    first.cancel()


def test_a_run_that_was_stopped_tells_of_no_time_left(page, tmp_path):
    backend = ScriptedBackend("fal", hold=["queued"])
    batch = make(Client(backend, library=tmp_path), prompt="a fox", seed=range(20))
    shown = batch.sheet()
    page = Page(shown)
    drive = batch.start()
    until(lambda: [cell.state for cell in batch].count("running") == 8)
    drive.seconds_left = lambda: 34.0
    assert "about 34 s left" in standing(page)["words"]
    drive.stop()
    said = standing(page)["words"]
    assert said.startswith("8 running · 12 missing · no more are sent")
    assert "left" not in said
    batch.cancel()
    shown.close()


def test_all_of_it_is_cancelled_on_the_page(page, tmp_path):
    backend = ScriptedBackend("fal", hold=["queued"])
    batch = make(Client(backend, library=tmp_path), prompt="a fox", seed=range(20))
    shown = batch.sheet()
    page = Page(shown)
    page.ask("ask", retry=False, cells=20, terms=fal("0.60"))
    until(lambda: backend.count("submit") == 8)
    assert standing(page)["running"]
    assert page.ask("stop")[0]["kind"] == "reply"
    last = ended(page)
    assert last["errors"] == "8 cancelled"
    assert [ask["words"] for ask in last["asks"]] == ["Run 20 requests, about $0.60"]
    assert backend.count("submit") == backend.count("cancel") == 8
    shown.close()


def test_a_retry_says_what_may_be_billed_twice(sheet, batch, backend):
    page = Page(sheet)
    backend.errors["submit"] = sd.BackendError("fal is away", billing="no")
    batch.run(progress=False)
    batch[0].refusal = sd.ContentRejectedError("it was refused", billing="maybe")
    now = standing(page)
    assert now["errors"] == "1 refused by a safety checker, 3 failed at fal"
    assert [(ask["words"], ask["retry"]) for ask in now["asks"]] == [
        ("Retry 3 requests, about $0.09", False),
        ("Retry 4 requests (1 of them may be billed twice), about $0.12", True),
    ]
    del backend.errors["submit"]
    page.ask("ask", retry=False, cells=3, terms=fal("0.09"))
    until(lambda: not standing(page)["running"])
    assert standing(page)["asks"] == [
        {
            "words": "Retry 1 request (may be billed twice), about $0.03",
            "cells": 1,
            "terms": fal("0.03"),
            "retry": True,
        }
    ]


def test_all_of_it_is_saved_from_the_page(sheet, batch):
    page = Page(sheet)
    batch.run(progress=False)
    reply, buffers = page.ask("export", format="png")
    assert reply["result"] == {"name": "foxes.png", "media_type": "image/png"}
    assert bytes(buffers[0]).startswith(b"\x89PNG")
    reply, buffers = page.ask("export", format="html", x="prompt")
    assert reply["result"]["name"] == "foxes.html"
    assert b"&lt;b&gt;fox" in bytes(buffers[0])
    assert "format must be png or html" in page.ask("export", format="exe")[0]["message"]
    assert "x takes the name of an axis" in page.ask("export", format="png", x="y")[0]["message"]


def test_a_picture_too_large_is_said_first_and_scaled_then(page, tmp_path, monkeypatch):
    client = Client(OfflineBackend(pace=0), library=tmp_path)
    batch = make(client, prompt="a fox", seed=[1, 2], image_size=(1024, 1024)).run(progress=False)
    shown = batch.sheet()
    page = Page(shown)
    _, whole = page.ask("export", format="png", seconds=60)
    width, height = Image.open(BytesIO(bytes(whole[0]))).size
    monkeypatch.setattr(poster, "MOST_PIXELS", width * height // 2)
    reply, _ = page.ask("export", format="png", seconds=60)
    assert reply["field"] == "edge"
    assert "Press Save as PNG again to have them scaled to" in reply["message"]
    reply, small = page.ask("export", format="png", fit=True, seconds=60)
    assert reply["kind"] == "reply", reply
    width, height = Image.open(BytesIO(bytes(small[0]))).size
    assert width * height <= poster.MOST_PIXELS
    shown.close()

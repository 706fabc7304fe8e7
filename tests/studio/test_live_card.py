"""The card of a running job, driven by a page without a browser."""

from __future__ import annotations

import re

import comm
import pytest

from seedream_widgets.errors import BackendError
from seedream_widgets.studio.live_card import LiveCard
from seedream_widgets.studio.widget import Studio
from seedream_widgets.testing import ScriptedBackend
from tests.page import Page, PageComm
from tests.scripted import SECONDS, started, until


@pytest.fixture
def card(monkeypatch, tmp_path):
    monkeypatch.setattr(comm, "create_comm", PageComm)
    backend = ScriptedBackend(hold=["completed"])
    job = started(backend, tmp_path)
    backend.wait_for("completed")
    made = LiveCard(job, "Interrupt the cell to stop waiting.")
    stop = job.on_update(lambda job: made.tell([job.status.text]))
    yield made, job, backend
    backend.release("completed")
    until(lambda: job.done)
    stop()
    made.close()


def test_the_page_hears_that_the_kernel_listens(card):
    made, job, _ = card
    answer, _ = Page(made).ask("here")
    assert answer["result"] == {"asked": False}
    assert not job.done


def test_cancel_cancels_the_job_and_is_answered(card):
    made, job, _ = card
    answer, _ = Page(made).ask("cancel")
    assert answer["result"] == {"asked": True}
    assert made.get_state(["_cancelling"]) == {"_cancelling": True}
    until(lambda: job.done)
    assert job.status.kind == "cancelled"


def test_a_cancel_that_failed_can_be_pressed_again(card):
    made, job, backend = card
    backend.errors["cancel"] = BackendError("fal is away")
    Page(made).ask("cancel")
    until(lambda: backend.count("cancel") == 1 and not made._cancelling)
    assert not job.done
    del backend.errors["cancel"]
    Page(made).ask("cancel")
    until(lambda: job.done)
    assert job.status.kind == "cancelled"


def test_cancelling_what_has_ended_is_answered(card):
    made, job, backend = card
    backend.release("completed")
    job.result(SECONDS)
    answer, _ = Page(made).ask("cancel")
    assert answer["result"] == {"asked": False}


@pytest.mark.parametrize("content", [None, 7, "cancel", {}, {"kind": ["cancel"]}, {"id": {}}])
def test_whatever_the_page_sends_is_answered(card, content):
    made, job, _ = card
    before = len(Page(made).messages)
    Page(made)._deliver({"method": "custom", "content": content}, [])
    assert len(Page(made).messages) == before + 1
    assert not job.done


def test_what_the_page_is_told_is_text(card):
    made, _, _ = card
    made.tell(["<b>a fox</b>", "Generating · 3 s", ""])
    assert made.get_state(["_lines"]) == {"_lines": ["<b>a fox</b>", "Generating · 3 s", ""]}
    assert len(made._esm) < 4000
    assert list(made.view()) == ["application/vnd.jupyter.widget-view+json"]


def test_its_styles_touch_no_studio_on_the_same_page():
    styles = str(LiveCard._esm).partition("`")[2].partition("`")[0]
    names = set(re.findall(r"\.(sd-[\w-]+)", styles))
    assert names == {"sd-live-card"}
    studio = str(Studio._esm) + str(Studio._css)
    assert not [name for name in names if re.search(rf"\b{name}(?![\w-])", studio)]

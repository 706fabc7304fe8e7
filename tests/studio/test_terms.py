"""A click is sent as it was drawn, or asked about; what changes is told, in Python or IPython."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import seedream_widgets as sd
from seedream_widgets.errors import SeedreamError
from seedream_widgets.studio.protocol import ProtocolError
from seedream_widgets.studio.terms import Terms, TermsError
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.endpoints import ENDPOINTS, Price
from tests.scripted import SECONDS, until

MESSAGES = Path(__file__).parents[1] / "messages"
FORM = json.loads((MESSAGES / "submit.json").read_text())["form"]
FORM |= {"references": [], "image_size": [960, 960], "num_images": 2}
OFFLINE = {"backend": "offline", "bills": False, "high": "0"}
FAL = {"backend": "fal", "bills": True, "high": "0.06"}


def press(page, terms, pressed=1_000_000, **change):
    return page.ask("submit", form={**FORM, **change}, terms=terms, pressed=pressed)[0]


def test_a_key_set_later_is_told_within_five_seconds_and_the_free_click_is_not_sent(
    page, fal_server, monkeypatch
):
    monkeypatch.delenv("FAL_KEY")
    opened = page()
    assert opened.studio._backend["bills"] is False
    monkeypatch.setenv("FAL_KEY", fal_server.settings.key)
    answer = press(opened, OFFLINE)
    assert answer["message"] == (
        "A fal key is set now: this costs about $0.06 (price of 2026). Press again to send."
    )
    assert (answer["kind"], answer["field"], answer["terms"]) == (
        "error", "terms", {"backend": "fal", "bills": True, "high": "0.06"},
    )  # fmt: skip
    golden = json.loads((MESSAGES / "error_terms.json").read_text())
    assert (answer.keys(), answer["terms"].keys()) == (golden.keys(), golden["terms"].keys())
    assert fal_server.count("submit") == 0
    assert opened.studio.jobs == ()
    assert press(opened, answer["terms"])["kind"] == "reply"
    fal_server.wait(lambda fal: len(fal.jobs) == 1)
    opened.studio.jobs[0].result(SECONDS)
    sd.default_client().close()


def test_a_key_is_noticed_without_a_click(page, fal_server, monkeypatch):
    monkeypatch.delenv("FAL_KEY")
    fal_server.settings.prices = dict.fromkeys(ENDPOINTS, 0.05)
    opened = page()
    assert opened.studio._backend["name"] == "offline"
    monkeypatch.setenv("FAL_KEY", fal_server.settings.key)
    until(lambda: opened.studio._backend["name"] == "fal")
    until(lambda: "0.05" in json.dumps(opened.studio._facts))
    monkeypatch.delenv("FAL_KEY")
    until(lambda: opened.studio._backend["name"] == "offline")


def test_a_key_that_goes_is_asked_about_too(page, fal_server, monkeypatch):
    opened = page()
    monkeypatch.delenv("FAL_KEY")
    answer = press(opened, FAL)
    assert "No fal key is set any more" in answer["message"]
    assert press(opened, answer["terms"])["kind"] == "reply"
    assert opened.studio.jobs[0].backend == "offline"


def test_a_key_that_cannot_be_used_is_said_and_sends_nothing(page, monkeypatch):
    opened = page()
    monkeypatch.setenv("FAL_KEY", "no\nkey")
    until(lambda: opened.studio._backend["label"] == "The fal key can't be used")
    assert "FAL_KEY" in press(opened, OFFLINE)["message"]


class Turning(ScriptedBackend):
    """Free, until somebody asks for its label once more: from then on it is fal."""

    turns = False

    @property
    def label(self):
        if self.turns:
            self.name, self.bills = "fal", True
        return None


def test_a_key_set_between_the_check_and_the_submit_is_asked_about(page, tmp_path):
    backend = Turning("offline")
    opened = page(sd.Client(backend, library=tmp_path))
    backend.turns = True  # what is told of who answers comes right before the submit
    answer = press(opened, OFFLINE)
    assert "A fal key is set now: this costs" in answer["message"]
    assert answer["terms"]["bills"] is True
    assert (backend.count("submit"), opened.studio.jobs) == (0, ())
    assert press(opened, answer["terms"])["kind"] == "reply"


def test_a_price_that_changed_is_asked_about_and_an_agreed_one_is_sent(page, tmp_path):
    backend = ScriptedBackend("fal")
    client = sd.Client(backend, library=tmp_path)
    opened = page(client)
    told = Price(Decimal("0.05"), date.today().isoformat(), "fal's pricing API")
    client.prices.take(dict.fromkeys(ENDPOINTS, told))
    answer = press(opened, FAL)
    assert "The price has changed: this costs about $0.10 now, not $0.06." in answer["message"]
    assert backend.count("submit") == 0
    until(lambda: "0.05" in json.dumps(opened.studio._facts))
    assert press(opened, answer["terms"])["kind"] == "reply"


@pytest.mark.parametrize(
    ("page_s", "kernel_s", "same"),
    [("0.060000", "0.06", True), ("0.06", "0.0600000001", True), ("0.06", "0.061", False)],
)
def test_amounts_that_come_to_the_same(page_s, kernel_s, same):
    shown = Terms.read({**FAL, "high": page_s})
    assert Terms("fal", True, Decimal(kernel_s)).is_same(shown) is same


@pytest.mark.parametrize(
    "change", [{"backend": 7}, {"backend": "x" * 999}, {"bills": 1}, {"high": 6}, {"high": "NaN"}]
)
def test_terms_of_the_page_are_not_trusted(change):
    with pytest.raises(ProtocolError):
        Terms.read({**FAL, **change})


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        (("mine", True), ("fal", True), "fal answers now: this costs $9."),
        (("mine", False), ("other", False), "other answers now."),
    ],
)
def test_other_changes_are_asked_about_in_words(before, now, says):
    error = TermsError(Terms(*now, Decimal(9)), Terms(*before, Decimal(9)), "$9")
    assert isinstance(error, SeedreamError)
    assert str(error) == f"{says} Press again to send."


class TestPresses:
    """For the same thing within a second: one request, whatever the kernel's speed."""

    @pytest.fixture
    def opened(self, page, tmp_path):
        return page(sd.Client(ScriptedBackend("fal"), library=tmp_path))

    def jobs(self, opened, *moments, **change):
        answers = [press(opened, FAL, at, **change) for at in moments]
        return [answer["result"]["job_id"] for answer in answers]

    def test_a_double_click_is_one(self, opened):
        assert len(set(self.jobs(opened, 5_000, 5_120))) == 1

    def test_three_clicks_in_a_row_are_one(self, opened):
        assert len(set(self.jobs(opened, 5_000, 5_300, 5_600, 6_500))) == 1

    def test_a_later_press_is_a_further_one(self, opened):
        assert len(set(self.jobs(opened, 5_000, 6_000))) == 2

    def test_moments_count_on_the_page_s_clock_not_when_a_busy_kernel_gets_to_them(self, opened):
        names = [
            opened.send("submit", form=FORM, terms=FAL, pressed=at) for at in (5_000, 8_000, 8_100)
        ]
        answers = [opened.wait(lambda m, name=name: m.get("id") == name)[0] for name in names]
        one, two, three = (answer["result"]["job_id"] for answer in answers)
        assert one != two == three

    def test_another_form_is_another_request(self, opened):
        assert self.jobs(opened, 5_000) != self.jobs(opened, 5_100, prompt="an owl")

    def test_a_page_that_tells_no_moment_is_taken_at_its_word(self, opened):
        assert len(set(self.jobs(opened, 0, 0))) == 2


def test_a_studio_that_is_shown_again_has_what_still_runs(page, tmp_path):
    backend = ScriptedBackend("fal", hold=["completed"])
    client = sd.Client(backend, library=tmp_path)
    first = page(client)
    name = press(first, FAL)["result"]["job_id"]
    backend.wait_for("completed")
    second = page(client)
    (card,) = second.ask("sync")[0]["result"]["jobs"]
    assert (card["id"], card["clicked"], second.ask("sync")[0]["result"]["waiting"]) == (
        name, True, 0,
    )  # fmt: skip
    backend.release("completed")
    second.wait(lambda m: m["kind"] == "job" and m["job"]["state"] == "completed")
    assert second.studio.image.size == (32, 24)
    assert page(client).studio.jobs == (), "what has ended is in the library"

"""How a search shows itself: the newest pictures, small, however large the library is."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser

import pytest
from IPython.core.formatters import DisplayFormatter

from seedream_widgets.display.html import SHEET_BYTES, SHEET_RESULTS
from seedream_widgets.jobs.client import Client
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.request import Request
from tests.library_folders import save
from tests.scripted import SECONDS

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.names, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.names.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Client(ScriptedBackend("fal"), library=tmp_path / "library")


def fill(client, *prompts):
    for prompt in prompts:
        client.submit(Request(prompt)).result(SECONDS)


def shown(value):
    bundle, _ = DisplayFormatter().format(value)
    return bundle


def test_the_newest_are_shown_and_all_are_counted(client):
    fill(client, *(f"fox {number}" for number in range(SHEET_RESULTS + 2)))
    search = client.library.search()
    bundle = shown(search)
    tags = Tags(bundle["text/html"])
    assert tags.names.count("img") == SHEET_RESULTS
    assert f"{SHEET_RESULTS} of {SHEET_RESULTS + 2} results, newest first" in tags.text
    assert f"fox {SHEET_RESULTS + 1}" in tags.text
    assert "fox 0" not in tags.text
    assert len(bundle["text/html"].encode()) < SHEET_BYTES
    assert bundle["text/plain"] == repr(search)


@pytest.mark.parametrize(("text", "told"), [("", "2 results, newest first."), ("owl", "1 result.")])
def test_few_are_shown_all(client, text, told):
    fill(client, "a fox", "an owl")
    assert Tags(shown(client.library.search(text))["text/html"]).text.startswith(told)


def test_each_has_the_number_that_opens_it(client):
    fill(client, "a fox", "an owl", "a cat")
    found = client.library.search()
    shutil.rmtree(found[1].folder)
    found[1].folder.mkdir()  # what is damaged keeps its number
    text = Tags(shown(client.library)["text/html"]).text
    for number in (0, 2):
        assert f"[{number}] {found[number].prompt}" in text
    assert "[1]" not in text


def test_what_is_shown_has_no_clock_and_no_path(client):
    fill(client, "a fox")
    plain = shown(client.library)["text/plain"] + shown(client.library[0])["text/plain"]
    assert plain == "<Library: 1 result><Entry 1 image, seed 7: 'a fox'>"


def test_none_says_so(client):
    assert Tags(shown(client.library.search())["text/html"]).text == "0 results."


def test_a_damaged_result_hides_no_other(client):
    fill(client, "a fox", "an owl")
    newest = client.library.search()[0]
    shutil.rmtree(newest.folder)
    newest.folder.mkdir()
    tags = Tags(shown(client.library.search())["text/html"])
    assert tags.names.count("img") == 1
    assert "a fox" in tags.text


def test_a_result_of_a_stranger_without_files_is_counted_only(client):
    save(client.library.path, "theirs", prompt=HOSTILE, created="2099-01-01T00:00:00+00:00")
    fill(client, "a fox")
    tags = Tags(shown(client.library.search())["text/html"])
    assert "1 of 2 results, newest first" in tags.text


def test_a_hostile_prompt_stays_text(client):
    fill(client, HOSTILE)
    tags = Tags(shown(client.library.search())["text/html"])
    assert set(tags.names) == {"div", "img"}
    assert tags.names.count("img") == 1
    assert HOSTILE in tags.text


def test_an_entry_shows_its_pictures(client):
    fill(client, "a fox")
    (entry,) = client.library.search()
    bundle = shown(entry)
    assert "<img" in bundle["text/html"]
    assert bundle["text/plain"] == repr(entry)
    shutil.rmtree(entry.folder)
    assert set(shown(entry)) == {"text/plain"}

"""The cards of a studio: the page gets what changed, and older ones by pages."""

from __future__ import annotations

import json

import pytest

import seedream_widgets as sd
from seedream_widgets.studio.deck import PAGE
from seedream_widgets.testing import ScriptedBackend
from tests.scripted import started, until


@pytest.fixture
def page(page, tmp_path):
    return page(sd.Client(ScriptedBackend("fal"), library=tmp_path))


def make(page, count):
    """Have so many jobs end, and return their ids, oldest first, once the page has all cards."""
    session, names = page.studio._session, []
    for number in range(count):
        job = session.start(sd.Request(f"fox {number} of {count}"))
        job.result(60)
        names.append(job.id)
    for name in names:
        page.wait(lambda m, name=name: m["kind"] == "job" and m["job"]["id"] == name
                  and m["job"]["state"] == "completed")  # fmt: skip
    until(lambda: not session._publisher._scheduled)  # a card that changed as it came is sent twice
    return names


def ask(page, kind, **content):
    answer, _ = page.ask(kind, **content)
    assert answer["kind"] == "reply", answer
    return answer["result"]


def ids(told):
    return [card["id"] for card in told["jobs"]]


@pytest.mark.slow
def test_the_page_gets_the_newest_cards_and_all_others_by_pages(page):
    names = make(page, 2 * PAGE + 7)
    told = ask(page, "sync")
    assert (told["whole"], ids(told)) == (True, names[: -PAGE - 1 : -1])
    found, places = ids(told), [card["place"] for card in told["jobs"]]
    while told["next"] is not None:
        told = ask(page, "older", before=told["next"])
        assert len(told["jobs"]) <= PAGE
        found += ids(told)
        places += [card["place"] for card in told["jobs"]]
    assert found == names[::-1]
    assert places == sorted(places, reverse=True)


def test_only_what_changed_is_told_again(page):
    names = make(page, 12)
    seq = ask(page, "sync")["seq"]
    none = ask(page, "sync", since=seq)
    assert none == {"seq": seq, "whole": False, "gone": [], "jobs": [], "next": None, "waiting": 0}
    assert len(json.dumps(none)) < 200
    (newer,) = make(page, 1)
    assert ids(ask(page, "sync", since=seq)) == [newer]
    ask(page, "forget", job_id=names[3])
    told = ask(page, "sync", since=seq)
    assert (ids(told), told["gone"]) == ([newer], [names[3]])
    assert ask(page, "sync", since=told["seq"])["gone"] == []
    ask(page, "show_again", job_id=names[3])
    told = ask(page, "sync", since=told["seq"])
    assert (ids(told), told["gone"]) == ([names[3]], [])
    assert told["jobs"][0]["place"] == 4  # where it was


def test_each_change_has_its_number(page):
    names = make(page, 4)
    for name in names[:3]:
        ask(page, "forget", job_id=name)
    numbers = [m["seq"] for m, _ in page.messages if m["kind"] in ("job", "forgotten")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert ask(page, "sync")["seq"] == numbers[-1]


@pytest.mark.slow
def test_a_page_that_missed_too_much_or_comes_from_elsewhere_gets_the_newest_cards(page):
    names = make(page, PAGE + 2)
    for since in (0, 10_000):
        told = ask(page, "sync", since=since)
        assert (told["whole"], ids(told)) == (True, names[:1:-1])
        assert told["next"] == told["jobs"][-1]["place"]


@pytest.mark.slow
def test_what_still_runs_is_told_however_old(page, tmp_path):
    slow = started(ScriptedBackend(hold=["queued"]), tmp_path / "other", "slow")
    page.studio._session._show(slow)
    names = make(page, PAGE + 1)
    told = ask(page, "sync")
    assert ids(told) == [*names[:0:-1], slow.id]
    assert ids(ask(page, "older", before=told["next"])) == [names[0], slow.id]
    slow.cancel()


def test_what_is_asked_for_again_comes_to_the_front(page):
    names = make(page, 3)
    seq = ask(page, "sync")["seq"]
    page.studio._session._show(page.studio._session.job(names[0]))
    told = ask(page, "sync", since=seq)
    assert ids(told) == [names[0]]
    assert ids(ask(page, "sync")) == [names[0], names[2], names[1]]
    assert [job.id for job in page.studio.jobs] == [names[0], names[2], names[1]]


def test_a_result_of_two_jobs_is_found_and_goes_with_both(page):
    session, request = page.studio._session, sd.Request("a fox", seed=7)
    result = session.start(request).result(60)
    again = session.start(request).result(60)
    assert (again.cached, again.request_id) == (True, result.request_id)
    assert len(page.studio.results) == 2
    assert session._result_of(result.request_id) is again
    library = page.studio.client.library
    library.delete(library.entry(result.request_id))
    assert page.studio.results == ()
    assert ids(ask(page, "sync")) == []

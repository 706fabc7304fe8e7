"""Requests on their way, one file each: written whole, taken over once, read with distrust."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from seedream_widgets.library import Library
from seedream_widgets.library.journal import UNSEEN_SECONDS, Journal, Pending
from seedream_widgets.library.processes import AWAY_SECONDS
from seedream_widgets.library.steps import FolderSteps
from tests.library_folders import counted

HANDLE = {"request_id": "r1", "endpoint_id": "fal-ai/x"}
REQUEST = {"prompt": "a fox", "settings": {}, "inputs": []}
OTHER = "deadbeef-1-1"


def entry(name="one", **facts):
    return Pending(name, "planned", "fal", 1e9, REQUEST, "fal-ai/x", **facts)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "library")


def left(journal, name="one", owner="", **facts):
    """Write an entry down as another process's."""
    planned = journal.plan(entry(name, **facts))
    (ours,) = journal.folder.glob(f"{name}.*json")
    theirs = ours.with_name(f"{name}.{owner}.json" if owner else f"{name}.json")
    ours.rename(theirs)
    return theirs, replace(planned, owner=owner)


def test_the_steps(journal):
    planned = journal.plan(entry())
    (read,) = journal.pending()
    assert replace(read, touched=0) == planned
    assert read.followed
    assert journal.left_behind() == []
    accepted = journal.step(journal.step(planned, "sending"), "accepted", HANDLE)
    assert journal.pending()[0].handle == HANDLE
    journal.close(accepted)
    journal.close(accepted)
    assert journal.pending() == []


def test_files_are_private_and_hold_no_half(journal):
    journal.end(journal.plan(entry("two")), "failed", "no", "refused")
    journal.plan(entry())
    for path in journal.folder.parent.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
    assert journal.folder.parent.stat().st_mode & 0o777 == 0o700
    assert not list(journal.folder.rglob("*.part"))


def test_an_end_is_kept_by_day(journal):
    journal.end(journal.plan(entry()), "unknown", "maybe", "x" * 1000)
    assert journal.pending() == []
    (ended,) = journal.ended()
    assert (ended.step, ended.billing, len(ended.message), ended.owner) == (
        *("unknown", "maybe"), 500, "",
    )  # fmt: skip
    assert (journal.folder / "ended" / "2001-09-09" / "one.json").is_file()
    assert journal.ended(1e9) == [ended]
    assert journal.ended(1e9 + 1) == journal.ended(time.time()) == []


def test_another_machines_is_left_behind_once_untouched_for_long(journal):
    path, _ = left(journal, owner=OTHER)
    assert journal.left_behind() == []
    long_ago = time.time() - AWAY_SECONDS - 1
    os.utime(path, (long_ago, long_ago))
    assert [found.id for found in journal.left_behind()] == ["one"]


def test_one_alone_takes_over(journal):
    for n in range(20):
        left(journal, f"job{n}")
    found = journal.left_behind()
    assert len(found) == 20
    with ThreadPoolExecutor(8) as pool:
        won = [each for each in pool.map(journal.take_over, found * 4) if each]
    assert sorted(each.id for each in won) == sorted(each.id for each in found)
    assert journal.left_behind() == []
    assert journal.take_over(found[0]) is None


def test_what_is_let_go_can_be_taken_over(journal):
    journal.release(journal.plan(entry()))
    (found,) = journal.left_behind()
    assert journal.take_over(found)


class Meanwhile(FolderSteps):
    """Have another process do something right after such a file was made."""

    after, then = "/ended/", None

    def create(self, name, data, *, lasting=False):
        made = super().create(name, data, lasting=lasting)
        if self.after in name and self.then:
            then, self.then = self.then, None
            then()
        return made


def test_an_end_that_another_process_puts_away_at_the_same_moment_is_kept(journal):
    steps = Meanwhile(journal.folder.parent)
    ours = Journal(journal.folder.parent, steps)

    def put_away():
        (found,) = journal.pending()
        journal.end(found, found.step, found.billing, found.message)

    steps.then = put_away
    ours.end(ours.plan(entry()), "cancelled", "maybe", "while it ran")
    (ended,) = journal.ended()
    assert (ended.step, ended.billing, ended.message) == ("cancelled", "maybe", "while it ran")
    assert journal.pending() == []


def test_a_reply_that_comes_while_the_end_is_written_takes_the_request_back(journal):
    steps = Meanwhile(journal.folder.parent)
    ours = Journal(journal.folder.parent, steps)
    sent = journal.step(journal.plan(entry()), "sending")
    steps.then = lambda: journal.step(sent, "accepted", HANDLE)
    ours.end(sent, "unknown", "maybe", "Python ended")
    (found,) = journal.pending()
    assert (found.step, found.handle) == ("accepted", HANDLE)
    assert journal.ended() == []


def test_what_was_put_away_while_it_was_claimed_is_asked_anew_and_has_not_ended(journal):
    """As by another kernel while this computer slept."""
    steps = Meanwhile(journal.folder.parent)
    steps.after = "claims/"
    ours = Journal(journal.folder.parent, steps)

    def put_away():
        (found,) = journal.pending()
        journal.end(found, "cancelled", "no", "Python ended before it was sent")
        assert len(journal.ended()) == 1

    steps.then = put_away
    assert ours.claim(entry(key="fox")) is None
    assert journal.ended() == []
    again = ours.claim(entry(key="fox"))
    assert again
    assert ours.claimed("fox", again.backend) == again


def kept(journal, days, owner=OTHER):
    """Come to the result of a key, so many days ago, as another machine's process."""
    then = time.time() - 86_400 * days
    there = Journal(journal.folder.parent)
    there.leases.own = lambda: owner
    there.leases.touch = lambda: then
    there.close(there.claim(entry(key="fox")))


def test_marks_of_results_are_swept_once_they_show_everywhere(journal, tmp_path):
    for days in (0, 1, 2, 400):
        kept(journal, days)
    marks = journal.folder.parent / "claims" / "kept"
    others = tmp_path / "others"
    others.mkdir()
    (others / "file").touch()
    (marks / "2001-01-01").symlink_to(others)
    (marks / "not a day").mkdir()
    Library(journal.folder.parent)._sweep()
    today = time.strftime("%Y-%m-%d", time.gmtime())
    days = sorted(path.name for path in marks.iterdir() if path.is_dir())
    assert (len(days), days[2], days[3]) == (4, today, "not a day")
    assert days[0] == "2001-01-01"  # a link, and what it leads to, is not ours
    assert (others / "file").exists()


def test_a_mark_of_just_before_midnight_counts(journal):
    kept(journal, days=0)
    (mark,) = journal.folder.parent.glob("claims/kept/*/*")
    ours = journal.claim(entry(key="fox"))
    assert 0 < journal.unseen(ours) <= UNSEEN_SECONDS
    midnight = 86_400 * (mark.stat().st_mtime // 86_400 + 1)
    os.utime(mark, (midnight - 1, midnight - 1))
    journal.leases.touch = lambda: midnight + 1
    assert journal.unseen(ours) == UNSEEN_SECONDS - 2
    journal.leases.touch = lambda: midnight + 40
    assert journal.unseen(ours) == 0


GOOD = {
    "step": "accepted", "backend": "fal", "created": 1e9, "request": REQUEST,
    "endpoint": "fal-ai/x", "high": "0.03", "handle": HANDLE,
}  # fmt: skip


def test_the_file_says_no_more_than_its_name_who_it_is(journal):
    journal.folder.mkdir(parents=True)
    hostile = {**GOOD, "id": "../../x", "owner": "me", "touched": 1e12}
    (journal.folder / "one.json").write_text(json.dumps(hostile))
    (found,) = journal.pending()
    assert (found.id, found.owner) == ("one", "")
    assert found.touched < 1e11


@pytest.mark.parametrize(
    "values",
    [
        {"step": "done"}, {"created": "now"}, {"created": float("nan")}, {"created": 1e300},
        {"handle": {"request_id": "r1"}}, {"handle": {**HANDLE, "key": "x"}}, {"handle": []},
        {"handle": {**HANDLE, "request_id": 5}}, {"high": "much"}, {"high": "NaN"}, {"high": "-1"},
        {"high": None}, {"request": {}}, {"request": {**REQUEST, "prompt": 1}}, {"billing": "?"},
        {"request": None}, {"key": 5}, {"backend": None}, {"message": []},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_entry_is_passed_over(journal, values):
    journal.folder.mkdir(parents=True)
    (journal.folder / "good.json").write_text(json.dumps(GOOD))
    (journal.folder / "bad.json").write_text(json.dumps({**GOOD, **values}))
    assert [found.id for found in journal.pending()] == ["good"]


def test_an_unknown_field_is_passed_over(journal):
    """A later version may have written it."""
    journal.folder.mkdir(parents=True)
    (journal.folder / "one.3.json").write_text(json.dumps({**GOOD, "more": 1, "owner": OTHER}))
    (found,) = journal.pending()
    assert (found.id, found.owner, found.number) == ("one", OTHER, 3)


@pytest.mark.parametrize("owner", ["../../leases", 5, "x" * 99, None])
def test_an_owner_that_is_no_name_is_passed_over(journal, owner):
    journal.folder.mkdir(parents=True)
    (journal.folder / "bad.1.json").write_text(json.dumps({**GOOD, "owner": owner}))
    assert journal.pending() == []


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b" " * 600_000])
def test_what_is_no_json_is_passed_over(journal, data):
    journal.folder.mkdir(parents=True)
    (journal.folder / "bad.json").write_bytes(data)
    (journal.folder / "a b.json").write_text(json.dumps(GOOD))
    (journal.folder / "folder.json").mkdir()
    assert journal.pending() == []


@pytest.mark.slow
def test_entries_that_are_known_are_not_looked_at(journal):
    names = [f"one-{number}" for number in range(50)]
    for name in names:
        journal.plan(entry(name))
    with counted() as work:
        assert journal.pending(but=names[1:]) == [journal.find(names[0])]
    assert work["stat"] < 10, work


@pytest.mark.slow
def test_a_thousand_ended_ones_cost_no_glance_at_what_is_pending(journal):
    folder = journal.folder / "ended" / "2020-01-01"
    folder.mkdir(parents=True)
    for n in range(1_000):
        os.symlink(os.devnull, folder / f"{n}.json")
    with counted() as work:
        assert journal.left_behind() == []
        assert journal.ended(1.6e9) == []
    assert sum(work.values()) < 300, work

"""A search picture by picture: totals, days, and the right ones on each page."""

from __future__ import annotations

import os
import time

import pytest

from seedream_widgets.library import Library
from seedream_widgets.library.pages import Listing
from tests.library_folders import save


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def library(tmp_path):
    """Three results, newest first: c with 1 picture, b with 3, a with 2 on the day before."""
    for name, when, count in (
        ("a", "2026-05-01T12:00:00+00:00", 2),
        ("b", "2026-05-02T12:00:00+00:00", 3),
        ("c", "2026-05-02T13:00:00+00:00", 1),
    ):
        save(tmp_path, name, day=when[:10], created=when, images=[{"file": "1.png"}] * count)
    return Library(tmp_path)


def names(pictures):
    return [f"{entry.request_id}:{index}" for entry, index in pictures]


ALL = ["c:0", "b:0", "b:1", "b:2", "a:0", "a:1"]


@pytest.mark.parametrize("offset", range(-1, 8))
@pytest.mark.parametrize("count", [-1, 0, 1, 2, 4, 100])
def test_each_page_holds_the_pictures_of_its_place(library, offset, count):
    listing = Listing(library.search())
    wanted = ALL[max(0, offset) :][: max(0, count)]
    assert names(listing.pictures(offset, count)) == wanted
    assert [f"{name}:{at}" for name, at in listing.places(offset, count)] == wanted
    assert listing.total == 6


def test_days_tell_how_many_and_what_they_cost(library):
    days = Listing(library.search()).days
    assert [(day.pictures, str(day.cost)) for day in days] == [(4, "0.08"), (2, "0.04")]
    assert sum(day.pictures for day in days) == 6


def test_a_day_is_a_local_one_also_where_clocks_change(library, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")  # +1 hour until 2026-03-29 at 01:00 UTC, then +2
    time.tzset()
    moments = ["2026-03-28T22:59", "2026-03-28T23:01", "2026-03-29T21:59", "2026-03-29T22:01"]
    for number, when in enumerate(moments):
        save(tmp_path, f"d{number}", created=f"{when}:00+00:00", images=[{"file": "1.png"}])
    days = Listing(library.search(until="2026-04-01")).days
    assert [(day.date, day.pictures) for day in days] == [
        ("2026-03-30", 1),
        ("2026-03-29", 2),
        ("2026-03-28", 1),
    ]


@pytest.mark.parametrize("find", [("a", 1, 5), ("b", 0, 1), ("b", 3, None), ("nobody", 0, None)])
def test_a_picture_is_located(library, find):
    *picture, place = find
    assert Listing(library.search()).place(*picture) == place


def test_a_filter_counts_in_totals_and_days(library):
    found = Listing(library.search(until="2026-05-01"))
    shown = names(found.pictures(0, 10))
    assert (found.total, shown, len(found.days)) == (2, ["a:0", "a:1"], 1)


def test_further_pages_are_of_the_same_list_and_read_no_folders(library, tmp_path, monkeypatch):
    listing = Listing(library.search())
    save(tmp_path, "d", created="2026-05-03T12:00:00+00:00", images=[{"file": "1.png"}])
    looks = []
    monkeypatch.setattr(os, "scandir", lambda path: looks.append(path))
    assert names(listing.pictures(2, 2)) == ALL[2:4]
    assert looks == []


def test_a_picture_that_is_gone_is_passed_over(library):
    listing = Listing(library.search())
    library.delete(library.search("")[1])
    len(library.search())
    assert names(listing.pictures(0, 4)) == ["c:0"]

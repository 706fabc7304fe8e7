"""A search picture by picture: totals, days, and the right ones on each page."""

from __future__ import annotations

import pytest

from seedream_widgets.library import Library
from seedream_widgets.library.pages import page, picture_ids
from tests.library_folders import save


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("TZ", "UTC")


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


def names(found):
    return [f"{entry.request_id}:{index}" for entry, index in found.pictures]


ALL = ["c:0", "b:0", "b:1", "b:2", "a:0", "a:1"]


@pytest.mark.parametrize("offset", range(8))
@pytest.mark.parametrize("count", [0, 1, 2, 4, 100])
def test_each_page_holds_the_pictures_of_its_place(library, offset, count):
    found = page(library.search(), offset, count)
    assert names(found) == ALL[offset : offset + count]
    assert found.total == 6
    assert picture_ids(library.search(), offset, count) == ALL[offset : offset + count]


def test_days_tell_how_many_and_what_they_cost(library):
    days = page(library.search(), 0, 0).days
    assert [(day.pictures, str(day.cost)) for day in days] == [(4, "0.08"), (2, "0.04")]
    assert sum(day.pictures for day in days) == 6


@pytest.mark.parametrize(("find", "place"), [(("a", 1), 5), (("b", 0), 1), (("b", 3), None)])
def test_a_picture_is_located(library, find, place):
    assert page(library.search(), 0, 1, find).place == place


def test_a_filter_counts_in_totals_and_days(library):
    found = page(library.search(until="2026-05-01"), 0, 10)
    assert (found.total, names(found), len(found.days)) == (2, ["a:0", "a:1"], 1)

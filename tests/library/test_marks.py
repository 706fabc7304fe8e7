"""Favourites, ratings, the trash and collections: plain files that any copy of the folder keeps."""

from __future__ import annotations

import itertools
import json
import logging
import os
import threading

import pytest

import seedream_widgets as sd
from seedream_widgets.jobs.client import Client
from seedream_widgets.library import Library
from seedream_widgets.money.ledger import charges
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.request import Request
from tests.library_folders import receipt, save, settle
from tests.scripted import SECONDS

SEEDED = Request("a fox", seed=7)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def client(tmp_path):
    return Client(ScriptedBackend("fal", images=2), library=tmp_path)


def asked(search):
    return [entry.request_id for entry in search]


def test_a_mark_is_a_small_file_that_other_programs_read(client):
    result = client.submit(SEEDED).result(SECONDS)
    assert (result.favourite, result.rating) == (False, 0)
    client.library.favourite(result)
    client.library.rate(result, 4)
    assert (result.favourite, result.rating) == (True, 4)
    assert (result.files[0].path.parent / "rating").read_text() == "4\n"
    assert asked(Library(client.library.path).favourites()) == [result.request_id]
    assert asked(client.library.search(rating=4)) == [result.request_id]
    assert asked(client.library.search(rating=5)) == []
    client.library.rate(result, 0)
    client.library.favourite(result, False)
    assert (result.favourite, result.rating) == (False, 0)
    assert not (result.files[0].path.parent / "rating").exists()


@pytest.mark.parametrize("rating", [-1, 6, 2.0, True, "4", None])
def test_a_rating_that_is_none_is_refused(client, rating):
    result = client.submit(SEEDED).result(SECONDS)
    with pytest.raises(sd.RequestError, match="rating takes a whole number from 0 to 5"):
        client.library.rate(result, rating)


@pytest.mark.parametrize("said", [b"9", b"-1", b"four", b"\xb2", b"4" * 100])
def test_a_strangers_rating_counts_only_where_it_is_one(tmp_path, said):
    folder = save(tmp_path, "one")
    (folder / "rating").write_bytes(said)
    assert [entry.rating for entry in Library(tmp_path)] == [0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only Unix has named pipes")
def test_a_pipe_by_the_name_of_a_rating_holds_nobody_up(tmp_path):
    os.mkfifo(save(tmp_path, "one") / "rating")
    assert [entry.rating for entry in Library(tmp_path)] == [0]


def test_a_rating_of_another_process_is_seen(tmp_path):
    folder = save(tmp_path, "one")
    settle(tmp_path)
    library = Library(tmp_path)
    assert asked(library.search(rating=1)) == []
    (folder / "rating").write_text("3")
    os.utime(folder.parent)
    assert asked(library.search(rating=3)) == ["one"]


def test_a_mark_that_is_set_again_never_goes_in_between(tmp_path):
    save(tmp_path, "one")
    asking, marking = Library(tmp_path), Library(tmp_path)
    (entry,) = marking
    marking.favourite(entry)
    marking.rate(entry, 1)
    ended = threading.Event()

    def mark_on():
        stars = itertools.cycle(range(1, 6))
        while not ended.is_set():
            marking.favourite(entry)
            marking.rate(entry, next(stars))

    thread = threading.Thread(target=mark_on)
    thread.start()
    try:
        found = [[(one.favourite, one.rating > 0) for one in asking] for _ in range(100)]
    finally:
        ended.set()
        thread.join()
    assert found == [[(True, True)]] * 100


def test_a_result_that_is_marked_before_it_is_added_stays_marked(tmp_path):
    folder = save(tmp_path, "one")
    library = Library(tmp_path)
    library.rate(library.search()[0], 3)
    library._index.add(folder, receipt("one"))
    assert library._index.known("one").rating == 3


def test_search_by_kind_and_by_what_did_not_come(tmp_path):
    settings = {"num_images": 2, "max_images": 2}
    save(tmp_path, "fewer", settings=settings, images=[{"file": "1.png"}] * 3)
    save(tmp_path, "all", settings=settings, images=[{"file": "1.png"}] * 4)
    save(tmp_path, "edited", endpoint="fal-ai/bytedance/seedream/v4.5/edit")
    library = Library(tmp_path)
    assert asked(library.search(fewer=True)) == ["fewer"]
    assert asked(library.search(kind="edit")) == ["edited"]
    assert set(asked(library.search(kind="text-to-image"))) == {"fewer", "all"}
    assert asked(library.search("fox", among=["all", "nobody"])) == ["all"]
    with pytest.raises(sd.RequestError, match="kind takes 'text-to-image' or 'edit'"):
        library.search(kind="video")


def test_what_was_deleted_lies_in_the_trash_and_comes_back(client):
    result = client.submit(SEEDED).result(SECONDS)
    client.library.rate(result, 3)
    client.library.delete(result)
    assert (len(client.library), len(client.library.trash)) == (0, 1)
    with pytest.raises(sd.ResultError, match=r"in the library's trash; sd.library.restore"):
        client.library.get(result.request_id)
    back = client.library.restore(result.request_id)
    assert (len(client.library), client.library.trash) == (1, ())
    assert (back.rating, back.receipt) == (3, result.receipt)
    assert back.image.tobytes() == client.library.get(result.request_id).image.tobytes()
    with pytest.raises(sd.ResultError, match=r"no result .* in the trash"):
        client.library.restore(result.request_id)


def test_what_it_cost_stays_in_the_ledger_even_when_the_trash_is_emptied(client):
    result = client.submit(SEEDED).result(SECONDS)
    before = [(charge.usd, charge.request_id, charge.when) for charge in charges(client.library)]
    assert before[0][0] > 0
    client.library.delete(result)
    assert [(c.usd, c.request_id, c.when) for c in charges(client.library)] == before
    assert client.library.empty_trash() == 1
    assert [(c.usd, c.request_id, c.when) for c in charges(client.library)] == before
    assert client.library.trash == ()
    left = [path for path in client.library.path.rglob("*") if path.is_file()]
    assert not [path for path in left if path.suffix == ".png"]
    kept = (client.library.path / "trash").rglob("receipt.json")
    assert not [path for path in kept if "a fox" in path.read_text()]


def test_a_deleted_picture_is_not_bought_again(client):
    result = client.submit(SEEDED).result(SECONDS)
    client.library.delete(result)
    again = client.submit(SEEDED).result(SECONDS)
    assert (again.cached, again.request_id) == (True, result.request_id)
    assert client.backend.count("submit") == 1
    assert len(client.library) == 1


def test_nothing_but_the_users_word_empties_the_trash(client):
    client.library.delete(client.submit(SEEDED).result(SECONDS))
    client.library._sweep()
    client.submit(Request("another", seed=8)).result(SECONDS)
    assert len(Library(client.library.path).trash) == 1


def test_a_collection_is_a_file_to_share(client):
    one, two = (client.submit(Request("a fox", seed=seed)).result(SECONDS) for seed in (1, 2))
    trip = client.library.collections["Trip to Kyoto"]
    trip.add(one, two, one)
    client.library.collections["Other"].add(two)
    again = Library(client.library.path).collections
    assert [*again] == ["Other", "Trip to Kyoto"]
    assert set(asked(again["Trip to Kyoto"])) == {one.request_id, two.request_id}
    assert two in again["Other"]
    (file,) = (client.library.path / "collections").glob("trip*")
    assert json.loads(file.read_text())["results"] == [one.request_id, two.request_id]
    trip.remove(one)
    assert asked(trip) == [two.request_id]
    trip.delete()
    assert [*client.library.collections] == ["Other"]
    assert len(client.library) == 2


@pytest.mark.parametrize(
    "said",
    [
        b"", b"{", b"[]", b"[" * 100_000, b'{"name": "x"}', b'{"name": 7, "results": []}',
        b'{"name": "", "results": []}', b'{"name": "a\\nb", "results": []}',
        b'{"name": "x", "results": {"one": 1}}',
        json.dumps({"name": "x", "results": ["r"] * 10_001}).encode(), b" " * 4_000_001,
    ],
)  # fmt: skip
def test_a_strangers_file_that_is_no_collection_harms_no_other(tmp_path, said, caplog):
    save(tmp_path, "one")
    library = Library(tmp_path)
    library.collections["mine"].add(library[0])
    (tmp_path / "collections" / "strange.json").write_bytes(said)
    with caplog.at_level(logging.WARNING):
        assert [*library.collections] == ["mine"]
        list(library.collections)  # as a gallery does at each search
    assert caplog.text.count("strange.json is not a collection") == 1


def test_two_files_of_one_name_are_one_collection(tmp_path):
    """A copy, such as two machines that share a folder leave behind, hides nothing."""
    for name in ("one", "two", "three"):
        save(tmp_path, name)
    folder = tmp_path / "collections"
    folder.mkdir()
    for name, ids in {"trip.json": ["one"], "trip (copy).json": ["two", "one"]}.items():
        (folder / name).write_text(json.dumps({"name": "Trip", "results": ids}))
    library = Library(tmp_path)
    trip = library.collections["Trip"]
    assert set(trip.ids) == {"one", "two"}
    entries = {entry.request_id: entry for entry in library.search()}
    trip.add(entries["three"])
    assert set(trip.ids) == {"one", "two", "three"}
    trip.remove(entries["two"])
    assert set(trip.ids) == {"one", "three"}
    assert len([*folder.iterdir()]) == 1


def test_what_a_stranger_lists_is_looked_up_and_nothing_else(tmp_path):
    save(tmp_path, "one")
    ids = ["one", "../../etc/passwd", 7, None, "", "x" * 201, "'; DROP TABLE results; --"]
    (tmp_path / "collections").mkdir()
    (tmp_path / "collections" / "a.json").write_text(json.dumps({"name": "a", "results": ids}))
    assert asked(Library(tmp_path).collections["a"]) == ["one"]


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb", 7, None])
def test_what_can_be_no_name_is_refused(tmp_path, name):
    with pytest.raises(sd.RequestError, match="a collection's name takes"):
        Library(tmp_path).collections[name]

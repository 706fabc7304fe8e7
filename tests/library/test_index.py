from __future__ import annotations

import dataclasses
import os
import shutil
import sqlite3
import time
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.errors import RequestError
from seedream_widgets.library import index as index_of_results
from seedream_widgets.library.index import Index
from tests.library_folders import counted, keep_busy, receipt, save, set_favourite, settle
from tests.memory import taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from seedream_widgets.library.entry import Entry


@pytest.fixture(params=[True, False], ids=["fts5", "like"])
def _full_text(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with SQLite's full-text search, and as where SQLite has none."""
    if not request.param:
        monkeypatch.setattr(index_of_results, "_has_fts5", lambda db: False)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path, tmp_path / "cache" / "index.sqlite")
    yield index
    assert index.trouble is None


def ids(entries: Iterable[Entry]) -> list[str]:
    return [entry.request_id for entry in entries]


def test_an_entry_tells_what_the_receipt_tells(tmp_path: Path, index: Index) -> None:
    folder = save(tmp_path, "r1", favourite=True, images=[{}, {}], seed=None, billable_units="2.0")
    entry = index.search()[0]
    assert dataclasses.asdict(entry) == {
        "request_id": "r1",
        "created": datetime(2026, 5, 1, 12, tzinfo=timezone.utc),
        "prompt": "a red fox in the snow",
        "endpoint": "fal-ai/bytedance/seedream/v4.5/text-to-image",
        "model": "v4.5",
        "backend": "fal",
        "seed": None,
        "images": 2,
        "cost": Decimal("0.04"),
        "favourite": True,
        "folder": folder,
        "key": "key-r1",
        "billable_units": Decimal("2.0"),
        "rating": 0,
        "asked": None,
    }
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.prompt = "other"  # type: ignore[misc]
    assert not hasattr(entry, "__dict__")


def test_what_is_added_is_what_is_scanned(tmp_path: Path, index: Index) -> None:
    folder = save(tmp_path, "r1", cost=None, favourite=True)
    index.add(folder, receipt("r1", cost=None))
    index.add(folder, receipt("r1", cost=None))
    added = list(index.search())
    other = Index(tmp_path, tmp_path / "cache" / "other.sqlite")
    assert added == list(other.search())
    assert len(added) == 1


def test_an_added_result_is_found_without_a_look_at_the_folders(
    tmp_path: Path, index: Index
) -> None:
    earlier = index.search()
    index.add(tmp_path / "results" / "2026-05-01" / "a-red-fox-r1", receipt("r1"))
    assert ids(earlier) == ["r1"]
    assert ids(index.search()) == []


def test_newest_come_first_and_ties_go_by_request_id(tmp_path: Path, index: Index) -> None:
    for name, created in (("b", 10), ("a", 10), ("d", 9), ("c", 11)):
        save(tmp_path, name, created=f"2026-05-01T{created:02}:00:00Z")
    assert ids(index.search()) == ["c", "b", "a", "d"]
    assert ids(reversed(index.search())) == ["d", "a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["fox", "owl", "emoji", "hanzi", "signs"]),
        ("  \n ", ["fox", "owl", "emoji", "hanzi", "signs"]),
        ("fox", ["fox"]),
        ("FOX snow", ["fox"]),
        ("snow fox", ["fox"]),
        ("fo sn", ["fox"]),
        ("fo*", ["fox"]),
        ("fox owl", []),
        ("fox OR owl", []),
        ("fox NOT owl", []),
        ("NEAR(fox snow)", []),
        ('"fox" snow"', ["fox"]),
        ("prompt:fox", []),
        ("^fox", ["fox"]),
        ("fox - snow", []),
        ("🦊", ["emoji"]),
        ("🦊 smil", ["emoji"]),
        ("🐻", []),
        ("狐狸", ["hanzi"]),
        ("雪地", ["hanzi"]),
        ("*", ["signs"]),
        ('"', ["signs"]),
        ("%", ["signs"]),
        ("_", []),
        ("don't", ["signs"]),
        ("'; DROP TABLE results; --", []),
        ("fox\0owl", []),
        ("\ud800", []),
        ("x" * 100_000, []),
        (" ".join(f"word{i}" for i in range(5_000)), []),
        ("?" * 50 + " " + " ".join("?" * i for i in range(1, 400)), []),
    ],
)
@pytest.mark.usefixtures("_full_text")
def test_text_is_words_never_syntax(tmp_path: Path, text: str, expected: list[str]) -> None:
    prompts = {
        "fox": "a red fox, in the snow",
        "owl": "an owl at night",
        "emoji": "smiling 🦊",
        "hanzi": "一只红色的狐狸在雪地里",
        "signs": 'don\'t * "quote" 100%',
    }
    for name, prompt in prompts.items():
        save(tmp_path, name, prompt=prompt)
    index = Index(tmp_path, tmp_path / "index.sqlite")
    assert sorted(ids(index.search(text))) == sorted(expected)
    assert len(index.search(text)) == len(expected)
    assert index.trouble is None


def test_full_text_search_is_there(tmp_path: Path, index: Index) -> None:
    save(tmp_path, "r1", prompt="café au lait")
    assert ids(index.search("cafe")) == ["r1"]
    assert ids(index.search("afé")) == []


@pytest.mark.usefixtures("_full_text")
def test_a_pasted_prompt_finds_itself(tmp_path: Path) -> None:
    prompt = " ".join(f"word{i}, “it's” {i}%" for i in range(300))
    save(tmp_path, "long", prompt=prompt)
    index = Index(tmp_path, tmp_path / "index.sqlite")
    assert ids(index.search(prompt)) == ["long"]


def test_filters_are_all_applied(tmp_path: Path, index: Index) -> None:
    save(tmp_path, "a", model="v4", backend="offline", endpoint="one")
    save(tmp_path, "b", model="v4.5", backend="fal", endpoint="two", favourite=True)
    save(tmp_path, "c", model="v4.5", backend="fal", endpoint="one")
    assert ids(index.search(model="v4.5")) == ["c", "b"]
    assert ids(index.search(backend="offline")) == ["a"]
    assert ids(index.search(endpoint="one", model="v4.5")) == ["c"]
    assert ids(index.search(favourite=True)) == ["b"]
    assert ids(index.search("fox", favourite=False)) == ["c", "a"]
    assert ids(index.search(model="' OR 1")) == []


@pytest.fixture
def _local_time_is_not_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Etc/GMT-2")  # two hours ahead
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_local_time_is_not_utc")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"since": "2026-05-01T12:00Z"}, ["late", "noon"]),
        ({"since": "2026-05-01T12:00:00.000001Z"}, ["late"]),
        ({"since": "2026-05-01T14:00"}, ["late", "noon"]),
        ({"since": datetime(2026, 5, 1, 14)}, ["late", "noon"]),
        ({"since": datetime(2026, 5, 1, 12, tzinfo=timezone.utc)}, ["late", "noon"]),
        (
            {"since": datetime(2026, 5, 1, 13, tzinfo=timezone(timedelta(hours=1)))},
            ["late", "noon"],
        ),
        ({"since": date(2026, 5, 2)}, ["late"]),
        ({"since": "2026-05-02"}, ["late"]),
        ({"until": date(2026, 5, 1)}, ["noon", "early"]),
        ({"until": "2026-05-01"}, ["noon", "early"]),
        ({"until": "2026-05-02"}, ["late", "noon", "early"]),
        ({"until": "2026-05-01T14:00"}, ["noon", "early"]),
        ({"until": datetime(2026, 5, 1, 13, 59)}, ["early"]),
        ({"since": "2026-05-01", "until": "2026-05-01"}, ["noon"]),
        ({"until": date.max}, ["late", "noon", "early"]),
        ({"since": date.min, "until": datetime.max}, ["late", "noon", "early"]),
    ],
)
def test_since_and_until(
    tmp_path: Path, index: Index, asked: dict[str, str], expected: list[str]
) -> None:
    save(tmp_path, "early", created="2026-04-30T21:59:59Z")  # 30 April here as well
    save(tmp_path, "noon", created="2026-05-01T12:00:00+00:00")
    save(tmp_path, "late", created="2026-05-01T22:00:00.000000+00:00")  # 2 May here
    assert ids(index.search(**asked)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "yesterday", "2026-13-01", 7, "2026-05-01T25:00"])
@pytest.mark.parametrize("field", ["since", "until"])
def test_no_date_is_told(index: Index, field: str, value: str) -> None:
    with pytest.raises(RequestError, match=f"{field} takes a datetime, a date or text") as caught:
        index.search(**{field: value})  # type: ignore[arg-type]
    assert (caught.value.field, caught.value.value) == (field, value)


def test_a_search_is_a_sequence(tmp_path: Path, index: Index) -> None:
    names = [f"r{i:03}" for i in range(250)]
    for number, name in enumerate(names):
        save(tmp_path, name, created=f"2026-05-01T12:00:{number // 10:02}Z")
    found, expected = index.search(), names[::-1]
    assert len(found) == 250
    assert ids(found) == expected
    assert ids(reversed(found)) == names
    assert [found[i].request_id for i in (0, 100, 249, -1, -250)] == [
        expected[i] for i in (0, 100, 249, -1, -250)
    ]
    for cut in (
        slice(None),
        slice(5),
        slice(95, 205),
        slice(-3, None),
        slice(None, None, -1),
        slice(200, 100, -7),
        slice(0, 250, 60),
        slice(240, 10**30),
        slice(300, 400),
        slice(7, 3),
    ):
        assert ids(found[cut]) == expected[cut]
    for place in (250, -251, 10**30, -(10**30)):
        with pytest.raises(IndexError):
            found[place]
    assert repr(found) == "<Search: 250 results>"
    assert found[3] in found
    assert "r003" not in found  # type: ignore[comparison-overlap]
    assert found
    assert not index.search("owl")


def test_iteration_goes_on_while_results_come_and_go(tmp_path: Path, index: Index) -> None:
    for number in range(150):
        save(
            tmp_path, f"r{number:03}", created=f"2026-05-01T12:{number // 60:02}:{number % 60:02}Z"
        )
    walk = iter(index.search())
    first = ids(islice(walk, 100))
    save(tmp_path, "newer", created="2026-05-01T13:00:00Z")
    shutil.rmtree(tmp_path / "results" / "2026-05-01" / "a-red-fox-r120")
    index.refresh()
    assert ids(walk) == [f"r{number:03}" for number in range(49, -1, -1)]
    assert len(set(first)) == 100


def test_find_gives_the_newest_identical_one(tmp_path: Path, index: Index) -> None:
    save(tmp_path, "old", key="same", created="2026-05-01T10:00:00Z")
    save(tmp_path, "new", key="same", created="2026-05-01T11:00:00Z")
    save(tmp_path, "preview", key="same", backend="offline", created="2026-05-01T12:00:00Z")
    save(tmp_path, "random", key=None)
    found = index.identical("same", "fal")
    assert ids(found) == ["new", "old"]
    assert index.identical("other", "fal") == []
    shutil.rmtree(found[0].folder)
    assert ids(index.identical("same", "fal")) == ["old"]


def test_get_finds_by_request_id(tmp_path: Path, index: Index) -> None:
    save(tmp_path, "r1")
    assert ids(filter(None, [index.get("r1"), index.get("r2")])) == ["r1"]


def test_a_deleted_cache_is_made_again(tmp_path: Path, index: Index) -> None:
    for number in range(5):
        save(tmp_path, f"r{number}")
    before = list(index.search())
    (tmp_path / "cache" / "index.sqlite").unlink()
    assert list(index.search()) == before
    shutil.rmtree(tmp_path / "cache")
    search = index.search()
    shutil.rmtree(tmp_path / "cache")
    assert list(search) == before


def test_a_cache_is_kept(tmp_path: Path, index: Index) -> None:
    folder = save(tmp_path, "r1")
    settle(tmp_path)
    index.refresh()
    (folder / "receipt.json").write_text("changed by hand, but the day is as it was")
    assert ids(Index(tmp_path, tmp_path / "cache" / "index.sqlite").search()) == ["r1"]


def test_folders_deleted_renamed_and_moved_by_hand(tmp_path: Path, index: Index) -> None:
    for name in ("r1", "r2", "r3", "r4"):
        save(tmp_path, name)
    save(tmp_path, "s1", day="2026-05-02")
    index.refresh()
    day = tmp_path / "results" / "2026-05-01"
    shutil.rmtree(day / "a-red-fox-r1")
    (day / "a-red-fox-r2").rename(day / "the best fox")
    (day / "a-red-fox-r3").rename(tmp_path / "results" / "2026-05-02" / "a-red-fox-r3")
    found = {entry.request_id: entry.folder for entry in index.search()}
    assert found == {
        "r2": day / "the best fox",
        "r3": tmp_path / "results" / "2026-05-02" / "a-red-fox-r3",
        "r4": day / "a-red-fox-r4",
        "s1": tmp_path / "results" / "2026-05-02" / "a-red-fox-s1",
    }
    day.rename(tmp_path / "results" / "foxes of May")
    shutil.rmtree(tmp_path / "results" / "2026-05-02")
    assert sorted(ids(index.search())) == ["r2", "r4"]
    assert {entry.folder.parent.name for entry in index.search()} == {"foxes of May"}
    shutil.rmtree(tmp_path / "results")
    assert ids(index.search()) == []


def test_words_of_a_deleted_result_are_forgotten(tmp_path: Path, index: Index) -> None:
    folder = save(tmp_path, "r2", prompt="an owl")
    assert ids(index.search("owl")) == ["r2"]
    shutil.rmtree(folder)
    save(tmp_path, "r3", prompt="a fox")
    assert ids(index.search("owl")) == []
    assert ids(index.search("fox")) == ["r3"]


def test_a_copy_is_no_second_result_but_takes_its_place(tmp_path: Path, index: Index) -> None:
    original = save(tmp_path, "r1", day="2026-05-02")
    index.refresh()
    for day in ("2026-05-01", "2026-05-02"):
        copy = tmp_path / "results" / day / "copy"
        shutil.copytree(original, copy)
        settle(tmp_path, day)
        assert [entry.folder for entry in index.search()] == [original]
    assert index.unreadable == 0
    shutil.rmtree(original)
    left = [entry.folder for entry in index.search()]
    assert len(left) == 1
    shutil.rmtree(left[0])
    settle(tmp_path, left[0].parent.name)
    last = [entry.folder for entry in index.search()]
    assert len(last) == 1
    assert last != left


def test_a_folder_added_within_the_tick_of_the_scan_is_found(tmp_path: Path, index: Index) -> None:
    save(tmp_path, "r1")
    keep_busy(tmp_path, "2026-05-01")
    day = tmp_path / "results" / "2026-05-01"
    tick = day.stat().st_mtime_ns
    index.refresh()
    save(tmp_path, "r2")
    os.utime(day, ns=(tick, tick))  # a coarse clock, that has not moved on
    assert ids(index.search()) == ["r2", "r1"]


def test_a_settled_day_is_not_read_again(tmp_path: Path, index: Index) -> None:
    save(tmp_path, "r1")
    settle(tmp_path)
    day = tmp_path / "results" / "2026-05-01"
    then = day.stat().st_mtime_ns
    index.refresh()
    save(tmp_path, "r2")
    os.utime(day, ns=(then, then))
    assert ids(index.search()) == ["r1"]
    os.utime(day)
    assert ids(index.search()) == ["r2", "r1"]


def test_favourites_follow_their_file(tmp_path: Path, index: Index) -> None:
    folder = save(tmp_path, "r1")
    settle(tmp_path)
    assert ids(index.search(favourite=True)) == []
    set_favourite(folder, True)
    assert ids(index.search(favourite=True)) == ["r1"]
    set_favourite(folder, False)
    assert ids(index.search(favourite=True)) == []


@pytest.mark.slow
def test_a_look_for_one_result_is_no_look_into_each_folder(tmp_path: Path, index: Index) -> None:
    for number in range(300):
        save(tmp_path, f"r{number:03}")
    index.refresh()
    for number in range(3):
        save(tmp_path, f"new{number}", key="new")
        keep_busy(tmp_path, "2026-05-01")
        with counted() as work:
            assert index.identical("new", "fal")
        assert work["scandir"] == 2  # the days, and the busy one
        assert work["stat"] < 10, work
        # One receipt: the file, and Python's view of it; and a try for a rating.
        assert work["open"] == 3, work
    folder = tmp_path / "results" / "2026-05-01" / "a-red-fox-r007"
    shutil.rmtree(folder)
    assert index.get("r007") is None


def test_a_mark_on_a_busy_day_waits_for_a_search_or_for_quiet(tmp_path: Path, index: Index) -> None:
    folders = [save(tmp_path, name) for name in ("r1", "r2")]
    index.refresh()
    set_favourite(folders[0], True)
    assert ids(filter(None, [index.get("r1")])) == ["r1"]
    assert ids(index.search(favourite=True)) == ["r1"]
    set_favourite(folders[1], True)
    assert ids(filter(None, [index.get("r1")])) == ["r1"]
    settle(tmp_path)
    found = index.get("r2")
    assert found is not None
    assert found.favourite
    settle(tmp_path)
    assert ids(index.search(favourite=True)) == ["r2", "r1"]


def test_the_cache_is_private_and_leaves_no_wal(tmp_path: Path, index: Index) -> None:
    save(tmp_path, "r1")
    index.refresh()
    path = tmp_path / "cache" / "index.sqlite"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {file.name for file in path.parent.iterdir()} <= {path.name, f"{path.name}-journal"}
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA journal_mode").fetchone()[0] in ("delete", "truncate")
    database.close()


def test_each_root_has_its_own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    save(tmp_path / "one", "r1")
    save(tmp_path / "two", "r2")
    indexes = [Index(tmp_path / name) for name in ("one", "two", "one/../two")]
    assert [ids(index.search()) for index in indexes] == [["r1"], ["r2"], ["r2"]]
    files = (tmp_path / "cache" / "seedream_widgets").glob("index-" + "[0-9a-f]" * 16 + ".sqlite")
    assert len(list(files)) == 2


@pytest.mark.slow
def test_a_search_holds_no_results(tmp_path: Path) -> None:
    for number in range(400):
        save(tmp_path, f"r{number:03}", prompt=f"a fox {number} " * 50)
    assert read(tmp_path) == 400
    assert taken(read, tmp_path).peak < 500_000


def read(folder: Path) -> int:
    return sum(1 for _ in Index(folder, folder / "cache" / "index.sqlite").search("fox"))


@pytest.mark.slow
def test_nothing_is_imported_early() -> None:
    import subprocess
    import sys

    code = "import seedream_widgets.library.index, sys; print('sqlite3' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"

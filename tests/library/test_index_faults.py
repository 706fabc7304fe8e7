from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import sqlite3
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from seedream_widgets.library import index as index_of_results
from seedream_widgets.library.index import Index
from seedream_widgets.library.search import Filter
from tests.library_folders import place, receipt, save, set_favourite, settle
from tests.scripted import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = "2026-05-01"


def ids(index: Index) -> list[str]:
    return sorted(entry.request_id for entry in index.search())


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "index.sqlite"


@pytest.fixture
def filled(tmp_path: Path, cache: Path) -> Index:
    """An index of 200 results, in its file and settled."""
    for number in range(200):
        save(tmp_path, f"r{number:03}")
    settle(tmp_path)
    index = Index(tmp_path, cache)
    assert len(index.search()) == 200
    return index


def random_bytes(cache: Path) -> None:
    cache.write_bytes(os.urandom(50_000))


def random_tables(cache: Path) -> None:
    data = cache.read_bytes()
    cache.write_bytes(data[:100] + os.urandom(len(data) - 100))


def random_rows(cache: Path) -> None:
    data = cache.read_bytes()
    cache.write_bytes(data[:8192] + os.urandom(len(data) - 8192))


def cut_short(cache: Path) -> None:
    os.truncate(cache, cache.stat().st_size // 2)


def other_version(cache: Path) -> None:
    execute(cache, "PRAGMA user_version = 99")


def other_tables(cache: Path) -> None:
    cache.unlink()
    execute(cache, "CREATE TABLE results (surprise)")


def table_lost(cache: Path) -> None:
    execute(cache, "DROP TABLE skipped")


def words_lost(cache: Path) -> None:
    execute(cache, "DROP TABLE words_data")


def emptied(cache: Path) -> None:
    os.truncate(cache, 0)


def stale_journal(cache: Path) -> None:
    random_bytes(cache)
    cache.with_name(f"{cache.name}-journal").write_bytes(os.urandom(5_000))


def wal_left(cache: Path) -> None:
    execute(cache, "PRAGMA journal_mode = WAL")


def execute(cache: Path, statement: str) -> None:
    database = sqlite3.connect(cache)
    database.execute(statement).fetchall()
    database.commit()
    database.close()


@pytest.mark.parametrize(
    "harm",
    [
        random_bytes,
        random_tables,
        random_rows,
        cut_short,
        other_version,
        other_tables,
        table_lost,
        words_lost,
        emptied,
        stale_journal,
        wal_left,
    ],
)
def test_a_harmed_cache_is_made_again(
    tmp_path: Path, cache: Path, filled: Index, harm: Callable[[Path], None]
) -> None:
    harm(cache)
    save(tmp_path, "new", prompt="an owl")
    assert [entry.request_id for entry in filled.search("owl")] == ["new"]
    assert len(filled.search()) == len(filled.search("fox")) + 1 == 201
    assert filled.trouble is None
    after = Index(tmp_path, cache)
    assert len(after.search()) == 201
    assert not cache.with_name(f"{cache.name}-wal").exists()


def test_a_cache_harmed_while_open_is_made_again(
    tmp_path: Path, cache: Path, filled: Index
) -> None:
    found = filled.search("fox")
    assert found
    random_tables(cache)
    assert len(list(found)) == 200
    assert filled.trouble is None


def test_without_its_cache_a_search_walks_the_folders(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for cache in (tmp_path / "file" / "index.sqlite", tmp_path / "folder"):
        save(tmp_path, f"r-{cache.name}")
        index = Index(tmp_path, cache)
        before = ids(index)
        index.add(save(tmp_path, f"s-{cache.name}"), receipt(f"s-{cache.name}"))
        assert ids(index) == sorted([*before, f"s-{cache.name}"])
        assert index.trouble
        assert "reads all folders, as its index can't be used" in repr(index.search())
        assert str(cache) in caplog.text
    assert len(caplog.records) == 2  # one for each index, not for each search
    assert ids(index) == ["r-folder", "r-index.sqlite", "s-folder", "s-index.sqlite"]


def search_with_little_room(root: Path, cache: Path, told: Any) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
    index = Index(root, cache)
    told.put((len(index.search("fox")), index.trouble is not None))


def test_a_full_disk_is_no_error(tmp_path: Path, cache: Path) -> None:
    for number in range(200):
        save(tmp_path, f"r{number:03}")
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    process = context.Process(target=search_with_little_room, args=(tmp_path, cache, told))
    process.start()
    assert told.get(timeout=200) == (200, True)
    process.join()


@pytest.mark.slow
def test_a_locked_cache_is_left_to_its_owner(tmp_path: Path, cache: Path, filled: Index) -> None:
    owner = sqlite3.connect(cache, isolation_level=None)
    owner.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    assert len(filled.search()) == 200
    assert time.monotonic() - began < 60
    assert filled.trouble
    owner.execute("ROLLBACK")
    assert owner.execute("SELECT COUNT(*) FROM results").fetchone() == (200,)
    owner.close()


HOSTILE: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "garbage": b"\x89PNG\r\n\x1a\n\0\0",
    "no-object": b"[1, 2, 3]",
    "deep": b"[" * 200_000,
    "deep-object": b'{"a":' * 100_000,
    "long-number": b'{"seed": ' + b"9" * 10_000 + b"}",
    "huge": json.dumps(receipt("huge")).encode() + b" " * (1 << 20),
    "not-utf-8": b'{"prompt": "\xff\xfe"}',
    "cut": json.dumps(receipt("cut")).encode()[:-5],
    **{
        f"bad-{number}": json.dumps(receipt(f"bad-{number}") | fields).encode()
        for number, fields in enumerate(
            [
                {"request_id": 7},
                {"request_id": ""},
                {"request_id": "x" * 201},
                {"created": "yesterday"},
                {"created": None},
                {"created": "0001-01-01T00:00:00+14:00"},
                {"created": 1e300},
                {"endpoint": ["a"]},
                {"model": None},
                {"backend": {}},
                {"prompt": None},
                {"images": 5},
            ]
        )
    },
}


def test_hostile_receipts_are_passed_over_and_not_read_again(tmp_path: Path, cache: Path) -> None:
    save(tmp_path, "good")
    for name, data in HOSTILE.items():
        folder = place(tmp_path, name, data)
        if data is not None:
            os.utime(folder / "receipt.json", (1, 1))
    settle(tmp_path)
    index = Index(tmp_path, cache)
    assert ids(index) == ["good"]
    assert index.unreadable == len(HOSTILE)
    for name in ("garbage", "cut"):
        path = tmp_path / "results" / DAY / f"a-red-fox-{name}" / "receipt.json"
        path.write_bytes(json.dumps(receipt(f"repaired-{name}")).encode())
        if name == "cut":
            os.utime(path, (1, 1))  # as if it were unchanged
    assert ids(index) == ["good", "repaired-garbage"]
    assert index.unreadable == len(HOSTILE) - 1


def test_a_receipt_that_arrives_late_is_found(tmp_path: Path, cache: Path) -> None:
    """As a copying program writes it: first the folder, then half a file, then the rest."""
    folder = place(tmp_path, "r1", None)
    settle(tmp_path)
    index = Index(tmp_path, cache)
    data = json.dumps(receipt("r1")).encode()
    assert index.unreadable == 1
    (folder / "receipt.json").write_bytes(data[:40])
    then = (folder / "receipt.json").stat().st_mtime_ns + 3600 * 10**9
    os.utime(folder / "receipt.json", ns=(then, then))  # just now, however long this test takes
    assert ids(index) == []
    (folder / "receipt.json").write_bytes(data)
    os.utime(folder / "receipt.json", ns=(then, then))  # a coarse clock, that has not moved on
    assert ids(index) == ["r1"]
    assert index.unreadable == 0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"prompt": "half a \ud83e pair, \0 nothing"}, {"prompt": "half a ? pair, � nothing"}),
        ({"seed": 1 << 63}, {"seed": None}),
        ({"seed": True}, {"seed": None}),
        ({"seed": "7"}, {"seed": None}),
        ({"cost": "NaN"}, {"cost": None}),
        ({"cost": "-1"}, {"cost": None}),
        ({"cost": "1e9999999"}, {"cost": None}),
        ({"cost": "much"}, {"cost": None}),
        ({"cost": 0.04}, {"cost": None}),
        ({"key": 5}, {"key": None}),
        ({"version": "another", "more": {}}, {"prompt": "a red fox in the snow"}),
    ],
)
def test_a_receipt_that_is_partly_odd_is_still_found(
    tmp_path: Path, cache: Path, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    save(tmp_path, "r1", **fields)
    entry = Index(tmp_path, cache).search()[0]
    assert {name: getattr(entry, name) for name in expected} == expected


def test_what_is_no_result_folder_is_no_matter(tmp_path: Path, cache: Path) -> None:
    save(tmp_path, "good")
    results = tmp_path / "results"
    (results / "notes.txt").write_text("notes")
    (results / DAY / "notes.txt").write_text("notes")
    (results / ".git" / "objects").mkdir(parents=True)
    os.mkdir(os.fsencode(results) + b"/\xff\xfe")
    os.mkdir(os.fsencode(results / DAY) + b"/\xff\xfe")
    (results / DAY / "loop").symlink_to("loop")
    (results / "gone").symlink_to("nowhere")
    os.mkfifo(place(tmp_path, "pipe", None) / "receipt.json")
    (place(tmp_path, "device", None) / "receipt.json").symlink_to("/dev/zero")
    (place(tmp_path, "folder", None) / "receipt.json").mkdir()
    index = Index(tmp_path, cache)
    assert ids(index) == ["good"]
    assert index.unreadable == 3


def test_there_may_be_no_library_yet(tmp_path: Path, cache: Path) -> None:
    index = Index(tmp_path / "nowhere", cache)
    assert list(index.search("fox")) == []
    assert not (tmp_path / "nowhere").exists()


def write_and_search(root: Path, cache: Path, writer: int, lost: Any) -> None:
    index_of_results._BUSY_SECONDS = SECONDS  # a slow disk's turns may take longer than it waits
    index = Index(root, cache)
    for number in range(50):
        name = f"w{writer}-{number:02}"
        folder = save(root, name, day=f"2026-05-0{number % 3 + 1}")
        index.add(folder, receipt(name))
        if number % 5 == 0 and name not in ids(index):
            lost.put(name)
        if index.get(name) is None:
            lost.put(name)
    lost.put(index.trouble)


@pytest.mark.slow
def test_several_processes_lose_nothing(tmp_path: Path, cache: Path) -> None:
    context = multiprocessing.get_context("spawn")
    lost = context.Queue()
    writers = [
        context.Process(target=write_and_search, args=(tmp_path, cache, writer, lost))
        for writer in range(4)
    ]
    for process in writers:
        process.start()
    told = [lost.get(timeout=200) for _ in writers]
    for process in writers:
        process.join()
    expected = sorted(f"w{writer}-{number:02}" for writer in range(4) for number in range(50))
    assert told == [None] * 4
    assert ids(Index(tmp_path, cache)) == expected
    database = sqlite3.connect(cache)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("SELECT COUNT(*) FROM results").fetchone() == (200,)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    database.close()
    assert not list(cache.parent.glob("*-wal"))


def test_threads_share_one_index(tmp_path: Path, cache: Path) -> None:
    index = Index(tmp_path, cache)
    errors: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for number in range(20):
                name = f"t{writer}-{number:02}"
                index.add(save(tmp_path, name), receipt(name))
                assert name in {entry.request_id for entry in index.search("fox")}
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(index.search()) == 80


def mark(folder: Path) -> None:
    set_favourite(folder, True)


def test_a_favourite_set_by_another_process_is_seen(tmp_path: Path, cache: Path) -> None:
    folder = save(tmp_path, "r1")
    settle(tmp_path)
    index = Index(tmp_path, cache)
    assert not index.search(favourite=True)
    process = multiprocessing.get_context("spawn").Process(target=mark, args=(folder,))
    process.start()
    process.join()
    assert [entry.request_id for entry in index.search(favourite=True)] == ["r1"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_child_makes_its_own_connection(tmp_path: Path, cache: Path) -> None:
    index = Index(tmp_path, cache)
    save(tmp_path, "before")
    found = index.search()
    assert len(found) == 1
    started, held = threading.Event(), threading.Event()
    holder = threading.Thread(
        target=index._cache.run, args=(lambda db: (started.set(), held.wait(60)),)
    )
    holder.start()  # a thread that is at work in the index, and does not exist in the child
    started.wait()
    child = os.fork()
    if child == 0:
        try:
            index.add(save(tmp_path, "child"), receipt("child"))
            os._exit(0 if len(found) == len(index.search()) == 2 else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    held.set()
    holder.join()
    index.add(save(tmp_path, "parent"), receipt("parent"))
    assert ids(index) == ["before", "child", "parent"]
    assert index.trouble is None


def rebuild_often(root: Path, cache: Path, done: Any) -> None:
    for _ in range(15):
        index = Index(root, cache)
        if len(ids(index)) != 40:
            done.put("wrong")
        random_bytes(cache)
    done.put(None)


@pytest.mark.slow
def test_processes_that_meet_a_corrupt_cache_together_all_answer(
    tmp_path: Path, cache: Path
) -> None:
    for number in range(40):
        save(tmp_path, f"r{number:02}")
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    processes = [
        context.Process(target=rebuild_often, args=(tmp_path, cache, done)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    assert [done.get(timeout=200) for _ in processes] == [None] * 3
    for process in processes:
        process.join()
        assert process.exitcode == 0


def test_a_library_that_moves_away_comes_back(tmp_path: Path, cache: Path) -> None:
    root = tmp_path / "library"
    save(root, "r1")
    index = Index(root, cache)
    assert ids(index) == ["r1"]
    root.rename(tmp_path / "elsewhere")
    assert ids(index) == []
    shutil.move(tmp_path / "elsewhere", root)
    assert ids(index) == ["r1"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_child_leaves_the_parents_open_connection_alone(
    tmp_path: Path, cache: Path
) -> None:
    index = Index(tmp_path, cache)
    save(tmp_path, "before")
    assert ids(index) == ["before"]
    kept = dict(index._cache._idle)
    assert [*kept] == [os.getpid()]
    child = os.fork()
    if child == 0:
        try:
            index.add(save(tmp_path, "child"), receipt("child"))
            own = index._cache._idle[os.getpid()][0]
            asked = own is not kept[os.getppid()][0] and len(index.search()) == 2
            os._exit(0 if asked and index._cache._idle[os.getppid()] == kept[os.getppid()] else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert ids(index) == ["before", "child"]
    assert index._cache._idle == kept


def test_a_search_lets_go_of_what_it_looked_among(tmp_path: Path, cache: Path) -> None:
    index = Index(tmp_path, cache)
    save(tmp_path, "fox")
    index.refresh()
    among = frozenset({"fox"})
    gone = weakref.ref(among)
    assert len(index.select("name", Filter(among=among))) == 1
    del among
    assert gone() is None

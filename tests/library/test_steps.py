"""Small files that exactly one can make, on disks with and without hard links."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from seedream_widgets.library.steps import FolderSteps


@pytest.fixture(params=["links", "no links"])
def steps(request, tmp_path, monkeypatch):
    if request.param == "no links":

        def refuse(*_):
            raise PermissionError("this disk has no links")

        monkeypatch.setattr(os, "link", refuse)
    return FolderSteps(tmp_path)


def test_one_alone_makes_it_and_it_is_whole(steps, tmp_path):
    data = [bytes([n]) * 50_000 for n in range(32)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda each: steps.create("journal/a.1.json", each), data))
    assert made.count(True) == 1
    found = steps.read("journal/a.1.json", 1 << 20)
    assert found.data == data[made.index(True)]
    path = tmp_path / "journal" / "a.1.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_nlink == 1
    assert not list((tmp_path / ".staging").iterdir())


def test_what_is_gone_is_told(steps):
    assert steps.create("journal/a", b"1", lasting=True)
    assert not steps.create("journal/a", b"2")
    assert steps.move("journal/a", "journal/b")
    assert not steps.move("journal/a", "journal/c")
    assert steps.names("journal") == ["b"]
    assert steps.delete("journal/b")
    assert not steps.delete("journal/b")
    assert steps.read("journal/b", 10) is None
    assert steps.touched("journal/b") == 0
    assert steps.names("nowhere") == []


def test_a_folder_is_cleared(steps, tmp_path):
    for name in "ab":
        steps.create(f"kept/day/{name}", b"")
    steps.clear("kept/day")
    assert steps.names("kept") == []
    with pytest.raises(FileNotFoundError):
        steps.clear("kept/day")
    assert (tmp_path / "kept").is_dir()


def test_what_is_too_large_is_not_read(steps):
    steps.create("journal/a", b"123")
    assert steps.read("journal/a", 2) is None
    assert steps.read("journal/a", 3).data == b"123"


def test_a_touch_makes_it_and_tells_the_moment(steps):
    first = steps.touch("leases/a")
    assert steps.touch("leases/a") >= first == steps.touched("leases/a") or first > 0

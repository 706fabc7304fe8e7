"""A library's files at any address: of all who create one at once, one alone does."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from seedream_widgets.errors import MissingPackageError, RequestError
from seedream_widgets.library.place import FsspecPlace, check_exclusive, place_at


@pytest.fixture(params=["folder", "memory", "s3"])
def place(request, tmp_path):
    if request.param == "s3":
        request.getfixturevalue("s3_server")
        return place_at("s3://foxes/lab")
    if request.param == "memory":
        MemoryFileSystem.store.clear()
        return place_at("memory://foxes")
    return place_at(tmp_path / "place")


pytestmark = pytest.mark.slow


def test_files_are_created_once_read_listed_replaced_and_deleted(place):
    assert place.create("journal/a.1.json", b"one")
    assert not place.create("journal/a.1.json", b"two")
    found = place.read("journal/a.1.json", 10)
    assert found.data == b"one"
    assert found.touched == pytest.approx(place.touched("journal/a.1.json"), abs=0.01)
    place.write("batches/foxes/manifest.json", b"{}")
    place.write("batches/foxes/manifest.json", b"{1}")
    assert place.read("batches/foxes/manifest.json", 10).data == b"{1}"
    assert place.read("batches/foxes/manifest.json", 2) is None
    assert place.names("journal") == ["a.1.json"]
    assert place.names("batches") == ["foxes"]
    assert place.find("batches") == {"batches/foxes/manifest.json": 3}
    assert place.names("nowhere") == [] == list(place.find("nowhere"))
    assert place.delete("journal/a.1.json")
    assert not place.delete("journal/a.1.json")
    assert place.read("journal/a.1.json", 10) is None
    assert place.touched("journal/a.1.json") == 0
    assert place.create("empty", b"")
    assert place.read("empty", 10).data == b""


def test_a_touch_tells_the_moment_by_the_clock_there(place):
    first = place.touch("leases/a")
    again = place.touch("leases/a")
    assert again >= first > 0
    assert place.touched("leases/a") == pytest.approx(again, abs=2)


# Within one process a file system looks first and writes then, so memory is left out.
@pytest.mark.parametrize("place", ["folder", "s3"], indirect=True)
def test_one_alone_of_many_makes_a_file(place):
    others = [place_at(place.address) for _ in range(4)]
    start = threading.Barrier(4)

    def create(number):
        start.wait()
        return others[number].create("claims/a", b"%d" % number)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(create, range(4)))
    assert made.count(True) == 1
    assert place.read("claims/a", 10).data == b"%d" % made.index(True)


def test_who_finds_its_own_bytes_there_has_made_the_file(place):
    """The reply to a put may be lost, and the put sent again by the package below."""
    assert place.create("claims/a", b"mine")
    assert place.address.startswith(("s3", "memory")) == place.create("claims/a", b"mine")


def test_a_place_is_tried_before_it_is_shared(place):
    check_exclusive(place)
    assert place.names(".trial") == []


def test_a_store_without_conditional_puts_is_refused_in_words(s3_server):
    s3_server.conditional = False
    with pytest.raises(RequestError, match=r"s3://foxes/lab can't be a shared place.* 8 succeeded"):
        check_exclusive(place_at("s3://foxes/lab"))


def test_a_missing_bucket_is_told(s3_server):
    with pytest.raises(RequestError, match=r"s3://owls can't be a shared place: it can't be writ"):
        check_exclusive(place_at("s3://owls"))


def test_what_looks_first_and_writes_then_is_refused():
    class Naive(MemoryFileSystem):
        protocol = "naive"
        pipe_file = fsspec.AbstractFileSystem.pipe_file

    fsspec.register_implementation("naive", Naive, clobber=True)
    with pytest.raises(RequestError, match="it checks first and then writes"):
        check_exclusive(place_at("naive://foxes"))


@pytest.mark.parametrize("address", ["s3://key:secret@foxes/lab", "ftp://me@host/a"])
def test_an_address_with_a_password_is_refused_and_not_repeated(address):
    with pytest.raises(RequestError, match="a user name or a password") as refused:
        place_at(address)
    assert "secret" not in str(refused.value)


def test_an_unknown_address_is_told():
    with pytest.raises(RequestError, match="fsspec can't open the address 'nosuch://foxes'"):
        place_at("nosuch://foxes")


@pytest.mark.parametrize(("module", "extra"), [("fsspec.core", r"\[fsspec\]"), ("s3fs", r"\[s3\]")])
def test_a_missing_package_is_told_with_its_extra(monkeypatch, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    for name in ("s3", "s3a"):  # what fsspec has loaded already
        monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, name, raising=False)
    with pytest.raises(MissingPackageError, match=extra):
        FsspecPlace("s3://foxes")


def test_a_file_address_is_a_folder(tmp_path):
    place = place_at(f"file://{tmp_path}/lab")
    place.write("a/b", b"1")
    assert (tmp_path / "lab" / "a" / "b").read_bytes() == b"1"

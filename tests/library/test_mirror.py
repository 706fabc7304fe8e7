"""Results at another address: only what is missing, whole or not at all, and checked."""

from __future__ import annotations

import json

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.batch.batch import Batches, make
from seedream_widgets.jobs.client import Client
from seedream_widgets.library.library import Library
from seedream_widgets.library.place import place_at
from seedream_widgets.testing import ScriptedBackend

pytestmark = pytest.mark.slow


@pytest.fixture(params=["folder", "memory", "s3"])
def address(request, tmp_path) -> str:
    if request.param == "s3":
        request.getfixturevalue("s3_server")
        return "s3://foxes/lab"
    if request.param == "memory":
        MemoryFileSystem.store.clear()
        return "memory://foxes"
    return str(tmp_path / "place")


@pytest.fixture
def here(tmp_path) -> Library:
    """Three results, one a favourite, one with an input image, and a batch."""
    client = Client(ScriptedBackend("fal"), library=tmp_path / "here")
    make(client, name="foxes", prompt=["a fox", "an owl"], seed=[1]).run(progress=False)
    picture = Image.new("RGB", (640, 640), "red")
    make(client, name="nights", prompt="at night", images=picture, seed=[1]).run(progress=False)
    client.library.favourite(client.library[0])
    client.library.rate(client.library[1], 4)
    return client.library


@pytest.fixture
def there(tmp_path) -> Library:
    return Library(tmp_path / "there")


def told(library: Library) -> dict[str, tuple[bool, int, list[bytes]]]:
    return {
        entry.request_id: (
            entry.favourite,
            entry.rating,
            [file.read_bytes() for file in entry.result().files],
        )
        for entry in library
    }


def test_results_go_and_come_whole_and_only_once(here, there, address):
    assert (here.push(address).results, here.push(address).results) == (3, 0)
    came = there.pull(address)
    assert (came.results, came.batches, came.left_out) == (3, 2, ())
    assert str(came).startswith(f"{address}: 3 results copied (")
    assert told(there) == told(here)
    again = there.pull(address)
    assert (again.results, again.there, again.bytes, again.batches) == (0, 3, 0, 0)
    backend = ScriptedBackend("fal")
    for name in ("foxes", "nights"):  # nothing is asked for again, input images are there too
        Batches(Client(backend, library=there))[name].run(progress=False)
    assert backend.count("submit") == 0


def test_it_goes_on_where_it_was_stopped(here, there, address):
    here.push(address)
    place = place_at(address)
    receipts = [name for name in place.find("results") if name.endswith("receipt.json")]
    place.delete(receipts[0])  # a push that was stopped before a result's receipt
    assert there.pull(address).results == 2
    assert here.push(address).results == 1
    assert there.pull(address).results == 1
    assert told(there) == told(here)


def test_a_larger_batch_replaces_the_one_it_was_made_of_and_no_other(here, there, address):
    here.push(address)
    there.pull(address)
    client = Client(ScriptedBackend("fal"), library=here)
    make(client, name="foxes", prompt=["a fox", "an owl"], seed=[1, 2])
    assert here.push(address).batches == 1
    assert there.pull(address).batches == 1
    assert len(Batches(Client(ScriptedBackend("fal"), library=there))["foxes"]) == 4
    make(client, name="foxes", prompt="a wolf", seed=[7])
    pushed = here.push(address)
    assert pushed.batches == 0
    assert "the batch 'foxes' asks for other cells at the other end" in str(pushed)


def test_a_damaged_result_is_not_sent(here, address):
    here[0].result().files[0].path.write_bytes(b"cut")
    pushed = here.push(address)
    assert (pushed.results, len(pushed.left_out)) == (2, 1)
    assert "it was cut" in pushed.left_out[0]


def changed(receipt, **values) -> bytes:
    return json.dumps({**json.loads(receipt), **values}).encode()


def picture(receipt, **values):
    return [{**json.loads(receipt)["images"][0], **values}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: b"{", "is not a receipt"),
        (lambda r: b"[]", "is not a receipt"),
        (lambda r: b"x" * 5_000_000, "larger than"),
        (
            lambda r: changed(r, images=picture(r, file="../../evil.png")),
            "not a valid name of a picture's file",
        ),
        (
            lambda r: changed(r, images=picture(r, file=".bashrc")),
            "not a valid name of a picture's file",
        ),
        (
            lambda r: changed(r, images=picture(r, file="run.sh")),
            "not a valid name of a picture's file",
        ),
        (lambda r: changed(r, images=picture(r, sha256="0" * 64)), "its digest is another"),
        (lambda r: changed(r, images=picture(r, bytes=3)), "larger than it may be"),
        (lambda r: changed(r, images=[]), "it names no image"),
        (lambda r: changed(r, timings={}), "can't be read"),
    ],
)
def test_what_a_stranger_wrote_there_is_left_out(here, there, tmp_path, change, words):
    place = tmp_path / "place"
    here.push(place)
    receipt = next(place.glob("results/*/*/receipt.json"))
    receipt.write_bytes(change(receipt.read_bytes()))
    came = there.pull(place)
    assert (came.results, len(came.left_out)) == (2, 1)
    assert words in came.left_out[0]
    assert len(there) == 2
    assert not list((there.path / ".staging").iterdir())


@pytest.mark.parametrize(
    "name", ["results/../../evil/receipt.json", "results/today/x/receipt.json"]
)
def test_strange_names_are_left_out(s3_server, there, name):
    s3_server.put(f"lab/{name}", b"{}")
    came = there.pull("s3://foxes/lab")
    assert came.results == 0
    assert "a name that no result of a library has" in str(came)


def test_a_place_that_can_not_be_read_or_written_is_told(s3_server, here, there):
    with pytest.raises(sd.SeedreamError, match=r"s3://owls/lab can't be read or written"):
        there.pull("s3://owls/lab")
    with pytest.raises(sd.SeedreamError, match=r"s3://owls/lab can't be read or written"):
        here.push("s3://owls/lab")


def test_pulling_writes_nothing_over_what_is_here(here, there, address):
    here.push(address)
    there.pull(address)
    kept = there[0].result()
    path = kept.files[0].path.parent / "receipt.json"
    before = path.read_bytes()
    there.pull(address)
    assert path.read_bytes() == before

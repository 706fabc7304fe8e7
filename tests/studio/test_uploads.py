from __future__ import annotations

import io
import threading
import tracemalloc

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.errors import RequestError
from seedream_widgets.jobs.engine import DECODERS
from seedream_widgets.studio import handlers
from seedream_widgets.studio.facts import UPLOAD_BYTES
from seedream_widgets.studio.protocol import Upload
from seedream_widgets.studio.uploads import MAX_HELD, MAX_OPEN, Uploads


def announce(uploads, name="u", size=10):
    return uploads.start(Upload(id="m", upload_id=name, name=f"{name}.png", size=size))


def write(uploads, offset, data, name="u"):
    return uploads.write(name, offset, memoryview(data))


@pytest.fixture
def studio_page(page, tmp_path):
    return page(sd.Client(OfflineBackend(), library=tmp_path))


def picture(edge, color="red"):
    file = io.BytesIO()
    Image.new("RGB", (edge, edge), color).save(file, "PNG")
    return file.getvalue()


def drop(page, name, data):
    page.send("upload", upload_id=name, name=f"{name}.png", size=len(data))
    page.send("chunk", data, upload_id=name, offset=0)


def ended(name):
    return lambda said: said.get("upload_id") == name


@pytest.mark.slow
def test_files_become_references_in_the_order_they_came_in(studio_page):
    drop(studio_page, "large", picture(4096))  # takes longer to check than both others
    drop(studio_page, "broken", b"no picture")
    drop(studio_page, "small", picture(64))
    assert studio_page.wait(ended("broken"))[0]["kind"] == "upload_failed"
    assert studio_page.wait(ended("small"))[0]["kind"] == "uploaded"
    names = [image.name for image in studio_page.studio.references]
    assert names == ["large.png", "small.png"]


@pytest.mark.slow
def test_a_file_given_up_while_it_is_checked_becomes_no_reference(studio_page, monkeypatch):
    begun, given_up = threading.Event(), threading.Event()

    def held(name, data):
        begun.set()
        assert given_up.wait(60)
        return load(name, data)

    load = handlers.load
    monkeypatch.setattr(handlers, "load", held)
    drop(studio_page, "large", picture(64))
    assert begun.wait(60)
    studio_page.ask("abandon", upload_id="large")
    given_up.set()
    drop(studio_page, "small", picture(64))
    studio_page.wait(ended("small"))
    assert [image.name for image in studio_page.studio.references] == ["small.png"]


@pytest.mark.parametrize("data", [picture(64), b"no picture"], ids=["picture", "broken"])
def test_what_became_of_a_file_is_said_again_when_asked(studio_page, data):
    drop(studio_page, "u", data)
    said, _ = studio_page.wait(ended("u"))
    before = len(studio_page.messages), len(studio_page.updates)
    studio_page.ask("probe", upload_id="u")
    assert studio_page.messages[before[0]][0] == said
    state = {"_references": studio_page.studio._references}
    assert studio_page.updates[before[1] :] == [state]


def test_chunks_in_order_make_the_file():
    uploads = Uploads()
    assert announce(uploads) == 0
    assert write(uploads, 0, b"01234") == 5
    assert uploads.take("u") is None
    assert write(uploads, 5, b"56789") == 10
    assert uploads.take("u") == ("u.png", b"0123456789", "reference")
    assert uploads.take("u") is None


def test_what_a_file_is_for_stays_with_it():
    uploads = Uploads()
    uploads.start(Upload(id="m", upload_id="u", name="u.png", size=1, purpose="restore"))
    write(uploads, 0, b"0")
    assert uploads.take("u") == ("u.png", b"0", "restore")


def test_a_chunk_out_of_order_or_twice_changes_nothing_and_is_answered():
    uploads = Uploads()
    announce(uploads)
    assert write(uploads, 5, b"56789") == 0
    assert write(uploads, 0, b"01234") == 5
    assert write(uploads, 0, b"xxxxx") == 5
    assert write(uploads, 5, b"56789") == 10
    assert uploads.take("u") == ("u.png", b"0123456789", "reference")


def test_announcing_again_tells_where_to_go_on():
    uploads = Uploads()
    announce(uploads)
    write(uploads, 0, b"0123")
    assert announce(uploads) == 4


def test_a_late_chunk_of_a_finished_file_is_answered_in_full():
    uploads = Uploads()
    announce(uploads)
    write(uploads, 0, b"0123456789")
    uploads.take("u")
    assert write(uploads, 5, b"56789") == 10
    assert uploads.received("u") == 10
    assert uploads.take("u") is None


def test_more_than_announced_is_cut():
    uploads = Uploads()
    announce(uploads)
    assert write(uploads, 0, b"0123456789-too-much") == 10
    assert uploads.take("u") == ("u.png", b"0123456789", "reference")


@pytest.mark.parametrize("size", [0, UPLOAD_BYTES + 1])
def test_a_size_out_of_bounds_is_refused_and_named(size):
    with pytest.raises(RequestError, match=f"{size:,} bytes"):
        announce(Uploads(), size=size)


def test_an_unknown_upload_says_to_add_it_again():
    with pytest.raises(RequestError, match="add the image again"):
        Uploads().received("nobody")


def test_the_oldest_of_too_many_open_files_is_dropped():
    uploads = Uploads()
    for number in range(MAX_OPEN + 1):
        announce(uploads, name=f"u{number}")
    with pytest.raises(RequestError):
        uploads.received("u0")
    assert uploads.received("u1") == 0


def test_a_dropped_upload_is_forgotten():
    uploads = Uploads()
    announce(uploads)
    uploads.drop("u")
    uploads.drop("u")
    with pytest.raises(RequestError):
        uploads.received("u")


def test_a_taken_file_is_wanted_until_it_is_dropped():
    uploads = Uploads()
    announce(uploads)
    assert not uploads.is_wanted("u")
    write(uploads, 0, b"0123456789")
    uploads.take("u")
    assert uploads.is_wanted("u")
    uploads.drop("u")
    assert not uploads.is_wanted("u")


def test_what_waits_to_be_read_is_bounded(studio_page):
    """The page drops sixty files of 8 MB before the first is read."""
    data, held = bytes(8_000_000), threading.Event()
    pool = studio_page.studio._session.engine.pool
    blocked = [pool.submit(held.wait, 250) for _ in range(DECODERS)]
    refused = []
    try:
        tracemalloc.start()
        for number in range(60):
            said = studio_page.ask("upload", upload_id=f"{number}", name="a.png", size=len(data))[0]
            if said["kind"] == "error":
                refused.append(said["message"])
            else:
                studio_page.ask("chunk", data, upload_id=f"{number}", offset=0)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        held.set()
    assert most < 150_000_000
    assert len(refused) == 60 - MAX_OPEN
    assert "a.png has to wait: the images before it are still being read" in refused[0]
    for number in range(MAX_OPEN):
        studio_page.wait(ended(str(number)))
    drop(studio_page, "next", picture(64))
    assert studio_page.wait(ended("next"))[0]["kind"] == "uploaded"
    assert all(each.result() for each in blocked)


def test_few_large_files_are_bounded_too():
    uploads = Uploads()
    for number in range(MAX_HELD // UPLOAD_BYTES):
        announce(uploads, f"{number}", UPLOAD_BYTES)
    with pytest.raises(RequestError, match="has to wait"):
        announce(uploads, "more", 1)
    uploads.drop("0")
    assert announce(uploads, "more", UPLOAD_BYTES) == 0

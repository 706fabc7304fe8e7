from __future__ import annotations

import pytest

from seedream_widgets.errors import RequestError
from seedream_widgets.studio.facts import UPLOAD_BYTES
from seedream_widgets.studio.protocol import Upload
from seedream_widgets.studio.uploads import MAX_OPEN, Uploads


def announce(uploads, name="u", size=10):
    return uploads.start(Upload(id="m", upload_id=name, name=f"{name}.png", size=size))


def write(uploads, offset, data, name="u"):
    return uploads.write(name, offset, memoryview(data))


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

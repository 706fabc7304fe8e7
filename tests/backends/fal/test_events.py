from __future__ import annotations

import pytest

from seedream_widgets.backends.fal.events import EventReader

STREAM = (
    b': hello\n\ndata: {"a": 1}\r\n\r\nevent: x\nid: 3\ndata:two\ndata: lines\n\n: ping\n\n'
    b"data: \xc3\xa9\n\ndata: unfinished"
)
EVENTS = ['{"a": 1}', "two\nlines", "é"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_chunks_may_be_cut_anywhere(size: int) -> None:
    reader = EventReader()
    chunks = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [event for chunk in chunks for event in reader.feed(chunk)] == EVENTS


def test_bytes_that_are_no_text_do_not_raise() -> None:
    assert EventReader().feed(b"data: \xff\n\n") == ["\ufffd"]


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 200, b"data: x\n" * 200])
def test_what_is_too_large_is_refused(chunk: bytes) -> None:
    with pytest.raises(ValueError, match="status stream"):
        EventReader(largest=100).feed(chunk)

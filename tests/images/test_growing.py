from __future__ import annotations

import threading
import time

import pytest

from seedream_widgets.images.growing import Broken, Growing
from tests.scripted import SECONDS


def in_thread(growing: Growing) -> tuple[threading.Thread, list[bytes], list[Broken]]:
    """Read to the end elsewhere: the thread, the blocks, and whether it broke."""
    blocks: list[bytes] = []
    broken: list[Broken] = []

    def read() -> None:
        try:
            for block in growing:
                blocks.append(block)
        except Broken as error:
            broken.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread, blocks, broken


def test_a_reader_gets_each_block_as_it_comes_and_then_the_end() -> None:
    growing = Growing()
    thread, blocks, broken = in_thread(growing)
    for number in range(3):
        growing.add(b"%d" % number)
        end = time.monotonic() + SECONDS
        while len(blocks) <= number and time.monotonic() < end:
            time.sleep(0.001)
        assert blocks[number] == b"%d" % number
    assert thread.is_alive()
    growing.end(whole=True)
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert (blocks, broken) == ([b"0", b"1", b"2"], [])


def test_blocks_that_came_before_the_reader_are_kept() -> None:
    growing = Growing()
    growing.add(b"a")
    growing.add(b"b")
    growing.end(whole=True)
    assert list(growing) == [b"a", b"b"]


@pytest.mark.parametrize("waiting", [True, False])
def test_a_file_that_breaks_off_is_never_taken_for_a_whole_one(waiting: bool) -> None:
    growing = Growing()
    growing.add(b"a")
    if not waiting:
        growing.end(whole=False)
    thread, _, broken = in_thread(growing)
    growing.end(whole=False)
    thread.join(SECONDS)
    assert len(broken) == 1


def test_the_first_end_is_the_true_one() -> None:
    growing = Growing()
    growing.end(whole=False)
    growing.end(whole=True)
    growing.add(b"late")
    with pytest.raises(Broken):
        list(growing)


def test_a_slow_reader_is_left_behind_and_holds_nothing() -> None:
    growing = Growing(most=10)
    for _ in range(3):
        growing.add(b"12345")
    growing.end(whole=True)
    assert growing.waiting == 0
    with pytest.raises(Broken):
        list(growing)


def test_what_is_read_makes_room_again() -> None:
    growing = Growing(most=10)
    thread, blocks, broken = in_thread(growing)
    for number in range(20):
        growing.add(b"12345678")
        end = time.monotonic() + SECONDS
        while len(blocks) <= number and time.monotonic() < end:
            time.sleep(0.001)
    growing.end(whole=True)
    thread.join(SECONDS)
    assert (len(blocks), broken) == (20, [])


def test_a_reader_that_leaves_frees_what_waits() -> None:
    growing = Growing()
    growing.add(b"a")
    growing.close()
    growing.add(b"b")
    assert growing.waiting == 0

"""Previews for the page, begun while the picture comes where that may be."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

import seedream_widgets as sd
from seedream_widgets.images.growing import Growing
from seedream_widgets.images.previews import Preview, preview
from seedream_widgets.jobs.engine import shared
from seedream_widgets.studio.previews import Previews
from tests.image_files import encoded, photo
from tests.scripted import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fal_server import FalServer
    from tests.page import Page

DATA = encoded(photo(2400, 400), "PNG")
OTHER = encoded(photo(300, 200), "PNG")


@pytest.fixture(autouse=True)
def _none_arrives_of_other_tests() -> Iterator[None]:
    until(lambda: not arriving())
    yield
    until(lambda: not arriving())


@pytest.fixture
def previews() -> Previews:
    return Previews(shared())


def arriving() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "seedream-arriving"]


def begun(previews: Previews, data: bytes = DATA, *, whole: bool = True) -> Growing:
    growing = Growing()
    previews.begin("fox", growing)
    growing.add(data)
    growing.end(whole)
    return growing


def get(previews: Previews, source: bytes | Path, edge: int = 512) -> Preview:
    return shared().start(previews.get("fox", edge, source)).result(SECONDS)


def test_one_that_was_begun_is_not_made_of_the_file(previews: Previews, tmp_path: Path) -> None:
    """So the file, which is not even there, is not read."""
    begun(previews)
    assert get(previews, tmp_path / "missing", 768) == preview(DATA, 768)


def test_it_waits_for_what_still_comes(previews: Previews, tmp_path: Path) -> None:
    growing = Growing()
    previews.begin("fox", growing)
    growing.add(DATA[:5000])
    asked = shared().start(previews.get("fox", 768, tmp_path / "missing"))
    (thread,) = arriving()
    assert thread.daemon
    assert not asked.done()
    growing.add(DATA[5000:])
    growing.end(whole=True)
    assert asked.result(SECONDS) == preview(DATA, 768)


@pytest.mark.parametrize("data", [DATA[:9000], b"<html>", encoded(photo(), "JPEG"), b""])
@pytest.mark.parametrize("whole", [True, False])
def test_one_that_failed_is_made_of_the_file(previews: Previews, data: bytes, whole: bool) -> None:
    begun(previews, data, whole=whole)
    assert get(previews, OTHER) == preview(OTHER, 512)


def test_one_that_broke_off_is_never_shown(previews: Previews) -> None:
    begun(previews, DATA, whole=False)
    assert get(previews, OTHER) == preview(OTHER, 512)


def test_the_last_try_counts(previews: Previews, tmp_path: Path) -> None:
    begun(previews, DATA)
    until(lambda: not arriving())
    begun(previews, OTHER)
    assert get(previews, tmp_path / "missing", 512) == preview(OTHER, 512)


def test_a_try_that_nobody_follows_ends_the_one_before(previews: Previews) -> None:
    first, second = Growing(), Growing()
    previews.begin("fox", first)
    first.add(DATA)
    previews.begin("fox", second)
    first.end(whole=True)
    assert get(previews, OTHER) == preview(OTHER, 512)


def test_one_at_a_time_and_what_is_declined_holds_no_memory(previews: Previews) -> None:
    first, second = Growing(), Growing()
    previews.begin("fox", first)
    previews.begin("owl", second)
    second.add(DATA)
    assert len(arriving()) == 1
    assert second.waiting == 0
    first.close()
    until(lambda: not arriving())
    third = Growing()
    previews.begin("owl", third)
    assert len(arriving()) == 1
    third.close()


def test_one_larger_than_it_serves_is_made_of_the_file(previews: Previews) -> None:
    begun(previews)
    assert get(previews, DATA, 1024) == preview(DATA, 1024)


def test_the_decoders_stay_free_while_one_comes(previews: Previews) -> None:
    growing = Growing()
    previews.begin("fox", growing)
    both = [shared().pool.submit(preview, OTHER) for _ in range(2)]
    assert [each.result(SECONDS) for each in both] == [preview(OTHER)] * 2
    growing.close()


@pytest.mark.parametrize("in_a_studio", [True, False])
def test_only_a_studio_has_it_done(
    page: Callable[..., Page], fal_server: FalServer, tmp_path: Path, in_a_studio: bool
) -> None:
    """From fal's file to the page; a script that shows nothing pays nothing."""
    fal_server.settings.bytes_per_second = 100
    client = sd.Client("fal", library=tmp_path)
    request = sd.Request("a fox", image_size=(1024, 1024), num_images=1)
    if in_a_studio:
        there = page(client, **{"prompt": "a fox", "image_size": (1024, 1024)})
        job = there.studio.submit()
    else:
        job = client.submit(request)
    until(lambda: fal_server.count("download"))
    until(lambda: [*tmp_path.glob(".staging/*/1.*part")])
    if in_a_studio:
        until(arriving)
    assert len(arriving()) == in_a_studio
    fal_server.settings.bytes_per_second = None
    result = job.result(SECONDS)
    until(lambda: not arriving())
    if in_a_studio:
        _, (small,) = there.ask("preview", target=f"{result.request_id}:0", edge=512)
        assert small == preview(result.files[0].path, 512).data
    client.close()

"""Messages of a page that is broken or hostile: each is answered once, and nothing is harmed."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.errors import RequestError
from seedream_widgets.studio import protocol
from seedream_widgets.studio.protocol import Upload
from seedream_widgets.studio.uploads import Uploads
from tests.image_files import drawing, encoded

from . import JSON, TEXT, fuzz

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.page import Page

FIELDS = sorted(
    {name for kind in protocol._CLASSES.values() for name in kind.__dataclass_fields__}
    - {"id", "kind"}
)
NAMES = TEXT | st.sampled_from(["u1", "u2", "one-0", "\x00", "../x", "x" * 300])
VALUES = JSON | NAMES | st.integers(-9, 2**54)
FORMS = st.dictionaries(
    st.sampled_from(["prompt", "image_size", "num_images", "seed", "references", "model", "other"]),
    JSON | st.sampled_from(["a fox", [1, 2], 10**30, {"width": 9}, ["x"], [["x"]], "v4"]),
)
MESSAGES = st.fixed_dictionaries(
    {"kind": st.sampled_from(sorted(protocol._CLASSES)) | JSON},
    optional=dict.fromkeys(FIELDS, VALUES) | {"form": FORMS, "edge": st.integers(0, 9999)},
)
PNG = encoded(drawing(), "PNG")


@pytest.fixture
def opened(
    page: Callable[..., Page], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Page]:
    """Return a studio's page with one result and one reference, shared by the examples."""
    folder = tmp_path_factory.mktemp("studio")
    found = page(sd.Client(OfflineBackend(0.0), library=folder), image_size=(960, 960))
    found.studio.references = [PNG]
    return lambda: found


def settled(page: Page, names: list[str]) -> list[dict[str, Any]]:
    """Wait until each message has its answer, and return the answers."""
    answers = [page.wait(lambda m, name=name: m.get("id") == name)[0] for name in names]
    page.ask("sync")
    for name, answer in zip(names, answers, strict=True):
        told = [m for m, _ in page.messages if m.get("id") == name]
        assert told == [answer], "answered twice"
        assert answer["kind"] in ("reply", "error")
        assert answer["kind"] == "reply" or 5 < len(answer["message"]) < 600
        json.dumps(answer)
    return answers


@fuzz(120)
@given(st.lists(st.tuples(MESSAGES, st.lists(st.binary(max_size=9), max_size=2)), max_size=6))
def test_any_message_is_answered_once_and_in_words(
    opened: Callable[[], Page],
    caplog: pytest.LogCaptureFixture,
    messages: list[tuple[dict[str, Any], list[bytes]]],
) -> None:
    page = opened()
    names = []
    for content, buffers in messages:
        names.append(f"f{len(page.messages)}-{len(names)}")
        data = {"method": "custom", "content": {**content, "id": names[-1]}}
        page._deliver(data, [memoryview(buffer) for buffer in buffers])
    arranged = settled(page, names)
    surprises = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert surprises == [], "an unexpected error, not a refusal"
    if not any("references" in answer.get("result", {}) for answer in arranged):
        assert [image.data for image in page.studio.references] == [PNG]
    page.studio.references = [PNG]


@fuzz(150)
@given(JSON, st.lists(st.binary(max_size=4), max_size=2))
def test_what_is_no_message_is_refused(
    opened: Callable[[], Page],
    caplog: pytest.LogCaptureFixture,
    content: Any,
    buffers: list[bytes],
) -> None:
    page = opened()
    before = len(page.messages)
    page._deliver({"method": "custom", "content": content}, [memoryview(b) for b in buffers])
    (answer,) = [message for message, _ in page.messages[before:]]
    assert answer["kind"] == "error"
    assert answer["message"]
    assert caplog.records == [], "an unexpected error, not a refusal"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("announce"), st.sampled_from("ab"), st.integers(0, 12)),
        st.tuples(st.just("next"), st.sampled_from("ab"), st.just(0)),
        st.tuples(st.just("next"), st.sampled_from("ab"), st.just(0)),
        st.tuples(st.just("chunk"), st.sampled_from("ab"), st.integers(0, 12)),
        st.tuples(st.just("probe"), st.sampled_from("ab"), st.just(0)),
        st.tuples(st.just("abandon"), st.sampled_from("ab"), st.just(0)),
    ),
    max_size=40,
)
FILES = {"a": b"0123456789", "b": b"abcdefgh"}


@fuzz(300)
@given(STEPS, st.integers(1, 5))
def test_chunks_in_any_order_make_the_file_once_or_not_at_all(
    steps: list[tuple[str, str, int]], length: int
) -> None:
    """Announced, sent, sent again, out of order and given up, in every mix."""
    uploads = Uploads()
    whole: list[tuple[str, bytes]] = []
    refused: list[str] = []
    for step, name, offset in steps:
        data = FILES[name]
        try:
            if step == "announce":
                size = len(data)
                uploads.start(Upload(id="m", upload_id=name, name=name, size=size))
            elif step in ("chunk", "next"):
                offset = uploads.received(name) if step == "next" else offset
                chunk = memoryview(data)[offset : offset + length]
                assert 0 <= uploads.write(name, offset, chunk) <= len(data)
                if taken := uploads.take(name):
                    whole.append(taken[:2])
            elif step == "probe":
                assert uploads.received(name) <= len(data)
            else:
                uploads.drop(name)
        except RequestError as error:
            refused.append(str(error))
    assert all("add the image again" in words for words in refused)
    assert all(data == FILES[name] for name, data in whole)
    assert len(whole) == len({name for name, _ in whole}), "a file came twice"


@fuzz(12)
@given(st.permutations(range(6)), st.integers(1, 3))
def test_a_page_that_never_waits_and_repeats_itself_adds_each_file_once(
    page: Callable[..., Page],
    tmp_path_factory: pytest.TempPathFactory,
    order: list[int],
    times: int,
) -> None:
    found = page(sd.Client(OfflineBackend(0.0), library=tmp_path_factory.mktemp("studio")))
    step = len(PNG) // 6 + 1
    for _ in range(times):
        found.send("upload", upload_id="u", name="fox.png", size=len(PNG))
        # Out of order first: those are passed over, and come again.
        for number in (*order, *range(6)):
            start = number * step
            found.send("chunk", PNG[start : start + step], upload_id="u", offset=start)
    found.wait(lambda message: message["kind"] == "uploaded")
    found.ask("sync")
    assert [image.data for image in found.studio.references] == [PNG]

"""When fal changes: endpoints that go, and fields that come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import seedream_widgets as sd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fal_server import FalServer

V4 = "fal-ai/bytedance/seedream/v4/text-to-image"
NEWEST = "bytedance/seedream/v5.5/text-to-image"
EDIT = "bytedance/seedream/v5/lite/edit"


@pytest.fixture
def client(fal_server: FalServer, tmp_path: Path) -> Iterator[sd.Client]:
    fal_server.settings.queue_seconds = fal_server.settings.run_seconds = 0
    client = sd.Client("fal", library=tmp_path)
    yield client
    client.close()


@pytest.mark.parametrize("kind", ["404", "410", "retired"])
@pytest.mark.parametrize(
    ("asked", "endpoint", "words"),
    [
        ({}, V4, r"do the same: v4\.5, v5-lite, v5-flash, v5-pro and v5\.5\. Give one as model="),
        ({"model": "v5-lite", "images": "https://example.org/fox.png"}, EDIT,
         r"do the same: v5-flash and v5-pro\. Give one as model="),
        ({"model": "v5.5"}, NEWEST, "Choose another model, or update seedream-widgets"),
    ],
)  # fmt: skip
def test_a_retired_endpoint_names_the_newer_models(
    client: sd.Client,
    fal_server: FalServer,
    kind: str,
    asked: dict[str, Any],
    endpoint: str,
    words: str,
) -> None:
    if kind == "retired":
        fal_server.settings.retired = frozenset({endpoint})
    else:
        fal_server.fail("submit", kind)
    job = client.submit(sd.Request("a fox", **asked))
    with pytest.raises(sd.BackendError, match=words) as caught:
        job.result(60)
    assert "no such endpoint" in str(caught.value)
    assert caught.value.billing == "no"
    assert caught.value.status_code == (404 if kind == "404" else 410)


def test_an_unknown_field_is_kept_in_the_receipt(
    client: sd.Client, fal_server: FalServer, tmp_path: Path
) -> None:
    fal_server.settings.extra_output = {"has_nsfw_concepts": [False], "model_version": "5.1"}
    fal_server.settings.extra_image = {"mask": {"url": "https://v3.fal.media/files/b/m.png"}}
    result = client.submit(sd.Request("a fox")).result(60)
    expected = {
        "has_nsfw_concepts": [False],
        "model_version": "5.1",
        "images": [{"mask": {"url": "https://v3.fal.media/files/b/m.png"}}],
    }
    assert result.receipt is not None
    assert result.receipt.extra == result.extra == expected
    (saved,) = result.save(tmp_path / "saved.png")
    assert sd.read_receipt(saved).extra == expected
    kept = client.library.get(result.request_id)
    assert kept.receipt is not None
    assert kept.receipt.extra == expected


@pytest.mark.parametrize(
    "value", ["x" * 5000, ["y"] * 3000, "\ud800", float("inf"), {"a" * 5000: 1}]
)
def test_what_is_too_much_or_no_json_is_left_out(
    client: sd.Client, fal_server: FalServer, value: object
) -> None:
    fal_server.settings.extra_output = {"surprise": value}
    result = client.submit(sd.Request("a fox")).result(60)
    assert result.receipt is not None
    assert list(result.receipt.extra or {}) == ["left out"]
    assert len(result.receipt.to_json()) < 10_000


def test_nothing_extra_is_nothing(client: sd.Client) -> None:
    result = client.submit(sd.Request("a fox")).result(60)
    assert result.receipt is not None
    assert result.receipt.extra is None

"""What each of the eleven endpoints gets on the wire, and that it takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.values.endpoints import ENDPOINTS
from tests.fal_server.driving import QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.fal_server import FalServer

OLD = "fal-ai/bytedance/seedream/"
NEW = "bytedance/seedream/"
BASE: dict[str, Any] = {
    "prompt": "a fox",
    "image_size": "auto_2K",
    "num_images": 1,
    "sync_mode": False,
    "enable_safety_checker": True,
}
SET = BASE | {"max_images": 1}
SQUARE = {"image_size": {"width": 2048, "height": 2048}}
V45 = SET | SQUARE
V4 = V45 | {"enhance_prompt_mode": "standard"}
ASKED = BASE | {"num_images": 2, "image_size": {"width": 1024, "height": 1024}}
PNG = {"output_format": "png"}
# model, its endpoint, what is asked beside the prompt, whether an image goes in, and exactly
# what fal gets beside `image_urls`.
WIRE: list[tuple[str, str, dict[str, Any], bool, dict[str, Any]]] = [
    ("v4", OLD + "v4/text-to-image", {}, False, V4),
    ("v4", OLD + "v4/text-to-image", {"seed": 7}, False, V4 | {"seed": 7}),
    ("v4", OLD + "v4/edit", {"enhance_prompt_mode": "fast"}, True,
     V4 | {"enhance_prompt_mode": "fast"}),
    ("v4.5", OLD + "v4.5/text-to-image", {"seed": 7}, False, V45 | {"seed": 7}),
    ("v4.5", OLD + "v4.5/edit", {"max_images": 2}, True, V45 | {"max_images": 2}),
    ("v5-lite", NEW + "v5/lite/text-to-image", {"max_images": 2}, False, SET | {"max_images": 2}),
    ("v5-lite", NEW + "v5/lite/edit", {}, True, SET),
    ("v5-flash", NEW + "v5/flash/text-to-image", {}, False, BASE),
    ("v5-flash", NEW + "v5/flash/text-to-image",
     {"num_images": 2, "image_size": (1024, 1024), **PNG}, False, ASKED | PNG),
    ("v5-flash", NEW + "v5/flash/edit", {}, True, BASE),
    ("v5-pro", NEW + "v5/pro/text-to-image", {"image_size": "auto_1K"}, False,
     BASE | {"image_size": "auto_1K"}),
    ("v5-pro", NEW + "v5/pro/edit", PNG, True, BASE | PNG),
    ("v5.5", NEW + "v5.5/text-to-image", {"image_size": "auto_1.5K"}, False,
     BASE | {"image_size": "auto_1.5K"}),
    ("v5.5", NEW + "v5.5/text-to-image", {"background": "transparent"}, False,
     BASE | PNG | {"background": "transparent"}),
]  # fmt: skip


@pytest.fixture
def client(fal_server: FalServer, tmp_path: Path) -> Iterator[sd.Client]:
    fal_server.settings.queue_seconds = fal_server.settings.run_seconds = 0
    fal_server.settings.validate_at_submit = True
    client = sd.Client("fal", library=tmp_path)
    yield client
    client.close()


@pytest.mark.parametrize(("model", "endpoint", "asked", "edits", "expected"), WIRE)
def test_the_exact_arguments(
    client: sd.Client,
    fal_server: FalServer,
    model: str,
    endpoint: str,
    asked: dict[str, Any],
    edits: bool,
    expected: dict[str, Any],
) -> None:
    images = [Image.new("RGB", (64, 64), "red")] if edits else ()
    request = sd.Request("a fox", images, model=model, **asked)
    result = client.submit(request).result(60)
    (job,) = fal_server.jobs
    urls = job.arguments.pop("image_urls", [])
    assert (job.endpoint_id, job.arguments, len(urls)) == (endpoint, expected, int(edits))
    assert len(fal_server.bill) == 1
    assert result.receipt is not None
    assert (result.receipt.endpoint, result.receipt.model) == (endpoint, model)
    takes_seed = "seed" in ENDPOINTS[endpoint].arguments
    returned = takes_seed and endpoint != OLD + "v4.5/edit"
    assert (result.seed is not None) is returned
    assert (result.receipt.seed is not None) is returned
    low, high = (float(usd) for usd in (sd.estimate(request).low, sd.estimate(request).high))
    assert low <= fal_server.usd + 1e-9
    assert fal_server.usd <= high + 1e-9


def test_all_of_them_are_there() -> None:
    assert {endpoint for _, endpoint, *_ in WIRE} == set(ENDPOINTS)
    assert len(ENDPOINTS) == 11


@pytest.mark.parametrize("endpoint", sorted(ENDPOINTS))
def test_an_unknown_argument_is_refused_there(
    fal_server: FalServer, fal_http: httpx.Client, endpoint: str
) -> None:
    fal_server.settings.validate_at_submit = True
    every = {name for row in ENDPOINTS.values() for name in row.arguments}
    foreign = [*sorted(every - set(ENDPOINTS[endpoint].arguments)), "surprise"]
    values = {"seed": 7, "max_images": 1, "num_images": 1, "image_urls": ["x"]}
    words = {"enhance_prompt_mode": "fast", "output_format": "png", "background": "auto"}
    urls = {"image_urls": ["x"]} if endpoint.endswith("edit") else {}
    for name in foreign:
        body = {"prompt": "a fox", **urls, name: (values | words).get(name, "?")}
        reply = fal_http.post(QUEUE + endpoint, json=body)
        assert reply.status_code == 422
        (entry,) = reply.json()["detail"]
        assert (entry["loc"], entry["type"]) == (["body", name], "extra_forbidden")

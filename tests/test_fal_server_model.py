"""What the local fal's Seedream takes, refuses and draws."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from tests.fal_server.driving import EDIT, QUEUE, V4, color, result
from tests.fal_server.pictures import draw

if TYPE_CHECKING:
    from tests.fal_server import FalServer


@pytest.fixture(autouse=True)
def _fast(fal_server: FalServer) -> None:
    fal_server.settings.queue_seconds = fal_server.settings.run_seconds = 0


@pytest.mark.parametrize(
    ("endpoint", "arguments", "field", "kind"),
    [
        (V4, {"prompt": 3}, "prompt", "string_type"),
        (V4, {"num_images": 0}, "num_images", "greater_than_equal"),
        (V4, {"max_images": 7}, "max_images", "less_than_equal"),
        (V4, {"seed": "x"}, "seed", "int_type"),
        (V4, {"image_size": "huge"}, "image_size", "literal_error"),
        (V4, {"image_size": {"width": 100, "height": 100}}, "image_size", "image_too_small"),
        (V4, {"image_size": {"width": 9000, "height": 9000}}, "image_size", "image_too_large"),
        (V4, {"enhance_prompt_mode": "slow"}, "enhance_prompt_mode", "literal_error"),
        (V4, {"sync_mode": 1}, "sync_mode", "bool_type"),
        (EDIT, {}, "image_urls", "missing"),
        (EDIT, {"image_urls": []}, "image_urls", "sequence_too_short"),
        (EDIT, {"image_urls": ["https://example.org/x"]}, "image_urls", "file_download_error"),
        (EDIT, {"image_urls": ["data:image/png;base64,AAAA"]}, "image_urls", "image_load_error"),
        (EDIT, {"image_urls": ["x"] * 10, "num_images": 6}, "image_urls", "value_error"),
    ],
)
def test_refused_arguments(
    fal_server: FalServer,
    fal_http: httpx.Client,
    endpoint: str,
    arguments: dict[str, Any],
    field: str,
    kind: str,
) -> None:
    reply = result(fal_server, fal_http, endpoint=endpoint, **arguments)
    assert reply.status_code == 422
    (entry,) = reply.json()["detail"]
    assert (entry["loc"], entry["type"]) == (["body", field], kind)
    assert fal_server.bill == ()
    if kind not in ("file_download_error", "image_load_error"):
        fal_server.settings.validate_at_submit = True
        early = fal_http.post(QUEUE + endpoint, json={"prompt": "fox", **arguments})
        assert early.json() == reply.json()


def test_counts_sizes_and_sync_mode(fal_server: FalServer, fal_http: httpx.Client) -> None:
    arguments = {"num_images": 2, "max_images": 3, "image_size": "square", "sync_mode": True}
    output = result(fal_server, fal_http, **arguments).json()
    assert len(output["images"]) == 6
    assert {(image["width"], image["height"]) for image in output["images"]} == {(960, 960)}
    assert all(image["url"].startswith("data:image/png;base64,") for image in output["images"])
    fal_server.settings.images_per_set = 2
    assert len(result(fal_server, fal_http, **arguments).json()["images"]) == 4
    assert fal_server.usd == 0.3


def test_a_result_tells_the_units_of_the_bill(
    fal_server: FalServer, fal_http: httpx.Client
) -> None:
    fal_server.settings.units_per_image = "1.5"
    assert result(fal_server, fal_http, num_images=2).headers["X-Fal-Billable-Units"] == "3.0"
    fal_server.settings.units_header = lambda units: None
    assert "X-Fal-Billable-Units" not in result(fal_server, fal_http).headers
    assert [(charge.units, charge.usd) for charge in fal_server.bill] == [(3, 0.09), (1.5, 0.045)]


@pytest.mark.parametrize("image_format", ["jpeg", "webp"])
def test_other_formats(fal_server: FalServer, fal_http: httpx.Client, image_format: str) -> None:
    fal_server.settings.image_format = image_format
    fal_server.settings.file_bytes = 300_000
    output = result(fal_server, fal_http, image_size={"width": 1000, "height": 1000}).json()
    reply = httpx.get(output["images"][0]["url"], timeout=60)
    assert reply.headers["content-type"] == f"image/{image_format}"
    assert len(reply.content) == 300_000
    expected = fal_server.expected_color("fox", output["seed"], 0)
    assert max(abs(a - b) for a, b in zip(color(reply.content), expected, strict=True)) <= 4


def test_png_is_whole_at_any_size() -> None:
    for size in ((1, 1), (2, 1), (1, 3), (333, 7)):
        for file_bytes in (0, 5000):
            content = draw(size, (9, 250, 77), "png", file_bytes)
            with Image.open(io.BytesIO(content)) as image:
                image.verify()
            with Image.open(io.BytesIO(content)) as image:
                assert (image.size, image.mode) == (size, "RGB")
                assert image.getcolors() == [(size[0] * size[1], (9, 250, 77))]
            assert file_bytes in (0, len(content))


def test_an_edit_gets_the_last_ten_images(fal_server: FalServer, fal_http: httpx.Client) -> None:
    pictures = [draw((20, 20), (number, 0, 0)) for number in range(12)]
    urls = [f"data:image/png;base64,{b64encode(content).decode()}" for content in pictures]
    assert result(fal_server, fal_http, endpoint=EDIT, image_urls=urls).status_code == 200
    assert fal_server.jobs[0].inputs == pictures[2:]

from __future__ import annotations

from typing import Any

import pytest

from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.backends.fal.limits import Limits
from seedream_widgets.backends.fal.output import read_output
from seedream_widgets.errors import ResultError

QUEUE = "https://queue.fal.run/fal-ai/bytedance/requests/none/status"
URL = "https://v3.fal.media/files/b/1.png"


def read(data: Any) -> Output:
    return read_output(data, "r1", QUEUE, Limits(file_bytes=1000))


def test_only_the_address_is_needed() -> None:
    assert read({"images": [{"url": URL}]}).files == (OutputFile(URL),)


@pytest.mark.parametrize(
    "data",
    [
        None, [], {}, {"images": None}, {"images": {"url": URL}}, {"images": [URL]},
        {"images": [{"url": URL}] * 65}, {"images": [{}]}, {"images": [{"url": 7}]},
        {"images": [{"url": "http://v3.fal.media/1.png"}]},
        {"images": [{"url": "file:///etc/passwd"}]},
        {"images": [{"url": "https://127.0.0.1/1.png"}]},
        {"images": [{"url": "https://169.254.169.254/1.png"}]},
        {"images": [{"url": "https://localhost/1.png"}]},
        {"images": [{"url": "data:image/png;base64," + "A" * 2000}]},
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused(data: Any) -> None:
    with pytest.raises(ResultError) as caught:
        read(data)
    assert caught.value.request_id == "r1"


@pytest.mark.parametrize(
    ("seed", "read_as"), [(7, 7), (None, None), (True, None), ("7", None), (1.5, None)]
)
def test_seed_is_a_whole_number_or_none(seed: object, read_as: int | None) -> None:
    assert read({"images": [], "seed": seed}).seed == read_as


@pytest.mark.parametrize("side", [0, -1, True, "9", 1e400, 10**9, None])
def test_a_side_is_pixels_or_none(side: object) -> None:
    assert read({"images": [{"url": URL, "width": side}]}).files[0].width is None


def test_an_inline_image_is_taken() -> None:
    url = "data:image/png;base64,AAAA"
    assert read({"images": [{"url": url}]}).files == (OutputFile(url),)

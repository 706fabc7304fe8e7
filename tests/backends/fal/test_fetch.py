from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.backends.fal.fetch import read_output
from seedream_widgets.backends.fal.limits import Limits
from seedream_widgets.errors import BackendError, ContentRejectedError, ResultError
from seedream_widgets.values.request import Request

from .drive import FOX, drive, submitted, watched

if TYPE_CHECKING:
    from seedream_widgets.backends.base import Output
    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import FalServer


async def finished(backend: FalBackend, request: Request = FOX) -> Output:
    handle = await submitted(backend, request)
    await watched(backend, handle)
    return await backend.fetch(handle)


def test_output_names_files_and_seed(fal_server: FalServer) -> None:
    request = Request("a fox", image_size=(1024, 1024), num_images=2)
    output = drive(lambda backend: finished(backend, request))
    (job,) = fal_server.jobs
    assert output.seed == job.seed
    assert output.extra is None, "fal answered with nothing unknown"
    assert [(file.width, file.height, file.content_type) for file in output.files] == [
        (1024, 1024, "image/png")
    ] * 2
    assert all(file.url.startswith("https://v3.fal.media/") for file in output.files)


def test_edit_without_a_seed(fal_server: FalServer) -> None:
    request = Request("a fox", model="v4.5", image_size="auto_2K")
    output = drive(lambda backend: finished(backend, request))
    assert output.seed == fal_server.jobs[0].seed


@pytest.mark.parametrize("point", ["status", "result"])
@pytest.mark.parametrize("kind", ["500", "html", "drop", "hang", "nginx_502"])
def test_trouble_on_the_way_to_the_result(fal_server: FalServer, point: str, kind: str) -> None:
    # More often than a 5xx of the result itself would be asked again.
    fal_server.fail(point, kind, times=3 if (point, kind) == ("status", "500") else 1)
    output = drive(finished, call=3.0)
    assert len(output.files) == 1


def test_a_model_that_failed_ends_soon(fal_server: FalServer) -> None:
    fal_server.fail("result", "500", times=None)
    with pytest.raises(BackendError, match="answers 500 instead of its result") as caught:
        drive(finished)
    # It may be a trouble of fal's, with a paid image behind it: so it stays to be resumed.
    assert (caught.value.status_code, caught.value.billing) == (None, "maybe")
    assert fal_server.count("result") == 3


def test_a_refusal_that_only_the_result_tells(fal_server: FalServer) -> None:
    fal_server.fail("run", "policy_silent")
    with pytest.raises(ContentRejectedError) as caught:
        drive(finished)
    assert caught.value.field == "prompt"


def test_a_result_that_is_there_is_taken_although_the_status_says_error(
    fal_server: FalServer,
) -> None:
    fal_server.fail("run", "status_error")
    assert len(drive(finished).files) == 1
    assert len(fal_server.bill) == 1


def test_no_image(fal_server: FalServer) -> None:
    fal_server.fail("run", "no_media")
    with pytest.raises(BackendError, match="The model gave no image") as caught:
        drive(finished)
    assert caught.value.billing == "maybe"


def test_a_result_that_fal_forgot(fal_server: FalServer) -> None:
    fal_server.fail("result", "expired", times=None)
    with pytest.raises(ResultError, match="no longer has the result") as caught:
        drive(finished)
    assert caught.value.request_id == fal_server.jobs[0].request_id


def test_an_output_of_another_shape(fal_server: FalServer) -> None:
    fal_server.fail("result", "wrong_shape", times=None)
    with pytest.raises(ResultError, match="no list of images") as caught:
        drive(finished)
    assert caught.value.billing == "maybe"


def test_an_output_without_images_is_empty(fal_server: FalServer) -> None:
    fal_server.fail("run", "empty")
    assert drive(finished).files == ()


def test_a_lost_network_ends_with_the_request_id(fal_server: FalServer) -> None:
    fal_server.fail("result", "drop", times=None)
    with pytest.raises(BackendError, match="may be done and billed") as caught:
        drive(finished, call=0.2, patience=0.4)
    assert caught.value.request_id == fal_server.jobs[0].request_id


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


@pytest.mark.parametrize("seed", [0, 7, 2**31 - 1])
def test_a_seed_that_can_be_asked_for_again(seed: int) -> None:
    output = read({"images": [], "seed": seed})
    assert (output.seed, output.extra) == (seed, None)


@pytest.mark.parametrize("seed", [True, "7", 1.5, -5, 2**31, 10**30])
def test_a_seed_that_no_request_takes_is_none_and_stands_in_the_receipt(seed: object) -> None:
    output = read({"images": [], "seed": seed})
    assert (output.seed, output.extra) == (None, {"seed": seed})


@pytest.mark.parametrize("side", [0, -1, True, "9", 1e400, 10**9, None])
def test_a_side_is_pixels_or_none(side: object) -> None:
    assert read({"images": [{"url": URL, "width": side}]}).files[0].width is None


def test_an_inline_image_is_taken() -> None:
    url = "data:image/png;base64,AAAA"
    assert read({"images": [{"url": url}]}).files == (OutputFile(url),)

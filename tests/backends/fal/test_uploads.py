from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.errors import BackendError, CredentialsError
from seedream_widgets.images import ImageInput

from .drive import drive

if TYPE_CHECKING:
    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import FalServer


def picture(data: bytes = b"one", name: str = "fox.png") -> ImageInput:
    return ImageInput.from_data(data, "image/png", (1, 1), name, None)


def stored(server: FalServer, url: str) -> tuple[bytes, str]:
    file = server.files[url.removeprefix("https://v3.fal.media")]
    return file.content, file.content_type


def test_bytes_arrive_as_they_are(fal_server: FalServer) -> None:
    url = drive(lambda backend: backend.upload(picture()))
    assert stored(fal_server, url) == (b"one", "image/png")
    assert url.endswith("/fox.png")
    assert fal_server.hosts_with_key() == {"rest.fal.ai"}


def test_the_same_bytes_go_up_once(fal_server: FalServer) -> None:
    async def scenario(backend: FalBackend) -> list[str]:
        together = await asyncio.gather(*(backend.upload(picture()) for _ in range(5)))
        return [*together, await backend.upload(picture(name="same bytes.png"))]

    assert len(set(drive(scenario))) == 1
    assert fal_server.count("upload") == 1


def test_an_old_address_is_not_used_again(fal_server: FalServer) -> None:
    async def scenario(backend: FalBackend) -> set[str]:
        return {await backend.upload(picture()), await backend.upload(picture())}

    assert len(drive(scenario, upload_age=0.0)) == 2


def test_one_who_stops_waiting_does_not_stop_the_others(fal_server: FalServer) -> None:
    fal_server.fail("upload", "hang")

    async def scenario(backend: FalBackend) -> str:
        first = asyncio.create_task(backend.upload(picture()))
        second = asyncio.create_task(backend.upload(picture()))
        while not fal_server.count("upload"):
            await asyncio.sleep(0.01)
        first.cancel()
        return await second

    assert stored(fal_server, drive(scenario, submit=0.4))[0] == b"one"
    assert fal_server.count("token") == 1


def test_a_failed_upload_is_forgotten(fal_server: FalServer) -> None:
    fal_server.fail("token", "500")
    fal_server.fail("initiate", "500")

    async def scenario(backend: FalBackend) -> str:
        with pytest.raises(BackendError) as caught:
            await backend.upload(picture())
        assert caught.value.billing == "no"
        return await backend.upload(picture())

    assert stored(fal_server, drive(scenario))[0] == b"one"


def test_the_way_round_sends_no_key_to_the_storage_host(fal_server: FalServer) -> None:
    fal_server.fail("upload", "500", times=None)
    url = drive(lambda backend: backend.upload(picture()))
    assert stored(fal_server, url)[0] == b"one"
    (put,) = [record for record in fal_server.requests if record.step == "put"]
    assert put.host == "v3b.fal.media"
    assert "authorization" not in put.headers
    assert fal_server.hosts_with_key() == {"rest.fal.ai"}


def test_a_locked_account_is_told_so(fal_server: FalServer) -> None:
    fal_server.fail("token", "403", times=None)
    fal_server.fail("initiate", "403", times=None)
    with pytest.raises(CredentialsError, match="locked"):
        drive(lambda backend: backend.upload(picture()))


def test_a_name_that_no_header_takes_is_changed(fal_server: FalServer) -> None:
    url = drive(lambda backend: backend.upload(picture(name='狐/"\r\nX-Evil: 1.png')))
    assert stored(fal_server, url)[0] == b"one"
    (upload,) = [record for record in fal_server.requests if record.step == "upload"]
    assert "x-evil" not in upload.headers


def test_a_reply_without_an_address_is_an_error(fal_server: FalServer) -> None:
    fal_server.fail("upload", "not_json", times=None)
    fal_server.fail("initiate", "not_json", times=None)
    with pytest.raises(BackendError, match="no usable address"):
        drive(lambda backend: backend.upload(picture()))


def test_a_few_at_a_time(fal_server: FalServer) -> None:
    fal_server.fail("upload", "hang", times=None)

    async def scenario(backend: FalBackend) -> int:
        tasks = [asyncio.create_task(backend.upload(picture(bytes([n])))) for n in range(6)]
        await asyncio.wait(tasks, timeout=0.6)
        return fal_server.count("upload")

    assert drive(scenario, uploads=2, submit=10.0) == 2


def test_closing_stops_an_upload_on_its_way(fal_server: FalServer) -> None:
    fal_server.fail("upload", "hang", times=None)

    async def scenario(backend: FalBackend) -> asyncio.Task[str]:
        task = asyncio.create_task(backend.upload(picture()))
        while not fal_server.count("upload"):
            await asyncio.sleep(0.01)
        await backend.aclose()
        await asyncio.wait({task})
        return task

    assert drive(scenario, submit=10.0).cancelled()

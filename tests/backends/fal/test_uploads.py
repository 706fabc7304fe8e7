from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.backends.base import Policy
from seedream_widgets.backends.fal.addresses import is_upload
from seedream_widgets.errors import BackendError, CredentialsError
from seedream_widgets.images import ImageInput, load_image
from seedream_widgets.library.uploads import KeptUpload, KeptUploads
from tests.image_files import encoded, located, photo

from .drive import drive

if TYPE_CHECKING:
    from pathlib import Path

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
    assert url.endswith("/image.png")
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
    fal_server.fail("upload", "held")

    async def scenario(backend: FalBackend) -> str:
        first = asyncio.create_task(backend.upload(picture()))
        second = asyncio.create_task(backend.upload(picture()))
        while not fal_server.count("upload"):
            await asyncio.sleep(0.01)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        fal_server.heal()
        return await second

    assert stored(fal_server, drive(scenario))[0] == b"one"
    assert (fal_server.count("token"), fal_server.count("upload")) == (1, 1)


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


@pytest.mark.parametrize("name", ["Anna Smith 2026-05-01.png", '狐/"\r\nX-Evil: 1.png'])
def test_no_word_of_a_file_s_name_goes_to_fal(fal_server: FalServer, name: str) -> None:
    url = drive(lambda backend: backend.upload(picture(name=name)))
    assert stored(fal_server, url)[0] == b"one"
    assert url.endswith("/image.png")
    for record in fal_server.requests:
        told = f"{record.path} {record.query} {record.headers}"
        assert not any(word in told for word in ("Anna", "Smith", "2026-05", "Evil", "狐"))


def test_a_reply_without_an_address_is_an_error(fal_server: FalServer) -> None:
    fal_server.fail("upload", "not_json", times=None)
    fal_server.fail("initiate", "not_json", times=None)
    with pytest.raises(BackendError, match="no usable address"):
        drive(lambda backend: backend.upload(picture()))


def test_a_few_at_a_time(fal_server: FalServer) -> None:
    fal_server.fail("upload", "hang", times=None)

    async def scenario(backend: FalBackend) -> int:
        tasks = [asyncio.create_task(backend.upload(picture(bytes([n])))) for n in range(6)]
        while fal_server.count("upload") < 2:
            await asyncio.sleep(0.02)
        await asyncio.wait(tasks, timeout=0.6)  # in which a third would come
        return fal_server.count("upload")

    assert drive(scenario, uploads=2) == 2


def test_closing_stops_an_upload_on_its_way(fal_server: FalServer) -> None:
    fal_server.fail("upload", "hang", times=None)

    async def scenario(backend: FalBackend) -> asyncio.Task[str]:
        task = asyncio.create_task(backend.upload(picture()))
        while not fal_server.count("upload"):
            await asyncio.sleep(0.01)
        await backend.aclose()
        await asyncio.wait({task})
        return task

    assert drive(scenario).cancelled()


FOX = ImageInput.from_data(b"one", "image/png", (1, 1), "fox.png", None)
QUEUE = "https://queue.fal.run/fal-ai/bytedance/requests/none/status"
HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture
def kept(tmp_path: Path) -> KeptUploads:
    return KeptUploads(tmp_path)


def upload(kept: KeptUploads, **options: float | Policy) -> str:
    """Upload with a backend of its own, as another kernel would."""
    return drive(lambda backend: backend.upload(FOX), kept=kept, **options)  # type: ignore[arg-type]


def known(kept: KeptUploads) -> KeptUpload:
    found = kept.find(FOX.sha256)
    assert found is not None
    return found


def aged(kept: KeptUploads, seconds: float) -> None:
    upload = known(kept)
    expires = None if upload.expires is None else upload.expires - seconds
    older = replace(upload, uploaded=upload.uploaded - seconds, expires=expires)
    kept.keep(FOX.sha256, older)


def test_another_kernel_uploads_nothing(fal_server: FalServer, kept: KeptUploads) -> None:
    assert {upload(kept) for _ in range(3)} == {known(kept).url}
    assert fal_server.count("upload") == 1
    assert known(kept).expires is None
    assert fal_server.hosts_with_key() == {"rest.fal.ai"}  # not asked with the key


@pytest.mark.parametrize(("days", "uploads"), [(5.9, 1), (6.1, 2)])
def test_it_is_used_within_the_time_fal_promises(
    fal_server: FalServer, kept: KeptUploads, days: float, uploads: int
) -> None:
    upload(kept)
    aged(kept, days * DAY)
    upload(kept)
    assert fal_server.count("upload") == uploads
    assert time.time() - known(kept).uploaded < (HOUR if uploads == 2 else 7 * DAY)


@pytest.mark.parametrize(("seconds", "uploads"), [(1700, 1), (1900, 2)])
def test_one_that_expires_is_used_for_half_its_life(
    fal_server: FalServer, kept: KeptUploads, seconds: float, uploads: int
) -> None:
    policy = Policy(expire_media=3600)
    upload(kept, policy=policy)
    assert known(kept).expires == pytest.approx(time.time() + HOUR, abs=60)
    aged(kept, seconds)
    upload(kept, policy=policy)
    upload(kept)
    assert fal_server.count("upload") == uploads


def test_one_that_stays_longer_than_asked_is_not_used(
    fal_server: FalServer, kept: KeptUploads
) -> None:
    upload(kept)
    upload(kept, policy=Policy(expire_media=7200))
    assert fal_server.count("upload") == 2
    upload(kept, policy=Policy(expire_media=3600))
    assert fal_server.count("upload") == 3


@pytest.mark.parametrize("fault", ["404", "403", "500", "drop", "hang", "redirect_host"])
def test_one_that_does_not_answer_is_uploaded_anew(
    fal_server: FalServer, kept: KeptUploads, fault: str
) -> None:
    first = upload(kept)
    fal_server.fail("download", fault, times=None)
    assert upload(kept, answer=0.3) != first
    assert fal_server.count("upload") == 2


def test_a_file_of_another_size_is_not_the_image(fal_server: FalServer, kept: KeptUploads) -> None:
    first = upload(kept)
    path = first.removeprefix("https://v3.fal.media")
    file = fal_server.state.files[path]
    fal_server.state.store(path, file._replace(content=b"another"))
    assert upload(kept) != first


def test_one_that_is_forgotten_is_uploaded_anew(fal_server: FalServer, kept: KeptUploads) -> None:
    async def scenario(backend: FalBackend) -> set[str]:
        urls = {await backend.upload(FOX), await backend.upload(FOX)}
        await backend.forget(FOX)
        return urls | {await backend.upload(FOX)}

    assert len(drive(scenario, kept=kept)) == 2
    drive(lambda backend: backend.forget(FOX), kept=kept)
    upload(kept)
    assert fal_server.count("upload") == 3


@pytest.mark.parametrize(
    "url",
    [
        "http://v3.fal.media/files/a/fox.png",
        "https://fal.media.evil.example/files/a/fox.png",
        "https://evilfal.media/files/a/fox.png",
        "https://v3.fal.media@evil.example/fox.png",
        "https://v3.fal.media:8443/files/a/fox.png",
        "https://v3.fal.media/files/a/fox.png?next=https://evil.example",
        "https://v3.fal.media/files/a/fox.png\nX: y",
        "https://127.0.0.1/files/a/fox.png",
        "http://localhost/files/a/fox.png",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_is_none_of_fal_is_not_used(
    fal_server: FalServer, kept: KeptUploads, url: str
) -> None:
    assert not is_upload(url, QUEUE)
    kept.keep(FOX.sha256, KeptUpload(url, time.time()))
    assert upload(kept).startswith("https://v3.fal.media/")
    assert fal_server.count("download") == 0


def test_addresses_that_may_be_used() -> None:
    assert is_upload("https://v3.fal.media/files/a/fox.png", QUEUE)
    assert is_upload("https://v3b.fal.media/files/a/fox.png", QUEUE)
    assert is_upload("http://127.0.0.1:81/media/files/a/fox.png", "http://localhost:80/queue")
    assert not is_upload("http://10.0.0.1/files/a/fox.png", "http://localhost:80/queue")


def test_an_upload_of_before_with_its_place_in_it_is_not_used(
    fal_server: FalServer, kept: KeptUploads
) -> None:
    """Before, files went up as they were, and uploads were known by the file's digest."""
    data = encoded(photo(), "JPEG", exif=located())
    image = load_image(data)
    assert isinstance(image, ImageInput)
    before = ImageInput.from_data(data, "image/jpeg", image.size, "fox.jpg", None)
    old, new = (drive(lambda b, i=i: b.upload(i), kept=kept) for i in (before, image))
    assert stored(fal_server, old)[0] == data
    assert stored(fal_server, new)[0] == image.data != data
    assert {drive(lambda backend: backend.upload(image), kept=kept) for _ in range(2)} == {new}
    assert fal_server.count("upload") == 2


def test_an_upload_of_before_that_held_pixels_only_is_used(
    fal_server: FalServer, kept: KeptUploads
) -> None:
    data = encoded(photo(), "JPEG")
    before = ImageInput.from_data(data, "image/jpeg", (96, 64), "fox.jpg", None)
    old = drive(lambda backend: backend.upload(before), kept=kept)
    assert drive(lambda backend: backend.upload(load_image(data)), kept=kept) == old
    assert fal_server.count("upload") == 1

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.backends.base import Policy
from seedream_widgets.backends.fal.addresses import is_upload
from seedream_widgets.images import ImageInput
from seedream_widgets.library.uploads import KeptUpload, KeptUploads

from .drive import drive

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import FalServer

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

"""The key goes to fal alone: not where a reply redirects to, nor where a file or a reply names."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from seedream_widgets.backends.base import OutputFile
from seedream_widgets.backends.fal.addresses import is_about, is_endpoint_id, may_be_fetched
from seedream_widgets.errors import BackendError, ResultError, SeedreamError
from seedream_widgets.images import ImageInput
from seedream_widgets.library.uploads import KeptUploads
from seedream_widgets.values.handle import Handle
from tests.backends.fal.drive import FOX, drive, submitted, watched
from tests.fal_server import FalServer
from tests.fal_server.authority import ELSEWHERE
from tests.fal_server.state import File
from tests.image_files import drawing, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import Authority

QUEUE = "https://queue.fal.run/fal-ai/bytedance/requests/none/status"
PNG = encoded(drawing(), "PNG")
IMAGE = ImageInput.from_data(PNG, "image/png", (64, 48), "fox.png", None)
STEPS = ("submit", "status", "stream", "result", "cancel", "pricing", "token", "upload",
         "initiate", "put", "download")  # fmt: skip


@pytest.fixture
def fal(fal_authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    with FalServer(authority=fal_authority, elsewhere=True) as server:
        server.settings.run_seconds = 0.05
        for name, value in server.env.items():
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
        yield server
    assert server.errors == ()


def strayed(server: FalServer) -> list[str]:
    """Return what came to, or was on its way to, a host that is not fal's."""
    sent = [f"{each.method} {each.host}" for each in server.requests if each.host == ELSEWHERE]
    return [*sent, *(host for host in server.tunnels if host == ELSEWHERE), *server.refused]


async def everything(backend: FalBackend) -> None:
    """Call each verb, whatever comes of it."""
    for work in (backend.prices, lambda: backend.upload(IMAGE)):
        with suppress(SeedreamError):
            await work()
    with suppress(SeedreamError):
        first, second = await submitted(backend), await submitted(backend)
        for handle in (first, second):
            with suppress(SeedreamError):
                await backend.cancel(handle)
        with suppress(SeedreamError):
            await watched(backend, first)
        await backend.fetch(first)


@pytest.mark.parametrize("step", STEPS)
def test_a_redirect_of_fal_is_not_followed(fal: FalServer, tmp_path: Path, step: str) -> None:
    if step in ("initiate", "put"):  # fal_client's way round, when the first way fails
        fal.fail("token", "500", times=None)
    kept = KeptUploads(tmp_path)
    if step == "download":  # asked whether it is still there
        drive(lambda backend: backend.upload(IMAGE), kept=kept)
    fal.fail(step, "elsewhere_307", times=None)
    drive(everything, kept=kept, patience=0.3)
    assert fal.count(step) > 0
    assert strayed(fal) == []
    assert fal.hosts_with_key() <= {"queue.fal.run", "rest.fal.ai", "api.fal.ai"}


def test_an_upload_is_not_sent_to_a_private_address(fal: FalServer) -> None:
    fal.fail("token", "500", times=None)
    fal.fail("initiate", "local")
    with pytest.raises(BackendError, match=r"gave no usable address for it\. Nothing is billed"):
        drive(lambda backend: backend.upload(IMAGE))
    assert fal.count("initiate") == 1
    assert strayed(fal) == []


def test_a_file_may_be_elsewhere_but_gets_no_key(fal: FalServer, tmp_path: Path) -> None:
    fal.state.store("/files/b/fox.png", File(PNG, "image/png"))
    fal.fail("download", "redirect_elsewhere")
    with pytest.raises(ResultError, match="is gone"):
        drive(
            lambda backend: backend.download(
                OutputFile("https://v3.fal.media/files/b/fox.png"), tmp_path / "1"
            )
        )
    (sent,) = [each for each in fal.requests if each.host == ELSEWHERE]
    assert not {"authorization", "cookie", "referer"} & sent.headers.keys()
    assert fal.settings.key not in f"{sent}"
    assert list(tmp_path.iterdir()) == []


EVIL = [
    f"https://{ELSEWHERE}/requests/ID/status",
    f"http://{ELSEWHERE}/requests/ID/status",
    f"https://queue.fal.run@{ELSEWHERE}/requests/ID",
    f"https://{ELSEWHERE}:443/requests/ID",
    f"https://queue.fal.run.{ELSEWHERE}/requests/ID",
    f"https://{ELSEWHERE}\\@queue.fal.run/requests/ID",
    f"//{ELSEWHERE}/requests/ID",
    "http://queue.fal.run/requests/ID",
    "https://queue.fal.run:8443/requests/ID",
    "https://queue.fa\u217c.run/requests/ID",
    "https://xn--queue-fal-run.example/requests/ID",
    "https://169.254.169.254/requests/ID",
    "https://[::1]/requests/ID",
    "https://queue.fal.run/fal-ai/bytedance/requests/another/status",
    "https://rest.fal.ai/storage/auth/token?/requests/ID",
    "https://rest.fal.ai/keys#/requests/ID",
    "https://somebodys-app.fal.run/requests/ID/status",
    "https://fal.run/somebody/app/requests/ID/status",
]


@pytest.mark.parametrize("url", EVIL)
def test_an_address_that_is_none_of_the_request_is_not_asked(fal: FalServer, url: str) -> None:
    async def scenario(backend: FalBackend) -> None:
        known = await submitted(backend)
        evil = url.replace("ID", known.request_id)
        assert not is_about(evil, known.request_id, QUEUE)
        handle = Handle(known.request_id, known.endpoint_id, evil, evil, evil)
        await watched(backend, handle)
        assert (await backend.fetch(handle)).files
        assert await backend.cancel(handle) == "yes"

    drive(scenario)
    assert strayed(fal) == []
    (job,) = fal.jobs
    root = job.url.removeprefix("https://queue.fal.run")
    paths = {each.path for each in fal.requests if each.step != "submit"}
    assert paths <= {root + end for end in ("", "/status", "/status/stream", "/cancel")}


@pytest.mark.parametrize(
    "endpoint",
    ["fox", "../../x", "workflows/x", "a/b/../../../c", "a/b/c?x=", "a/b/c#", "@a/b/c", "",
     "a/" * 200, "a/b/c\r\nX: y", "http://a/b"],
)  # fmt: skip
def test_an_endpoint_that_is_none_is_a_sentence(fal: FalServer, endpoint: str) -> None:
    assert is_endpoint_id(FOX.endpoint.id)
    with pytest.raises(BackendError, match="is not a fal endpoint id; take it") as caught:
        drive(lambda backend: backend.fetch(Handle("r1", endpoint)))
    assert str(caught.value).isprintable()
    assert fal.requests == ()


@pytest.mark.parametrize(
    "request_id",
    ["..", "../../x", "a/b", "a\\b", "", " ", "r1\0", "r" * 5000, "r1\r\nX: y", "r1?x", "r1#x",
     "r1%2f", "\u2025", "\uff0e\uff0e", "\u202er1", "-", "~", ".r1", None, 7, ["r1"]],
)  # fmt: skip
def test_a_request_id_that_is_none_is_a_sentence(fal: FalServer, request_id: Any) -> None:
    with pytest.raises(BackendError, match="is not a fal request id; take it") as caught:
        drive(lambda backend: backend.fetch(Handle(request_id, FOX.endpoint.id)))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200
    assert fal.requests == ()


@pytest.mark.parametrize(
    "host",
    ["localhost.", "a.localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.",
     "10.0.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "0.0.0.0", "a.0x7f", "intranet",
     "printer.local", "metadata.google.internal", "router.home.arpa", "[::]", "[::1]", "[fe80::1]",
     "[fd00::1]", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "%6cocalhost",
     "u@a.example", "a.example:x", ""],
)  # fmt: skip
def test_a_file_on_this_computer_or_its_net_is_not_fetched(host: str) -> None:
    assert not may_be_fetched(f"https://{host}/a.png", QUEUE)


@pytest.mark.parametrize(
    "host", ["A.example", "a.example.", "8.8.8.8", "[2606:4700::1]", "a.b:443"]
)
def test_other_files_are(host: str) -> None:
    assert may_be_fetched(f"https://{host}/a.png?x=1#y", QUEUE)


@pytest.mark.parametrize(
    "url",
    ["http://v3.fal.media/a.png", "file:///etc/passwd", "ftp://v3.fal.media/a.png", "//a.example/x",
     "javascript:alert(1)", "blob:https://a.example/1", "https://a.example/" + "a" * 5000,
     "https://10.0.0.1/a.png", f"data:image/png;base64,{'A' * 4000}", "", None, 7, ["https://a.b"]],
)  # fmt: skip
def test_a_result_that_names_no_safe_file(fal: FalServer, url: object) -> None:
    async def scenario(backend: FalBackend) -> None:
        handle = await submitted(backend)
        await watched(backend, handle)
        fal.jobs[0].output = {"images": [{"url": url}], "seed": 1}
        await backend.fetch(handle)

    with pytest.raises(ResultError, match="an image without a usable https address"):
        drive(scenario, file_bytes=1000)
    assert strayed(fal) == []
    assert fal.count("download") == 0

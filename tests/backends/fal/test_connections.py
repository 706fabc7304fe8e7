"""Which way a request goes: as the environment says, and never with more than it must say."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from urllib3.exceptions import ProxyError, SSLError

from seedream_widgets.backends.fal.connections import Connections, Environment
from seedream_widgets.errors import BackendError
from seedream_widgets.images import ImageInput
from tests.image_files import drawing, encoded

from .drive import drive, submitted, watched
from .loopback import reply, saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import Authority, FalServer

ROOT = Path(__file__).parents[3]
PNG = encoded(drawing(), "PNG")
IMAGE = ImageInput.from_data(PNG, "image/png", (64, 48), "fox.png", None)
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
REFUSES = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connections]:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with closing(Connections(ssl.create_default_context(), 2)) as made:
        yield made


def asked(connections: Connections, url: str) -> bytes:
    reply = connections.get(url, 60)
    try:
        return reply.read()
    finally:
        reply.close()
        reply.release_conn()


def test_straight_without_a_proxy(connections: Connections) -> None:
    with saying(reply(b"straight")) as (address, heads):
        assert asked(connections, f"http://{address}/a.png?b=c") == b"straight"
    assert heads[0].startswith(b"GET /a.png?b=c HTTP/1.1\r\n")
    assert b"authorization" not in heads[0].lower()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_through_a_proxy(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    with saying(reply(b"by proxy")) as (proxy, heads):
        monkeypatch.setenv(name.lower() if name.islower() else name, f"{scheme}{proxy}")
        if name == "HTTP_PROXY":  # which a CGI script's visitor could set
            monkeypatch.setenv("http_proxy", f"{scheme}{proxy}")
        assert asked(connections, "http://fal.example/a.png") == b"by proxy"
    assert heads[0].startswith(b"GET http://fal.example/a.png HTTP/1.1\r\n")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_proxy_gets_its_password(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with saying(REFUSES) as (proxy, heads):
        monkeypatch.setenv(f"{scheme}_proxy", f"http://fox:a%40b@{proxy}")
        if scheme == "https":
            with pytest.raises(ProxyError):
                asked(connections, "https://fal.example/a.png")
            assert heads[0].startswith(b"CONNECT fal.example:443 ")
        else:
            asked(connections, "http://fal.example/a.png")
    said = base64.b64encode(b"fox:a@b")
    assert b"\r\nproxy-authorization: basic " + said.lower() in heads[0].lower()


@pytest.mark.parametrize("trusted", [True, False])
def test_whom_to_trust_is_the_session_s_to_say(
    connections: Connections, fal_authority: Authority, trusted: bool
) -> None:
    context = ssl.create_default_context(cafile=fal_authority.ca_file if trusted else None)
    with (
        saying(reply(b"secure"), tls=fal_authority.context) as (address, _),
        closing(Connections(context, 2)) as own,
    ):
        if trusted:
            assert asked(own, f"https://{address}/a.png") == b"secure"
        else:
            with pytest.raises(SSLError, match="certificate verify failed"):
                asked(own, f"https://{address}/a.png")


@pytest.mark.parametrize("name", ["127.0.0.1", "*", "localhost,127.0.0.1"])
def test_past_the_proxy(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    monkeypatch.setenv("no_proxy", name)
    with saying(reply(b"straight")) as (address, _):
        assert asked(connections, f"http://{address}/a.png") == b"straight"


def test_a_connection_is_used_again(connections: Connections) -> None:
    def twice(connection) -> None:
        connection.sendall(reply(b"one"))
        connection.recv(65536)
        connection.sendall(reply(b"two"))

    with saying(twice) as (address, heads):
        assert asked(connections, f"http://{address}/a.png") == b"one"
        assert asked(connections, f"http://{address}/b.png") == b"two"
    assert len(heads) == 1


def test_a_redirect_is_left_to_the_caller(connections: Connections) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    with saying(answer) as (address, _):
        found = connections.get(f"http://{address}/a.png", 60)
        assert (found.status, found.get_redirect_location()) == (302, "http://10.0.0.1/")
        found.close()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no proxy and no certificate."""
    for name in (*NAMES, *map(str.upper, NAMES), *CERTIFICATES, "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ALL_PROXY": "socks://gate:1080"}, r"ALL_PROXY is 'socks://gate:1080', a kind .*socks5:"),
        ({"ALL_PROXY": "socks4://gate:1080"}, r"ALL_PROXY is 'socks4://gate:1080', a kind"),
        ({"https_proxy": "ftp://gate"}, r"https_proxy is 'ftp://gate', a kind"),
        ({"HTTPS_PROXY": "http://"}, r"HTTPS_PROXY names no host\. Write it as http://host:port"),
        ({"HTTPS_PROXY": "http://gate:port"}, r"HTTPS_PROXY is not the address of a proxy"),
        ({"NO_PROXY": "a.example,[::1]", "HTTPS_PROXY": "gate:1"}, r"NO_PROXY holds '\[::1\]'"),
        (
            {"no_proxy": "b\u00fccher.de", "HTTPS_PROXY": "gate:1"},
            r"no_proxy holds 'b\u00fccher\.de'",
        ),
        ({"SSL_CERT_FILE": "/gone.pem"}, r"SSL_CERT_FILE is '/gone.pem', which can't be read \(No"),
        ({"SSL_CERT_FILE": __file__}, r"SSL_CERT_FILE is '.*', which can't be read \(.+\)"),
        ({"SSL_CERT_DIR": "/gone"}, r"SSL_CERT_DIR is '/gone', which is not a folder"),
        ({"SSLKEYLOGFILE": "/gone/keys"}, r"SSLKEYLOGFILE is '/gone/keys', which can't be read"),
    ],
)
def test_what_the_environment_has_wrong_is_named(
    bare: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    for name, value in given.items():
        bare.setenv(name, value)
    with pytest.raises(BackendError, match=said) as caught:
        Environment.now().context()
    assert "try again" in str(caught.value)
    assert caught.value.billing == "no"


@pytest.mark.parametrize(
    "entries",
    ["localhost,127.0.0.1,::1,10.0.0.0/8,.example.com,*.example.com, ,host:80", "*,[::1]"],
)
def test_what_httpx_understands_passes(bare: pytest.MonkeyPatch, entries: str) -> None:
    bare.setenv("HTTPS_PROXY", "gate:3128")
    bare.setenv("NO_PROXY", entries)
    assert Environment.now().context().verify_mode == ssl.CERT_REQUIRED


def test_a_proxy_is_named_without_its_password(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("ALL_PROXY", "socks://fox:secret@gate:1080")
    with pytest.raises(BackendError) as caught:
        Environment.now().context()
    assert "secret" not in str(caught.value)


MISSING = """
import sys
sys.modules[{module!r}] = None
import seedream_widgets as sd
try:
    sd.generate("a fox")
except sd.SeedreamError as error:
    print(error.billing, error)
"""


@pytest.mark.parametrize(("module", "package"), [("socksio", "socksio"), ("socks", "PySocks")])
def test_all_that_a_socks_proxy_needs_is_asked_for_before_anything_is_sent(
    tmp_path: Path, module: str, package: str
) -> None:
    env = {"FAL_KEY": "id:secret", "ALL_PROXY": "socks5://127.0.0.1:9", "HOME": str(tmp_path)}
    done = run(MISSING.format(module=module), env)
    assert done.stdout.startswith("no ALL_PROXY is 'socks5://127.0.0.1:9'")
    assert f"needs {package}: run pip install 'seedream-widgets[socks]'" in done.stdout


def run(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run code where only these variables are set."""
    python = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**python, **env},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@contextmanager
def socks_proxy(server: FalServer) -> Iterator[tuple[str, list[str]]]:
    """Be a SOCKS 5 proxy that asks the local fal's for each way out; names are its to look up."""
    asked: list[str] = []
    gate = ("127.0.0.1", int(server.proxy_url.rpartition(":")[2]))

    def serve(client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(gate) as out:
            client.recv(2 + client.recv(2)[1])
            client.sendall(b"\x05\x00")
            kind = client.recv(4)[3]
            assert kind == 3, "an address was looked up here"
            host = client.recv(client.recv(1)[0]).decode()
            port = int.from_bytes(client.recv(2), "big")
            asked.append(host)
            out.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
            out.recv(65536)
            client.sendall(b"\x05\x00\x00\x01\0\0\0\0\0\0")
            threading.Thread(target=pump, args=(out, client), daemon=True).start()
            pump(client, out)

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"socks5://127.0.0.1:{listener.getsockname()[1]}", asked


def test_a_whole_run_goes_through_a_socks_proxy(
    fal_server: FalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def scenario(backend: FalBackend) -> None:
        assert await backend.upload(IMAGE)
        handle = await submitted(backend)
        await watched(backend, handle)
        (file,) = (await backend.fetch(handle)).files
        await backend.download(file, tmp_path / "fox")

    assert find_spec("socksio")
    with socks_proxy(fal_server) as (address, asked):
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("ALL_PROXY", address)
        drive(scenario)
    assert (tmp_path / "fox").stat().st_size
    assert {*asked} == {"rest.fal.ai", "v3.fal.media", "queue.fal.run"}


def test_what_a_later_cell_sets_is_seen(
    fal_server: FalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(backend: FalBackend) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", "/gone.pem")
        with pytest.raises(BackendError, match=r"SSL_CERT_FILE is '/gone\.pem'"):
            await submitted(backend)
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(BackendError, match="is not trusted"):
            await submitted(backend)
        monkeypatch.setenv("SSL_CERT_FILE", str(fal_server.authority.ca_file))
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with pytest.raises(BackendError, match="nothing was sent"):
            await submitted(backend)
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, fal_server.proxy_url)
        handle = await submitted(backend)
        monkeypatch.setenv("SSL_CERT_FILE", "/gone.pem")
        with pytest.raises(BackendError, match="SSL_CERT_FILE") as caught:
            await watched(backend, handle)
        assert caught.value.billing == "maybe"  # so that it stays to be resumed

    drive(scenario, unreachable=0.4)
    assert len(fal_server.jobs) == 1


@pytest.mark.parametrize("step", ["submit", "upload", "watch", "download"])
def test_a_certificate_of_an_unknown_authority_is_told_at_once(
    fal_server: FalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step: str
) -> None:
    async def scenario(backend: FalBackend) -> None:
        handle = await submitted(backend)
        (file,) = (await backend.fetch(handle)).files
        monkeypatch.delenv("SSL_CERT_FILE")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/company.pem")
        before = len(fal_server.tunnels)
        with pytest.raises(BackendError, match="The certificate it shows is not trusted") as caught:
            await {
                "submit": lambda: submitted(backend),
                "upload": lambda: backend.upload(IMAGE),
                "watch": lambda: watched(backend, handle),
                "download": lambda: backend.download(file, tmp_path / "fox"),
            }[step]()
        assert "REQUESTS_CA_BUNDLE is '/company.pem', which does not exist" in str(caught.value)
        assert "Set SSL_CERT_FILE to the file" in str(caught.value)
        assert "truststore" in str(caught.value)
        billing = {"submit": "no", "upload": "no", "watch": "maybe", "download": "yes"}
        assert caught.value.billing == billing[step]
        # Both ways to upload, and both ways to hear of a request: each is tried once.
        assert len(fal_server.tunnels) - before <= 2, "fal_client alone tries for half a minute"

    drive(scenario)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_certificates_that_requests_reads_are_trusted_too(
    fal_server: FalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    async def scenario(backend: FalBackend) -> None:
        with pytest.raises(BackendError, match="is not trusted"):
            await submitted(backend)
        monkeypatch.setenv(name, str(company))
        assert await backend.upload(IMAGE)
        handle = await submitted(backend)
        await watched(backend, handle)
        (file,) = (await backend.fetch(handle)).files
        await backend.download(file, tmp_path / "fox")
        company.write_text("")
        with pytest.raises(BackendError, match=f"^{name} is .+ can't be read .+pop\\('{name}'"):
            await submitted(backend)
        monkeypatch.delenv(name)
        with pytest.raises(BackendError, match="is not trusted"):
            await submitted(backend)
        assert "SSL_CERT_FILE" not in os.environ

    company = tmp_path / "company.pem"
    company.write_bytes(fal_server.authority.ca_file.read_bytes())
    for known in CERTIFICATES:
        monkeypatch.delenv(known, raising=False)
    drive(scenario)
    assert (tmp_path / "fox").stat().st_size


def test_what_ssl_cert_file_says_goes_before_the_bundle_of_requests(
    bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle, other = tmp_path / "bundle.pem", tmp_path / "other.pem"
    bundle.touch()
    other.touch()
    bare.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert Environment.now().bundle == "REQUESTS_CA_BUNDLE"
    assert os.environ["SSL_CERT_FILE"] == str(bundle)
    bare.setenv("REQUESTS_CA_BUNDLE", str(other))
    assert Environment.now().bundle == "REQUESTS_CA_BUNDLE"
    assert os.environ["SSL_CERT_FILE"] == str(other)
    os.environ["SSL_CERT_FILE"] = str(bundle)
    assert Environment.now().bundle is None
    assert os.environ["SSL_CERT_FILE"] == str(bundle)
    del os.environ["SSL_CERT_FILE"]
    bare.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert Environment.now().bundle == "REQUESTS_CA_BUNDLE"
    assert os.environ["SSL_CERT_DIR"] == str(tmp_path)
    bare.delenv("REQUESTS_CA_BUNDLE")
    Environment.now()
    assert "SSL_CERT_DIR" not in os.environ


OFFLINE = """
import asyncio, time, fal_client
import seedream_widgets as sd
from PIL import Image
from seedream_widgets.backends.fal import FalBackend, Limits
from seedream_widgets.credentials import Key
for images in ((), Image.new("RGB", (512, 512))):
    backend = FalBackend(Key("id:secret"), Limits(unreachable=1))
    began = time.monotonic()
    try:
        sd.Client(backend=backend).submit(sd.Request("a fox", images=images)).result()
    except sd.SeedreamError as error:
        print(error.billing, time.monotonic() - began < 30, error)
"""


def test_no_network_is_told_soon_and_in_our_own_words_alone(tmp_path: Path) -> None:
    env = {"HTTPS_PROXY": "http://127.0.0.1:9", "SEEDREAM_HOME": str(tmp_path)}
    done = run(OFFLINE, env)
    first, second = done.stdout.splitlines()
    assert first.startswith("no True fal can't be reached to send the request; nothing was sent")
    assert second.startswith("no True fal can't be reached to upload image.png; nothing is billed")
    assert done.stderr == ""

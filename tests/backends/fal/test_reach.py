"""While fal can't be reached a job says so, instead of "Sending" or "Generating" without a word."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.fal import FalBackend, Limits
from seedream_widgets.credentials import Key
from tests.scripted import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fal_server import FalServer

WORDS = "fal can't be reached yet, trying again"


@pytest.mark.parametrize("network", ["refuses", "is silent"])
@pytest.mark.parametrize(
    ("images", "doing"),
    [((), "Sending"), (Image.new("RGB", (512, 512)), "Uploading image 1 of 1")],
)
def test_what_finds_no_connection_says_so_on_the_page(
    network: str, images, doing: str, page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        if network == "refuses":
            listening.close()
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, address)
        backend = FalBackend(Key("id:secret"), Limits(unreachable=200))
        client = sd.Client(backend, library=tmp_path)
        opened = page(client, prompt="a fox", references=images)
        job = opened.studio.submit()
        says = f"{doing}: {WORDS}"
        opened.wait(lambda m: m["kind"] == "job" and m["job"]["text"] == says)
        assert job.status.text == says
        assert job.cancel()
        with pytest.raises(sd.JobCancelled, match="before it was sent; nothing is billed"):
            job.result(60)
        assert client.resume() == ()


def test_what_runs_says_that_the_network_is_gone_and_that_it_is_back(fal_server: FalServer) -> None:
    gone = True
    fal_server.settings.runs_on = lambda: gone
    job = sd.submit("a fox")
    until(lambda: job.status.kind == "in_progress")
    fal_server.go_down()
    until(lambda: job.status.text == f"Generating: {WORDS}")
    fal_server.come_back()
    gone = False
    assert job.result(60).images
    assert WORDS not in job.status.text
    assert len(fal_server.jobs) == 1


def test_what_comes_in_says_that_the_network_is_gone(fal_server: FalServer) -> None:
    fal_server.fail("download", "drop", times=2)
    told: list[str] = []
    heard = False
    fal_server.settings.runs_on = lambda: not heard
    job = sd.submit("a fox")
    job.on_update(lambda job: told.append(job.status.text))
    heard = True
    assert job.result(60).images
    until(lambda: told[-1] == "Completed")
    assert f"Fetching 1 of 1: {WORDS}" in told

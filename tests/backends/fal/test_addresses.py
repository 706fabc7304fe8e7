from __future__ import annotations

import pytest

from seedream_widgets.backends.fal.addresses import may_be_fetched, takes_key

QUEUE = "https://queue.fal.run/fal-ai/bytedance/requests/none/status"
LOCAL = "http://127.0.0.1:8080/queue/fal-ai/bytedance/requests/none/status"


@pytest.mark.parametrize(
    "url",
    ["https://queue.fal.run/a", "https://rest.fal.ai/storage", "https://queue.fal.run:443/a",
     "https://queue.falrun.com/a", "https://api.fal.ai/v1/models/pricing"],
)  # fmt: skip
def test_hosts_of_fal_take_the_key(url: str) -> None:
    assert takes_key(url, QUEUE)


@pytest.mark.parametrize(
    "url",
    ["http://queue.fal.run/a", "https://queue.fal.run.evil.example/a", "https://evilfal.run/a",
     "https://x@queue.fal.run/a", "https://queue.fal.run@evil.example/", "https://evil.example",
     "https://queue.fal.run:8443/a", "https://queue.fal.run/a?x=1", "https://queue.fal.run/a#x",
     "https://queue.fal.run\\@evil.example/", "https://queue.fal.run /a", "//queue.fal.run/a",
     "https://queue.fal.run:x/", "https://[::1", "ftp://queue.fal.run/a", "", None, 7,
     "https://127.0.0.1/a", "http://localhost/a", "https://queue.fal.run/" + "a" * 5000,
     "https://queue.fal.run\u3002evil.example/", "https://v3.fal.media/a",
     "https://somebodys-app.fal.run/a", "https://eu.queue.fal.run/a", "https://app.fal.ai/a"],
)  # fmt: skip
def test_others_do_not(url: object) -> None:
    assert not takes_key(url, QUEUE)


def test_loopback_takes_the_key_when_the_queue_is_on_loopback() -> None:
    assert takes_key("http://localhost:9/a", LOCAL)
    assert takes_key("https://[::1]:9/a", LOCAL)
    assert not takes_key("https://queue.fal.run/a", LOCAL)
    assert not takes_key("http://192.0.2.1/a", LOCAL)


def test_files_come_over_https_from_elsewhere() -> None:
    assert may_be_fetched("https://v3.fal.media/files/a.png?x=1", QUEUE)
    assert may_be_fetched("https://storage.example/a.png", QUEUE)
    for url in (
        *("http://v3.fal.media/a.png", "https://127.0.0.1/a", "https://10.0.0.1/a"),
        *("https://[::1]/a", "https://localhost/a", "https://a.localhost/", "data:image/png,a"),
    ):
        assert not may_be_fetched(url, QUEUE), url
    assert may_be_fetched("http://localhost:9/a.png", LOCAL)
    assert not may_be_fetched("http://v3.fal.media/a.png", LOCAL)

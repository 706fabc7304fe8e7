from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.backends.base import Policy
from seedream_widgets.backends.fal import FalBackend
from seedream_widgets.credentials import find_key
from seedream_widgets.errors import RequestError
from seedream_widgets.images import ImageInput
from seedream_widgets.values.request import Request

if TYPE_CHECKING:
    from tests.fal_server import FalServer


def send(policy: Policy) -> None:
    import asyncio

    async def scenario() -> None:
        key = find_key()
        assert key is not None
        backend = FalBackend(key, policy=policy)
        await backend.upload(ImageInput.from_data(b"one", "image/png", (1, 1), "a.png", None))
        await backend.submit(Request("a fox"), [])
        await backend.aclose()

    asyncio.run(scenario())


def headers(server: FalServer, step: str) -> dict[str, str]:
    return next(record.headers for record in server.requests if record.step == step)


def test_nothing_is_asked_for_by_default(fal_server: FalServer) -> None:
    send(Policy())
    for step in ("submit", "upload"):
        assert not [name for name in headers(fal_server, step) if "lifecycle" in name]
    assert "x-fal-store-io" not in headers(fal_server, "submit")


def test_media_expire_when_asked(fal_server: FalServer) -> None:
    send(Policy(expire_media=3600))
    asked = headers(fal_server, "submit")["x-fal-object-lifecycle-preference"]
    assert json.loads(asked) == {"expiration_duration_seconds": 3600}
    uploaded = [v for k, v in headers(fal_server, "upload").items() if "lifecycle" in k]
    assert uploaded
    assert all("3600" in value for value in uploaded)


def test_payloads_are_not_stored_when_prompts_are_not(fal_server: FalServer) -> None:
    send(Policy(store_prompts=False))
    assert headers(fal_server, "submit")["x-fal-store-io"] == "0"


@pytest.mark.parametrize("seconds", [0, 59, 60.0, "60", True])
def test_a_wrong_time_is_refused(seconds: object) -> None:
    with pytest.raises(RequestError, match="expire_media takes whole seconds from 60 on"):
        Policy(expire_media=seconds)  # type: ignore[arg-type]

"""The requests that fal lists, read as its documentation gives them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.backends.base import Finder, Listed, Policy
from seedream_widgets.errors import BackendError, CredentialsError
from seedream_widgets.values.request import Request
from tests.backends.fal.drive import drive

if TYPE_CHECKING:
    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import FalServer

FOX = Request("a fox", model="v5-flash")
ENDPOINT = FOX.endpoint.id


async def listed(backend: FalBackend) -> tuple[Listed, ...]:
    assert isinstance(backend, Finder)
    return await backend.find(ENDPOINT, time.time() - 600)


@pytest.fixture(autouse=True)
def _fast(fal_server: FalServer) -> None:
    fal_server.settings.queue_seconds = fal_server.settings.run_seconds = 0


@pytest.mark.parametrize("count", [0, 1, 250])
def test_every_page_of_it(fal_server: FalServer, count: int) -> None:
    async def scenario(backend: FalBackend) -> tuple[Listed, ...]:
        for _ in range(count):
            await backend.submit(FOX, [])
        await backend.submit(Request("an owl"), [])  # of another endpoint
        return await listed(backend)

    found = drive(scenario)
    assert fal_server.count("listing") == max(1, -(-count // 100))
    asked = [job.request_id for job in fal_server.jobs if job.endpoint_id == ENDPOINT]
    assert [each.request_id for each in found] == asked
    assert all(each.arguments == FOX.arguments for each in found)


def test_what_was_not_stored_has_no_arguments(fal_server: FalServer) -> None:
    async def scenario(backend: FalBackend) -> tuple[Listed, ...]:
        await backend.submit(FOX, [])
        return await listed(backend)

    (found,) = drive(scenario, policy=Policy(store_prompts=False))
    assert found.arguments is None


@pytest.mark.parametrize("kind", ["401", "403"])
def test_a_key_that_may_not_ask(fal_server: FalServer, kind: str) -> None:
    fal_server.fail("listing", kind)
    with pytest.raises(CredentialsError, match=f"may not ask fal for its requests .HTTP {kind}."):
        drive(listed)


@pytest.mark.parametrize("kind", ["404", "500", "not_json", "html", "drop", "half"])
def test_an_answer_that_is_none(fal_server: FalServer, kind: str) -> None:
    fal_server.fail("listing", kind)
    with pytest.raises(BackendError):
        drive(listed)
    assert drive(listed) == ()

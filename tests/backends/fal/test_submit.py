from __future__ import annotations

import asyncio
import json
import time
import traceback
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from seedream_widgets.backends.base import Policy
from seedream_widgets.backends.fal import FalBackend
from seedream_widgets.credentials import Key, find_key
from seedream_widgets.errors import (
    BackendError,
    Billing,
    CredentialsError,
    RequestError,
    SubmitUnknownError,
)
from seedream_widgets.images import ImageInput
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.request import Request
from seedream_widgets.values.status import InProgress

from .drive import FOX, PATIENT, drive, submitted, watched

if TYPE_CHECKING:
    from tests.fal_server import FalServer


ROOT = "https://queue.fal.run/fal-ai/bytedance/requests/"


def test_fal_gets_exactly_the_arguments(fal_server: FalServer) -> None:
    request = Request("a café", image_size=(2304, 1728), num_images=2, model="v4.5")
    handle = drive(lambda backend: submitted(backend, request))
    (job,) = fal_server.jobs
    assert job.arguments == request.arguments
    assert job.endpoint_id == "fal-ai/bytedance/seedream/v4.5/text-to-image"
    assert handle.request_id == job.request_id
    assert handle.status_url == f"{ROOT}{job.request_id}/status"
    assert handle.cancel_url == f"{ROOT}{job.request_id}/cancel"


def test_edit_sends_the_given_addresses(fal_server: FalServer) -> None:
    request = Request("night", images=("https://v3.fal.media/files/a/x/1.png",))
    drive(lambda backend: backend.submit(request, ["https://v3.fal.media/files/a/x/1.png"]))
    (job,) = fal_server.jobs
    assert job.arguments["image_urls"] == ["https://v3.fal.media/files/a/x/1.png"]
    assert job.endpoint_id.endswith("v4/edit")


@pytest.mark.parametrize(
    "kind",
    ["accept_drop", "accept_hang", "accept_not_json", "accept_no_id", "drop", "hang",
     "nginx_502", "html", "not_json"],
)  # fmt: skip
def test_a_submit_whose_reply_is_lost_is_never_sent_again(fal_server: FalServer, kind: str) -> None:
    fal_server.fail("submit", kind, times=None)
    with pytest.raises(SubmitUnknownError, match="It was not sent again") as caught:
        drive(submitted, submit=8.0 if "hang" in kind else PATIENT)
    assert fal_server.count("submit") == 1
    assert len(fal_server.jobs) == kind.startswith("accept")
    assert caught.value.billing == "maybe"


def test_a_lost_reply_after_a_refusal_is_not_sent_again(fal_server: FalServer) -> None:
    fal_server.fail("submit", "429")
    fal_server.fail("submit", "accept_drop", times=None)
    with pytest.raises(SubmitUnknownError):
        drive(submitted)
    assert fal_server.count("submit") == 2
    assert len(fal_server.jobs) == 1


def test_a_definite_refusal_may_be_sent_again(fal_server: FalServer) -> None:
    fal_server.fail("submit", "429", times=2)
    drive(submitted)
    assert fal_server.count("submit") == 3
    assert len(fal_server.jobs) == 1


@pytest.mark.parametrize("kind", ["502", "close", "tls"])
def test_a_connection_that_fails_before_sending_is_tried_again(
    fal_server: FalServer, kind: str
) -> None:
    fal_server.fail("connect", kind, times=2)
    drive(submitted)
    assert fal_server.count("submit") == len(fal_server.jobs) == 1


def test_not_reaching_fal_ends_and_bills_nothing(fal_server: FalServer) -> None:
    fal_server.fail("connect", "close", times=None)
    began = time.monotonic()
    with pytest.raises(BackendError, match=r"can't be reached.*nothing was sent") as caught:
        drive(submitted, unreachable=0.4)
    assert not isinstance(caught.value, SubmitUnknownError)
    assert caught.value.billing == "no"
    assert fal_server.count("submit") == 0
    assert time.monotonic() - began < 30, "fal_client alone takes 31 s"


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("503", 503), ("404", 404)])
def test_an_error_of_fal_itself_is_final_and_bills_nothing(
    fal_server: FalServer, kind: str, status: int
) -> None:
    fal_server.fail("submit", kind, times=None)
    with pytest.raises(BackendError) as caught:
        drive(submitted)
    assert not isinstance(caught.value, SubmitUnknownError)
    assert (caught.value.status_code, caught.value.billing) == (status, "no")
    assert fal_server.count("submit") == 1


def test_a_locked_account_is_told_where_to_top_up(fal_server: FalServer) -> None:
    fal_server.fail("submit", "403", times=None)
    with pytest.raises(CredentialsError, match=r"Exhausted balance.*dashboard/billing") as caught:
        drive(submitted)
    assert caught.value.status_code == 403
    assert fal_server.count("submit") == 1


def test_a_wrong_key_is_told_so_and_not_shown(
    fal_server: FalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_KEY", "wrong-key-7431")
    with pytest.raises(CredentialsError, match="does not accept the key") as caught:
        drive(submitted)
    error: BaseException | None = caught.value
    while error is not None:
        assert "7431" not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__


def test_twenty_at_once_become_twenty_jobs(fal_server: FalServer) -> None:
    async def scenario(backend: FalBackend) -> set[str]:
        prompts = [f"fox {number}" for number in range(20)]
        handles = await asyncio.gather(*(submitted(backend, Request(each)) for each in prompts))
        return {handle.request_id for handle in handles}

    assert drive(scenario) == {job.request_id for job in fal_server.jobs}
    assert len(fal_server.jobs) == 20


def answering(
    reply: dict[str, object], monkeypatch: pytest.MonkeyPatch, status: int = 200
) -> Handle | BackendError:
    """Submit to a queue on loopback that answers `reply`; return what came of it."""

    async def main() -> Handle | BackendError:
        async def handler(request: web.Request) -> web.Response:
            return web.json_response(reply, status=status)

        runner = web.AppRunner(app := web.Application(), access_log=None)
        app.router.add_route("*", "/{path:.*}", handler)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        # The one redirection fal_client has for plain http.
        monkeypatch.setattr("fal_client.client.QUEUE_URL_FORMAT", f"http://127.0.0.1:{port}/")
        backend = FalBackend(Key("id:secret"))
        try:
            return await submitted(backend, FOX)
        except BackendError as error:
            return error
        finally:
            await backend.aclose()
            await runner.cleanup()

    return asyncio.run(main())


def test_addresses_of_other_hosts_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "https://queue.fal.run.evil.example/requests/r1"
    handle = answering(
        {"request_id": "r1", "status_url": evil, "response_url": "https://user@fal.run/x",
         "cancel_url": "http://192.0.2.1/cancel"},
        monkeypatch,
    )  # fmt: skip
    assert isinstance(handle, Handle)
    for url, end in (
        (handle.status_url, "/status"),
        (handle.response_url, ""),
        (handle.cancel_url, "/cancel"),
    ):
        assert url.startswith("http://127.0.0.1:")
        assert url.endswith(f"/fal-ai/bytedance/requests/r1{end}")


def test_an_accepted_request_is_kept_when_its_addresses_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handle = answering({"request_id": "r1"}, monkeypatch)
    assert isinstance(handle, Handle)
    assert handle.status_url.endswith("/fal-ai/bytedance/requests/r1/status")


@pytest.mark.parametrize("request_id", ["../../x", "a b", "", 7, None, "x" * 200, "a/b?c"])
def test_a_request_id_that_is_none_is_unknown(
    request_id: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = dict.fromkeys(("status_url", "response_url", "cancel_url"), "https://fal.run/x")
    outcome = answering({"request_id": request_id, **reply}, monkeypatch)
    assert isinstance(outcome, SubmitUnknownError)


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_reply_that_echoes_the_key_does_not_show_it(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = answering({"detail": "bad header Key id:secret"}, monkeypatch, status)
    assert isinstance(outcome, BackendError)
    assert "bad header Key ***" in str(outcome)
    assert "id:secret" not in "".join(traceback.format_exception(outcome))


def test_the_key_goes_to_the_queue_alone(fal_server: FalServer) -> None:
    async def scenario(backend: FalBackend) -> None:
        handle = await submitted(backend)
        await watched(backend, handle)
        await backend.fetch(handle)

    drive(scenario)
    assert fal_server.hosts_with_key() == {"queue.fal.run"}


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
    with pytest.raises(RequestError, match="expire_media takes whole seconds, 60 to 1,000,000,000"):
        Policy(expire_media=seconds)  # type: ignore[arg-type]


async def queued(backend: FalBackend) -> Billing:
    return await backend.cancel(await submitted(backend))


async def running(backend: FalBackend) -> Billing:
    handle = await submitted(backend)
    async for status in backend.watch(handle):
        if isinstance(status, InProgress):
            break
    return await backend.cancel(handle)


async def finished(backend: FalBackend) -> Billing:
    handle = await submitted(backend)
    await watched(backend, handle)
    return await backend.cancel(handle)


def test_queued_is_not_billed(fal_server: FalServer) -> None:
    fal_server.settings.queue_seconds = 600
    assert drive(queued) == "no"
    assert fal_server.jobs[0].cancelled
    assert fal_server.maybe_billed == fal_server.bill == ()


def test_running_unheard_of_may_be_billed(fal_server: FalServer) -> None:
    fal_server.settings.queue_seconds, fal_server.settings.run_seconds = 0, 600

    async def scenario(backend: FalBackend) -> Billing:
        handle = await submitted(backend)
        await asyncio.to_thread(fal_server.wait, lambda s: s.jobs[0].phase == "IN_PROGRESS")
        return await backend.cancel(handle)

    assert drive(scenario) == "maybe"
    assert fal_server.maybe_billed == (fal_server.jobs[0].request_id,)


def test_running_may_be_billed(fal_server: FalServer) -> None:
    fal_server.settings.run_seconds = 600
    assert drive(running) == "maybe"
    assert fal_server.jobs[0].cancelled


def test_finished_is_billed(fal_server: FalServer) -> None:
    assert drive(finished) == "yes"
    assert len(fal_server.bill) == 1


def test_unknown_may_be_billed(fal_server: FalServer) -> None:
    handle = Handle("never-existed", FOX.endpoint.id)
    assert drive(lambda backend: backend.cancel(handle)) == "maybe"


@pytest.mark.parametrize("kind", ["drop", "hang", "500"])
def test_a_cancel_that_does_not_arrive_says_so(fal_server: FalServer, kind: str) -> None:
    fal_server.fail("cancel", kind, times=None)
    with pytest.raises(BackendError) as caught:
        drive(queued, call=0.3)
    assert caught.value.request_id == fal_server.jobs[0].request_id


def test_watching_a_cancelled_request_tells_so(fal_server: FalServer) -> None:
    fal_server.settings.run_seconds = 600

    async def scenario(backend: FalBackend) -> None:
        handle = await submitted(backend)
        await backend.cancel(handle)
        await watched(backend, handle)

    with pytest.raises(BackendError, match="was cancelled at fal") as caught:
        drive(scenario)
    assert caught.value.error_type == "client_cancelled"


@pytest.mark.slow
@pytest.mark.parametrize("error", [RuntimeError("no more threads"), ValueError("a bad part")])
def test_any_trouble_before_the_first_byte_is_not_billed(
    fal_server: FalServer, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise error

    async def work(backend: FalBackend) -> None:
        await backend._open()
        monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", refuse)
        with pytest.raises(BackendError, match="nothing was sent") as caught:
            await submitted(backend)
        assert caught.value.billing == "no"

    drive(work)
    assert fal_server.count("submit") == 0

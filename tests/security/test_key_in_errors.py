"""What debuggers and crash reporters see of a failure: every frame's variables, never the key."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seedream_widgets.backends.fal import FalBackend, Limits
from seedream_widgets.backends.fal.errors import Explainer
from seedream_widgets.credentials import Key
from seedream_widgets.errors import BackendError, SeedreamError
from seedream_widgets.images import ImageInput
from seedream_widgets.jobs.client import Client
from seedream_widgets.values.request import Request
from tests.backends.fal.drive import FOX, QUICK, drive, submitted, watched
from tests.fal_server import FalServer, Settings, replies
from tests.image_files import drawing, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from tests.fal_server import Authority

FIRST, SECOND = "7c1f9b34-52ae-4d0c-9e61", "f3d20a8871be4c569d0b"
KEY = f"{FIRST}:{SECOND}"
SAYS = f"bad header Authorization: Key {KEY}"
PNG = encoded(drawing(), "PNG")
IMAGE = ImageInput.from_data(PNG, "image/png", (64, 48), "fox.png", None)
TESTS = Path(__file__).parents[1]
LIMITS = {
    **{"patience": 0.2, "call": 0.2, "answer": 0.2, "upload": 0.4, "submit": 0.3},
    **{"unreachable": 0.2, "first_event": 0.3, "silence": 0.4},
}


@pytest.fixture
def fal(fal_authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    settings = Settings(key=KEY, logs=(SAYS,), run_seconds=0.1)
    with FalServer(settings, authority=fal_authority) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
        yield server
    assert server.errors == ()


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that a traceback shows of what led to it."""
    pending, seen = [error], set()
    while pending:
        error = pending.pop()
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            yield error
            pending += [error.__cause__, None if error.__suppress_context__ else error.__context__]


def seen_by_a_debugger(error: BaseException) -> str:
    """Return messages, attributes and every local variable of every frame, as text."""
    told: list[str] = []
    for each in chain(error):
        told.append(f"{each!r} {each} {vars(each)!r}")
        for frame, _ in traceback.walk_tb(each.__traceback__):
            code = frame.f_code
            if not code.co_filename.startswith(str(TESTS)):
                shown = [f"{name} = {_repr(value)}" for name, value in frame.f_locals.items()]
                told += [f"{code.co_filename} {code.co_name}", *shown]
    return "\n".join(told)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(error).__name__}>"


def check(text: str) -> None:
    for part in (FIRST, SECOND):
        at = text.find(part)
        assert at < 0, text[max(0, at - 600) : at + 80]


async def upload(backend: FalBackend) -> str:
    return await backend.upload(IMAGE)


async def to_the_end(backend: FalBackend) -> None:
    handle = await submitted(backend)
    await watched(backend, handle)
    await backend.fetch(handle)


async def cancel(backend: FalBackend) -> None:
    await backend.cancel(await submitted(backend))


CASES = [
    *(("submit", kind) for kind in ("drop", "hang", "html", "half", "accept_drop",
                                    "accept_not_json", "500", "401", "elsewhere")),
    *(("stream cut, then status", kind) for kind in ("401", "404", "drop", "html")),
    *(("stream", kind) for kind in ("drop", "hang", "garbage", "half")),
    *(("result", kind) for kind in ("401", "half", "wrong_shape", "500")),
    *(("cancel", kind) for kind in ("401", "hang", "500")),
    *(("token", kind) for kind in ("401", "drop", "half")),
    *(("upload", kind) for kind in ("drop", "500")),
    *(("initiate", kind) for kind in ("401", "not_json")),
    *(("connect", kind) for kind in ("502", "close", "tls")),
]  # fmt: skip


@pytest.mark.parametrize(("point", "kind"), CASES)
def test_no_frame_of_a_failure_shows_it(
    fal: FalServer, point: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    then_status = point == "stream cut, then status"
    if then_status:
        fal.fail("stream", "cut", times=None)
        point = "status"
    if point in ("token", "upload"):  # else fal_client's way round would help
        fal.fail("initiate", "500", times=None)
    if point == "initiate":
        fal.fail("token", "500", times=None)
    if point == "stream":
        fal.fail("status", "404", times=None)
    fal.fail(point, kind, times=None)
    work: Any = {"cancel": cancel}.get(point, to_the_end)
    if point in ("token", "upload", "initiate"):
        work = upload
    with pytest.raises(SeedreamError) as caught:
        drive(work, **LIMITS)
    told = seen_by_a_debugger(caught.value)
    assert "self = " in told
    check(told)
    check(caplog.text)


@pytest.mark.parametrize("status", [400, 403, 422, 500])
def test_a_reply_that_says_it_shows_it_nowhere(
    fal: FalServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    entry = {"loc": ["body", KEY], "msg": SAYS, "type": KEY, "url": SAYS, "ctx": {KEY: SAYS}}
    body = {"detail": [entry], "error_type": KEY, "key": KEY}
    monkeypatch.setitem(replies.ERRORS, "418", (status, body))
    fal.fail("submit", "418")
    with pytest.raises(SeedreamError) as caught:
        drive(submitted)
    check(seen_by_a_debugger(caught.value))
    if isinstance(caught.value, BackendError):
        assert "***" in f"{vars(caught.value)}"


def test_an_output_that_says_it_shows_it_nowhere(fal: FalServer, tmp_path: Path) -> None:
    with_key = {"key": KEY, KEY: [SAYS, {"a": f"https://a.example/?key={KEY}"}]}

    async def scenario(backend: FalBackend) -> None:
        handle = await submitted(backend)
        await watched(backend, handle)
        (job,) = fal.jobs
        assert job.output is not None
        (image,) = job.output["images"]
        job.output = {
            **job.output,
            **with_key,
            "images": [image | {"url": image["url"] + f"?{KEY}"}],
        }
        output = await backend.fetch(handle)
        assert output.extra is not None
        assert output.extra["key"] == "***"
        assert output.files[0].url.endswith("?***")
        check(f"{output!r}{pickle.dumps(output, protocol=0)!r}")
        job.output = {"images": [{"url": f"http://{KEY}"}]}
        with pytest.raises(SeedreamError) as caught:
            await backend.fetch(handle)
        check(seen_by_a_debugger(caught.value))

    drive(scenario)


def test_a_key_that_is_escaped_or_cut_is_still_one(fal: FalServer) -> None:
    explain = Explainer(Key(KEY))
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    check(str(explain.hide_in(json.loads(f'{{"{escaped}": ["{escaped}"]}}'))))
    for half in (FIRST, SECOND, KEY.replace(":", "%3A")):
        check(explain.clean(f"bad header Authorization: Key {half}"))
        assert explain.cause(ValueError(f"Key {half}")) is None
    assert FIRST[:8] not in explain.clean(" " * (20 * 300 - 10) + KEY)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        explain.hide_in(deep)


@pytest.mark.parametrize("stream", ["new", None])
def test_logs_that_say_it(fal: FalServer, stream: str | None) -> None:
    if stream is None:
        fal.fail("stream", "404", times=None)

    async def scenario(backend: FalBackend) -> None:
        statuses = await watched(backend, await submitted(backend))
        assert "Authorization: Key ***" in f"{statuses!r}"
        check(f"{statuses!r}")

    drive(scenario)


def test_an_upload_on_its_way_shows_it_to_no_debugger(fal: FalServer) -> None:
    """Nothing strips the frames of an error that nobody foresaw."""
    fal.fail("upload", "hang")

    async def scenario(backend: FalBackend) -> list[str]:
        uploading = asyncio.create_task(upload(backend))
        await asyncio.to_thread(fal.wait, lambda server: server.count("upload"))
        told = [
            f"{frame.f_code.co_name} {frame.f_locals!r}"
            for task in asyncio.all_tasks()
            for frame in frames(task.get_coro())
            if not frame.f_code.co_filename.startswith(str(TESTS))
        ]
        uploading.cancel()
        return told

    told = drive(scenario)
    assert [each for each in told if each.startswith("upload ") and "AuthCredentials" in each]
    check("\n".join(told))


def frames(awaited: Any) -> Iterator[FrameType]:
    """Yield the frames of a coroutine and of what it waits for."""
    while getattr(awaited, "cr_frame", None):
        yield awaited.cr_frame
        awaited = awaited.cr_await


def test_all_that_is_public_keeps_it_to_itself(fal: FalServer, tmp_path: Path) -> None:
    client = Client(library=tmp_path)
    job = client.submit(Request("fox", image_size=(960, 960)))
    result = job.result(60)
    things = [client, job, result, result.receipt, client.backend, Key(KEY), FOX, Limits(), QUICK,
              client.budget, client.prices, client.library, client._policy]  # fmt: skip
    client.close()
    for thing in things:
        held = [getattr(thing, name, None) for name in dir(thing) if not name.startswith("__")]
        values = dict(getattr(thing, "__dict__", {}))
        open_to_all = [each for each in held if not (isinstance(thing, Key) and each == KEY)]
        check(f"{thing!r} {thing!s} {thing:}" + _repr(values) + _repr(open_to_all))
        with suppress(Exception):
            check(repr(pickle.dumps(thing, protocol=0)))
    check("".join(path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*.json")))

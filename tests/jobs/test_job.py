"""Waiting for a job, awaiting it, hearing of it."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import threading
from concurrent.futures import FIRST_COMPLETED, as_completed, wait

import pytest

from seedream_widgets.errors import BackendError, JobCancelled, JobTimeout, SeedreamError
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.engine import shared
from seedream_widgets.testing import LOGS, ScriptedBackend
from seedream_widgets.values.request import Request
from seedream_widgets.values.status import Completed, InProgress, Log, Preparing, Queued
from tests.scripted import SECONDS, kinds, started, until


@pytest.fixture
def held(tmp_path):
    """A job that waits in its model, and its backend."""
    backend = ScriptedBackend(hold=["completed"])
    job = started(backend, tmp_path)
    backend.wait_for("completed")
    until(lambda: isinstance(job.status, InProgress))
    yield job, backend
    backend.release("completed")
    job.result(SECONDS)


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_a_time_out_stops_waiting_only(held, timeout):
    job, backend = held
    with pytest.raises(JobTimeout, match=r"no result after .* \(generating\); the job goes on"):
        job.result(timeout)
    assert not job.done
    backend.release("completed")
    assert len(job.result(SECONDS)) == 1
    assert backend.count("cancel") == 0


def test_before_its_end(held):
    job, _ = held
    assert (job.done, job.error, job.finished) == (False, None, None)
    assert (job.request_id, job.logs) == ("r1", LOGS[:2])
    assert repr(job) == "<Job generating: 'a fox'>"


def test_after_its_end(tmp_path):
    job = started(ScriptedBackend(), tmp_path)
    result = job.result(SECONDS)
    assert job.result() is job.result(0) is result
    assert job.done
    assert job.error is None
    assert not job.cancel()
    moments = [moment for moment, _ in job.history]
    assert moments == sorted(moments)
    assert (moments[0], moments[-1]) == (job.created, job.finished)


def test_its_error_is_raised_each_time(tmp_path):
    error = BackendError("broken")
    job = started(ScriptedBackend(errors={"fetch": error}), tmp_path)
    for _ in range(2):
        with pytest.raises(BackendError):
            job.result(SECONDS)
    assert job.error is error


def test_await_on_two_loops(tmp_path):
    job = started(ScriptedBackend(), tmp_path)

    async def wait():
        return await job

    assert asyncio.run(wait()) is asyncio.run(wait()) is job.result()


def test_awaiting_raises_its_error(tmp_path):
    job = started(ScriptedBackend(errors={"submit": BackendError("broken")}), tmp_path)

    async def wait():
        await job

    with pytest.raises(BackendError, match="broken"):
        asyncio.run(wait())


def test_gathered_while_the_loop_stays_free(tmp_path):
    backend = ScriptedBackend(hold=["completed"])

    async def main():
        jobs = [started(backend, tmp_path) for _ in range(5)]
        waiting = asyncio.gather(*jobs)
        await asyncio.sleep(0.02)
        backend.release("completed")
        return await waiting

    assert [len(result) for result in asyncio.run(main())] == [1] * 5


@pytest.mark.parametrize("give_up", ["wait_for", "cancel"])
def test_giving_up_an_await_leaves_the_job(held, give_up):
    job, backend = held

    async def main():
        if give_up == "wait_for":
            await asyncio.wait_for(job, 0.02)
        waiting = asyncio.ensure_future(job)
        await asyncio.sleep(0.02)
        waiting.cancel()
        await waiting

    with pytest.raises((asyncio.TimeoutError, asyncio.CancelledError)):
        asyncio.run(main())
    assert not job.done
    assert not job._cancelling
    assert backend.count("cancel") == 0


def test_waiting_on_the_engine_itself_is_refused(held):
    job, _ = held

    async def inside():
        job.result()

    with pytest.raises(SeedreamError, match="use await job here"):
        shared().start(inside()).result(SECONDS)


def test_an_await_on_the_engine_itself_works(tmp_path):
    job = started(ScriptedBackend(), tmp_path)

    async def inside():
        return await job

    assert shared().start(inside()).result(SECONDS) is job.result()


def test_callbacks_hear_each_change_and_may_take_the_result(held):
    job, backend = held
    heard, threads, results = [], set(), []

    def callback(told):
        heard.append(told.status.kind)
        threads.add(threading.current_thread().name)
        if told.done:
            results.append(told.result())

    job.on_update(callback)
    backend.release("completed")
    until(lambda: results)
    assert heard == [*["fetching"] * 3, "completed"]
    assert heard == kinds(job)[-4:]
    assert results == [job.result()]
    assert threads == {"seedream-engine"}


def test_a_callback_can_be_taken_away(held):
    job, backend = held
    heard, kept = [], []
    stop = job.on_update(heard.append)
    job.on_update(lambda told: kept.append(told.done))
    stop()
    stop()
    backend.release("completed")
    until(lambda: True in kept)
    assert heard == []


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
def test_an_error_in_a_callback_is_logged_and_harms_nothing(held, kind, caplog):
    job, backend = held
    heard = []

    def broken(_):
        raise kind

    job.on_update(broken)
    job.on_update(lambda told: heard.append(told.done))
    with caplog.at_level(logging.ERROR):
        backend.release("completed")
        assert len(job.result(SECONDS)) == 1
        until(lambda: True in heard)
    assert f"a callback of job {job.id} failed" in caplog.text


def test_a_callback_may_cancel(tmp_path):
    backend = ScriptedBackend(hold=["queued", "in_progress"])
    job = started(backend, tmp_path)
    backend.wait_for("queued")  # all earlier changes are past: the callback hears of one later on
    job.on_update(lambda told: told.cancel())
    backend.release("queued")  # the next step is held: it can't finish before the cancel comes
    with pytest.raises(SeedreamError, match="cancelled"):
        job.result(SECONDS)


def test_the_same_status_is_told_once(tmp_path):
    backend = ScriptedBackend()
    backend.statuses = (Queued(1), Queued(1), Queued(0), InProgress(), InProgress(), Completed())
    job = started(backend, tmp_path)
    job.result(SECONDS)
    told = [status for _, status in job.history]
    assert told[:6] == [Preparing(), Queued(), Queued(1), Queued(0), InProgress(), told[5]]
    assert kinds(job).count("in_progress") == 1


def test_logs_stay_when_a_later_status_brings_none(tmp_path):
    backend = ScriptedBackend()
    backend.statuses = (InProgress((Log("one"),)), InProgress(), Completed())
    job = started(backend, tmp_path)
    job.result(SECONDS)
    assert job.logs == (Log("one"),)
    assert job.status == Completed((Log("one"),))


def test_a_job_is_a_future_for_those_who_wait_for_many(held, tmp_path):
    job, backend = held
    quick = started(ScriptedBackend(), tmp_path / "quick")
    done, waiting = wait([job.future, quick.future], SECONDS, FIRST_COMPLETED)
    assert (done, waiting) == ({quick.future}, {job.future})
    backend.release("completed")
    assert {*as_completed([job.future, quick.future], SECONDS)} == {job.future, quick.future}
    assert job.future.result(SECONDS) is job.result()


def test_cancelling_the_future_does_not_pretend(held):
    job, backend = held
    assert not job.future.cancel()
    assert not job.future.cancelled()
    backend.release("completed")
    assert len(job.future.result(SECONDS)) == 1
    assert backend.count("cancel") == 0


def test_a_cancelled_job_s_future_has_its_error(tmp_path):
    backend = ScriptedBackend(hold=["completed"])
    job = started(backend, tmp_path)
    backend.wait_for("completed")
    job.cancel()
    assert isinstance(job.future.exception(SECONDS), JobCancelled)


def test_a_callback_of_the_future_is_called_once_it_is_done_and_harms_nothing(
    held, tmp_path, caplog
):
    job, backend = held
    seen = []

    def leave(future):
        seen.append((job.done, len(future.result(0))))
        raise SystemExit

    job.future.add_done_callback(leave)
    backend.release("completed")
    until(lambda: seen)
    assert seen == [(True, 1)]
    assert len(started(ScriptedBackend(), tmp_path / "next").result(SECONDS)) == 1
    assert "a callback of a job's future failed" in caplog.text


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_job_and_a_client_are_not_copied(copied, tmp_path):
    client = Client(ScriptedBackend(), library=tmp_path)
    job = client.submit(Request("a fox"))
    with pytest.raises(TypeError, match=r"job\.result\(\) instead"):
        copied(job)
    with pytest.raises(TypeError, match="stays in its process"):
        copied(client)
    assert job.result(60)

"""From a request to a result, and every way it can end early."""

from __future__ import annotations

import gc
import threading
import time

import pytest

from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.errors import (
    BackendError,
    ContentRejectedError,
    CredentialsError,
    JobCancelled,
    RequestError,
    ResultError,
    SubmitUnknownError,
)
from seedream_widgets.images.growing import Growing
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.engine import shared
from seedream_widgets.library import Library
from seedream_widgets.library.journal import Journal
from seedream_widgets.testing import LOGS, ScriptedBackend, picture
from seedream_widgets.values.request import Request
from seedream_widgets.values.status import Cancelled, Completed, Failed, Fetching, Preparing
from tests.scripted import SECONDS, kinds, started, until

STEPS = ("upload", "submit", "queued", "in_progress", "completed", "fetch", "download")
URL = "https://example.org/fox.png"


def cancelled(job):
    with pytest.raises(JobCancelled) as caught:
        job.result(SECONDS)
    assert job.status == Cancelled(caught.value.billing)
    return caught.value


def test_the_steps_in_order(tmp_path):
    backend = ScriptedBackend(images=2)
    job = started(backend, tmp_path, images=[picture(1), URL, picture(2)], seed=3)
    result = job.result(SECONDS)
    steps = [step for step, _ in backend.calls]
    assert steps == [
        *("upload", "upload", "submit", "queued", "in_progress", "completed", "fetch"),
        *("download", "download"),
    ]
    one, two = (f"https://up.test/{job.request.images[n].sha256[:8]}" for n in (0, 2))
    assert dict(backend.calls)["submit"] == [one, URL, two]
    assert kinds(job) == [
        *["preparing"] * 4, *["queued"] * 2, "in_progress", *["fetching"] * 4, "completed",
    ]  # fmt: skip
    assert [s for _, s in job.history if isinstance(s, Preparing)][1:] == [
        Preparing(uploaded, 2) for uploaded in (0, 1, 2)
    ]
    assert [s for _, s in job.history if isinstance(s, Fetching)] == [
        Fetching(),
        *(Fetching(fetched, 2) for fetched in (0, 1, 2)),
    ]
    assert (result.request_id, result.seed, result.backend) == ("r1", 7, "scripted")
    assert job.logs == LOGS  # the last line came with Completed
    assert job.status == Completed(LOGS)


def test_the_files_are_the_bytes_that_came(tmp_path):
    backend = ScriptedBackend(images=3)
    result = started(backend, tmp_path).result(SECONDS)
    for number, file in enumerate(result.files, 1):
        assert file.path.name == f"{number}.png"
        assert file.path.read_bytes() == backend.bytes[file.url]
    assert len({file.read_bytes() for file in result.files}) == 3
    folder = result.files[0].path.parent
    assert {path.name for path in folder.iterdir()} == {"1.png", "2.png", "3.png", "receipt.json"}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_timings_add_up(tmp_path):
    backend = ScriptedBackend(hold=["in_progress", "completed"])
    job = started(backend, tmp_path)
    backend.wait_for("in_progress")
    time.sleep(0.1)
    backend.release("in_progress")
    backend.wait_for("completed")
    time.sleep(0.2)
    backend.release("completed")
    timings = job.result(SECONDS).timings
    assert timings.queue >= 0.05
    assert timings.generation >= 0.1
    assert timings.total >= timings.queue + timings.generation + timings.fetch
    assert timings.total <= job.finished - job.created + 0.01


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "error",
    [
        BackendError("broken", billing="no"),
        ContentRejectedError("refused"),
        SubmitUnknownError("lost", billing="maybe"),
        CredentialsError("no key"),
        RequestError("wrong", field="prompt"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_ours_ends_the_job(tmp_path, step, error):
    job = started(ScriptedBackend(errors={step: error}), tmp_path, images=picture())
    with pytest.raises(type(error)) as caught:
        job.result(SECONDS)
    assert caught.value is error is job.error
    assert job.status == Failed(error)


@pytest.mark.parametrize(
    ("step", "billing"), [(s, "no" if s == "upload" else "maybe") for s in STEPS]
)
def test_an_unexpected_error_ends_the_job(tmp_path, step, billing):
    cause = LookupError("a bug")
    backend = ScriptedBackend(name="fal", errors={step: cause})
    job = started(backend, tmp_path, images=picture())
    with pytest.raises(BackendError, match=r"unexpected LookupError \(a bug\)") as caught:
        job.result(SECONDS)
    assert caught.value.__cause__ is cause
    assert caught.value.billing == billing
    assert caught.value.request_id == (None if step in ("upload", "submit") else "r1")


@pytest.mark.parametrize("step", ["upload", "submit", "queued", "fetch", "download"])
@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_a_backend_that_ends_its_thread_ends_its_job_alone(tmp_path, step, error):
    other = started(ScriptedBackend(hold=["queued"]), tmp_path / "other")
    job = started(ScriptedBackend(errors={step: error}), tmp_path, images=picture())
    with pytest.raises(BackendError, match=f"unexpected {type(error).__name__}"):
        job.result(SECONDS)
    shared().loop.call_soon_threadsafe(other.cancel)
    assert cancelled(other)


def test_jobs_that_fail_with_one_error_each_come_to_their_own_end(tmp_path, caplog):
    same = BackendError("the upload that all of them share did not arrive", billing="no")
    client = Client(ScriptedBackend("fal", errors={"submit": same}), library=tmp_path)
    gc.collect()  # what earlier tests left is told now
    caplog.clear()
    jobs = [client.submit(Request(f"fox {number}")) for number in range(30)]
    for job in jobs:
        with pytest.raises(BackendError, match="all of them share"):
            job.result(SECONDS)
    assert len(list(client.library._journal.ended())) == 30  # written before a job ends
    del jobs, job
    gc.collect()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("error", [LookupError("a bug"), SystemExit(1)])
def test_a_backend_that_fails_to_forget_ends_the_job_all_the_same(tmp_path, error):
    gone = BackendError("gone", error_type="file_download_error", billing="no", status_code=422)
    backend = ScriptedBackend("fal", errors={"fetch": gone, "forget": error})
    job = started(backend, tmp_path, images=[picture(1), picture(2)])
    with pytest.raises(BackendError, match="gone"):
        job.result(SECONDS)
    assert backend.count("forget") == 2
    assert Library(tmp_path)._journal.pending() == []


def test_no_image_is_an_error(tmp_path):
    job = started(ScriptedBackend(images=0), tmp_path)
    with pytest.raises(ResultError, match="without an image"):
        job.result(SECONDS)


@pytest.mark.parametrize("data", [b"", b"<html>", picture()[:20], picture(kind="PPM")])
def test_bytes_that_are_no_image_are_kept_and_told(tmp_path, data):
    backend = ScriptedBackend()
    backend.bytes["https://files.test/r1/0"] = data
    with pytest.raises(ResultError, match="Pillow can't read the file that fal sent") as caught:
        started(backend, tmp_path).result(SECONDS)
    assert caught.value.billing == "yes"
    assert " at 0x" not in str(caught.value)
    (kept,) = tmp_path.glob(".staging/*/1")
    assert kept.read_bytes() == data


class Cut(ScriptedBackend):
    """Sends the first so many downloads cut, each a little longer than the last one."""

    def __init__(self, times, kind="PNG", **given):
        super().__init__(**given)
        self.times, self.whole = times, picture(1, (200, 150), kind)

    async def download(self, file, target, arriving=None):
        at = self.count("download") + 1
        self.bytes[file.url] = self.whole[: -60 + at] if at <= self.times else self.whole
        await super().download(file, target, arriving)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_file_that_fal_sends_cut_is_fetched_once_more(tmp_path, kind):
    backend = Cut(1, kind)
    result = started(backend, tmp_path).result(SECONDS)
    (file,) = result.files
    assert (file.read_bytes(), result.note) == (backend.whole, None)
    assert backend.count("download") == 2
    assert {path.name for path in file.path.parent.iterdir()} == {file.path.name, "receipt.json"}


def test_a_file_that_stays_cut_is_kept_and_told(tmp_path):
    backend = Cut(9)
    result = started(backend, tmp_path).result(SECONDS)
    (file,) = result.files
    assert file.read_bytes() == backend.whole[:-59]
    assert result.note == (
        "1.png is not whole: fal's file ends too early, and did so once more when it was fetched "
        "again. What came of it is kept"
    )
    assert backend.count("download") == 2
    assert {path.name for path in file.path.parent.iterdir()} == {"1.png", "receipt.json"}


@pytest.mark.parametrize("error", [ResultError("gone", billing="yes"), OSError("full"), "garbage"])
def test_where_it_can_not_be_fetched_again_what_came_is_kept(tmp_path, error):
    class Worse(Cut):
        async def download(self, file, target, arriving=None):
            if self.count("download") == 0:
                await super().download(file, target, arriving)
            elif error == "garbage":
                target.write_bytes(b"<html>")
            else:
                raise error

    result = started(Worse(9), tmp_path).result(SECONDS)
    (file,) = result.files
    assert file.read_bytes() == Worse(9).whole[:-59]
    assert "1.png is not whole" in result.note
    assert {path.name for path in file.path.parent.iterdir()} == {"1.png", "receipt.json"}


def test_a_cut_file_inside_the_reply_is_not_asked_for_again(tmp_path):
    class Inside(Cut):
        async def fetch(self, handle):
            return Output((OutputFile("data:image/png;base64,AAAA"),), seed=7)

    backend = Inside(9)
    result = started(backend, tmp_path).result(SECONDS)
    assert backend.count("download") == 1
    assert result.note == ("1.png is not whole: fal's file ends too early. What came of it is kept")


def test_a_failed_download_waits_for_the_others(tmp_path):
    class Uneven(ScriptedBackend):
        async def download(self, file, target, arriving=None):
            if file.url.endswith("/0"):
                raise ResultError("gone")
            await super().download(file, target)

    backend = Uneven(images=2, hold=["download"])
    job = started(backend, tmp_path)
    backend.wait_for("download")
    assert not job.done
    backend.release("download")
    with pytest.raises(ResultError, match="gone"):
        job.result(SECONDS)


@pytest.mark.parametrize(("images", "given"), [(1, [0]), (2, [0, 1]), (3, [])])
def test_few_files_are_shown_while_they_come_to_who_asks(tmp_path, images, given):
    class Showing(ScriptedBackend):
        async def download(self, file, target, arriving=None):
            if arriving is not None:
                arriving(Growing())
            await super().download(file, target)

    backend, seen = Showing(images=images, hold=["fetch"]), []
    job = started(backend, tmp_path)
    backend.wait_for("fetch")
    job._arriving = lambda index, growing: seen.append(index)
    backend.release("fetch")
    job.result(SECONDS)
    assert sorted(seen) == given


def test_files_are_shown_to_nobody_else(tmp_path):
    class Showing(ScriptedBackend):
        async def download(self, file, target, arriving=None):
            assert arriving is None
            await super().download(file, target)

    started(Showing(), tmp_path).result(SECONDS)


def test_cancelled_before_it_starts_it_is_never_sent(tmp_path):
    backend, busy = ScriptedBackend(), threading.Event()
    shared().loop.call_soon_threadsafe(busy.wait, SECONDS)
    job = started(backend, tmp_path)
    assert job.cancel()
    busy.set()
    assert cancelled(job).billing == "no"
    assert backend.calls == []


class SlowJournal(Journal):
    """A journal on a disk that keeps a first entry waiting."""

    def __init__(self, folder):
        super().__init__(folder)
        self.reached, self.go = threading.Event(), threading.Event()

    def plan(self, entry):
        self.reached.set()
        self.go.wait(SECONDS)
        return super().plan(entry)


def test_cancelled_while_it_is_written_down_it_leaves_nothing_pending(tmp_path):
    backend, library = ScriptedBackend("fal"), Library(tmp_path)
    library._journal = journal = SlowJournal(tmp_path)
    job = Client(backend, library=library).submit(Request("a fox", images=[picture(1)]))
    assert journal.reached.wait(SECONDS)
    job.cancel()
    until(lambda: job._cancelling)
    time.sleep(0.05)
    journal.go.set()
    assert cancelled(job).billing == "no"
    assert backend.calls == []
    assert journal.pending() == []
    assert [entry.step for entry in journal.ended()] == ["cancelled"]


def test_cancelled_while_uploading_it_is_never_sent(tmp_path):
    backend = ScriptedBackend(hold=["upload"])
    job = started(backend, tmp_path, images=picture())
    backend.wait_for("upload")
    job.cancel()
    assert cancelled(job).billing == "no"
    assert backend.count("submit") == backend.count("cancel") == 0


def test_a_submit_in_flight_is_waited_for_then_cancelled(tmp_path):
    backend = ScriptedBackend(hold=["submit"])
    job = started(backend, tmp_path)
    backend.wait_for("submit")
    assert all(job.cancel() for _ in range(3))
    time.sleep(0.05)
    assert not job.done
    backend.release("submit")
    assert cancelled(job).billing == "no"
    assert [step for step, _ in backend.calls] == ["submit", "cancel"]
    assert job.request_id == "r1"


def test_a_submit_that_fails_while_being_cancelled_tells_why(tmp_path):
    lost = SubmitUnknownError("lost", billing="maybe")
    backend = ScriptedBackend(hold=["submit"], errors={"submit": lost})
    job = started(backend, tmp_path)
    backend.wait_for("submit")
    job.cancel()
    backend.release("submit")
    with pytest.raises(SubmitUnknownError):
        job.result(SECONDS)
    assert backend.count("cancel") == 0


@pytest.mark.parametrize("step", ["queued", "in_progress", "completed"])
@pytest.mark.parametrize("billing", ["no", "maybe"])
def test_cancelled_at_the_backend(tmp_path, step, billing):
    backend = ScriptedBackend(hold=[step], billing=billing)
    job = started(backend, tmp_path)
    backend.wait_for(step)
    assert job.cancel()
    assert cancelled(job).billing == billing
    assert backend.count("submit") == backend.count("cancel") == 1
    assert not job.cancel()


@pytest.mark.parametrize("step", ["in_progress", "fetch", "download"])
def test_a_job_that_finished_first_keeps_its_result(tmp_path, step):
    # fal answers "yes", or no longer knows it once it is complete: "maybe".
    billing = "yes" if step == "in_progress" else "maybe"
    backend = ScriptedBackend("fal", hold=[step], billing=billing)
    job = started(backend, tmp_path)
    backend.wait_for(step)
    job.cancel()
    backend.wait_for("cancel")
    backend.release(step)
    assert len(job.result(SECONDS)) == 1
    assert isinstance(job.status, Completed)


@pytest.mark.parametrize(
    "error", [BackendError("not reached"), CredentialsError("key revoked")], ids=type
)
def test_a_cancel_that_fails_may_be_asked_again(tmp_path, error, caplog):
    backend = ScriptedBackend(hold=["completed"], errors={"cancel": error})
    job = started(backend, tmp_path)
    for times in (1, 2):
        backend.wait_for("completed", times)
        job.cancel()
        backend.wait_for("cancel", times)
        until(lambda: not job._cancelling)
    assert not job.done
    assert str(error) in caplog.text
    backend.wait_for("completed", 3)
    backend.errors.clear()
    job.cancel()
    assert cancelled(job).billing == "no"
    assert backend.count("submit") == 1
    seen = kinds(job)
    assert seen[:3] == ["preparing", "queued", "queued"]


def test_a_job_goes_on_after_a_failed_cancel(tmp_path):
    backend = ScriptedBackend(hold=["completed"], errors={"cancel": BackendError("no net")})
    job = started(backend, tmp_path)
    backend.wait_for("completed")
    job.cancel()
    backend.wait_for("completed", 2)
    backend.release("completed")
    assert len(job.result(SECONDS)) == 1


def test_an_unexpected_error_while_cancelling_ends_the_job(tmp_path):
    backend = ScriptedBackend(hold=["completed"], errors={"cancel": LookupError("a bug")})
    job = started(backend, tmp_path)
    backend.wait_for("completed")
    job.cancel()
    with pytest.raises(BackendError, match="unexpected LookupError"):
        job.result(SECONDS)


def test_twenty_jobs_at_once(tmp_path):
    backend = ScriptedBackend(hold=["completed"], images=2)
    client = Client(backend, library=tmp_path)
    jobs = [client.submit(Request(f"fox {n}")) for n in range(20)]
    backend.wait_for("completed", 20)
    assert not any(job.done for job in jobs)
    backend.release("completed")
    assert [len(job.result(SECONDS)) for job in jobs] == [2] * 20
    assert len({file.path for job in jobs for file in job.result().files}) == 40
    assert client.jobs == tuple(reversed(jobs))

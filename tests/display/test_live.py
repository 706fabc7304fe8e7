"""Progress while a call blocks, and jobs that show themselves, in a real kernel."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time

import pytest

import seedream_widgets as sd
from seedream_widgets.display import live
from seedream_widgets.display.live import follow, job_html
from seedream_widgets.errors import BackendError
from seedream_widgets.testing import ScriptedBackend
from tests.kernel import kernel
from tests.scripted import SECONDS, started, until

FOX = "sd.generate('a red fox', image_size=(1024, 1024), seed=1)"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    with kernel(tmp_path_factory.mktemp("home")) as running:
        running.run("import seedream_widgets as sd")
        yield running


@pytest.fixture
def held(book):
    """The kernel, while its jobs wait for `RELEASE` before they end."""
    book.run(HOLD)
    yield book
    book.run(f"jobs = sd.jobs(); replace_default_client(None); {RELEASE}")


@pytest.fixture
def shown(held):
    """The same, but each job ends once the first card is shown."""
    held.run(RELEASED_AS_SHOWN)
    return held


HOLD = """
from seedream_widgets.api import replace_default_client
from seedream_widgets.testing import ScriptedBackend
backend = ScriptedBackend("offline", hold=["completed"])
replace_default_client(sd.Client(backend))
"""
RELEASE = "backend.release('completed'); ended = [job.future.exception() for job in jobs]"
SLOW = "sd.generate('an owl', image_size=(1024, 1024))"
RELEASED_AS_SHOWN = """
publisher = type(get_ipython().display_pub)
def publish(self, *args, _publish=publisher.publish, **kwargs):
    publisher.publish = _publish
    _publish(self, *args, **kwargs)
    backend.release("completed")
publisher.publish = publish
"""


def test_the_result_stands_in_the_place_of_the_card_and_not_twice(shown):
    outputs = shown.run(SLOW)
    (card,) = [output for output in outputs if output["kind"] == "display_data"]
    assert "<img" in card["data"]["text/html"]
    (result,) = [output for output in outputs if output["kind"] == "execute_result"]
    assert "<img" not in str(result["data"])


VIEW = "application/vnd.jupyter.widget-view+json"


def test_while_it_runs_the_card_is_a_widget_with_html_beside_it(shown):
    seen = []
    outputs = shown.run(SLOW, seen)
    running = [data for data in seen if VIEW in data]
    assert len(running) == 1
    assert "an owl" in running[0]["text/html"]
    assert "Interrupt the cell to stop waiting." in running[0]["text/html"]
    assert all(VIEW not in output["data"] for output in outputs)


def test_a_failed_call_leaves_a_card_and_its_sentence_once(shown):
    shown.run("backend.errors['completed'] = sd.ContentRejectedError('a safety checker says no')")
    card, error = shown.run(SLOW)
    assert VIEW not in card["data"]
    assert "an owl" in card["data"]["text/html"]
    assert "Failed" in card["data"]["text/html"]
    assert "safety checker" not in card["data"]["text/html"]
    assert "safety checker" in "".join(error["traceback"])


def test_unseen_kernels_make_no_widget(book):
    seen = []
    book.run(FOX.replace("seed=1", "seed=15"), seen, unseen=True)
    assert seen
    assert all(VIEW not in data for data in seen)


TOLD = ["KeyboardInterrupt", "  this cell, line 1", f"    {SLOW}"]


def test_after_an_interrupt_the_card_lives_on(held):
    outputs = held.run(SLOW, interrupted=True)
    assert "The job goes on and costs nothing offline" in str(outputs)
    assert outputs[-1]["ename"] == "KeyboardInterrupt"
    assert outputs[-1]["traceback"] == TOLD
    _ends_as_pictures(held)


def test_an_interrupt_just_as_the_card_is_shown_leaves_it_alive(held):
    """In a compiled module that sends it to the page, after it was sent."""
    held.run(INTERRUPTED_AS_SHOWN)
    outputs = held.run(SLOW)
    assert "The job goes on and costs nothing offline" in str(outputs)
    assert outputs[-1]["traceback"] == TOLD
    _ends_as_pictures(held)


INTERRUPTED_AS_SHOWN = """
import signal
publisher = type(get_ipython().display_pub)
source = '''
def publish(self, *args, _publish=publisher.publish, **kwargs):
    publisher.publish = _publish
    _publish(self, *args, **kwargs)
    signal.raise_signal(signal.SIGINT)
publisher.publish = publish
'''
exec(compile(source, "zmq/backend/cython/_zmq.py", "exec"))
"""


def _ends_as_pictures(book):
    """Let the newest job end: its card becomes its pictures."""
    seen = []
    book.run(f"jobs = sd.jobs(); {RELEASE}", seen)
    _until_seen(book, seen, "<img")
    assert VIEW not in seen[-1]


def _until_seen(book, seen, words):
    """Run short cells until the last of the displays that came holds some words."""
    end = time.monotonic() + SECONDS
    while not (seen and words in seen[-1]["text/html"]):
        assert time.monotonic() < end, seen
        book.run("import time; time.sleep(0.05)", seen)


def test_a_later_cell_shows_the_result_again(book):
    book.run(f"fox = {FOX}")
    (result,) = book.run("fox")
    assert "<img" in result["data"]["text/html"]


def test_progress_false_shows_nothing(book):
    call = FOX.replace("seed=1", "seed=12, progress=False")
    assert book.run(f"quiet = {call}") == []


def test_a_job_as_the_last_line_is_a_card_that_ends_with_its_pictures(book):
    outputs = book.run("job = sd.submit('an owl', image_size=(1024, 1024)); job")
    assert [output["kind"] for output in outputs] == ["display_data"]
    later = book.run("result = job.result(); job")
    assert "<img" in later[-1]["data"]["text/html"]


HELD = """
from seedream_widgets.testing import ScriptedBackend
backend = ScriptedBackend(hold=["in_progress", "completed"])
job = sd.Client(backend).submit(sd.Request("an owl"))
backend.wait_for("in_progress")
display(job)
backend.release("in_progress")
backend.wait_for("completed")
"""


def test_a_card_says_what_changed_right_after_it_was_shown(book):
    seen = []
    book.run(HELD, seen, unseen=True)
    _until_seen(book, seen, "Generating")
    book.run("backend.release('completed'); result = job.result()")


def test_an_error_is_its_sentence_and_the_users_line(book):
    (error,) = book.run("x = 1\nsd.generate('a fox', size=3)")
    text = "\n".join(error["traceback"])
    assert "size is not an argument of a request; did you mean image_size=?" in text
    assert "sd.generate('a fox', size=3)" in text
    assert "api.py" not in text


def test_an_error_that_is_told_again_names_the_line_of_now(book):
    book.run("job = sd.submit('a fox offline:refuse', image_size=(1024, 1024))")
    for line in ("job.result()", "await job", "1 and job.result()"):
        (error,) = book.run(line)
        assert error["traceback"][1:] == ["  this cell, line 1", f"    {line}"]


def test_xmode_verbose_shows_all_frames(book):
    book.run("%xmode Verbose")
    (error,) = book.run("sd.generate('a fox', size=3)")
    book.run("%xmode Context")
    assert "api.py" in "\n".join(error["traceback"])


def test_names_of_arguments_are_offered(book):
    offered = book.complete("sd.generate('a fox', image_")
    assert "image_size=" in offered
    assert "num_images=" in book.complete("sd.edit(fox, 'at night', num_")
    assert "model=" in book.complete("sd.batch(prompt='a fox', mod")


def test_the_outputs_hold_no_id_of_this_run(book):
    first = book.run("job = sd.submit('a cat', image_size=(1024, 1024), seed=3); job.result(); job")
    assert "data" in first[-1]
    assert book.run("job")[-1]["data"] == first[-1]["data"]


def test_a_list_of_jobs_or_results_shows_as_one(book):
    book.run("many = [sd.submit('an owl', image_size=(960, 960), seed=n) for n in (31, 32)]")
    (shown,) = book.run("results = [job.result() for job in many]; results")
    assert shown["data"]["text/html"].count("<img") == 2
    assert shown["data"]["text/plain"].startswith("[<Result 1 image 960x960")
    (jobs,) = book.run("many")
    assert jobs["data"]["text/html"].count("<img") == 2
    (mixed,) = book.run("[sd.submit('a bear offline:slow 90'), results[0]]")
    assert mixed["data"]["text/html"].count("<img") == 1
    assert "a bear offline:slow 90" in mixed["data"]["text/html"]
    book.run("sd.jobs()[0].cancel()")
    (slice_,) = book.run("sd.library[:2]")
    assert slice_["data"]["text/html"].count("<img") == 2
    assert "[1] an owl" in slice_["data"]["text/html"]
    assert "<Entry 1 image, seed 31, offline" in slice_["data"]["text/plain"]
    for other in ("[]", "[1, results[0]]", "(1, 2)", "[object()]"):
        assert "text/html" not in book.run(other)[0]["data"]


def test_a_card_tells_prompt_state_and_log_as_text(tmp_path):
    backend = ScriptedBackend("fal", hold=["completed"])
    job = started(backend, tmp_path, "<b>a fox</b>")
    backend.wait_for("completed")
    html = job_html(job, 3)
    assert "&lt;b&gt;a fox&lt;/b&gt;" in html
    assert "Generating · 3 s" in html
    assert "step 1 of 2" in html
    backend.release("completed")
    job.result(60)


def test_a_card_of_a_failed_job_is_its_error(tmp_path):
    backend = ScriptedBackend("fal", errors={"submit": BackendError("fal is away")})
    job = started(backend, tmp_path)
    until(lambda: job.done)
    assert "Fal is away" in job_html(job)


def test_every_change_is_heard(tmp_path):
    heard = []
    job = started(ScriptedBackend("fal"), tmp_path)
    follow(job, False, lambda job: heard.append(job.status.kind))
    assert heard[-1] == "completed"


def test_the_end_is_heard_before_the_result_is_there(tmp_path, monkeypatch):
    """Who waits is woken a moment before the engine calls those who follow the job."""
    woken, heard, wait_for_end = threading.Event(), [], live._wait_for_end

    def wait(*arguments):
        ended = wait_for_end(*arguments)
        if ended:
            woken.set()
        return ended

    monkeypatch.setattr(live, "_wait_for_end", wait)
    backend = ScriptedBackend("fal", hold=["completed"])
    job = started(backend, tmp_path)
    job.on_update(lambda job: job.done and woken.wait(SECONDS))
    backend.release("completed")
    follow(job, False, lambda job: heard.append(job.status.kind))
    assert heard[-1] == "completed"


def test_an_interrupt_says_that_the_job_goes_on(tmp_path, capsys):
    backend = ScriptedBackend("fal", hold=["completed"])
    job = started(backend, tmp_path)
    backend.wait_for("completed")

    def interrupt(_):
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(job, False, interrupt)
    assert "The job goes on and may bill: sd.jobs()[0].result()" in capsys.readouterr().out
    backend.release("completed")
    assert job.result(60)


def test_a_terminal_shows_a_line(tmp_path):
    code = "import seedream_widgets as sd\nsd.generate('a fox', image_size=(1024, 1024), seed=1)\n"
    env = {**os.environ, "SEEDREAM_HOME": str(tmp_path), "TERM": "xterm"}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=theirs, stdout=theirs, env=env
    ) as run:
        os.close(theirs)
        said = bytearray()
        reader = threading.Thread(target=_read, args=(ours, said))
        reader.start()
        assert run.wait(200) == 0
        reader.join(200)
    os.close(ours)
    assert b"Completed" in said


def _read(handle: int, said: bytearray) -> None:
    try:
        while data := os.read(handle, 4096):
            said += data
    except OSError:  # the other end was closed
        return


def test_no_terminal_shows_nothing(tmp_path):
    code = "import seedream_widgets as sd\nsd.generate('a fox', image_size=(1024, 1024), seed=1)\n"
    env = {**os.environ, "SEEDREAM_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize(
    "stream", ["None", "open(os.devnull)", "Log()"], ids=["none", "closed", "own"]
)
@pytest.mark.parametrize("progress", [None, True])
def test_a_python_without_an_output_gets_its_result(tmp_path, stream, progress):
    """As pythonw on Windows, and a program whose terminal was closed."""
    code = (
        "import os, sys\nimport seedream_widgets as sd\n"
        "class Log:\n  def write(self, text): pass\n  def flush(self): pass\n"
        f"stream = {stream}\nif hasattr(stream, 'close'): stream.close()\n"
        "sys.stdout = sys.stderr = stream\n"
        f"result = sd.generate('a fox', image_size=(1024, 1024), progress={progress})\n"
        "assert len(result) == 1\nos._exit(7)\n"
    )
    env = {**os.environ, "SEEDREAM_HOME": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 7


async def _both(tmp_path):
    good = started(ScriptedBackend("fal"), tmp_path / "a")
    bad = started(ScriptedBackend("fal", errors={"submit": BackendError("away")}), tmp_path / "b")
    return await sd.gather([good, bad])


def test_gather_keeps_the_results_where_one_fails(tmp_path):
    import asyncio

    result, error = asyncio.run(_both(tmp_path))
    assert isinstance(result, sd.Result)
    assert str(error) == "away"

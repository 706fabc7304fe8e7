"""A session with a key and faults, everything it says and writes kept: the key is in none of it."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from tests.fal_server import FalServer, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.fal_server import Authority

FIRST, SECOND = "7c1f9b34-52ae-4d0c-9e61", "f3d20a8871be4c569d0b"
KEY = f"{FIRST}:{SECOND}"
FAULTS = (
    *(
        ("submit", kind)
        for kind in ("401", "403", "content_policy_violation", "500", "accept_drop")
    ),
    *(("run", kind) for kind in ("policy", "500", "no_media")),
    *(("status", kind) for kind in ("401", "404")),
    *(("result", kind) for kind in ("wrong_shape", "expired")),
    *(("download", kind) for kind in ("404", "redirect_http", "garbage", "html", "drop")),
)

SETUP = """
%xmode Verbose
import faulthandler, io, logging, os, pickle, sys, traceback, warnings
logging.basicConfig(level=logging.DEBUG, force=True)
import seedream_widgets as sd
from PIL import Image

def show(error):
    "Print a traceback with all local variables, as rich, Sentry and loguru do."
    print("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))

def refuses(thing):
    "Print the pickle of a thing, or why there is none."
    try:
        print(pickle.dumps(thing, protocol=0))
    except Exception as error:
        show(error)
"""
LOGIN = "from tests.fal_server import Settings\nsd.login(os.environ.pop('TYPED'))"
WIDGET = """
studio = sd.Studio()
studio.prompt = "from the widget"
display(studio)
studio.submit().result()
"""
JOBS = """
failed = []
for job in [sd.submit(prompt, image_size=(960, 960)) for prompt in PROMPTS]:
    try:
        job.result(timeout=60)
    except sd.SeedreamError as error:
        show(error)
        failed.append(error)
        logging.getLogger("mine").exception("failed")
assert len(failed) == len(PROMPTS), [str(each) for each in failed]
"""
UPLOAD = """
sd.edit([Image.new("RGB", (300, 300))], "blend", image_size=(960, 960))
"""
FAILING = "sd.generate('submit 500', image_size=(960, 960))"
FAILING_UPLOAD = "sd.edit('broken.jpg', 'blend', image_size=(960, 960))"
AGAIN = (
    "%xmode Context", FAILING, FAILING_UPLOAD, "%tb", "%xmode Verbose", "%tb", FAILING_UPLOAD,
    "sd.generate('status 404', image_size=(960, 960))", "%xmode Plain", FAILING_UPLOAD,
)  # fmt: skip
CRASH = """
import logging, os, time, seedream_widgets as sd
logging.basicConfig(level=logging.DEBUG)
job = sd.submit("never done", image_size=(960, 960))
while not job.handle:
    time.sleep(0.01)
os.abort()
"""
SHOWN = """
client = sd.Client()
backend = client._choice.current if hasattr(client, "_choice") else client
things = [client, studio, studio.jobs, *studio.jobs, studio.result, sd.spending(), *failed]
pending = [client, backend]
for thing in list(things):
    pending += list(getattr(thing, "__dict__", {}).values())
for thing in [*things, *pending]:
    print(repr(thing), str(thing))
    refuses(thing)
faulthandler.dump_traceback(all_threads=True, file=sys.__stderr__)
studio
"""


class Listening(NotebookClient):
    """Run a notebook and keep every message of its kernel."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard: list[str] = []

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        blobs = [bytes(each) for each in msg.get("buffers", ())]
        self.heard.append(f"{json.dumps(msg, default=str)}{blobs!r}")
        return super().process_message(msg, cell, cell_index)


@pytest.fixture
def fal(fal_authority: Authority) -> Iterator[FalServer]:
    # The server says the key, too: what it says is shown, the key is not.
    settings = Settings(key=KEY, logs=("Loading", f"Authorization: Key {KEY}"), run_seconds=0.05)
    with FalServer(settings, authority=fal_authority) as server:
        for point, kind in FAULTS:
            name = f"{point} {kind}"
            server.fail(point, kind, times=None, when=lambda prompt, name=name: prompt == name)
        server.fail("stream", "drop", times=None, when=lambda prompt: prompt.startswith("status"))
        for point in ("upload", "initiate"):
            server.fail(point, "500", times=None, when=lambda said: said.endswith("jpeg"))
        yield server
    assert server.errors == ()


def secrets() -> tuple[bytes, ...]:
    """Return the key, its halves and parts of them, and each as base64 wherever it may begin."""
    plain = [KEY.encode(), FIRST.encode(), SECOND.encode(), KEY[:12].encode(), KEY[-12:].encode()]
    coded = [
        base64.b64encode(b"_" * shift + each)[4:-4] for each in plain[:3] for shift in range(3)
    ]
    return (*plain, *coded)


def session(folder: Path, env: Mapping[str, str], cells: list[str]) -> bytes:
    """Return all that a kernel says while it runs the cells, and the notebook saved after it."""
    book = new_notebook(cells=[new_code_cell(each) for each in cells])
    client = Listening(book, timeout=250, kernel_name="python3", allow_errors=True)
    variables = {**os.environ, **env, "IPYTHONDIR": str(folder / "ipython")}
    with (folder / "stderr").open("wb") as errors:
        client.execute(env=variables, stderr=errors, stdout=errors)
    assert book.metadata["widgets"]
    saved = nbformat.writes(book)
    assert "studio" in saved
    return "\n".join([*client.heard, saved]).encode() + (folder / "stderr").read_bytes()


@pytest.mark.parametrize("typed", [False, True], ids=["FAL_KEY", "login"])
def test_the_key_is_nowhere(fal: FalServer, tmp_path: Path, typed: bool) -> None:
    library = tmp_path / "library"
    env = {**fal.env, "SEEDREAM_HOME": str(library)}
    if typed:
        env |= {"FAL_KEY": "", "TYPED": KEY}
    prompts = f"PROMPTS = {[f'{point} {kind}' for point, kind in FAULTS]!r}"
    Image.new("RGB", (300, 300), "teal").save(tmp_path / "broken.jpg")
    failing = [each.replace("broken.jpg", str(tmp_path / "broken.jpg")) for each in AGAIN]
    cells = [SETUP, *([LOGIN] if typed else []), WIDGET, prompts, JOBS, UPLOAD, *failing, SHOWN]
    said = session(tmp_path, env, cells)
    assert fal.hosts_with_key() == {"queue.fal.run", "rest.fal.ai", "api.fal.ai"}
    for proof in (
        *(b"BackendError", b":httpx:", b"DEBUG:httpcore", b"comm_msg", b"Loading"),
        *(
            b"Current thread",
            b"capture_locals",
            b"a Key can't be pickled",
            b"DEBUG:urllib3.connectionpool",
        ),
        *(b"mode: Context", b"mode: Verbose", b"mode: Plain", b"does not know request"),
    ):
        assert proof in said, proof
    check_folder(library)
    check({"what was said": said}, library)


@pytest.mark.skipif(sys.platform == "win32", reason="there, abort() is no signal")
def test_a_crash_tells_where_and_not_the_key(fal: FalServer, tmp_path: Path) -> None:
    library = tmp_path / "library"
    fal.settings.run_seconds = 600
    env = {**os.environ, **fal.env, "SEEDREAM_HOME": str(library), "PYTHONASYNCIODEBUG": "1"}
    command = [sys.executable, "-X", "faulthandler", "-W", "default", "-c", CRASH]
    died = subprocess.run(command, env=env, capture_output=True, timeout=200, check=False)
    assert died.returncode == -signal.SIGABRT
    for proof in (b"Fatal Python error: Aborted", b"Current thread", b"DEBUG:httpcore"):
        assert proof in died.stderr, died.stderr[-2000:]
    check({"the dump": died.stderr, "the output": died.stdout}, library)


def check(said: Mapping[str, bytes], library: Path) -> None:
    """Make sure that the key is in nothing that was said, and in no file."""
    files = {str(path): path.read_bytes() for path in library.rglob("*") if path.is_file()}
    assert files
    for place, data in {**said, **files}.items():
        for secret in secrets():
            at = data.find(secret)
            assert at < 0, f"{place}: {data[max(0, at - 400) : at + 100]!r}"


def check_folder(library: Path) -> None:
    """Make sure that nobody but the owner reads what a session wrote."""
    written = [library, *library.rglob("*")]
    assert any(path.suffix == ".png" for path in written)
    modes = {path: path.stat().st_mode & 0o777 for path in written}
    wrong = {
        str(path): oct(mode)
        for path, mode in modes.items()
        if mode != (0o700 if path.is_dir() else 0o600)
    }
    assert wrong == {}

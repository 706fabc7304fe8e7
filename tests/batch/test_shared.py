"""Batches on machines with folders of their own: a place between them decides who asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.batch.batch import Batches, make
from seedream_widgets.batch.workers import run_task, task_of
from seedream_widgets.jobs.client import Client
from seedream_widgets.library.place import place_at
from tests.scripted import until

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.batch.batch import Batch
    from tests.fal_server import FalServer

SMALL = (1024, 1024)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(params=["folder", "s3"])
def address(request, tmp_path) -> str:
    if request.param == "folder":
        return str(tmp_path / "shared")
    request.getfixturevalue("s3_server")
    return "s3://foxes/lab"


def foxes(library: Path, count: int = 4, **more: object) -> Batch:
    client = Client(library=library)
    return make(client, name="foxes", prompt="a fox", seed=range(count), image_size=SMALL, **more)


def expect_whole(batch: Batch, server: FalServer) -> None:
    """Every cell has its picture here, and fal bills each once."""
    batch.look()
    assert [cell.state for cell in batch] == ["done"] * len(batch), [c.error for c in batch.failed]
    assert all(len(cell.result.files) == 1 for cell in batch)
    assert len(server.jobs) == len(server.bill) == len(batch)


def own_folder(folder: str) -> None:
    os.environ["SEEDREAM_HOME"] = os.path.join(folder, str(os.getpid()))


def test_workers_with_folders_of_their_own(fal_server, address, tmp_path):
    batch = foxes(tmp_path / "driver")
    with ProcessPoolExecutor(
        2, get_context("spawn"), initializer=own_folder, initargs=(str(tmp_path / "workers"),)
    ) as pool:
        batch.run(executor=pool, shared=address, progress=False)
    expect_whole(batch, fal_server)
    assert len(list((tmp_path / "workers").glob("*/results/*/*"))) == len(batch)
    place = place_at(address)
    assert place.names("claims") == ["kept"]
    assert place.names("journal") == []
    # Another machine, which has nothing but the address, asks for nothing.
    other = foxes(tmp_path / "other").run(shared=address, progress=False)
    expect_whole(other, fal_server)


DRIVER = """
import sys
import seedream_widgets as sd
from seedream_widgets.batch.batch import make
from seedream_widgets.jobs.client import Client
batch = make(Client(library=sys.argv[1]), name="foxes", prompt="a fox",
    seed=range(int(sys.argv[3])), image_size=(1024, 1024))
print("ready", flush=True)
batch.run(shared=sys.argv[2], progress=False)
print("over", flush=True)
"""


def driver(library: Path, address: str, count: int = 4) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(DRIVER), str(library), address, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_drivers_on_two_machines_pay_once(fal_server, address, tmp_path):
    both = [driver(tmp_path / name, address) for name in ("one", "two")]
    for each in both:
        said, _ = each.communicate(timeout=200)
        assert said.split() == ["ready", "over"]
    for name in ("one", "two"):
        expect_whole(foxes(tmp_path / name), fal_server)


def steps(address: str) -> list[str]:
    """Return how far the requests are that machines have told of at the place."""
    place = place_at(address)
    found = [place.read(f"journal/{name}", 1_000_000) for name in place.names("journal")]
    return [json.loads(each.data)["step"] for each in found if each]


def test_a_killed_driver_is_finished_from_another_folder(fal_server, address, tmp_path):
    held = True
    fal_server.settings.runs_on = lambda: held
    with driver(tmp_path / "one", address) as run:
        until(lambda: steps(address) == ["accepted"] * 4)
        run.send_signal(signal.SIGKILL)
        run.stdout.read()
    held = False
    batch = foxes(tmp_path / "two").run(shared=address, progress=False)
    expect_whole(batch, fal_server)


def test_input_images_reach_workers_through_the_place(fal_server, address, tmp_path, monkeypatch):
    client = Client(library=tmp_path / "driver")._with_shared_place(place_at(address))
    batch = make(client, prompt="at night", images=Image.new("RGB", (640, 640)), seed=[1])
    client.library._keep_inputs(batch[0].request)
    monkeypatch.setenv("SEEDREAM_HOME", str(tmp_path / "worker"))
    assert run_task(task_of(batch[0], client.library, "fal"))
    assert len(fal_server.bill) == 1


def test_what_one_machine_has_already_is_not_asked_for_by_another(fal_server, tmp_path):
    foxes(tmp_path / "one", 2).run(progress=False)
    foxes(tmp_path / "one", 2).run(shared=tmp_path / "shared", progress=False)
    batch = foxes(tmp_path / "two", 2).run(shared=tmp_path / "shared", progress=False)
    expect_whole(batch, fal_server)


def test_a_task_has_no_credentials_of_the_place(fal_server, s3_server, tmp_path):
    client = Client(library=tmp_path)._with_shared_place(place_at("s3://foxes/lab"))
    batch = make(client, prompt="a fox", seed=[1])
    told = str(task_of(batch[0], client.library, "fal"))
    assert "s3://foxes/lab" in told
    assert all(secret not in told for secret in (fal_server.settings.key, "testing-secret"))


def test_a_place_that_can_not_decide_is_refused_before_anything_is_sent(
    fal_server, s3_server, tmp_path
):
    s3_server.conditional = False
    with pytest.raises(sd.RequestError, match="can't be a shared place"):
        foxes(tmp_path).run(shared="s3://foxes/lab")
    assert fal_server.jobs == ()


def test_where_the_place_is_gone_nothing_is_sent(fal_server, s3_server, tmp_path):
    """Without a claim, another machine would send the cell as well."""
    batch = foxes(tmp_path, 2)
    batch._client = batch._client._with_shared_place(place_at("s3://owls/lab"))  # no such bucket
    batch.run(progress=False)
    assert ["shared place can't be reached" in str(cell.error) for cell in batch] == [True, True]
    assert fal_server.jobs == ()


def test_results_that_could_not_be_shared_are_shared_by_the_next_run(
    fal_server, tmp_path, monkeypatch
):
    """Its accepted mark stays, so whoever runs next fetches it again and pays nothing."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "results").write_text("in the way")
    foxes(tmp_path / "one", 2).run(shared=shared, progress=False)
    assert len(list((shared / "journal").glob("*.json"))) == 2
    (shared / "results").unlink()
    batch = foxes(tmp_path / "two", 2).run(shared=shared, progress=False)
    expect_whole(batch, fal_server)
    assert Batches(batch._client)["foxes"].cells

"""Batches on processes of their own: the server's bill is the distinct cells, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

import seedream_widgets as sd
from seedream_widgets.batch.batch import Batches, make
from seedream_widgets.batch.workers import RemoteJob, run_task, task_of
from seedream_widgets.jobs.client import Client
from tests.page import Page
from tests.scripted import until

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.batch.batch import Batch
    from tests.fal_server import FalServer

SMALL = (1024, 1024)
pytestmark = pytest.mark.slow


def foxes(library: Path, count: int = 12) -> Batch:
    return make(
        Client(library=library), name="foxes", prompt="a fox", seed=range(count), image_size=SMALL
    )


def expect_whole(batch: Batch, server: FalServer) -> None:
    """Every cell has its picture, and fal bills each once."""
    batch.look()
    assert [cell.state for cell in batch] == ["done"] * len(batch), [c.error for c in batch.failed]
    assert all(len(cell.result.files) == 1 for cell in batch)
    assert len(server.jobs) == len(batch)
    assert len(server.bill) == len(batch)


def test_a_process_pool(fal_server, tmp_path):
    batch = foxes(tmp_path)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        batch.run(executor=pool)
        expect_whole(batch, fal_server)
        batch.run(executor=pool)
    expect_whole(batch, fal_server)


def press(page: Page) -> str:
    """Press the sheet's button, wait for the run's end, and return what stood beside it."""
    shown = page.ask("grid")[0]["result"]["standing"]
    what = {name: shown["asks"][0][name] for name in ("retry", "cells", "terms")}
    page.ask("ask", **what)
    until(lambda: not page.ask("grid")[0]["result"]["standing"]["running"])
    return shown["words"]


def test_a_retry_from_the_page_runs_where_the_batch_ran(fal_server, tmp_path, page):
    batch = foxes(tmp_path, 2)
    fal_server.fail("run", "500", times=4)
    sheet = batch.sheet()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        batch.run(executor=pool, progress=False)
        assert "the next run uses the same executor" in press(Page(sheet))
        assert all(isinstance(cell.job, RemoteJob) for cell in batch)
    assert "sent from this kernel: the executor takes no more work" in press(Page(sheet))
    assert not any(isinstance(cell.job, RemoteJob) for cell in batch)
    assert [cell.state for cell in batch] == ["done"] * 2
    sheet.close()


def test_a_task_that_runs_twice_costs_once(fal_server, tmp_path):
    batch = foxes(tmp_path, 3)
    tasks = [task_of(cell, batch._client.library, "fal") for cell in batch] * 3
    with ThreadPoolExecutor(9) as pool:
        ids = list(pool.map(run_task, tasks))
    assert len(set(ids)) == 3
    expect_whole(batch, fal_server)


def test_no_key_is_in_a_task_or_the_manifest(fal_server, tmp_path):
    batch = foxes(tmp_path, 2)
    key = fal_server.settings.key
    told = str([task_of(cell, batch._client.library, "fal") for cell in batch])
    told += (tmp_path / "batches" / "foxes" / "manifest.json").read_text()
    assert key not in told
    assert key.partition(":")[2] not in told


def test_a_worker_without_a_key_draws_nothing_offline(fal_server, tmp_path, monkeypatch):
    batch = foxes(tmp_path, 2)
    task = task_of(batch[0], batch._client.library, "fal")
    monkeypatch.delenv("FAL_KEY")
    with pytest.raises(sd.CredentialsError, match="set FAL_KEY in the worker's own environment"):
        run_task({**task, "library": str(tmp_path / "other")})


def test_a_worker_with_another_folder_is_told(fal_server, tmp_path):
    from PIL import Image

    client = Client(library=tmp_path / "here")
    batch = make(client, prompt="at night", images=Image.new("RGB", (640, 640)), seed=[1])
    task = task_of(batch[0], client.library, "fal")
    with pytest.raises(sd.BackendError, match="need the same library folder"):
        run_task({**task, "library": str(tmp_path / "there")})


DRIVER = """
import sys
import seedream_widgets as sd
from seedream_widgets.batch.batch import Batches
from seedream_widgets.jobs.client import Client
print("ready", flush=True)
Batches(Client(library=sys.argv[1]))["foxes"].run(progress=False)
print("over", flush=True)
"""


def driver(library: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(DRIVER), str(library)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_drivers_of_one_batch_at_once_pay_once(fal_server, tmp_path):
    batch = foxes(tmp_path)
    both = [driver(tmp_path), driver(tmp_path)]
    for each in both:
        said, _ = each.communicate(timeout=200)
        assert said.split() == ["ready", "over"]
    expect_whole(batch, fal_server)


def test_a_driver_that_is_killed_and_run_again_loses_and_repeats_nothing(fal_server, tmp_path):
    batch = foxes(tmp_path, 20)
    for moment in (0.05, 0.3, 0.6):
        with driver(tmp_path) as run:
            assert run.stdout.readline() == "ready\n"
            time.sleep(moment)
            run.send_signal(signal.SIGKILL)
            run.stdout.read()
    # One that was killed between sending and fal's reply is in doubt: it is sent by retry alone.
    batch.run(progress=False)
    doubtful = [cell for cell in batch if cell.state == "uncertain"]
    assert len(fal_server.bill) <= len(batch)
    if doubtful:
        sent = len(fal_server.jobs)
        batch.run(progress=False)
        assert len(fal_server.jobs) == sent
    done = [cell for cell in batch if cell.state == "done"]
    assert len(done) + len(doubtful) == len(batch), [repr(cell.error) for cell in batch.failed]
    asked = [job.arguments["seed"] for job in fal_server.jobs]
    assert len(asked) == len(set(asked))


# What a killed worker sent without hearing fal's reply is looked for in this fal's list at once.
PRELOAD = """
from seedream_widgets.jobs.engine import shared
shared().lost.patience = 4.0
"""


@pytest.mark.timeout(300)
def test_a_dask_cluster_with_a_worker_killed(fal_server, tmp_path):
    from distributed import Client as Dask
    from distributed import LocalCluster

    fal_server.settings.run_seconds = 0.3
    batch = foxes(tmp_path, 24)
    with (
        LocalCluster(
            n_workers=3,
            threads_per_worker=4,
            dashboard_address=":0",
            local_directory=str(tmp_path / "dask"),
            preload=[PRELOAD],
        ) as cluster,
        Dask(cluster) as dask,
    ):
        run = batch.start(executor=dask.get_executor())
        until(lambda: len(fal_server.jobs) >= 6)
        os.kill(next(iter(dask.run(os.getpid).values())), signal.SIGKILL)
        assert run.wait(200)
        for _ in range(2):  # what a killed worker left is taken over
            if [cell for cell in batch if cell.state != "done"]:
                batch.run(executor=dask.get_executor(), progress=False)
    doubtful = [cell for cell in batch if cell.state == "uncertain"]
    asked = [job.arguments["seed"] for job in fal_server.jobs]
    assert len(asked) == len(set(asked)), "a cell was sent twice"
    assert len([cell for cell in batch if cell.state == "done"]) + len(doubtful) == len(batch)


def test_a_batch_is_reopened_by_its_name(fal_server, tmp_path):
    foxes(tmp_path, 2).run(progress=False)
    again = Batches(Client(library=tmp_path))["foxes"]
    assert [cell.state for cell in again] == ["done", "done"]

"""What a batch costs and survives, beside a loop written by hand: ``python -m tests.batch``.

python -m tests.batch [--write] [--small] [loop cells driver dask drivers store]

With --write the table goes into RESULTS.md; --small tries all of it with few cells.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.batch.subjects import UNDER_WAY
from tests.fal_server import FalServer, Settings
from tests.results import results, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seedream_widgets.batch.cell import Cell
    from tests.bench.fal_process import FalProcess

KINDS = ("loop", "cells", "driver", "dask", "drivers", "store")
FAULTS = (
    ("submit", "accept_drop"), ("submit", "drop"), ("submit", "nginx_502"), ("run", "500"),
    ("stream", "cut"), ("status", "nginx_502"), ("result", "nginx_502"), ("download", "cut"),
)  # fmt: skip
EACH = 40
"""Of so many cells, one has each fault, once."""
AT_ONCE = 8
"""So many run at once; a batch has `UNDER_WAY` under way then, see `Drive.window`."""
PATIENCE = 300.0


def subject(*arguments: object, server: FalServer) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.batch.subjects", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(server))


def environment(server: FalServer, **more: str) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("FAL_")}
    return {**known, **{name: value for name, value in server.env.items() if value}, **more}


def ended(run: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = run.communicate()
    if run.returncode:
        raise SystemExit(f"a subject ended with {run.returncode}")
    return dict(json.loads(said.splitlines()[-1]))


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise SystemExit("it never came true")
        time.sleep(0.01)


def paid(server: FalServer) -> tuple[int, int]:
    """Return how many pictures were billed, and how many of them a second time."""
    jobs = {job.request_id: job for job in server.jobs}
    asked = Counter(jobs[charge.request_id].arguments["prompt"] for charge in server.bill)
    return sum(asked.values()), sum(count - 1 for count in asked.values())


def runs_for(arguments: dict[str, Any]) -> float:
    """Return for how many seconds a request runs, by its number: they end apart, as fal's do."""
    return 2.0 + 2.0 * (int(arguments["prompt"].split()[-1]) * 7 % 100) / 100


def beside_a_loop(count: int) -> Iterator[str]:
    """Run both with as many requests under way: fal runs a few at once, and a few more wait."""
    faulty = {
        f"fox {number}": (point, kind)
        for at, (point, kind) in enumerate(FAULTS)
        for number in range(at, count, EACH)
    }
    lost = {own for own, (point, _) in faulty.items() if point == "submit"}
    failed = {own for own, (point, _) in faulty.items() if point == "run"}
    yield (
        f"**{count} cells with faults** (one cell in {EACH} has each of {len(FAULTS)} faults); "
        f"fal runs {AT_ONCE} at once, and both have up to {UNDER_WAY} under way\n"
    )
    yield "| | wall s | others there after s | CPU s | overhead p50 ms | lost | paid twice |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, what in (("`batch.run()`", "ours"), ("`asyncio` + `fal_client`", "loop")):
        settings = Settings(run_seconds=runs_for, concurrency=AT_ONCE)
        with FalServer(settings) as server, tempfile.TemporaryDirectory() as path:
            for own, (point, kind) in faulty.items():
                server.fail(point, kind, times=1, when=lambda said, own=own: said == own)
            told = ended(subject(what, count, path, server=server))
            jobs = {job.request_id: job for job in server.jobs}
            ends = {
                name: end
                for name, end in told["ends"].items()
                if jobs[name].arguments["prompt"] not in lost | failed
            }
            late = [end - done for name, end in ends.items() if (done := jobs[name].completed_at)]
            _, twice = paid(server)
            yield (
                f"| {name} | {told['wall']:.1f} | {max(ends.values()) - told['began']:.1f} | "
                f"{told['cpu']:.1f} | {1000 * statistics.median(late):.0f} | "
                f"{count - told['kept']} | {twice} |"
            )
    yield (
        "\nOverhead is from fal's end of a request to its picture on the disk. "
        f"{len(lost)} submits have no clear answer, and fal fails {len(failed)} requests: overhead "
        "and the others' time leave those out. The batch looks for lost submits in fal's "
        "list, which is late, for up to three minutes before it sends one again, and a failed "
        "request is sent again by the next run: the wall time has both in it. The loop sends all "
        "again at once, and pays twice. Requests run for 2 to 4 s, so that they end apart.\n"
    )


def beside_single_jobs(count: int) -> Iterator[str]:
    """Run single jobs and a batch of as many, in turn, on a fal whose requests end apart."""
    from tests.bench.bench_jobs import ours
    from tests.bench.fal_process import fal_process

    yield f"**{count} cells beside {count} single jobs**, in turn, requests of 2 to 6 s\n"
    yield "| | CPU s | overhead p50 ms | overhead p95 ms |"
    yield "|---|---:|---:|---:|"
    with fal_process(run_seconds=(2.0, 6.0), queue_seconds=0.2) as fal:
        os.environ.update({name: value for name, value in fal.env.items() if value})
        for _ in range(3):
            jobs = asyncio.run(ours(count, fal))
            yield f"| single jobs | {jobs.cpu:.1f} | {jobs.p50:.0f} | {jobs.p95:.0f} |"
            cpu, late = cells_of(count, fal)
            p50, p95 = statistics.median(late), late[int(0.95 * len(late))]
            yield f"| cells | {cpu:.1f} | {p50:.0f} | {p95:.0f} |"
    yield ""


def cells_of(count: int, fal: FalProcess) -> tuple[float, list[float]]:
    """Run a batch in this process and return its CPU seconds, and each cell's overhead in ms."""
    from seedream_widgets.batch.batch import make
    from seedream_widgets.jobs.client import Client
    from tests.batch.subjects import SIZE, prompts

    ends: dict[str, float] = {}

    def note(cell: Cell) -> None:
        if (result := cell.result) is not None:
            result.image.load()
            ends.setdefault(result.request_id, time.monotonic())

    with tempfile.TemporaryDirectory() as path:
        client = Client(library=path)
        cpu = time.process_time()
        batch = make(client, prompt=prompts(count), seed=[1], image_size=SIZE)
        batch.run(progress=False, on_update=note)
        cpu = time.process_time() - cpu
        client.close()
    done = fal.seen().done
    return cpu, sorted(1000 * (end - done[name]) for name, end in ends.items())


HEAD = (
    "| | cells | billed | paid twice | missing | sent again by `retry` |\n"
    "|---|---:|---:|---:|---:|---:|"
)  # fmt: skip


def finished(name: str, count: int, folder: str, server: FalServer, shared: str | None) -> str:
    """Run what is left, from a folder, and return a row."""
    from seedream_widgets.batch.batch import make
    from seedream_widgets.jobs.client import Client
    from tests.batch.subjects import SIZE, prompts

    os.environ.update(environment(server))
    client = Client(library=folder)
    batch = make(client, name="foxes", prompt=prompts(count), seed=[1], image_size=SIZE)
    for _ in range(3):
        batch.run(progress=False, shared=shared)
        if not [cell for cell in batch.missing if cell.state != "uncertain"]:
            break
    doubtful = len([cell for cell in batch if cell.state == "uncertain"])
    if doubtful:
        batch.retry(progress=False)
    billed, twice = paid(server)
    return f"| {name} | {count} | {billed} | {twice} | {count - len(batch.results)} | {doubtful} |"


def killed_driver(count: int, kills: int) -> Iterator[str]:
    chance = random.Random(17)
    with FalServer(Settings(run_seconds=1.0)) as server, tempfile.TemporaryDirectory() as path:
        for kill in range(kills):
            run = subject("driver", count, path, server=server)
            most = round(count * (kill + chance.random()) / kills)
            until(lambda run=run, most=most: len(server.jobs) >= most or run.poll() is not None)
            time.sleep(chance.random())
            run.send_signal(signal.SIGKILL)
            run.communicate()
        yield finished(f"driver killed at {kills} random moments", count, path, server, None)


def dask_cluster(count: int, workers: int) -> Iterator[str]:
    from distributed import Client as Dask
    from distributed import LocalCluster

    from seedream_widgets.batch.batch import make
    from seedream_widgets.jobs.client import Client
    from tests.batch.subjects import SIZE, prompts

    chance = random.Random(18)
    with FalServer(Settings(run_seconds=1.0)) as server, tempfile.TemporaryDirectory() as path:
        os.environ.update(environment(server))
        batch = make(
            Client(library=path), name="foxes", prompt=prompts(count), seed=[1], image_size=SIZE
        )
        kills = 0
        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=4, dashboard_address=":0",
                local_directory=f"{path}/dask",
            ) as cluster,
            Dask(cluster) as dask,
        ):  # fmt: skip
            run = batch.start(executor=dask.get_executor())
            while not run.wait(2.0 + 4 * chance.random()):
                pids = [worker.pid for worker in cluster.workers.values() if worker.pid]
                all_there = len(dask.scheduler_info()["workers"]) == workers
                if pids and all_there and len(server.jobs) < count:
                    os.kill(chance.choice(pids), signal.SIGKILL)
                    kills += 1
        name = f"Dask, {workers} worker processes, one killed every few seconds ({kills} kills)"
        yield finished(name, count, path, server, None)


def two_drivers(count: int) -> Iterator[str]:
    with FalServer(Settings(run_seconds=1.0)) as server, tempfile.TemporaryDirectory() as path:
        both = [subject("driver", count, path, server=server) for _ in range(2)]
        for each in both:
            ended(each)
        yield finished("two drivers at once", count, path, server, None)


def store(count: int) -> Iterator[str]:
    from tests.s3_server import S3Server

    with (
        FalServer(Settings(run_seconds=1.0)) as server,
        S3Server() as s3,
        tempfile.TemporaryDirectory() as path,
    ):
        os.environ.update(s3.env)
        shared = "s3://foxes/lab"
        both = [subject("driver", count, f"{path}/{n}", shared, server=server) for n in range(2)]
        until(lambda: len(server.jobs) >= count // 3)
        both[0].send_signal(signal.SIGKILL)
        both[0].communicate()
        ended(both[1])
        name = "S3 (moto) between two drivers with folders of their own, one killed"
        yield finished(name, count, f"{path}/2", server, shared)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], help="all unless given")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    parser.add_argument("--small", action="store_true", help="few cells")
    asked = parser.parse_args()
    kinds, small = asked.kinds or KINDS, asked.small
    lines: list[str] = []
    before = os.getloadavg()[0]

    def tell(new: Iterator[str]) -> None:
        for line in new:
            print(line, flush=True)
            lines.append(line)

    if "loop" in kinds:
        tell(beside_a_loop(24 if small else 200))
    count = 12 if small else 100
    if "cells" in kinds:
        tell(beside_single_jobs(12 if small else 60))
    if set(kinds) - {"loop", "cells"}:
        tell(iter(["**Killed, doubled and spread**\n", HEAD]))
    if "driver" in kinds:
        tell(killed_driver(count, 3 if small else 10))
    if "dask" in kinds:
        tell(dask_cluster(count, 2 if small else 4))
    if "drivers" in kinds:
        tell(two_drivers(count))
    if "store" in kinds:
        tell(store(count))
    command = f"python -m tests.batch {' '.join(kinds) if asked.kinds else ''}".strip()
    load = f"load average {before:.1f} at the start and {os.getloadavg()[0]:.1f} at the end"
    day = time.strftime("%Y-%m-%d")
    tell(iter(["", f"`{command}`, {os.cpu_count()} cores, {load}, {day}"]))
    if asked.write:
        write(results("batch"), "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

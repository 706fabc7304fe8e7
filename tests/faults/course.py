"""Runs the rows of the fault matrix, many at once on one server, and tells what came of each."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from seedream_widgets.backends.fal import FalBackend, Limits
from seedream_widgets.credentials import Key
from seedream_widgets.errors import SeedreamError
from seedream_widgets.images import ImageInput
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.engine import shared
from seedream_widgets.money.ledger import charges
from seedream_widgets.values.request import Request
from tests.fal_server import FalServer, Settings

from .worlds import WORLDS, World, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.fal_server import Authority

    from .case import Case

LIMITS = Limits(
    submit=12.0, unreachable=8.0, upload=20.0, call=12.0, first_event=4.0, silence=4.0,
    patience=15.0, stall=6.0, pace=(5000, 4.0), poll=(0.05, 0.2), attempts=2,
    requests=99, submits=99, uploads=99, downloads=99,
)  # fmt: skip
ALONE = replace(LIMITS, submit=8.0, unreachable=1.0, upload=8.0, call=5.0, patience=8.0)
_AT_ONCE = 20
_SECONDS = 150.0


@dataclass(frozen=True)
class Outcome:
    """What came of one row: as the user, the library, the ledger and the server tell it."""

    sentence: str
    error: SeedreamError | None
    kept: str
    resumed: str
    ledger: str
    charged: str
    accepted: int
    seconds: float
    timings: tuple[float, ...]


def run(cases: Iterable[Case], authority: Authority, folder: Path) -> dict[Case, Outcome]:
    """Run all: those without a world of their own at once, the longest first; then the others."""
    cases = list(cases)
    alone = [case for case in cases if case.row.world not in ("", "cancelled")]
    together = sorted({*cases} - {*alone}, key=lambda case: (not case.lasts, case.word))
    outcomes = dict(_together(together, authority, folder)) if together else {}
    outcomes |= {case: _alone(case, authority, folder) for case in alone}
    return {case: outcomes[case] for case in cases}


def _together(
    cases: list[Case], authority: Authority, folder: Path
) -> Iterator[tuple[Case, Outcome]]:
    keys = [_own_key(case) for case in cases]
    slow = [case.word for case in cases if case.row.world]
    settings = Settings(
        queue_seconds=0.0,
        run_seconds=lambda asked: 10.0 if asked["prompt"].split()[0] in slow else 0.1,
        other_keys=keys,
    )
    with pytest.MonkeyPatch.context() as patch, FalServer(settings, authority=authority) as server:
        point_to(server, patch)
        server.fail("listing", "403", times=None)  # tests/jobs/test_lost.py has the others

        def one(case: Case) -> Outcome:
            if case.storage:  # its files bear no name that tells them apart
                with _backend(_own_key(case)) as own:
                    return follow(case, server, own, folder, plain)
            with WORLDS[case.row.world](server, patch) as world:
                return follow(case, server, backend, folder, world)

        with _backend(settings.key) as backend, ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from zip(cases, pool.map(one, cases), strict=True)
        assert server.errors == ()


def _alone(case: Case, authority: Authority, folder: Path) -> Outcome:
    settings = Settings(queue_seconds=0.0, run_seconds=0.5, other_keys=[_own_key(case)])
    with pytest.MonkeyPatch.context() as patch, FalServer(settings, authority=authority) as server:
        point_to(server, patch)
        server.fail("listing", "403", times=None)  # tests/jobs/test_lost.py has the others
        done: list[None] = []
        settings.runs_on = lambda: not done  # what is done while it runs is done in time
        with (
            WORLDS[case.row.world](server, patch) as world,
            _backend(_own_key(case) if case.storage else settings.key, ALONE) as backend,
        ):
            meanwhile = world.meanwhile
            held = world._replace(meanwhile=lambda job: done.append(meanwhile(job)))
            return follow(case, server, backend, folder, held)


@contextmanager
def _backend(key: str, limits: Limits = LIMITS) -> Iterator[FalBackend]:
    backend = FalBackend(Key(key), limits)
    try:
        yield backend
    finally:
        shared().start(backend.aclose()).result(60)


def _own_key(case: Case) -> str:
    return f"{case.word}:secret"


def point_to(server: FalServer, patch: pytest.MonkeyPatch) -> None:
    for name, value in server.env.items():
        patch.setenv(name, value) if value else patch.delenv(name, raising=False)


def follow(
    case: Case, server: FalServer, backend: FalBackend, folder: Path, world: World
) -> Outcome:
    """Ask for one image while its fault is on, then heal it and resume what is left."""
    faults = case.switch_on(server)
    began = time.monotonic()
    with closing(Client(backend, library=folder / case.word)) as client:
        job = client.submit(request(case))
        world.meanwhile(job)
        timings: tuple[float, ...] = (0.0,)
        try:
            timings = astuple(job.result(_SECONDS).timings)
            error = None
        except SeedreamError as caught:
            error = caught
        seconds = time.monotonic() - began
        kept, ledger = _kept(client), charges(client.library)[0].certainty
        for fault in faults:
            fault.times = 0
        world.heal()
        return Outcome(
            sentence=str(error or "") or job.status.text,
            error=error,
            kept=kept,
            resumed=_resumed(client) if kept == "resumable" else "",
            ledger=ledger,
            charged=_charged(case, server),
            accepted=sum(case.word in job.prompt for job in server.jobs),
            seconds=seconds,
            timings=timings,
        )


def request(case: Case) -> Request:
    images = ()
    if case.storage:
        file = BytesIO()
        Image.new("RGB", (64, 64), f"#{int(case.word[3:]):06x}").save(file, "PNG")
        images = (
            ImageInput.from_data(file.getvalue(), "image/png", (64, 64), f"{case.word}.png", None),
        )
    return Request(f"{case.word} a fox", images=images, image_size=(960, 960))


def _kept(client: Client) -> str:
    journal = client.library._journal
    pending = journal.pending()
    found = (len(client.library.search()), len(pending), len(journal.ended()))
    names = {(1, 0, 0): "result", (0, 1, 0): "resumable", (0, 0, 1): "noted"}
    if found == (0, 1, 0) and pending[0].followed:
        return "pending, but nobody may resume it"
    return names.get(found, f"{found} results, pending, ended")


def _resumed(client: Client) -> str:
    try:
        (job,) = client.resume()
        job.result(_SECONDS)
    except (SeedreamError, ValueError) as error:
        return str(error)
    return _kept(client)


def _charged(case: Case, server: FalServer) -> str:
    ours = {job.request_id: job for job in server.jobs if case.word in job.prompt}
    server.wait(lambda _: all(job.phase == "COMPLETED" for job in ours.values()))
    if any(charge.usd for charge in server.bill if charge.request_id in ours):
        return "yes"
    return "maybe" if ours.keys() & {*server.maybe_billed} else "no"

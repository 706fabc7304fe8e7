"""One soak: rounds of jobs through one kernel, each round with faults and cancels of its own."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.crash.kernel import Kernel, KernelEnded
from tests.soak import faults
from tests.soak.books import Outcomes, check_bill, check_nothing_lost

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fal_server import FalServer

WARM_UP = 30
KB_A_JOB = 25
"""Most a remembered job may hold: its request, its result, its receipt and its log."""
KB_LEFT = 800
"""Most that is left once their client is let go: tables that grew with the jobs at once."""
RESIDENT_KB_A_JOB = 45
CONNECTIONS = 40
"""Most files and sockets that kept connections hold between two rounds."""
ROUND_SECONDS = 600
_IMPORTS = "from tests.soak import cells as soak"


@dataclass
class Soak:
    """Hold what a soak saw."""

    jobs: int
    seconds: float = 0.0
    before: dict[str, int] = field(default_factory=dict)
    rounds: list[dict[str, int]] = field(default_factory=list)
    after: dict[str, int] = field(default_factory=dict)
    outcomes: Outcomes = field(default_factory=dict)
    spending: list[dict[str, Any]] = field(default_factory=list)
    money: dict[str, Any] = field(default_factory=dict)

    def ends(self) -> Counter[str]:
        """Count how the jobs ended."""
        return Counter(told["error"] or "Result" for told in self.outcomes.values())


def soak(jobs: int, at_once: int, server: FalServer, folder: Path) -> Soak:
    """Run `jobs` jobs and check that nothing was lost and the bill is right."""
    server.settings.queue_seconds = faults.seconds(0.05, 0.5)
    server.settings.run_seconds = faults.seconds(0.2, 1.2)
    library, stacks, found = folder / "library", folder / "stacks.txt", Soak(jobs)
    kernel, began = Kernel(folder / "home"), time.monotonic()
    try:
        kernel.use(library, server.env)
        kernel.ask(f"exec({_IMPORTS!r}, globals())")
        kernel.ask("soak.weigh()")
        _round(found, kernel, server, 0, WARM_UP, stacks)
        kernel.ask("soak.start_threads()")
        found.before = _end(found, kernel, server)  # what comes once and stays is there
        for first in range(WARM_UP, WARM_UP + jobs, at_once):
            _round(found, kernel, server, first, at_once, stacks)
            found.rounds.append(kernel.ask("soak.weigh()"))
        found.after = _end(found, kernel, server)
    finally:
        kernel.close()
    found.seconds = time.monotonic() - began
    check_nothing_lost(library, server, found.outcomes)
    found.money = check_bill(server, found.outcomes, found.spending)
    return found


def _round(
    found: Soak, kernel: Kernel, server: FalServer, first: int, jobs: int, stacks: Path
) -> None:
    faults.switch_on(server, first, jobs)
    work = f"soak.run({first}, {jobs}, {ROUND_SECONDS})"
    try:
        outcomes = kernel.ask(work, ROUND_SECONDS + 30)
    except KernelEnded as error:
        raise AssertionError(f"round {first} hangs\n{stacks.read_text()}") from error
    _note(found, outcomes)


def _end(found: Soak, kernel: Kernel, server: FalServer) -> dict[str, int]:
    """Fetch what is still to be had, read the ledger, let the jobs go and weigh what is left."""
    server.heal()
    _note(found, kernel.ask("soak.resume()"))
    left = kernel.ask("soak.resume()")
    assert left == [], left
    found.spending = kernel.ask("cells.spending()")
    return kernel.ask(f"soak.forget({found.before.get('open files', 1_000)})")


def _note(found: Soak, outcomes: list[dict[str, Any]]) -> None:
    found.outcomes.update({told["prompt"]: told for told in outcomes})


def check_no_leak(found: Soak) -> None:
    """Make sure that memory, threads, files and sockets stay where they were."""
    before, first, last, after = found.before, found.rounds[0], found.rounds[-1], found.after
    jobs = found.jobs * (len(found.rounds) - 1) / len(found.rounds)
    grown = {name: last[name] - first[name] for name in last}
    assert grown["KB of objects"] <= KB_A_JOB * jobs, found.rounds
    assert grown["KB resident"] <= RESIDENT_KB_A_JOB * jobs + 5000, found.rounds
    assert last["threads"] <= before["threads"], found.rounds
    for name in ("open files", "sockets"):
        assert max(each[name] for each in found.rounds) <= before[name] + CONNECTIONS, found.rounds
    for name in ("threads", "open files", "sockets"):
        assert after[name] <= before[name], (before, after)
    assert after["KB of objects"] <= before["KB of objects"] + KB_LEFT, (before, after)

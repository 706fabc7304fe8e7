"""Balance the books after a soak: what the server did, what the jobs said, what is on disk."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.crash.audit import check_folder, check_tidy, results

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.fal_server import FalServer

Outcomes = dict[str, dict[str, Any]]


def check_nothing_lost(library: Path, server: FalServer, outcomes: Outcomes) -> None:
    """Make sure that each prompt was sent once at most, and each result is here and whole."""
    server.wait(lambda s: all(job.phase == "COMPLETED" for job in s.jobs), 20)
    asked = Counter(job.prompt for job in server.jobs)
    assert max(asked.values()) == 1, f"sent twice: {asked.most_common(3)}"
    found = results(library)
    for job in server.jobs:
        told = outcomes[job.prompt]
        assert (job.request_id in found) == (not told["error"]), f"{job} and {told}"
    for request_id in found:
        check_folder(found[request_id], server)
    check_tidy(library)


def check_bill(
    server: FalServer, outcomes: Outcomes, spending: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    """Make sure that the ledger is the bill: to the cent for what came, no less for the rest.

    Return both sums.
    """
    rows = {row["prompt"]: row for row in spending}
    delivered = {prompt for prompt, told in outcomes.items() if not told["error"]}
    by_id = {job.request_id: job.prompt for job in server.jobs}
    bill = {by_id[charge.request_id]: Decimal(str(charge.usd)) for charge in server.bill}
    for prompt, row in rows.items():
        usd, certainty = Decimal(row["usd"]), row["certainty"]
        if prompt in delivered:
            assert (usd, certainty) == (bill[prompt], "confirmed"), row
        elif prompt in bill:
            assert certainty == "may be billed", (row, outcomes[prompt])
            assert usd >= bill[prompt], row
    for prompt in map(by_id.__getitem__, server.maybe_billed):
        assert rows[prompt]["certainty"] == "may be billed", (rows[prompt], outcomes[prompt])
    assert bill.keys() | delivered <= rows.keys()
    assert sum(row["certainty"] == "confirmed" for row in rows.values()) == len(delivered)
    sums: Counter[str] = Counter()
    for row in rows.values():
        sums[row["certainty"]] += Decimal(row["usd"])  # type: ignore[assignment]
    return {
        "billed for what came": sum((bill[prompt] for prompt in delivered), Decimal(0)),
        "billed besides": sum(
            (usd for each, usd in bill.items() if each not in delivered), Decimal(0)
        ),
        **sums,
    }

"""The page's ledger: what was spent, the limits, and the last requests with their costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedream_widgets.money.ledger import charges
from seedream_widgets.money.limits import began
from seedream_widgets.money.pricing import usd

if TYPE_CHECKING:
    from seedream_widgets.jobs.client import Client

_LAST = 8
_LONGEST = 80


def ledger(client: Client) -> dict[str, Any]:
    """Return the ledger as rows of a name and a text; it reads the disk.

    ``rows`` are the sums and limits, counted as the budget does; ``last`` are the last requests of
    this month, newest first, each with what it cost or may cost.

    Raises:
        SeedreamError: The kept limits can't be read.
    """
    now, library = client.budget.standing, client.library
    rows = [
        ("Spent this session", usd(now.spent)),
        ("In flight", usd(now.in_flight)),
        ("May be billed", usd(now.may_be_billed)),
        ("Limit of the session", "none" if now.limit is None else usd(now.limit)),
    ]
    for each in client._limits.read():
        spent = usd(each.committed)
        said = f"{spent}, no limit" if each.limit is None else f"{spent} of {usd(each.limit)}"
        rows.append((f"This {each.per}, all kernels", said))
    last = [
        (each.prompt[:_LONGEST], f"{usd(each.usd)} {each.certainty}")
        for each in reversed(charges(library, began("month"))[-_LAST:])
    ]
    return {"rows": _rows(rows), "last": _rows(last)}


def _rows(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "text": text} for name, text in pairs]

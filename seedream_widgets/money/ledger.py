"""The ledger: what each request cost, from the library's receipts and its journal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from seedream_widgets.library.entry import moment
from seedream_widgets.values.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from datetime import date

    from seedream_widgets.library import Entry, Library
    from seedream_widgets.library.journal import Pending


@dataclass(frozen=True)
class Charge:
    """What one request cost or may cost.

    Attributes:
        when: UTC.
        request_id: fal's id; empty when it never answered.
        endpoint: The endpoint's id.
        prompt: The prompt.
        state: ``"completed"``, ``"failed"``, ``"cancelled"``, ``"unknown"`` or ``"in flight"``.
        images: How many came.
        usd: US dollars; the most it can cost while that is uncertain.
        certainty: ``"confirmed"``: fal told the units it bills, and they are multiplied by its
            price an image, from its pricing API or the dated table (``receipt.price`` says which);
            a discount or tax of the account is not in it. ``"estimated"``: it did not tell, so
            the images that came are counted. ``"not billed"``. ``"may be billed"``.
    """

    when: datetime
    request_id: str
    endpoint: str
    prompt: str
    state: str
    images: int
    usd: Decimal
    certainty: str


def charges(library: Library, since: datetime | date | str | None = None) -> list[Charge]:
    """Return what each request on fal cost or may cost, oldest first."""
    found = [
        Charge(
            entry.created, entry.request_id, entry.endpoint, entry.prompt, "completed",
            entry.images, entry.cost or Decimal(0), _certainty(entry),
        )
        for entry in (
            *library.search(backend="fal", since=since),
            *library.billed_before(since),  # deleted since, and paid for all the same
        )
    ]  # fmt: skip
    known = {charge.request_id for charge in found}
    first = 0.0 if since is None else moment(since).timestamp()
    # By id, so that one just moved from the pending to the ended counts once.
    open_ones = {entry.id: entry for entry in library._journal.pending() if entry.created >= first}
    entries = open_ones | {entry.id: entry for entry in library._journal.ended(first)}
    found += [
        charge
        for charge in map(_uncertain, entries.values())
        if not charge.request_id or charge.request_id not in known
    ]
    return sorted(found, key=lambda charge: charge.when)


def _certainty(entry: Entry) -> str:
    endpoint = ENDPOINTS.get(entry.endpoint)
    told = entry.billable_units is not None and entry.cost is not None
    if endpoint is not None and not endpoint.price.flat:
        told = False  # what a unit of it costs is unknown, so its images were counted
    return "confirmed" if told else "estimated"


def _uncertain(entry: Pending) -> Charge:
    ended = entry.step in ("failed", "cancelled", "unknown")
    free = entry.step == "planned" or (ended and entry.billing == "no")
    return Charge(
        when=datetime.fromtimestamp(entry.created, timezone.utc),
        request_id=(entry.handle or {}).get("request_id", ""),
        endpoint=entry.endpoint,
        prompt=entry.request["prompt"],
        state=entry.step if ended else "in flight",
        images=0,
        usd=Decimal(0) if free else Decimal(entry.high),
        certainty="not billed" if free else "may be billed",
    )


def as_table(found: list[Charge]) -> Any:
    """Return a pandas DataFrame where pandas is installed, else a list of dicts."""
    rows = [asdict(charge) for charge in found]
    try:
        import pandas as pd  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return rows
    return pd.DataFrame(rows, columns=list(Charge.__dataclass_fields__))

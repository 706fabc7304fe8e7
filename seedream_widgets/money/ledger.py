"""The ledger: what each request cost, from the library's receipts and its journal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import refused
from seedream_widgets.library.entry import moment
from seedream_widgets.money.pricing import in_cents
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
        images: How many images came.
        usd: US dollars; the most it can cost while that is uncertain.
        certainty: ``"confirmed"``: the units that fal reported, times its price of an image, from
            its pricing API or the dated table (``receipt.price`` says which), without discounts or
            taxes of the account. ``"estimated"``: fal reported none, so the images that came are
            counted. Or ``"not billed"``, or ``"may be billed"``.
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
            *library.billed_before(since),  # deleted results were paid for, too
        )
    ]  # fmt: skip
    known = {charge.request_id for charge in found}
    first = 0.0 if since is None else moment(since).timestamp()
    # By id, so that one that ends between the two reads is counted once.
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
        told = False  # the price of a unit is unknown, so its images were counted
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


GROUPS = ("day", "model", "prompt")
"""What the ledger can be summed up by."""


def summed_up(found: list[Charge], by: str) -> list[dict[str, Any]]:
    """Return what requests cost for each day (UTC), model or prompt.

    Each row has ``requests``, ``images``, ``usd``, and ``may_be_billed``: the part of it that may
    not be billed in the end. Days are in order of time, others in order of cost.

    Raises:
        RequestError: `by` is not one of these.
    """
    if by not in GROUPS:
        raise refused("by", ", ".join(map(repr, GROUPS)), by)

    def group(charge: Charge) -> str:
        if by == "day":
            return f"{charge.when:%Y-%m-%d}"
        endpoint = ENDPOINTS.get(charge.endpoint)
        return charge.prompt if by == "prompt" else endpoint.model if endpoint else charge.endpoint

    rows: dict[str, dict[str, Any]] = {}
    for charge in found:
        nothing = {"requests": 0, "images": 0, "usd": Decimal(0), "may_be_billed": Decimal(0)}
        row = rows.setdefault(group(charge), {by: group(charge), **nothing})
        row["requests"] += 1
        row["images"] += charge.images
        row["usd"] += charge.usd
        if charge.certainty == "may be billed":
            row["may_be_billed"] += charge.usd
    listed = sorted(rows.values(), key=lambda row: (0 if by == "day" else -row["usd"], row[by]))
    money = "usd", "may_be_billed"
    return [{**row, **{name: in_cents(row[name]) for name in money}} for row in listed]


def as_table(found: list[Charge], by: str | None = None) -> Any:
    """Return a pandas DataFrame where pandas is installed, else a list of dicts."""
    if by is None:
        rows = [{**asdict(charge), "usd": in_cents(charge.usd)} for charge in found]
        columns = list(Charge.__dataclass_fields__)
    else:
        rows = summed_up(found, by)
        columns = [by, "requests", "images", "usd", "may_be_billed"]
    try:
        import pandas as pd  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return rows
    return pd.DataFrame(rows, columns=columns)

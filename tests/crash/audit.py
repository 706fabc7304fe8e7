"""Compare a library with what the local fal says that it was sent, has made and bills."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from PIL import Image

from seedream_widgets.library.entry import load
from seedream_widgets.values.receipt import Receipt
from tests.scripted import SECONDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from tests.fal_server import FalServer


def audit(
    library: Path,
    server: FalServer,
    spending: Iterable[dict[str, Any]],
    known: Collection[str] = (),
) -> set[str]:
    """Fail unless nothing is lost, paid twice, half written or left lying about.

    Return the request ids of the results; the files of those `known` are not read again.
    """
    server.wait(lambda s: all(job.phase == "COMPLETED" for job in s.jobs), SECONDS)
    found = results(library)
    reported = {entry["request"]["prompt"] for entry in ended(library, "unknown")}
    unsent = {entry["request"]["prompt"] for entry in ended(library, "cancelled")}
    asked = Counter(job.prompt for job in server.jobs)
    assert max(asked.values(), default=1) == 1, f"sent twice: {asked.most_common(3)}"
    for job in server.jobs:
        here = job.request_id in found
        assert here or job.prompt in reported, f"lost: {job.prompt}, {job.request_id}"
        assert not (here and job.prompt in reported), f"here and reported: {job.prompt}"
        assert job.prompt not in unsent, f"said to be unsent: {job.prompt}"
    assert set(found) <= {job.request_id for job in server.jobs}
    for request_id in found.keys() - known:
        check_folder(found[request_id], server)
    check_tidy(library)
    _check_money(server, list(spending))
    return set(found)


def results(library: Path) -> dict[str, Path]:
    """Return the results' folders by request id, each of which may be there once."""
    found: dict[str, Path] = {}
    for folder in library.glob("results/*/*"):
        request_id = Receipt.from_json((folder / "receipt.json").read_bytes()).request_id
        assert request_id not in found, f"twice: {folder} and {found[request_id]}"
        found[request_id] = folder
    return found


def check_folder(folder: Path, server: FalServer) -> None:
    """Make sure that a folder holds its own request's files, byte by byte, and no others."""
    result = load(folder)
    job = next(job for job in server.jobs if job.request_id == result.request_id)
    assert result.request.prompt == job.prompt
    assert result.seed == job.seed
    assert len(result.files) == job.arguments.get("num_images", 1)
    assert {path.name for path in folder.iterdir()} == {
        "receipt.json",
        *(file.path.name for file in result.files),
    }
    for index, file in enumerate(result.files):
        sent = server.files[f"/files/b/{job.request_id}/{index}.png"].content
        assert file.path.read_bytes() == sent, f"not whole: {file.path}"
        with Image.open(file.path) as image:
            assert image.getpixel((0, 0)) == server.expected_color(job.prompt, job.seed, index)


def check_tidy(library: Path) -> None:
    hidden = [path for path in library.rglob(".*") if path.name != ".staging"]
    left = [*hidden, *(library / ".staging").glob("*"), *library.rglob("*.part")]
    assert left == []
    assert pending(library) == []


def _check_money(server: FalServer, spending: list[dict[str, Any]]) -> None:
    """Make sure that the ledger holds each request once, and never less than the bill."""
    by_id = {row["request_id"]: row for row in spending if row["state"] == "completed"}
    unknown = {row["prompt"]: row for row in spending if row["state"] == "unknown"}
    prompts = {job.request_id: job.prompt for job in server.jobs}
    assert len(by_id) == sum(row["state"] == "completed" for row in spending)
    for charge in server.bill:
        usd = Decimal(str(charge.usd))
        if charge.request_id in by_id:
            row = by_id[charge.request_id]
            assert (Decimal(row["usd"]), row["certainty"]) == (usd, "confirmed")
        else:
            row = unknown[prompts[charge.request_id]]
            assert row["certainty"] == "may be billed"
            assert Decimal(row["usd"]) >= usd
    assert sum(Decimal(row["usd"]) for row in spending) >= Decimal(str(server.usd))
    assert all(Decimal(row["usd"]) == 0 for row in spending if row["state"] == "cancelled")


def pending(library: Path) -> list[dict[str, Any]]:
    """Return the journal's open entries, as they are on disk."""
    return _entries(library.glob("journal/[!.]*.json"))


def ended(library: Path, step: str) -> list[dict[str, Any]]:
    """Return the journal's ended entries of one kind."""
    found = _entries(library.glob("journal/ended/*/[!.]*.json"))
    return [entry for entry in found if entry["step"] == step]


def _entries(paths: Iterable[Path]) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in paths]

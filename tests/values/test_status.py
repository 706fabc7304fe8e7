"""The words for where a job stands."""

from __future__ import annotations

import dataclasses

import pytest

from seedream_widgets.errors import BackendError
from seedream_widgets.values.status import (
    Cancelled,
    Completed,
    Failed,
    Fetching,
    InProgress,
    Log,
    Preparing,
    Queued,
    Status,
)


@pytest.mark.parametrize(
    ("status", "kind", "text", "final"),
    [
        (Preparing(), "preparing", "Sending", False),
        (Preparing(0, 2), "preparing", "Uploading image 1 of 2", False),
        (Preparing(1, 2), "preparing", "Uploading image 2 of 2", False),
        (Preparing(2, 2), "preparing", "Sending", False),
        (Queued(), "queued", "In queue", False),
        (Queued(0), "queued", "In queue, 1st", False),
        (InProgress(), "in_progress", "Generating", False),
        (Fetching(), "fetching", "Fetching", False),
        (Fetching(0, 3), "fetching", "Fetching 1 of 3", False),
        (Fetching(3, 3), "fetching", "Fetching 3 of 3", False),
        (Completed(), "completed", "Completed", True),
        (Failed(BackendError("x")), "failed", "Failed", True),
        (Cancelled("no"), "cancelled", "Cancelled", True),
        (Cancelled("maybe"), "cancelled", "Cancelled, may be billed", True),
    ],
)
def test_words(status, kind, text, final):
    assert (status.kind, status.text, str(status), status.final) == (kind, text, text, final)


@pytest.mark.parametrize(
    ("position", "place"),
    [(0, "1st"), (1, "2nd"), (2, "3rd"), (3, "4th"), (10, "11th"), (11, "12th"), (12, "13th"),
     (20, "21st"), (21, "22nd"), (110, "111th"), (120, "121st")],
)  # fmt: skip
def test_places_in_the_queue(position, place):
    assert Queued(position).text == f"In queue, {place}"


def test_a_kind_each():
    assert len({each.kind for each in Status.__subclasses__()}) == len(Status.__subclasses__()) == 7


def test_values_compare_by_content_and_never_change():
    assert InProgress((Log("a"),)) == InProgress((Log("a"),)) != InProgress()
    with pytest.raises(dataclasses.FrozenInstanceError):
        Queued(1).position = 0

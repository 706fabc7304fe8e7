"""A user's marks on a result, favourite and rating: small files beside its images."""

from __future__ import annotations

import os
from typing import NamedTuple

from seedream_widgets.files import read_file

FAVOURITE = "favourite"
"""An empty file of that name marks a favourite."""
RATING = "rating"
"""A file of that name holds one digit."""
MOST = 5


class Marks(NamedTuple):
    """Whether a result is a favourite, and its rating: 1 to 5, or 0 for none."""

    favourite: bool = False
    rating: int = 0


def read_marks(folder: str) -> Marks:
    """Return the marks in a result's folder; an unreadable mark counts as none."""
    return Marks(os.path.exists(f"{folder}/{FAVOURITE}"), _rating(f"{folder}/{RATING}"))


def _rating(path: str) -> int:
    try:
        said = (read_file(path, 8) or b"").strip()
    except OSError:
        return 0
    return int(said) if said.isdigit() and int(said) <= MOST else 0

"""Inputs nobody thought of: requests, receipts, messages of the page, replies, dropped files.

The same ones each time; ``FUZZ=5000 pytest tests/fuzz`` tries that many others of each.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

MANY = os.environ.get("FUZZ")
TEXT = st.text(max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    SCALARS,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXT, inside, max_size=4),
    max_leaves=12,
)


def fuzz(examples: int) -> settings:
    """Try that many examples, always the same."""
    return settings(
        max_examples=int(MANY or examples),
        derandomize=MANY is None,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )

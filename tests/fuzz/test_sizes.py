"""Whatever is asked for, the nearest size that an endpoint takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedream_widgets.values.endpoints import ENDPOINTS
from seedream_widgets.values.sizes import Size

from . import fuzz


@fuzz(100)
@given(
    st.sampled_from(list(ENDPOINTS.values())),
    *[st.one_of(st.integers(-5, 20_000), st.integers(10**6, 10**400))] * 2,
)
def test_the_nearest_is_allowed_and_an_allowed_size_is_its_own(endpoint, width, height):
    rule, size = endpoint.size_rule, Size(width, height)
    assert rule.allows(rule.nearest(size))
    if rule.allows(size):
        assert rule.nearest(size) == size


@fuzz(100)
@given(st.sampled_from(list(ENDPOINTS.values())), *[st.integers(400, 8000)] * 2)
def test_the_nearest_keeps_the_ratio(endpoint, width, height):
    near = endpoint.size_rule.nearest(Size(width, height))
    if max(width, height) <= 15 * min(width, height):
        assert near.width / near.height == pytest.approx(width / height, rel=0.01)

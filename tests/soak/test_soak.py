"""A short soak; `make soak` runs 2,000 jobs, 200 at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.soak.soak import WARM_UP, check_no_leak, soak

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fal_server import FalServer

pytestmark = pytest.mark.timeout(1500)
JOBS, AT_ONCE = 100, 50


def test_nothing_leaks_and_nothing_is_lost(fal_server: FalServer, tmp_path: Path) -> None:
    found = soak(JOBS, AT_ONCE, fal_server, tmp_path)
    assert found.ends()["Result"] > JOBS / 2
    assert found.ends()["JobCancelled"] > 0
    assert len(found.ends()) > 4, "hardly a fault was met"
    assert len(found.outcomes) == JOBS + WARM_UP
    check_no_leak(found)

"""Which of the soak's jobs meet which fault: drawn once, so that a run can be repeated."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fal_server import FalServer

FAULTY = 0.25
"""Share of the jobs that meet one."""
FAULTS = (
    ("submit", "accept_drop"), ("submit", "accept_not_json"), ("submit", "accept_no_id"),
    ("submit", "drop"), ("submit", "nginx_502"), ("submit", "400"), ("submit", "429"),
    ("submit", "503"), ("submit", "403"),
    ("run", "policy"), ("run", "policy_silent"), ("run", "500"), ("run", "504"),
    ("run", "no_media"), ("run", "empty"),
    ("stream", "cut"), ("stream", "garbage"), ("stream", "405"), ("stream", "drop"),
    ("stream", "nginx_502"), ("stream", "unknown"),
    ("result", "drop"), ("result", "nginx_502"), ("result", "429"), ("result", "not_json"),
    ("result", "wrong_shape"), ("result", "404"),
    ("cancel", "500"), ("cancel", "drop"),
)  # fmt: skip
DOWNLOADS = ("cut", "drop", "503", "garbage", "empty", "404", "nginx_502")
"""A download's request does not tell whose it is: so many a round."""


def switch_on(server: FalServer, first: int, jobs: int) -> None:
    """Switch a round's faults on, each for one request of its job."""
    server.heal()
    chance = random.Random(first + 1)
    for number in range(first, first + jobs):
        if chance.random() < FAULTY:
            point, kind = chance.choice(FAULTS)
            server.fail(point, kind, when=_of(number))
    for kind in DOWNLOADS:
        server.fail("download", kind, times=max(1, jobs // 100))


def _of(number: int) -> Callable[[str], bool]:
    return lambda prompt: prompt == f"soak {number}"


def seconds(least: float, most: float) -> Callable[[Any], float]:
    """Draw how long a job queues or runs."""
    chance = random.Random(7)
    return lambda arguments: chance.uniform(least, most)

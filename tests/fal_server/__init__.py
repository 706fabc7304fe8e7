"""A local fal: its protocol over real sockets with TLS, so that `fal_client` runs unmodified.

with FalServer(Settings(run_seconds=0.5)) as server:
    os.environ.update(server.env)
    ...
    server.fail("submit", "429", times=2)
    assert server.count("submit") == 3
    assert server.bill == (...)
"""

from __future__ import annotations

from .authority import Authority
from .faults import KINDS
from .server import FalServer
from .state import Charge, Job, Record, Settings

__all__ = ["KINDS", "Authority", "Charge", "FalServer", "Job", "Record", "Settings"]

"""fal itself, spoken to with the unmodified `fal_client.AsyncClient`.

    backend    the verbs, and when the heavy modules are imported
    session    one AsyncClient, guarded, and what all requests share
    guard      a submit is never sent twice; the key goes to fal's hosts alone
    units      what fal says it bills
    submit, watch (events, progress, poll), fetch (output), uploads, download, cancel
    errors     fal's replies and network failures in plain sentences

Only `backend` may be imported without httpx and fal_client following.
"""

from __future__ import annotations

from seedream_widgets.backends.fal.backend import FalBackend
from seedream_widgets.backends.fal.limits import Limits

__all__ = ["FalBackend", "Limits"]

"""fal itself, spoken to with the unmodified `fal_client.AsyncClient`.

    backend       the verbs, and when the heavy modules are imported
    session       one AsyncClient, guarded, what all requests share, and how long they wait
    guard         a submit is never sent twice; the key goes to fal's hosts alone
    addresses     where a reply of the server may send us
    connections   proxies and certificates, as the environment names them
    uploads, submit (and cancel), watch, fetch, downloads      one request's way, in this order
    platform_api  what fal says about the account: prices
    errors        fal's replies and network failures in plain sentences

Importing this room imports neither httpx nor fal_client: the first verb called does.
"""

from __future__ import annotations

from seedream_widgets.backends.fal.backend import FalBackend
from seedream_widgets.backends.fal.limits import Limits

__all__ = ["FalBackend", "Limits"]

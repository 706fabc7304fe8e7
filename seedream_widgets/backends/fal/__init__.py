"""The fal backend, on top of the unmodified `fal_client.AsyncClient`.

    backend       `FalBackend`: one method per step; imports the heavy modules when first used
    session       what all requests share: the guarded AsyncClient, limits and retries
    guard         never sends a submit twice, and sends the key to fal's hosts only
    addresses     which addresses in fal's replies may be used
    connections   proxies and certificates from the environment
    uploads, submit (and cancel), watch, fetch, downloads      one request's steps, in this order
    platform_api  fal's prices and its list of requests
    errors        turns fal's replies and network failures into plain sentences

Importing this room imports neither httpx nor fal_client: the first verb called does.
"""

from __future__ import annotations

from seedream_widgets.backends.fal.backend import FalBackend
from seedream_widgets.backends.fal.limits import Limits

__all__ = ["FalBackend", "Limits"]

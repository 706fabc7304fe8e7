"""What values need from the rooms above them, imported late; nothing else imports upwards.

A value must not depend on how it is displayed, submitted or stored. Yet IPython asks the value to
show itself, a result can be requested again, and it names the results that it was made from. These
functions import what that takes when they are called.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def mime_bundle(what: str, value: object) -> dict[str, str]:
    """Return the MIME bundle that the function `what` of `display.html` makes of a value."""
    bundle: dict[str, str] = getattr(import_module("seedream_widgets.display.html"), what)(value)
    return bundle


def submit_fresh(request: Any) -> Any:
    """Submit a request on the session's client, even if its result is in the library."""
    return import_module("seedream_widgets.api").submit(request, fresh=True)


def relatives(result: Any) -> Any:
    """Return the lineage of a result, from its own library and the session's."""
    session = import_module("seedream_widgets.api").default_client().library
    return import_module("seedream_widgets.library.lineage").lineage_of(result, session)


def show_live(job: object) -> None:
    """Display a job as a card that is updated while it runs."""
    import_module("seedream_widgets.display.live").show_job(job)


def live_card(job: object, note: str) -> Any:
    """Return a widget that shows a running job and can cancel it."""
    return import_module("seedream_widgets.studio.live_card").LiveCard(job, note)


def sheet(batch: object) -> Any:
    """Return the widget that shows a batch as a live grid."""
    return import_module("seedream_widgets.studio.sheet").Sheet(batch)

"""The one place that looks upwards: how a value shows itself, who asks for it anew, its relatives.

A value must not know who displays it, but IPython asks the value; nor who submits it, but a result
of the library can be asked for again; nor who keeps it, but it tells what it was made from. So
these are loaded by name when it comes to that, and nothing else reaches up.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def shown(what: str, value: object) -> dict[str, str]:
    """Return what the function `what` of `seedream_widgets.display.html` makes, by media type."""
    bundle: dict[str, str] = getattr(import_module("seedream_widgets.display.html"), what)(value)
    return bundle


def asked_anew(request: Any) -> Any:
    """Return a job of the session's client that asks for `request` although it is kept."""
    return import_module("seedream_widgets.api").submit(request, fresh=True)


def relatives(result: Any) -> Any:
    """Return the lineage of a result, looked up in its own library and in the session's."""
    session = import_module("seedream_widgets.api").default_client().library
    return import_module("seedream_widgets.library.lineage").lineage_of(result, session)


def show_live(job: object) -> None:
    """Show a job as a card that changes while it runs."""
    import_module("seedream_widgets.display.live").show_job(job)


def live_card(job: object, note: str) -> Any:
    """Return a widget that shows a running job and can cancel it."""
    return import_module("seedream_widgets.studio.live_card").LiveCard(job, note)


def sheet(batch: object) -> Any:
    """Return the widget that shows a batch as a live grid."""
    return import_module("seedream_widgets.studio.sheet").Sheet(batch)

"""The one place that looks upwards: how a value shows itself in a notebook.

A value must not know who displays it, but IPython asks the value. So the room that displays is
loaded by its name when a notebook asks, and nothing else reaches up.
"""

from __future__ import annotations

from importlib import import_module


def shown(what: str, value: object) -> str:
    """Return the HTML that the function `what` of `seedream_widgets.display.html` makes."""
    html: str = getattr(import_module("seedream_widgets.display.html"), what)(value)
    return html


def show_live(job: object) -> None:
    """Show a job as a card that changes while it runs."""
    import_module("seedream_widgets.display.live").show_job(job)

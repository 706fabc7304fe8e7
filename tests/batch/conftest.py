from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests whose reply a killed process never heard are looked for in this fal's list at once.

    Real lists are late; this process waits minutes for them, where nothing later shows first.
    """
    from seedream_widgets.jobs.engine import shared

    monkeypatch.setattr(shared().lost, "patience", 4.0)

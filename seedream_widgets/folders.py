"""Where files go."""

from __future__ import annotations

import os
from pathlib import Path


def results_folder() -> Path:
    """Return the folder of all results: ``SEEDREAM_HOME``, else in the user's data folder."""
    home = os.environ.get("SEEDREAM_HOME")
    if home:
        return Path(home).expanduser() / "results"
    from platformdirs import user_data_path

    return user_data_path("seedream_widgets", appauthor=False) / "results"

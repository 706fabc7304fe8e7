"""Where files go."""

from __future__ import annotations

import os
from pathlib import Path


def library_folder() -> Path:
    """Return the default library: ``SEEDREAM_HOME``, else the user's data folder."""
    home = os.environ.get("SEEDREAM_HOME")
    if home:
        return Path(home).expanduser()
    from platformdirs import user_data_path

    return user_data_path("seedream_widgets", appauthor=False)

"""Refuse to build a wheel that has no front end in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundleHook(BuildHookInterface[Any]):
    """Check that the built JavaScript and CSS are there; they are not in git."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raise when the bundle is missing, but let an editable install through."""
        if version == "editable":
            return
        static = Path(self.root, "seedream_widgets", "static")
        missing = [name for name in ("studio.js", "studio.css") if not (static / name).is_file()]
        if missing:
            raise FileNotFoundError(
                f"seedream_widgets/static lacks {' and '.join(missing)}: "
                "run `make bundle` (npm run build in js/) first"
            )

"""Switch on the widget manager for other people's widgets, in every output from now on.

As Colab's own, it names the manager in the metadata of what `display` publishes, not of what a
cell returns.
"""

from __future__ import annotations

from typing import Any

from IPython import get_ipython

_VIEW = "application/vnd.jupyter.widget-view+json"
_installed_url: str | None = None


def enable_custom_widget_manager(version: str = "5.0.0a") -> None:
    """Have widgets drawn by the manager that knows custom ones."""
    global _installed_url
    if version != "5.0.0a":
        raise ValueError(f"Unknown widgets version: {version}")
    if _installed_url is None:
        get_ipython().display_pub.register_hook(_name_manager)
    _installed_url = "/colab-frame.js"


def _name_manager(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content", {})
    if _VIEW in content.get("data", {}):
        metadata = content.setdefault("metadata", {}).setdefault(_VIEW, {})
        metadata["colab"] = {"custom_widget_manager": {"url": _installed_url}}
    return message

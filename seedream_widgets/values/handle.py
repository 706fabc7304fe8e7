"""How fal identifies an accepted request."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Handle:
    """fal's id and URLs of one accepted request: enough to find it again from another process."""

    request_id: str
    endpoint_id: str
    status_url: str = ""
    response_url: str = ""
    cancel_url: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return a JSON-ready dict; ``Handle(**d)`` is its inverse."""
        return asdict(self)

"""What is kept, and for how long: here and at fal."""

from __future__ import annotations

from dataclasses import dataclass

from seedream_widgets.errors import RequestError

SHORTEST = 60
"""Fewest seconds fal keeps a file, its client's word for "immediate"."""


@dataclass(frozen=True)
class Policy:
    """Say what may be stored.

    Args:
        expire_media: Seconds after which fal deletes uploads and results; ``None`` leaves it to
            the account, which by default keeps them for ever, public to whoever has the URL.
        store_prompts: Whether prompts go into the library's receipts and journal. Without, fal
            is asked not to store the request's payload either.

    Raises:
        RequestError: `expire_media` is no whole number of at least 60.
    """

    expire_media: int | None = None
    store_prompts: bool = True

    def __post_init__(self) -> None:
        seconds = self.expire_media
        if seconds is not None and (type(seconds) is not int or seconds < SHORTEST):
            raise RequestError(
                f"expire_media takes whole seconds from {SHORTEST} on, or None, got {seconds!r}",
                field="expire_media",
                value=seconds,
            )

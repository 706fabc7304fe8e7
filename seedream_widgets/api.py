"""The few functions people type, on one default client for the session."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from seedream_widgets.client import Client
from seedream_widgets.errors import RequestError
from seedream_widgets.request import Request

if TYPE_CHECKING:
    from seedream_widgets.job import Job
    from seedream_widgets.result import Result

_lock = threading.Lock()
_client: Client | None = None


def default_client() -> Client:
    """Return the session's default client: fal when a key is found, else the offline preview."""
    global _client
    with _lock:
        if _client is None:
            _client = Client()
        return _client


def jobs() -> tuple[Job, ...]:
    """Return the default client's jobs of this session, newest first."""
    return default_client().jobs


def submit(prompt: str | Request, **arguments: Any) -> Job:
    """Start a request and return its `Job` at once.

    Args:
        prompt: The prompt, or a whole `Request`.
        **arguments: Further arguments of `Request`, such as ``images=`` for an edit,
            ``image_size="4:3"``, ``num_images=2``, ``seed=7``, ``model="v4.5"``.

    Raises:
        RequestError: An argument is not accepted; nothing was sent.
    """
    return default_client().submit(_request(prompt, arguments))


def generate(prompt: str | Request, **arguments: Any) -> Result:
    """Draw from text and wait for the `Result`; arguments as in `submit`.

    A keyboard interrupt stops the waiting, not the job: find it in ``sd.jobs()``.

    Raises:
        RequestError: An argument is not accepted; nothing was sent.
        BackendError: The request failed; the error says what may be billed.
    """
    return submit(prompt, **arguments).result()


def edit(images: Any, prompt: str, **arguments: Any) -> Result:
    """Change `images` as `prompt` says and wait for the `Result`; arguments as in `submit`.

    Args:
        images: One or up to 10 of PIL image, numpy array, path, URL, bytes or `Result`.
        prompt: What to change; name inputs by their order ("image 1").
        **arguments: Further arguments of `Request`.

    Raises:
        RequestError: An argument is not accepted; nothing was sent.
        BackendError: The request failed; the error says what may be billed.
    """
    request = _request(prompt, {**arguments, "images": images})
    if not request.images:
        raise RequestError(
            "edit takes 1 to 10 images, got none; give images, or use sd.generate",
            field="images",
            value=images,
        )
    return submit(request).result()


def _request(prompt: str | Request, arguments: dict[str, Any]) -> Request:
    if isinstance(prompt, Request):
        if arguments:
            raise RequestError(
                f"a Request is complete, got also {', '.join(arguments)}; "
                "use dataclasses.replace(request, ...)",
                field=next(iter(arguments)),
            )
        return prompt
    unknown = set(arguments) - set(Request.__dataclass_fields__)
    if unknown:
        name = min(unknown)
        raise RequestError(
            f"{name} is no argument of a request, which takes "
            f"{', '.join(Request.__dataclass_fields__)}; check the spelling",
            field=name,
            value=arguments[name],
        )
    return Request(prompt, **arguments)

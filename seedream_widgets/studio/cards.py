"""A job's card as the page gets it: small JSON without any image bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seedream_widgets.money.pricing import cost, shown
from seedream_widgets.studio.references import MARKED, reference_ids
from seedream_widgets.values.endpoints import PRESETS
from seedream_widgets.values.result import image_id
from seedream_widgets.values.sizes import Size
from seedream_widgets.values.status import Cancelled, Completed, Failed, Fetching, Preparing

if TYPE_CHECKING:
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.money.budget import Standing
    from seedream_widgets.studio.protocol import Card
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result

FORM = (
    "prompt",
    "image_size",
    "seed",
    "num_images",
    "max_images",
    "enhance_prompt_mode",
    "enable_safety_checker",
    "sync_mode",
    "model",
    "output_format",
    "background",
)
"""The form's fields, named as in `Request`; the form adds `references`."""
_MAX_LOG = 500
_MAX_NOTE = 500
_STEP = re.compile(r"(\d{1,6})\s*(?:of|/)\s*(\d{1,6})")


def card(job: Job, place: int) -> Card:
    """Return what the page needs to show `job`; cards are ordered by `place`, higher is newer."""
    request, status = job.request, job.status
    result = job.result() if isinstance(status, Completed) and job.done else None
    return {
        "id": job.id,
        "place": place,
        "state": status.kind,
        "text": status.text,
        "prompt": request.prompt,
        "offline": job.backend == "offline",
        "created": round(job.created * 1000),
        "finished": None if job.finished is None else round(job.finished * 1000),
        "progress": _progress(job),
        "log": job.logs[-1].message[:_MAX_LOG] if job.logs and not status.final else None,
        "size": _size(request),
        "num_images": request.num_images,
        "max_images": request.max_images,
        "seed": result.seed if result else request.seed,
        "cost": shown(cost(result)) if result and job.backend == "fal" else None,
        "cached": result is not None and result.cached,
        "clicked": job._clicked,
        "note": result.note[:_MAX_NOTE] if result and result.note else None,
        "images": _images(result) if result else [],
        "error": _error(job),
        "form": form_of(request),
    }


def money(standing: Standing) -> str:
    """Return the page's line about money, counted as the budget does; "" if there is none."""
    if standing.limit is None and not standing.committed:
        return ""
    when = " this session" if standing.limit is None else ""
    return str(standing).replace("spent", f"Spent{when}", 1)


def form_of(request: Request) -> dict[str, Any]:
    """Return the form that asks for `request` again."""
    form = {name: getattr(request, name) for name in FORM}
    if isinstance(request.image_size, Size):
        form["image_size"] = list(request.image_size)
    marked = [MARKED] if request.mask is not None else []
    form["references"] = [*reference_ids(request.images), *marked]
    return form


def _images(result: Result) -> list[dict[str, Any]]:
    return [
        {"id": image_id(result.request_id, index), "width": file.width, "height": file.height}
        for index, file in enumerate(result.files)
    ]


def _size(request: Request) -> list[int] | None:
    size = request.image_size or request.endpoint.default_size
    if isinstance(size, Size):
        return list(size)
    return list(PRESETS[size]) if size in PRESETS else None


def _progress(job: Job) -> float | None:
    status = job.status
    if isinstance(status, Completed):
        return 1.0
    if isinstance(status, Fetching) and status.images:
        return status.fetched / status.images
    if isinstance(status, Preparing) and status.uploads:
        return status.uploaded / status.uploads
    match = _STEP.search(job.logs[-1].message) if job.logs else None
    if not match or status.final or int(match[2]) == 0:
        return None
    return min(1.0, int(match[1]) / int(match[2]))


def _error(job: Job) -> dict[str, str | None] | None:
    if not isinstance(job.status, Failed | Cancelled) or job.error is None:
        return None
    field = getattr(job.error, "field", None)
    return {"message": sentence(str(job.error)), "field": field}


def sentence(text: str) -> str:
    """Return an error message as a full sentence, with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")

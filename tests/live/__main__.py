"""Try what is assumed of fal against fal itself: at most $0.15, after a question.

Each line says of one assumption that it holds, that it does not, or that it is still unknown.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.credentials import find_key
from seedream_widgets.jobs.engine import shared
from seedream_widgets.values.status import InProgress, Queued

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = Decimal("0.15")
SIZE: Any = (960, 960)
_SECONDS = 300.0
QUESTION = (
    "This sends three requests for one image each to fal, on your key: about $0.09 in all, and "
    f"never more than ${LIMIT}. Type yes to go on: "
)


class Report:
    """Hold what was found of each assumption."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    def say(self, assumption: str, holds: bool | None, detail: object = "") -> None:
        """Note whether an assumption holds; ``None`` is unknown."""
        verdict = {True: "holds", False: "DOES NOT HOLD", None: "unknown"}[holds]
        self.found[assumption] = verdict, str(detail)[:200]

    def lines(self) -> list[str]:
        """Return one line for each."""
        return [
            f"{verdict:13}  {name}{f': {detail}' if detail else ''}"
            for name, (verdict, detail) in self.found.items()
        ]

    @property
    def good(self) -> bool:
        """Whether nothing was found not to hold."""
        return all(verdict != "DOES NOT HOLD" for verdict, _ in self.found.values())


class Trial:
    """Try all, one after the other, on one client and one budget."""

    def __init__(self, report: Report, client: sd.Client) -> None:
        self.report, self.client = report, client
        self.began = time.time()
        self.sent: list[sd.Job] = []

    def all(self) -> None:
        """Run every step; one that fails says so, and the others go on."""
        steps: dict[str, Callable[[], None]] = {
            "the pricing API tells the price of v4": self.prices,
            "a text-to-image request gives a picture": self.text_to_image,
            "an edit takes an upload": self.edit,
            "a queued request can be cancelled": self.cancel,
            "the list of requests shows what was sent": self.listing,
        }
        for name, step in steps.items():
            try:
                step()
            except sd.BudgetError as error:
                self.report.say(name, None, f"not tried: {error}")
            except sd.SeedreamError as error:
                self.report.say(name, False, f"{type(error).__name__}: {error}")
            except httpx.HTTPError as error:
                self.report.say(name, None, f"{type(error).__name__}: {error}")

    def prices(self) -> None:
        row = sd.Request("a fox").endpoint
        told = shared().start(self.client.backend.prices()).result(_SECONDS)
        price = told.get(row.id)
        self.report.say("the pricing API tells the price of v4", bool(price), f"{len(told)} prices")
        expected = row.price.usd
        same = None if price is None else price.usd == expected
        self.report.say(f"v4 costs ${expected} an image", same, price.usd if price else "")

    def text_to_image(self) -> None:
        say = self.report.say
        request = sd.Request("a red fox in snow", image_size=SIZE, seed=7)
        job = self._submit(request)
        self._stream(job)
        result = job.result(_SECONDS)
        say("a text-to-image request gives a picture", len(result) == 1, f"{len(result)} came")
        (file,) = result.files
        asked, came = f"{SIZE[0]}x{SIZE[1]}", f"{file.width}x{file.height}"
        say("it has the pixels that were asked for", came == asked, came)
        say("it comes as PNG", file.format == "PNG", file.format)
        say("the seed that was asked for is told again", result.seed == 7, result.seed)
        kinds = {type(status) for _, status in job.history}
        say("a request is queued, then in progress", {Queued, InProgress} <= kinds)
        units = result.billable_units
        say("the result tells the units it bills", units is not None or None, units)
        say("a unit is an image", None if units is None else units == len(result), units)
        extra = sorted(result.extra or {})
        say("the result has no field that is not known", not extra, ", ".join(extra))

    def _stream(self, job: sd.Job) -> None:
        """Ask for the status stream as its documentation gives it."""
        key, url = find_key(), ""
        deadline = time.monotonic() + _SECONDS
        while job.handle is None and not job.done and time.monotonic() < deadline:
            time.sleep(0.02)
        if job.handle is None or key is None:
            return
        url = f"{job.handle.status_url}/stream"
        headers = {"Authorization": f"Key {key.value}"}
        events = []
        with (
            httpx.Client(timeout=30, headers=headers) as http,
            http.stream("GET", url, params={"logs": "1"}) as reply,
        ):
            good = reply.status_code == 200
            for line in reply.iter_lines() if good else ():
                if line.startswith("data:"):
                    events.append(json.loads(line[5:]).get("status"))
                if events and events[-1] == "COMPLETED":
                    break
        detail = f"HTTP {reply.status_code}, {len(events)} events"
        self.report.say("the status stream tells until it is complete", bool(events), detail)

    def edit(self) -> None:
        picture = io.BytesIO()
        images: Any
        Image.effect_noise((512, 512), 60).convert("RGB").save(picture, "PNG")
        images = picture.getvalue()
        job = self._submit(sd.Request("the same, in blue", images, image_size=SIZE, seed=7))
        result = job.result(_SECONDS)
        self.report.say("an edit takes an upload", len(result) == 1, f"{len(result)} came")

    def cancel(self) -> None:
        job = self._submit(sd.Request("an owl at night", image_size=SIZE, seed=8))
        while job.handle is None and not job.done:
            time.sleep(0.02)
        job.cancel()
        try:
            job.result(_SECONDS)
        except sd.JobCancelled as error:
            self.report.say("a queued request can be cancelled", True, f"billed: {error.billing}")
        else:
            self.report.say("a queued request can be cancelled", None, "it had finished first")

    def listing(self) -> None:
        first = self.sent[0]
        find: Any = getattr(self.client.backend, "find", None)
        endpoint = first.request.endpoint.id
        listed = shared().start(find(endpoint, self.began - 60)).result(_SECONDS)
        known = {each.request_id: each.arguments for each in listed}
        name = "the list of requests shows what was sent"
        self.report.say(name, first.request_id in known or None, f"{len(known)} listed")
        asked = known.get(first.request_id or "")
        same = None if asked is None else asked == first.request.arguments
        self.report.say("it tells exactly what was asked", same, "" if same else asked)

    def _submit(self, request: sd.Request) -> sd.Job:
        job = self.client.submit(request, fresh=True)
        self.sent.append(job)
        return job


def main(ask: Callable[[str], str] = input) -> int:
    """Ask, try, and print the report; 1 where an assumption does not hold, 2 without a yes."""
    if find_key() is None:
        print("No key: set FAL_KEY, or call sd.login() in a notebook.")
        return 2
    if ask(QUESTION).strip().lower() != "yes":
        print("Nothing was sent.")
        return 2
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        client = sd.Client("fal", library=folder)
        client.budget.limit = LIMIT
        Trial(report, client).all()
        spent = client.budget.committed
        client.close()
    print("\n".join(report.lines()))
    print(f"Spent at most ${spent:f}.")
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())

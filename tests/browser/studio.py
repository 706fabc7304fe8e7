"""The studio on a page, by the names a screen reader hears."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Frame, Locator, Page

STUDIO = "import seedream_widgets as sd\nstudio = sd.Studio()\nstudio"
GESTURE_MS = 1100
"""After this long a press is one of its own."""
BUSY = """import os, time
began = time.monotonic()
while not os.path.exists({file!r}) and time.monotonic() < began + 200:
    time.sleep(0.05)
print("computed")"""
HELD = """import asyncio
import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.values.status import InProgress

class Held(OfflineBackend):
    async def watch(self, handle):
        step = 0
        async for status in super().watch(handle):
            yield status
            step += isinstance(status, InProgress)
            while step >= int(open({file!r}).read()):
                await asyncio.sleep(0.02)

client = sd.Client(Held(pace=0.05))
{then}"""
BLOB_SIZE = "async image => (await (await fetch(image.src)).blob()).size"


def busy_until(file: Path) -> str:
    """Return a cell that holds the kernel until this file is there, then prints "computed"."""
    return BUSY.format(file=str(file))


class HeldJobs:
    """Jobs drawn offline that stay at a step of 30 until they may go on; at 0 they are queued.

    What a page shows of a job for some seconds alone, a busy machine does not get to see.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._file = folder / "step"
        self.go_on(step)

    def go_on(self, step: int = 99) -> None:
        """Let all jobs go on to a step, or to their end."""
        new = self._file.with_suffix(".new")
        new.write_text(str(step))
        new.replace(self._file)

    def cell(self, then: str = "studio = sd.Studio(client=client)\nstudio") -> str:
        """Return a cell that makes the client of these jobs, and what shows them."""
        return HELD.format(file=str(self._file), then=then)


class Studio:
    """One view of a studio; where a place holds several, `nth` says which."""

    def __init__(
        self, page: Page, nth: int = 0, within: Page | Frame | Locator | None = None
    ) -> None:
        self.page = page
        place = page if within is None else within
        self.root = place.get_by_role("region", name="Seedream image studio").nth(nth)
        self.root.wait_for(state="attached", timeout=60_000)
        self.prompt = self.root.get_by_role("textbox", name="Prompt")
        self.generate = self.root.get_by_role("button", name=re.compile("^Generate"))
        self.add = self.root.get_by_role("button", name="Add images")
        self.reference_list = self.root.get_by_role("list", name="Reference images")
        self.references_zone = self.root.locator(".sd-refs")
        self.references = self.reference_list.get_by_role("listitem")
        self.size = self.root.get_by_role("radiogroup", name="Size")
        self.results = self.root.get_by_role("region", name="Results")
        self.cards = self.results.get_by_role("article")
        self.status = self.root.get_by_role("status")
        self.alert = self.root.get_by_role("alert")

    def field(self, name: str) -> Locator:
        return self.root.get_by_role("spinbutton", name=name)

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def shape(self, name: str) -> Locator:
        return self.size.get_by_role("radio", name=name, exact=True)

    def card(self, prompt: str) -> Locator:
        return self.results.get_by_role("article", name=prompt, exact=True)

    def cancel(self, prompt: str) -> Locator:
        return self.card(prompt).get_by_role("button", name="Cancel")

    def pictures(self, prompt: str) -> Locator:
        return self.card(prompt).locator("img")

    def tiles(self, prompt: str) -> Locator:
        return self.card(prompt).locator("button[aria-pressed]")

    def submit(self, prompt: str) -> Locator:
        """Type a prompt, press Generate, and return the card that comes."""
        self.prompt.fill(prompt)
        self.generate.click()
        card = self.card(prompt).first
        card.wait_for(state="attached")
        return card

    def wait_for_pictures(self, prompt: str, count: int = 1, timeout: float = 60_000) -> None:
        """Wait until a card shows so many pictures, really drawn."""
        expect(self.tiles(prompt)).to_have_count(count, timeout=timeout)
        # Previews come when they are near; another view may have pushed this one away meanwhile.
        self.tiles(prompt).first.scroll_into_view_if_needed()
        pictures = self.pictures(prompt)
        expect(pictures).to_have_count(count, timeout=timeout)
        for picture in pictures.all():
            picture.scroll_into_view_if_needed()
            wait_until_drawn(picture)

    def expect_references(self, *names: str) -> None:
        starts = [
            re.compile(rf"^Image {at}: {re.escape(name)}") for at, name in enumerate(names, 1)
        ]
        for at, start in enumerate(starts):
            expect(self.references.nth(at)).to_have_attribute("aria-label", start)
        expect(self.references).to_have_count(len(names))

    def wait_for_reference(self, number: int) -> None:
        """Wait until a reference, counted from 0, shows its picture."""
        wait_until_drawn(self.references.nth(number).locator("img"))

    def preview_sizes(self) -> list[int]:
        """Bytes of every preview shown."""
        return [image.evaluate(BLOB_SIZE) for image in self.root.locator("img").all()]

    def paste(self, target: Locator, name: str, colour: str) -> None:
        """Paste a picture as a browser does: an event with a file, on what has focus."""
        target.evaluate(PASTE, {"name": name, "colour": colour})


def wait_until_drawn(image: Locator) -> None:
    """Wait for the picture of an element, which another may take the place of meanwhile."""
    expect(image).to_have_js_property("complete", True)
    expect(image).not_to_have_js_property("naturalWidth", 0)


PASTE = """async (target, { name, colour }) => {
  const canvas = new OffscreenCanvas(64, 48);
  const context = canvas.getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 64, 48);
  const blob = await canvas.convertToBlob();
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([blob], name, { type: "image/png" }));
  const options = { clipboardData, bubbles: true, cancelable: true };
  target.dispatchEvent(new ClipboardEvent("paste", options));
}"""

"""The page loaded again while the kernel lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import OpenNotebook

REFERENCES = """
from PIL import Image
studio.references = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
"""
RUNNING = "a running job"
HELD = f"""
import asyncio, threading
import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.values.status import InProgress

go = threading.Event()

class Held(OfflineBackend):
    # Draws offline; the running job stays at its first step until it is let go.
    async def watch(self, handle):
        held = self._find(handle).request.prompt == {RUNNING!r}
        async for status in super().watch(handle):
            yield status
            while held and isinstance(status, InProgress) and not go.is_set():
                await asyncio.sleep(0.02)

studio = sd.Studio(client=sd.Client(Held(pace=0.02)))
studio"""


def test_everything_is_there_again(errors: list[str], notebook: OpenNotebook, page: Page) -> None:
    book = notebook(
        [HELD, REFERENCES, "studio.selected, len(studio.jobs), studio.seed", "go.set()"]
    )
    book.run(0)
    studio = Studio(page)
    studio.field("Images").fill("2")
    studio.submit("two pictures")
    studio.wait_for_pictures("two pictures", 2)
    studio.tiles("two pictures").nth(1).click()
    expect(studio.tiles("two pictures").nth(1)).to_have_attribute("aria-pressed", "true")
    studio.button("Pin").click()  # the running job's picture would take its place
    expect(studio.button("Unpin")).to_be_visible()
    book.run(1)
    studio.field("Seed").fill("1234")
    studio.field("Images").fill("1")
    studio.shape("9:16").click()
    running = studio.submit(RUNNING)
    expect(running).to_contain_text("step", timeout=60_000)
    book.save()
    book.reload()

    studio = Studio(page)
    expect(studio.cards).to_have_count(2)
    running = studio.card(RUNNING)
    expect(running.get_by_role("button", name="Cancel")).to_be_visible()
    before = running.inner_text()
    expect(studio.prompt).to_have_value(RUNNING)
    expect(studio.field("Seed")).to_have_value("1234")
    expect(studio.field("Images")).to_have_value("1")
    expect(studio.shape("9:16")).to_have_attribute("aria-checked", "true")
    expect(studio.references).to_have_count(2)
    expect(studio.reference_list.locator("img")).to_have_count(2)
    expect(studio.tiles("two pictures").nth(1)).to_have_attribute("aria-pressed", "true")
    studio.wait_for_pictures("two pictures", 2)
    book.run(3)
    expect(running).not_to_have_text(before, timeout=60_000)
    expect(studio.button("Unpin")).to_be_visible()
    studio.wait_for_pictures(RUNNING, timeout=60_000)
    book.run(2)
    picked, jobs, seed = eval(book.text(2))
    assert picked.endswith(":1")
    assert (jobs, seed) == (2, 1234)
    assert errors == []

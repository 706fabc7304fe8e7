"""Many jobs in one studio: the newest cards are here, the others come as one gets near them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import OpenNotebook

JOBS, PAGE = 60, 50
STUDIO = f"""
import tempfile
import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend
client = sd.Client(ScriptedBackend(), library=tempfile.mkdtemp())  # each has an r1
studio = sd.Studio(client=client, prompt="fox", image_size=(960, 960))
for number in range({JOBS}):
    request = sd.Request(f"fox {{number}}", image_size=(960, 960), seed=number)
    studio._session.start(request).result()
studio"""
# The page shows them gone before the kernel was told of each.
KEPT = """
import time
end = time.monotonic() + 30
while len(studio.results) > 30 and time.monotonic() < end:
    time.sleep(0.05)
len(studio.results), studio.result.request.prompt"""
DISMISS = """count => {
  const buttons = [...document.querySelectorAll(".sd-root button[aria-label=Dismiss]")];
  for (const button of buttons.slice(0, count)) button.click();
}"""


def test_older_cards_come_and_dismissed_ones_stay_away(
    errors: list[str], notebook: OpenNotebook, page: Page
) -> None:
    book = notebook([STUDIO, KEPT])
    book.run(0)
    studio = Studio(page)
    expect(studio.cards).to_have_count(PAGE, timeout=60_000)
    studio.cards.last.scroll_into_view_if_needed()
    expect(studio.cards).to_have_count(JOBS)
    expect(studio.button("Show older pictures")).to_have_count(0)
    studio.wait_for_pictures("fox 0")
    expect(studio.status).not_to_contain_text("fox 0")
    page.evaluate(DISMISS, 30)
    expect(studio.cards).to_have_count(JOBS - 30)
    book.run(1)
    assert "(30, 'fox 29')" in book.text(1)
    assert errors == []


def test_the_viewer_goes_on_through_older_cards(
    errors: list[str], notebook: OpenNotebook, page: Page
) -> None:
    notebook([STUDIO]).run(0)
    studio = Studio(page)
    expect(studio.cards).to_have_count(PAGE, timeout=60_000)
    first = JOBS - PAGE
    studio.tiles(f"fox {first + 2}").focus()
    page.keyboard.press("Enter")
    viewer = studio.root.get_by_role("dialog", name="Viewer")
    expect(viewer).to_be_focused()
    for number in range(first + 2, first - 4, -1):
        expect(viewer).to_contain_text(f"fox {number}")
        page.keyboard.press("ArrowRight")
    expect(viewer).to_contain_text(f"of {JOBS}")
    assert errors == []

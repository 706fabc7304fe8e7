"""Pictures of jobs, references and uploads are held as Blob URLs, and let go with their views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from .chromium import drop_files
from .studio import Studio

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenNotebook

# Only ours: JupyterLab and anywidget make URLs of texts and scripts.
COUNT = """
const live = window.liveImages = new Set();
const { createObjectURL, revokeObjectURL } = URL;
URL.createObjectURL = (blob) => {
  const url = createObjectURL.call(URL, blob);
  if (blob.type.startsWith("image/")) {
    live.add(url);
    window.madeImages = (window.madeImages ?? 0) + 1;
  }
  return url;
};
URL.revokeObjectURL = (url) => {
  live.delete(url);
  revokeObjectURL.call(URL, url);
};
"""
ONLY_SHOWN = """() => {
  const shown = new Set([...document.querySelectorAll(".sd-root img")].map(image => image.src));
  return window.liveImages.size === shown.size
    && [...shown].every(url => window.liveImages.has(url));
}"""
JOBS = 50
STUDIO = """
import tempfile
import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend
studio = sd.Studio(client=sd.Client(ScriptedBackend(), library=tempfile.mkdtemp()))
studio
"""
SUBMIT = f"""
for number in range({JOBS}):
    studio.prompt = f"job {{number}}"
    studio.submit()
for job in studio.jobs:
    job.result()
"""


@pytest.mark.own_page
def test_none_is_left(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    page.add_init_script(COUNT)
    book = notebook([STUDIO, SUBMIT, "studio"])
    book.run(0)
    studio = Studio(page)
    pictures = [tmp_path / f"{name}.png" for name in "abc"]
    for path in pictures:
        Image.effect_noise((900, 900), 90).save(path)
    drop_files(page, ".sd-refs", pictures)
    studio.expect_references(*(path.name for path in pictures))
    for number in range(3):
        studio.wait_for_reference(number)
    settle(page)
    for number in (2, 1, 1):
        studio.references.nth(number - 1).hover()
        studio.button(f"Remove image {number}").click()
    expect(studio.references).to_have_count(0)
    settle(page)
    book.run(1)
    expect(studio.cards).to_have_count(JOBS)
    for number in range(0, JOBS, 15):
        studio.wait_for_pictures(f"job {number}")
    settle(page)
    dismiss = studio.cards.get_by_role("button", name="Dismiss")
    dismiss.evaluate_all(f"buttons => buttons.slice({JOBS // 2}).forEach(each => each.click())")
    expect(studio.cards).to_have_count(JOBS // 2, timeout=60_000)
    settle(page)
    book.run(2)
    other = Studio(page, nth=1)
    other.wait_for_pictures(f"job {JOBS - 1}")
    settle(page)
    book.command("notebook:clear-cell-output")
    expect(other.root).to_have_count(0)
    settle(page)
    assert page.evaluate("window.madeImages") > 4
    book.command("notebook:clear-all-cell-outputs")
    expect(studio.root).to_have_count(0)
    page.wait_for_function("window.liveImages.size === 0")
    assert errors == []


def settle(page: Page) -> None:
    """Wait until each Blob URL that lives is that of a picture on the page."""
    page.wait_for_function(ONLY_SHOWN)

"""The card of a job on a page: running, done, failed and cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .studio import HeldJobs

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenNotebook, Shot

DEFAULT = "from seedream_widgets.api import replace_default_client\nreplace_default_client(client);"
CALL = "sd.generate('{}', image_size=(1024, 1024), seed=4)"
JOB = "job = sd.submit('an owl in a tree', image_size=(1024, 1024), seed=5)\njob"


def test_the_card_lives_and_ends(
    notebook: OpenNotebook, page: Page, shot: Shot, tmp_path: Path
) -> None:
    jobs = HeldJobs(tmp_path, 5)
    book = notebook(
        [
            jobs.cell(DEFAULT),
            CALL.format("a lighthouse at dusk"),
            CALL.format("a lighthouse offline:refuse"),
            JOB,
            "job.status",
        ]
    )
    book.run(0)
    book.run(1, wait=False)
    running = book.cell(1).locator(".sd-live-card")
    expect(running).to_contain_text("Generating", timeout=60_000)
    for theme in ("Light", "Dark"):
        book.theme(theme)
        shot(f"live-running-{theme.lower()}", book.cell(1))
    jobs.go_on()
    expect(book.cell(1).locator("img")).to_be_visible(timeout=60_000)
    expect(running).to_have_count(0)
    jobs.go_on(0)
    book.run(2, wait=False)
    failed = book.cell(2)
    expect(failed.locator(".sd-live-card")).to_be_visible(timeout=60_000)
    jobs.go_on()
    expect(failed).to_contain_text("Failed", timeout=60_000)
    jobs.go_on(5)
    book.run(3)
    card = book.cell(3).locator(".sd-live-card")
    cancel = card.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible(timeout=60_000)
    for theme in ("Light", "Dark"):
        book.theme(theme)
        shot(f"live-done-{theme.lower()}", book.cell(1))
        shot(f"live-failed-{theme.lower()}", failed)
        shot(f"live-job-{theme.lower()}", book.cell(3))
    cancel.click()
    expect(book.cell(3)).to_contain_text("Cancelled", timeout=60_000)
    expect(card).to_have_count(0)
    for theme in ("Light", "Dark"):
        book.theme(theme)
        shot(f"live-cancelled-{theme.lower()}", book.cell(3))
    book.run(4)
    assert "Cancelled" in book.text(4)
    saved = [each["data"] for each in book.outputs(1) + book.outputs(3) if "data" in each]
    assert not any("widget-view" in name for data in saved for name in data)

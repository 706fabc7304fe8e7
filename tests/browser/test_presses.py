"""Presses as a hand makes them, against fal's bill; and what a click is drawn under."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.fal_server import FalServer

from .chromium import at_rest
from .studio import GESTURE_MS, Studio, busy_until
from .test_library import STUDIO, WAIT, at_home, in_themes, kill_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.fal_server import Authority

    from .conftest import OpenNotebook, Shot
    from .lab import Notebook

PID = "print(os.getpid(), end='')"
KILL = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture
def server(fal_authority: Authority) -> Iterator[FalServer]:
    """A local fal that only the notebook's kernel is pointed at."""
    with FalServer(authority=fal_authority) as running:
        running.settings.run_seconds = 0.5
        yield running
    assert running.errors == ()


def billed(server: FalServer, count: int) -> None:
    """Expect that fal gets so many requests, and no further one, and bills each once."""
    server.wait(lambda fal: len(fal.jobs) >= count, WAIT / 1000)
    server.wait(lambda fal: len(fal.bill) >= count, WAIT / 1000)
    time.sleep(1.5)
    assert (server.count("submit"), len(server.bill)) == (count, count)


def press_twice(page: Page, studio: Studio, *gaps: int) -> None:
    """Click with the mouse where the button was, so many milliseconds apart."""
    press_at(page, studio.generate, 0, *gaps)


def press_at(page: Page, button: Locator, *gaps: int) -> None:
    """Click with the mouse where a button is now, at each of these gaps, whatever it becomes.

    The presses say themselves when they were made, as a hand's do: on a busy machine they are
    handled later.
    """
    box = at_rest(button)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    mouse = page.context.new_cdp_session(page)
    made = time.time()
    for gap in gaps:
        page.wait_for_timeout(gap)
        made += gap / 1000
        event = {"x": x, "y": y, "button": "left", "clickCount": 1, "timestamp": made}
        for kind in ("mousePressed", "mouseReleased"):
            mouse.send("Input.dispatchMouseEvent", {"type": kind, **event})
    mouse.detach()


def opened(notebook: OpenNotebook, page: Page, server: FalServer, folder: Path) -> Notebook:
    book = notebook([at_home(folder, server), f"{STUDIO}.image_size = (960, 960)\nstudio", PID])
    book.run(0)
    book.run(1)
    book.run(2)
    expect(Studio(page).generate).to_contain_text("about $0.03")
    return book


def test_presses_within_a_second_are_one_request_and_a_later_one_is_another(
    errors: list[str],
    notebook: OpenNotebook,
    page: Page,
    shot: Shot,
    server: FalServer,
    tmp_path: Path,
) -> None:
    book = opened(notebook, page, server, tmp_path)
    studio = Studio(page)
    studio.prompt.fill("a double click")
    press_twice(page, studio, 120)
    shot("presses-sent")
    billed(server, 1)

    studio.prompt.fill("three clicks")
    press_twice(page, studio, 150, 150)
    billed(server, 2)

    studio.prompt.fill("a held key")
    page.keyboard.down("Control")
    for _ in range(60):  # Chromium marks a second `down` as a repeat
        page.keyboard.down("Enter")
        page.wait_for_timeout(33)
    page.keyboard.up("Enter")
    page.keyboard.up("Control")
    billed(server, 3)

    studio.prompt.fill("a held key on the button")
    studio.generate.focus()
    for _ in range(60):
        page.keyboard.down("Enter")
        page.wait_for_timeout(33)
    page.keyboard.up("Enter")
    billed(server, 4)

    studio.prompt.fill("twice on purpose")
    for _ in range(2):
        press_at(page, studio.generate, 0)
        # Answered, and a second later.
        expect(studio.generate).to_contain_text("Generate")
    billed(server, 5 + 1)
    expect(studio.card("twice on purpose")).to_have_count(2)
    expect(studio.card("twice on purpose").first).to_be_in_viewport()

    pid = int(book.text(2))
    studio.prompt.fill("a slow kernel")
    os.kill(pid, signal.SIGSTOP)
    try:
        press_twice(page, studio, 120, 150, 150)
        expect(studio.generate).to_contain_text("Waiting for the kernel")
    finally:
        os.kill(pid, signal.SIGCONT)
    billed(server, 7)
    in_themes(book, shot, "presses")
    assert errors == []


def test_a_new_card_comes_into_sight_on_a_narrow_page(
    notebook: OpenNotebook, page: Page, shot: Shot, server: FalServer, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 560, "height": 700})
    book = opened(notebook, page, server, tmp_path)
    studio = Studio(page)
    studio.prompt.fill("out of sight")
    pid = int(book.text(2))
    os.kill(pid, signal.SIGSTOP)  # a card that came would take the button from under the presses
    try:
        press_twice(page, studio, 150, 150)
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(studio.card("out of sight")).to_be_in_viewport()
    shot("presses-narrow-in-sight")
    billed(server, 1)


def test_a_key_set_later_is_said_and_a_free_click_is_not_billed(
    errors: list[str],
    notebook: OpenNotebook,
    page: Page,
    shot: Shot,
    server: FalServer,
    tmp_path: Path,
) -> None:
    setup = at_home(tmp_path, server)
    without = f"{setup}key = os.environ.pop('FAL_KEY')"
    held = f"os.environ['FAL_KEY'] = key\n{busy_until(tmp_path / 'end')}"
    gone = "del os.environ['FAL_KEY']"
    book = notebook([without, f"{STUDIO}.image_size = (960, 960)\nstudio", held, gone])
    book.run(0)
    book.run(1)
    studio = Studio(page)
    expect(studio.generate).to_contain_text("free, offline")
    studio.prompt.fill("a red fox in snow")
    book.run(2, wait=False)
    expect(studio.generate).to_contain_text("about $0.03")
    assert book.text(2) == "", "the cell had ended, so nothing was proven"
    (tmp_path / "end").touch()
    shot("terms-told")
    book.run(3)
    expect(studio.generate).to_contain_text("free, offline")

    # A hand can be quicker than the news: here they do not come at all.
    book.write(
        3, "with studio._lock:\n    studio._session._news.end()\n    os.environ['FAL_KEY'] = key"
    )
    book.run(3)
    press_twice(page, studio, 120)
    expect(studio.root.locator(".sd-error")).to_contain_text(
        "A fal key is set now: this costs about $0.03", timeout=WAIT
    )
    in_themes(book, shot, "terms-asked")
    assert server.count("submit") == 0
    page.wait_for_timeout(GESTURE_MS)
    studio.generate.click()
    billed(server, 1)
    assert errors == []


def test_a_cell_that_runs_again_keeps_what_was_paid_for(
    errors: list[str],
    notebook: OpenNotebook,
    page: Page,
    shot: Shot,
    server: FalServer,
    tmp_path: Path,
) -> None:
    server.settings.runs_on = lambda: True
    cell = f"{STUDIO}.image_size = (960, 960)\nstudio"
    book = notebook([at_home(tmp_path, server), cell, "studio.image.size", KILL])
    book.run(0)
    book.run(1)
    studio = Studio(page)
    expect(studio.submit("a red fox in snow")).to_contain_text("Generating")
    book.run(1)
    studio = Studio(page)
    expect(studio.card("a red fox in snow")).to_contain_text("Generating")
    expect(studio.root).not_to_contain_text("from before")
    shot("rerun-running")
    server.settings.runs_on = bool
    studio.wait_for_pictures("a red fox in snow")
    book.run(2)
    assert book.text(2) == "(960, 960)"
    billed(server, 1)

    server.settings.runs_on = lambda: True
    card = studio.submit("an owl at dusk")
    # Accepted: what is still being sent may be billed, and is not fetched.
    expect(card).to_contain_text("Generating")
    kill_kernel(book, 3)
    server.settings.runs_on = bool
    expect(card).to_contain_text("This request is kept. Run the cell again and press Fetch")
    card.scroll_into_view_if_needed()
    in_themes(book, shot, "killed")
    book.run(0)
    book.run(1)
    studio = Studio(page)
    expect(studio.root).to_contain_text("1 request from before is kept.", timeout=WAIT)
    studio.button("Fetch").click()
    studio.wait_for_pictures("an owl at dusk")
    billed(server, 2)


SHEET = """from seedream_widgets.batch.batch import make
batch = make(sd.default_client(), name=NAME, prompt=f"a {NAME}", seed=[1, 2], image_size=(960, 960))
batch.sheet()"""


def test_presses_in_a_sheet_are_one_run_and_its_cancel_is_not_pressed_by_them(
    errors: list[str],
    notebook: OpenNotebook,
    page: Page,
    shot: Shot,
    server: FalServer,
    tmp_path: Path,
) -> None:
    setup = f"{at_home(tmp_path, server)}import seedream_widgets as sd\nNAME = 'fox'"
    gone = "del os.environ['FAL_KEY']"
    book = notebook([setup, SHEET, PID, gone])
    for at in range(3):
        book.run(at)
    bar = page.locator(".sd-sheet header")
    run = bar.get_by_role("button", name=re.compile("^(Run|Retry) "))

    def show(name: str) -> None:
        book.write(0, f"NAME = {name!r}")
        book.run(0)
        book.run(1)
        expect(bar).to_contain_text(name)
        expect(run).to_be_visible()

    server.settings.runs_on = lambda: True
    expect(run).to_contain_text("Run 2 requests, about $0.06", timeout=WAIT)
    press_at(page, run, 0, 120, 120, 300)  # Cancel stands there meanwhile
    shot("presses-sheet")
    server.settings.runs_on = bool
    expect(bar).to_contain_text("2 of 2 pictures", timeout=WAIT)
    billed(server, 2)

    show("held key")
    server.settings.runs_on = lambda: True
    run.focus()
    for _ in range(40):
        page.keyboard.down("Enter")
        page.wait_for_timeout(33)
    page.keyboard.up("Enter")
    server.settings.runs_on = bool
    expect(bar).to_contain_text("2 of 2 pictures", timeout=WAIT)
    billed(server, 4)

    show("slow kernel")
    pid = int(book.text(2))
    os.kill(pid, signal.SIGSTOP)
    try:
        press_at(page, run, 0, 120, 300, 1500)
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(bar).to_contain_text("2 of 2 pictures", timeout=WAIT)
    billed(server, 6)

    show("key gone")
    book.run(3)
    press_at(page, run, 0, 120)
    expect(page.get_by_role("alert").filter(has_text="No fal key is set")).to_be_visible()
    expect(run).to_have_text("Run 2 requests")
    billed(server, 6)
    assert errors == []

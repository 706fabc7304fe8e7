"""What page and kernel go through, once in every host. Docstrings are named in RESULTS.md."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.layout import overflowing, resize
from tests.browser.studio import STUDIO

from .reading import JOBS, read

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

    from .conftest import OpenBook, Say, Shot
    from .host import Host

SECOND = "studio"
PID = "import os\nprint(os.getpid())"
COLOURS = """root => ["background-color", "color"].map(name => {
  const [r, g, b] = getComputedStyle(root).getPropertyValue(name).match(/[\\d.]+/g).map(Number);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
})"""


def test_reload(book: OpenBook, host: Host, instead: Say) -> None:
    """Page reloaded, kernel alive."""
    opened = book(STUDIO, JOBS, "print(studio.prompt)")
    opened.run(0)
    studio = opened.studio()
    studio.submit("before")
    studio.wait_for_pictures("before")
    studio.prompt.fill("half written")
    studio.add.focus()
    read(opened, 2, "half written")
    opened.reload()
    if not host.restores:
        expect(opened.place(0).get_by_text("Seedream studio")).to_be_visible()
        for dead in opened.place(0).locator(".sd-root").all():
            expect(dead.get_by_role("alert")).to_have_text(re.compile("Run the cell again."))
        instead("a contact sheet stands there; run the cell again")
        opened.run(0)
        opened.studio()
        return
    studio = opened.studio()
    expect(studio.prompt).to_have_value("half written")
    studio.wait_for_pictures("before")
    studio.submit("after")
    studio.wait_for_pictures("after")
    read(opened, 1, "['completed', 'completed']")


def test_restart(book: OpenBook, host: Host, instead: Say) -> None:
    """Kernel restarted: it says so, and what to do."""
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.submit("lost with its kernel, offline:slow 200")
    opened.restart_kernel()
    if host.clears_on_restart:
        instead("the widget goes with its kernel, and the host marks the cell; run it again")
        expect(studio.root).to_have_count(0)
    else:
        if not host.tells_restart:
            instead("within 10 seconds while a job runs, otherwise at the next click")
        told = re.compile("The kernel is gone. Run the cell again.")
        expect(studio.alert).to_have_text(told)
        expect(studio.cards).to_contain_text("Interrupted")
    opened.run(0)
    studio = opened.studio()
    studio.submit("a new kernel")
    studio.wait_for_pictures("a new kernel")


def test_killed(book: OpenBook, host: Host, instead: Say, shot: Shot) -> None:
    """Kernel killed, as for want of memory: it says so, and what is kept."""
    opened = book(STUDIO, PID)
    opened.run(0)
    opened.run(1)
    studio = opened.studio()
    studio.submit("killed meanwhile, offline:slow 200")
    os.kill(int(opened.text(1)), signal.SIGKILL)
    if host.tells_death:
        told = re.compile(r"The kernel is gone\. Run the cell again\. Results are in your library")
        expect(studio.alert).to_have_text(told, timeout=60_000)
        expect(studio.cards).to_contain_text("Interrupted")
    else:
        instead("after 15 seconds of silence while a job runs: busy, or gone")
        expect(studio.alert).to_contain_text("The kernel is busy, or gone", timeout=60_000)
        expect(studio.alert).to_contain_text("run the cell again. Results are in your library")
        expect(studio.cards).to_contain_text("The kernel is busy, or gone")
        studio.prompt.fill("another")
        studio.generate.click()
        studio.card("killed meanwhile, offline:slow 200").get_by_text("Cancel").click()
        expect(studio.cards).to_contain_text("Cancelling")
        opened.page.wait_for_timeout(12_000)
        expect(studio.root).to_contain_text("A click waits for it, and is sent once")
        expect(studio.root).not_to_contain_text("press Generate again")
    shot("killed")


def test_two_views(book: OpenBook, errors: list[str]) -> None:
    """Two views of one studio."""
    opened = book(STUDIO, SECOND, JOBS)
    opened.run(0)
    opened.run(1)
    first, second = opened.studio(0), opened.studio(1)
    first.prompt.fill("in both")
    expect(second.prompt).to_have_value("in both")
    second.generate.click()
    for view in (first, second):
        view.wait_for_pictures("in both")
        expect(view.cards).to_have_count(1)
    read(opened, 2, "['completed']")
    assert errors == []


def test_dark(book: OpenBook, errors: list[str], shot: Shot) -> None:
    """Dark theme, followed live."""
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.submit("a fox at night")
    studio.wait_for_pictures("a fox at night")
    paper, ink = studio.root.evaluate(COLOURS)
    assert paper > 200 > 80 > ink
    opened.theme("Dark")
    studio = opened.studio()
    expect(studio.root).to_have_attribute("data-sd-theme", "dark")
    paper, ink = studio.root.evaluate(COLOURS)
    assert paper < 70 < 160 < ink
    shot("dark")
    opened.theme("Light")
    expect(opened.studio().root).to_have_attribute("data-sd-theme", "light")
    assert errors == []


def test_narrow(book: OpenBook, errors: list[str], shot: Shot) -> None:
    """Narrow output, 320 px."""
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.submit("a fox in a narrow place")
    studio.wait_for_pictures("a fox in a narrow place")
    resize(studio.root, 320)
    assert overflowing(studio.root) == []
    shot("narrow")
    assert errors == []


def test_page_is_quiet(page: Page, errors: list[str], book: OpenBook) -> None:
    """No request leaves the machine."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.submit("quiet")
    studio.wait_for_pictures("quiet")
    local = re.compile(r"^(blob:|data:|about:|\w+://(127\.0\.0\.1|localhost)[:/])")
    page.remove_listener("request", note)
    assert [url for url in asked if not local.match(url)] == []
    assert errors == []

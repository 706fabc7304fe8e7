"""No rule of axe-core is broken in any state of the widget, light and dark."""

from __future__ import annotations

import os
import re
import signal
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.fal_server import FalServer

from .axe import Audit
from .chromium import drop_files
from .layout import resize
from .studio import HeldJobs, Studio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.fal_server import Authority

    from .conftest import OpenNotebook, Shot

THEMES = pytest.mark.parametrize("theme", ["Light", "Dark", "Dark High Contrast"])
PID = "import os\nos.getpid()"
PRESET = "studio.image_size, studio.seed, studio.num_images = 'square_hd', None, 1"
REFERENCES = """
from PIL import Image
studio.references = [
    "https://example.com/cat.png",
    *(Image.new("RGB", (40 + at, 30), name) for at, name in enumerate(("white", "black", "red"))),
]
"""
FULL = "studio.references = [*studio.references, *studio.references]"
RESULT = "studio.result"
WAIT = 60_000


@pytest.fixture
def server(fal_authority: Authority) -> Iterator[FalServer]:
    with FalServer(authority=fal_authority) as running:
        yield running
    assert running.errors == ()


def form(audit: Audit, studio: Studio) -> None:
    """Empty, hints, faults at every field, the shapes and what lies under Advanced."""
    audit.look("empty", studio.root)
    studio.prompt.fill("dress image 3 in red")
    expect(studio.root).to_contain_text("there are no reference images")
    studio.root.locator("summary").click()
    audit.look("hint and Advanced", studio.root)
    studio.shape("W×H").click()
    for name, value in {"Width": "5000", "Height": "9", "Seed": "-1", "Images": "9"}.items():
        studio.field(name).fill(value)
    studio.field("Up to").fill("0")
    studio.prompt.fill("")
    expect(studio.root.locator(".sd-error")).to_have_count(4)
    audit.look("a fault at every field", studio.root)
    studio.field("Width").focus()
    audit.look("a faulty field with focus", studio.root)
    studio.field("Images").fill("1")
    studio.field("Up to").fill("1")
    studio.field("Seed").fill("")


def references(audit: Audit, studio: Studio, pid: int, folder: Path) -> None:
    """Ready ones, one by URL, failed ones, uploads and a click that a frozen kernel holds."""
    (folder / "broken.png").write_bytes(b"no picture at all")
    (folder / "notes.txt").write_text("no picture")
    Image.new("RGB", (300, 200), "teal").save(folder / "late.png")
    drop_files(studio.page, ".sd-refs", [folder / "broken.png"])
    expect(studio.button("Dismiss broken.png")).to_be_attached()
    drop_files(studio.page, ".sd-refs", [folder / "notes.txt"])
    expect(studio.root).to_contain_text("notes.txt is not an image")
    studio.button("Remove image 2").focus()
    audit.look("references ready and failed", studio.root)
    drop_files(studio.page, ".sd-refs", [folder / "late.png"], steps=("dragEnter", "dragOver"))
    expect(studio.root.locator(".sd-drop")).to_have_count(2)
    audit.look("files over the widget", studio.root, fewest=2, covered="bgOverlap")
    drop_files(studio.page, ".sd-refs", [], steps=("dragCancel",))
    studio.button("Dismiss broken.png").click()
    studio.prompt.fill("held up")
    os.kill(pid, signal.SIGSTOP)
    try:
        studio.generate.click()
        drop_files(studio.page, ".sd-refs", [folder / "late.png"])
        expect(studio.root.get_by_text("Waiting for the kernel").first).to_be_visible()
        expect(studio.button("Stop uploading late.png")).to_be_visible()
        audit.look("uploading, waiting for the kernel", studio.root)
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(studio.references).to_have_count(5)


def jobs(audit: Audit, studio: Studio, held: HeldJobs) -> None:
    """In the queue, generating, failed, refused, cancelled, and done."""
    studio.field("Images").fill("2")
    studio.field("Up to").fill("2")
    queued = studio.submit("one that waits")
    expect(queued).to_contain_text("In queue")
    audit.look("in the queue", studio.root)
    studio.cancel("one that waits").click()
    studio.field("Up to").fill("1")
    studio.field("Images").fill("6")
    running = studio.submit("one that runs")
    held.go_on(20)  # where the others have failed
    refused, failed = studio.submit("offline:refuse"), studio.submit("offline:fail")
    expect(refused.get_by_role("button", name="Edit prompt")).to_be_visible()
    expect(failed).to_contain_text("The runner broke off")
    expect(running).to_contain_text("step 20")
    audit.look("generating, refused, failed, cancelled", studio.root)
    held.go_on()
    studio.wait_for_pictures("one that runs", 6)
    studio.tiles("one that runs").nth(3).focus()
    studio.page.keyboard.press("Space")  # Enter opens the viewer, too
    audit.look("six pictures, one chosen and with focus", studio.root)
    studio.prompt.focus()
    audit.look("six pictures", studio.root)
    for width in (320, 560):
        resize(studio.root, width)
        audit.look(f"{width} pixels wide", studio.root)


@THEMES
def test_offline(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path, theme: str, shot: Shot
) -> None:
    page.set_viewport_size({"width": 1280, "height": 3600})
    held = HeldJobs(tmp_path, 0)
    book = notebook([held.cell(), PID, REFERENCES, PRESET, FULL, RESULT])
    book.theme(theme)
    for cell in (0, 1):
        book.run(cell)
    studio, audit = Studio(page), Audit(page)
    form(audit, studio)
    book.run(2)
    book.run(3)
    references(audit, studio, int(book.text(1)), tmp_path)
    jobs(audit, studio, held)
    book.run(4)
    expect(studio.references).to_have_count(10)
    audit.look("ten references", studio.root)
    book.run(5)
    audit.look("a result's own output", book.cell(5).locator(".jp-RenderedHTMLCommon"), fewest=1)
    shot(f"accessibility-{theme}")
    assert not audit.verdict(), audit.verdict()
    assert errors == []


def ground(element: Locator, *, from_right: bool = False) -> object:
    """Return the colour drawn near an edge, at half the height."""
    picture = Image.open(BytesIO(element.screenshot())).convert("RGB")
    return picture.getpixel((picture.width - 6 if from_right else 5, picture.height // 2))


def limits(folder: Path, server: FalServer) -> str:
    """Return a cell that sets library, key, way to fal, and a budget."""
    wanted = {"SEEDREAM_HOME": str(folder)} | server.env
    return (
        f"import os\nfor name, value in {wanted!r}.items():\n"
        "    os.environ.update({name: value}) if value else os.environ.pop(name, None)\n"
        "import seedream_widgets as sd\nsd.budget(usd=0.1)\n"
        "studio = sd.Studio(seed=7, image_size=(960, 960))\nstudio"
    )


def on_fal(audit: Audit, studio: Studio, server: FalServer) -> None:
    """Fetching, spent, from the library, code, one beyond the budget, one left behind."""
    server.settings.bytes_per_second = 10
    fetching = studio.submit("a fox")
    expect(fetching).to_contain_text("Fetching")
    audit.look("fetching", studio.root)
    server.settings.bytes_per_second = None
    studio.wait_for_pictures("a fox")
    expect(studio.generate).to_contain_text("Generate")  # within a second it is the same press
    studio.submit("a fox")
    expect(studio.cards.first).to_contain_text("from your library")
    studio.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    studio.cards.first.get_by_role("button", name="Copy as code").click()
    expect(studio.root.get_by_role("textbox", name="Code")).to_be_focused()
    audit.look("from the library, code shown", studio.root)
    studio.field("Images").fill("5")
    studio.generate.click()
    expect(studio.root.locator(".sd-error")).to_contain_text("budget")
    audit.look("beyond the budget", studio.root)
    studio.field("Images").fill("1")
    server.settings.waits = lambda: True
    # Accepted, as the card says: what is still being sent may be billed, and is not fetched.
    expect(studio.submit("left behind")).to_contain_text("In queue")


@THEMES
def test_on_fal(
    notebook: OpenNotebook, page: Page, tmp_path: Path, theme: str, server: FalServer
) -> None:
    page.set_viewport_size({"width": 1280, "height": 1600})
    book = notebook([limits(tmp_path, server)])
    book.theme(theme)
    book.run(0)
    studio, audit = Studio(page), Audit(page)
    on_fal(audit, studio, server)
    book.restart_kernel()
    server.settings.waits = bool
    expect(studio.alert).to_have_text(re.compile("The kernel is gone"))
    audit.look("kernel gone", studio.root)
    book.run(0)
    studio = Studio(page)
    expect(studio.button("Fetch")).to_be_visible(timeout=WAIT)
    audit.look("requests from before", studio.root)
    studio.button("Fetch").click()
    studio.wait_for_pictures("left behind")
    assert not audit.verdict(), audit.verdict()


@pytest.mark.own_page
def test_the_systems_own_colours_and_less_motion(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot, tmp_path: Path
) -> None:
    book = notebook([HeldJobs(tmp_path, 5).cell()])
    book.run(0)
    studio = Studio(page)
    running = studio.submit("a fox")
    expect(running.get_by_role("progressbar")).to_be_visible()
    expect(running).to_contain_text("step 5 of 30")
    moving = "document.querySelector('.sd-root').getAnimations({ subtree: true }).length"
    page.wait_for_function(f"{moving} > 0")
    page.emulate_media(reduced_motion="reduce", forced_colors="active")
    page.wait_for_function(f"{moving} === 0")
    assert ground(studio.shape("1:1")) != ground(studio.shape("Auto"))
    studio.prompt.fill("")
    expect(studio.generate).to_have_attribute("aria-disabled", "true")
    shut = "button => getComputedStyle(button).color"
    assert studio.generate.evaluate(shut) != studio.add.evaluate(shut)
    studio.button("Gallery").click()
    gallery = studio.root.get_by_role("region", name="Gallery")
    every, edits = (
        gallery.get_by_role("button", name=name, exact=True) for name in ("All", "Edits")
    )
    expect(every).to_have_attribute("aria-pressed", "true")
    assert ground(every) != ground(edits)
    gallery.get_by_role("button", name="Close gallery").click()
    bar = running.get_by_role("progressbar")
    assert ground(bar) != ground(bar, from_right=True)
    shot("accessibility-forced-colours", studio.root)
    assert errors == []

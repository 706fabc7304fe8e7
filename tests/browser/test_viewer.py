"""Look at pictures large, and compare them, in JupyterLab: by mouse, and by keyboard alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .axe import Audit
from .layout import overflowing, resize
from .studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from .conftest import OpenNotebook, Shot

STUDIO = """
import seedream_widgets as sd
from PIL import Image
from seedream_widgets.backends.offline import OfflineBackend
client = sd.Client(backend=OfflineBackend(pace=0))
def draw(prompt, **more):
    return client.submit(sd.Request(prompt, **{"image_size": (1152, 864), "seed": 5, **more}))
studio = sd.Studio(client=client)
for job in [
    draw("a red fox in snow", num_images=3),
    draw("a red fox in snow, at night, with stars"),
    draw("a tall owl", image_size=(1024, 1536)),
    draw("make it night", images=[Image.new("RGB", (640, 480), "teal")]),
]:
    job.result()
    studio._session.start(job.request)
studio"""
SHARP = """at => [...(document.querySelectorAll(".sd-root .sd-layer")[at]
  ?.querySelectorAll(".sd-sharp") ?? [])].some(image => image.naturalWidth)"""
ZOOM = """picture => picture.querySelector('img').getBoundingClientRect().width"""
MOVED = """([x, y]) => {
  const place = document.querySelector(".sd-frame").getBoundingClientRect();
  return Math.round(place.x - x) === 0 && Math.round(place.y - y) === 0;
}"""
DENSE = """layer => [...layer.querySelectorAll(".sd-sharp")].some(
  image => Math.abs(image.naturalWidth / image.getBoundingClientRect().width - 2) < 0.02)"""
TALL = """box => {
  box.closest(".sd-root").style.minHeight = "2000px";
  Object.assign(box.style, { top: 0, height: "2000px", maxHeight: "none" });
}"""
INSIDE = "() => document.activeElement.closest('[role=dialog]') !== null"


class Viewer:
    """The open dialog, by the names a screen reader hears."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.page = studio, studio.page
        self.dialog = studio.root.get_by_role("dialog", name="Viewer")
        self.modes = self.dialog.get_by_role("radiogroup", name="Compare mode")
        self.divider = self.dialog.get_by_role("slider", name="Divider")
        self.receipt = self.dialog.get_by_role("complementary")
        self.panes = self.dialog.locator(".sd-pane")
        self.layers = self.dialog.locator(".sd-layer")

    def button(self, name: str) -> Locator:
        return self.dialog.get_by_role("button", name=name, exact=True)

    def wait_until_sharp(self, layer: int = 0) -> None:
        self.page.wait_for_function(SHARP, arg=layer)

    def width(self) -> float:
        """Of the whole picture as it lies in the pane, in CSS pixels."""
        return float(self.dialog.locator(".sd-picture").first.evaluate(ZOOM))

    def expect_width(self, width: float, *, within: float = 0.000_001) -> None:
        """Wait until the picture is so wide, less or more by a share of that."""
        near = f"Math.abs(({ZOOM})(document.querySelector('.sd-picture')) - {width})"
        self.page.wait_for_function(f"{near} <= {width * within}")

    def place(self) -> tuple[float, float]:
        """Where the picture begins in the page, in CSS pixels."""
        box = self.dialog.locator(".sd-frame").bounding_box()
        assert box is not None
        return box["x"], box["y"]

    def mode(self, name: str) -> Locator:
        return self.modes.get_by_role("radio", name=name, exact=True)


@pytest.fixture
def studio(notebook: OpenNotebook, page: Page) -> Studio:
    book = notebook([STUDIO])
    book.run_all()
    there = Studio(page)
    there.wait_for_pictures("a red fox in snow", 3)
    return there


def test_a_picture_is_looked_at_by_mouse(
    errors: list[str], studio: Studio, page: Page, shot: Shot
) -> None:
    viewer = Viewer(studio)
    studio.tiles("a tall owl").dblclick()
    expect(viewer.dialog).to_be_visible()
    expect(viewer.dialog).to_be_focused()
    viewer.wait_until_sharp()
    expect(viewer.receipt).to_contain_text("a tall owl")
    expect(viewer.receipt).to_contain_text("1024 × 1536")
    shot("viewer_light", studio.root)
    fitted = viewer.width()
    assert fitted < 1024
    viewer.button("100 %").click()
    expect(viewer.button("100 %")).to_have_attribute("aria-pressed", "true")
    viewer.expect_width(1024)
    viewer.wait_until_sharp()
    box = viewer.panes.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"({ZOOM})(document.querySelector('.sd-picture')) > 1400")
    viewer.wait_until_sharp()
    x, y = viewer.place()
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 150, steps=4)
    page.mouse.up()
    page.wait_for_function(MOVED, arg=[x - 80, y - 50])
    viewer.button("Fit").click()
    viewer.expect_width(fitted)
    viewer.button("Next picture").click()
    expect(viewer.receipt).to_contain_text("a red fox in snow, at night")
    viewer.button("Close").click()
    expect(viewer.dialog).to_have_count(0)
    assert errors == []


def test_what_is_deleted_while_it_is_looked_at_says_so_and_its_neighbours_go_on(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    delete = "library.delete(*library.search({!r}))"
    here = f"library = client.library\n{delete.format('tall owl')}"
    other = "from seedream_widgets.library import Library\nlibrary = Library(client.library.path)\n"
    book = notebook([STUDIO, here, other + delete.format("at night, with")])
    book.run(0)
    studio = Studio(page)
    viewer = Viewer(studio)
    studio.wait_for_pictures("a tall owl")
    studio.tiles("a tall owl").dblclick()
    viewer.wait_until_sharp()
    expect(viewer.button("Edit as image 1")).to_be_visible()
    book.run(1)
    expect(viewer.panes).to_contain_text("This picture was deleted; sd.library.restore(")
    expect(viewer.button("Edit as image 1")).to_have_count(0)
    expect(viewer.button("Compare")).to_have_attribute("aria-disabled", "true")
    shot("viewer-deleted", studio.root)

    viewer.button("Next picture").click()
    viewer.wait_until_sharp()
    expect(viewer.button("Edit as image 1")).to_be_visible()
    # As another kernel does, which tells this page nothing: it is asked when the mouse comes back.
    book.run(2)
    page.mouse.move(1, 1)
    expect(viewer.button("Edit as image 1")).to_be_visible()
    viewer.panes.hover()
    expect(viewer.panes).to_contain_text("This picture was deleted")
    expect(viewer.button("Edit as image 1")).to_have_count(0)
    viewer.button("Next picture").click()
    expect(viewer.receipt).to_contain_text("1 of 3")
    expect(viewer.button("Edit as image 1")).to_be_visible()
    assert errors == []


def test_on_a_page_lower_than_the_viewer_its_buttons_come_first(
    studio: Studio, page: Page, shot: Shot
) -> None:
    page.set_viewport_size({"width": 640, "height": 450})  # 1280 by 900, zoomed to 200 %
    viewer = Viewer(studio)
    picture = studio.tiles("a tall owl").first
    picture.focus()
    page.keyboard.press("Enter")
    expect(viewer.button("Close")).to_be_in_viewport(ratio=1)
    expect(viewer.button("Receipt")).to_be_in_viewport(ratio=1)
    shot("viewer_low_page")


def test_a_picture_is_looked_at_by_keyboard_alone(
    errors: list[str], studio: Studio, page: Page
) -> None:
    viewer, press = Viewer(studio), page.keyboard.press
    tile = studio.tiles("a red fox in snow").nth(1)
    tile.focus()
    press("Enter")
    expect(viewer.dialog).to_be_focused()
    expect(studio.status).to_have_text(re.compile(r"^Picture 5 of 6: a red fox in snow$"))
    for _ in range(20):
        press("Tab")
        assert page.evaluate(INSIDE)
    press("Shift+Tab")
    assert page.evaluate(INSIDE)
    press("ArrowRight")
    expect(studio.status).to_have_text(re.compile("^Picture 6 of 6"))
    viewer.wait_until_sharp()
    whole = viewer.width()
    press("+")
    press("+")
    viewer.expect_width(whole * 1.25**2)
    x, _ = viewer.place()
    press("ArrowRight")
    left = "document.querySelector('.sd-frame').getBoundingClientRect().x"
    page.wait_for_function(f"{x} - {left} > 10")
    press("0")
    viewer.expect_width(whole)
    expect(viewer.receipt).to_be_visible()
    press("i")
    expect(viewer.receipt).to_have_count(0)
    press("Escape")
    expect(viewer.dialog).to_have_count(0)
    expect(tile).to_be_focused()
    assert errors == []


@pytest.mark.own_page
def test_pinches_zoom_and_100_percent_is_a_pixel_of_the_screen(
    errors: list[str], studio: Studio, page: Page
) -> None:
    session = page.context.new_cdp_session(page)
    screen = {"width": 1280, "height": 900, "deviceScaleFactor": 2, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", screen)
    page.wait_for_function("window.devicePixelRatio === 2")
    viewer = Viewer(studio)
    studio.tiles("a tall owl").dblclick()
    viewer.wait_until_sharp()
    viewer.button("100 %").click()
    expect(viewer.button("100 %")).to_have_attribute("aria-pressed", "true")
    viewer.expect_width(512)  # of 1024 pixels, on a screen of two for each CSS pixel
    page.wait_for_function(DENSE, arg=viewer.layers.first.element_handle())
    viewer.button("Fit").click()
    expect(viewer.button("Fit")).to_have_attribute("aria-pressed", "true")
    fitted = viewer.width()
    pane = viewer.panes.bounding_box()
    assert pane is not None
    x, y = pane["x"] + pane["width"] / 2, pane["y"] + pane["height"] / 2
    page.mouse.move(x, y)
    page.keyboard.down("Control")  # so a touchpad's pinch comes
    page.mouse.wheel(0, -50)
    page.keyboard.up("Control")
    picture = viewer.dialog.locator(".sd-picture").first.element_handle()
    page.wait_for_function(f"picture => ({ZOOM})(picture) > {fitted * 1.2}", arg=picture)
    zoomed = viewer.width()
    assert page.evaluate("window.visualViewport.scale") == 1

    def touch(kind: str, *across: float) -> None:
        points = [{"x": x + side * apart, "y": y, "id": number}
                  for apart in across for number, side in enumerate((-1, 1))]  # fmt: skip
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 40)
    for apart in (50, 60, 70, 80):
        touch("touchMove", apart)
    touch("touchEnd")
    viewer.expect_width(zoomed * 2, within=0.05)
    assert errors == []


def test_two_pictures_are_compared(
    errors: list[str], studio: Studio, page: Page, shot: Shot
) -> None:
    viewer, press = Viewer(studio), page.keyboard.press
    studio.tiles("a tall owl").hover()
    studio.card("a tall owl").get_by_role("button", name="View image").click()
    viewer.button("Compare").click()
    expect(studio.status).to_have_text(re.compile("^A: a tall owl. B, picture 3 of 6: a red fox"))
    expect(viewer.receipt).to_contain_text("A has 1024 × 1536 pixels, B 1152 × 864.")
    for layer in (0, 1):
        viewer.wait_until_sharp(layer)
    shot("compare_unequal", studio.root)
    viewer.dialog.focus()
    press("Shift+ArrowRight")
    expect(studio.status).to_have_text(re.compile("^A: a red fox in snow. B, picture 3 of 6"))
    press("Shift+ArrowRight")
    press("ArrowRight")
    expect(studio.status).to_have_text(
        re.compile("^A: a red fox in snow. B, picture 4 of 6: a red fox")
    )
    press("Shift+ArrowLeft")
    expect(viewer.receipt.locator(".sd-differs", has_text="Prompt")).to_have_count(1)
    expect(viewer.receipt.locator(".sd-differs", has_text="Seed")).to_have_count(0)
    for layer in (0, 1):
        viewer.wait_until_sharp(layer)
    viewer.divider.focus()
    press("ArrowLeft")
    expect(viewer.divider).to_have_attribute("aria-valuenow", "48")
    box = viewer.panes.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.48, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60, steps=3)
    page.mouse.up()
    expect(viewer.divider).to_have_attribute("aria-valuenow", "30")
    shot("compare_slider", studio.root)
    viewer.button("Turn").click()
    expect(viewer.divider).to_have_attribute("aria-orientation", "vertical")
    shot("compare_across", studio.root)
    viewer.mode("Side by side").click()
    expect(viewer.panes).to_have_count(2)
    for layer in (0, 1):
        viewer.wait_until_sharp(layer)
    viewer.panes.nth(1).hover()
    page.mouse.wheel(0, -400)
    widths = "() => [...document.querySelectorAll('.sd-picture')].map(each => each.offsetWidth)"
    page.wait_for_function(f"(({widths})()).every(each => each > 500)")
    one, two = page.evaluate(widths)
    assert one == two
    shot("compare_side", studio.root)
    viewer.mode("Fade").click()
    viewer.dialog.get_by_role("slider", name="Fade").fill("25")
    expect(viewer.layers.nth(1)).to_have_css("opacity", "0.25")
    viewer.mode("Difference").click()
    expect(viewer.receipt.get_by_text("of the pixels")).to_be_visible(timeout=60_000)
    viewer.button("Fit").click()
    for layer in (0, 1):
        viewer.wait_until_sharp(layer)
    shot("compare_difference", studio.root)
    press("Escape")
    expect(viewer.dialog).to_have_count(0)
    assert errors == []


COMPARE = """
import seedream_widgets as sd
from PIL import Image
from seedream_widgets.backends.offline import OfflineBackend
client = sd.Client(backend=OfflineBackend(pace=0))
fox, night = [
    client.submit(sd.Request(prompt, image_size=(1152, 864), seed=5)).result()
    for prompt in ("a red fox in snow", "a red fox in snow, at night")
]
compared = sd.compare(fox, night)
compared"""


def test_two_pictures_are_a_widget_of_their_own(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    book = notebook([COMPARE, "compared.difference().changed > 0.5"])
    book.run_all()
    root = page.get_by_role("region", name="Seedream comparison")
    group = root.get_by_role("group", name="Compare")
    expect(group.get_by_role("radiogroup", name="Compare mode")).to_be_visible()
    expect(group.get_by_role("complementary")).to_contain_text("a red fox in snow, at night")
    for layer in (0, 1):
        page.wait_for_function(SHARP, arg=layer)
    shot("compare_widget", root)
    group.get_by_role("radio", name="Difference").click()
    expect(group.get_by_text("of the pixels")).to_be_visible(timeout=60_000)
    assert book.text(1) == "True"
    assert errors == []


def test_each_state_is_accessible_in_light_and_dark_wide_and_narrow(
    notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    book = notebook([STUDIO])
    book.run_all()
    studio = Studio(page)
    studio.wait_for_pictures("a red fox in snow", 3)
    viewer, audit = Viewer(studio), Audit(page)
    for theme, width in (("Light", 1040), ("Dark", 420)):
        book.theme(theme)
        resize(studio.root, width)
        tile = studio.tiles("a red fox in snow").first
        tile.focus()
        page.keyboard.press("Enter")
        viewer.wait_until_sharp()
        shot(f"viewer_{theme}_{width}".lower(), studio.root)
        assert overflowing(viewer.dialog) == []
        viewer.dialog.evaluate(TALL)
        audit.look(f"viewer, {theme}, {width} px", viewer.dialog, fewest=1)
        page.keyboard.press("c")
        viewer.wait_until_sharp(1)
        shot(f"compare_{theme}_{width}".lower(), studio.root)
        assert overflowing(viewer.dialog) == []
        viewer.dialog.evaluate(TALL)  # what is scrolled half out of sight can't be judged
        audit.look(f"compare, {theme}, {width} px", viewer.dialog, fewest=1)
        page.keyboard.press("Escape")
        expect(viewer.dialog).to_have_count(0)
        expect(tile).to_be_focused()
        tile.click(button="right")
        expect(studio.root.get_by_role("menuitem", name="View")).to_be_focused()
        audit.look(f"menu, {theme}, {width} px", studio.root.get_by_role("menu"), fewest=1)
        page.keyboard.press("Escape")
        expect(studio.root.get_by_role("menu")).to_have_count(0)
    assert audit.found == []

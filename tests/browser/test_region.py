"""A region marked in the viewer, by a drag, in numbers or by a brush, alone changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .axe import Audit
from .chromium import at_rest
from .layout import overflowing, resize
from .studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from .conftest import OpenNotebook, Shot

STUDIO = "import seedream_widgets as sd\nstudio = sd.Studio(image_size='1:1 1K')\nstudio"
OUTSIDE = """from PIL import ImageChops
apart = ImageChops.difference(studio.image.convert("RGB"), studio.result.parents[0].image)
apart.getbbox()"""


def viewer_of_a_fox(studio: Studio) -> Locator:
    """Make a picture, and open it by keyboard."""
    studio.submit("a red fox")
    studio.wait_for_pictures("a red fox")
    studio.tiles("a red fox").focus()
    studio.page.keyboard.press("Enter")
    return studio.root.get_by_role("dialog", name="Viewer")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_marked_region_changes_alone(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot, theme: str
) -> None:
    book = notebook([STUDIO, OUTSIDE])
    book.theme(theme)
    book.run(0)
    studio, audit = Studio(page), Audit(page)
    viewer = viewer_of_a_fox(studio)
    viewer.get_by_role("button", name="Mark a region").click()
    edges = {
        name: viewer.get_by_role("spinbutton", name=name)
        for name in ("Left", "Top", "Right", "Bottom")
    }
    expect(edges["Left"]).to_have_value("256")
    place = viewer.locator(".sd-marking")
    box = at_rest(place)
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 120, steps=4)
    page.mouse.up()
    expect(edges["Left"]).not_to_have_value("256")
    for name, value in {"Left": "300", "Top": "200", "Right": "700", "Bottom": "520"}.items():
        edges[name].fill(value)
        edges[name].press("Tab")
    for width in (1280, 420):
        resize(studio.root, width)
        expect(edges["Bottom"]).to_have_value("520")
        shot(f"region-{theme}-{width}", studio.root)
        assert overflowing(studio.root) == []
    # Rows at the ends of what scrolls are cut, and axe can't tell what they stand on.
    audit.look("a marked region", studio.root, covered="elmPartially")
    change = viewer.get_by_role("button", name="Change this region")
    change.focus()
    page.keyboard.press("Enter")
    expect(viewer).to_have_count(0)
    expect(studio.root).to_contain_text("Only a region of image 1 changes: 300, 200 to 700, 520")
    expect(studio.prompt).to_be_focused()
    studio.prompt.fill("a green hat")
    shot(f"region-form-{theme}", studio.root)
    audit.look("a region in the form", studio.root)
    studio.generate.click()
    studio.wait_for_pictures("a green hat")
    book.run(1)
    left, top, right, bottom = (int(edge) for edge in book.text(1).strip("()").split(","))
    assert left >= 300
    assert top >= 200
    assert right <= 700
    assert bottom <= 520
    assert audit.found == []
    assert errors == []


PAINTED = """import numpy as np
mask = np.asarray(studio.result.request.mask.pil.convert("L")) > 0
apart = ImageChops.difference(studio.image.convert("RGB"), studio.result.parents[0].image)
changed = np.asarray(apart).any(axis=2)
print(bool(changed.any()), bool((changed & ~mask).any()), round(mask.mean(), 1))"""


def paint(page: Page, place: Locator, points: list[tuple[float, float]]) -> None:
    """Drag the real mouse through points, each a share of the picture's width and height."""
    box = at_rest(place)
    for at, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=5)
        if at == 0:
            page.mouse.down()
    page.mouse.up()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_what_is_painted_changes_alone(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot, theme: str
) -> None:
    book = notebook([STUDIO, "from PIL import ImageChops\n" + PAINTED])
    page.set_viewport_size({"width": 1640, "height": 900})
    book.theme(theme)
    book.run(0)
    studio, audit = Studio(page), Audit(page)
    viewer = viewer_of_a_fox(studio)
    viewer.get_by_role("button", name="Paint a region").click()
    change = viewer.get_by_role("button", name="Change this region")
    undo = viewer.get_by_role("button", name="Undo stroke")
    expect(undo).to_have_attribute("aria-disabled", "true")
    expect(change).to_have_count(0)
    brush = viewer.get_by_role("slider", name="Brush")
    expect(brush).to_have_value("85")
    brush.focus()
    page.keyboard.press("Home")
    expect(brush).to_have_value("11")
    brush.fill("120")
    place = viewer.locator(".sd-marking")
    strokes = place.locator("polyline")
    paint(page, place, [(0.3, 0.4), (0.6, 0.4), (0.6, 0.6)])
    paint(page, place, [(0.2, 0.8)])
    expect(strokes).to_have_count(2)
    undo.click()
    expect(strokes).to_have_count(1)
    paint(page, place, [(0.3, 0.7), (0.5, 0.8)])
    for width in (1280, 420):
        resize(studio.root, width)
        expect(strokes).to_have_count(2)
        change.scroll_into_view_if_needed()
        shot(f"painted-{theme}-{width}", studio.root)
        assert overflowing(studio.root) == []
    audit.look("a painted region", studio.root, covered="elmPartially")
    change.focus()
    page.keyboard.press("Enter")
    expect(viewer).to_have_count(0)
    expect(studio.root).to_contain_text("Only what you painted on image 1 changes")
    studio.prompt.fill("a green hat")
    shot(f"painted-form-{theme}", studio.root)
    audit.look("a painted region in the form", studio.root)
    studio.generate.click()
    studio.wait_for_pictures("a green hat")
    book.run(1)
    assert book.text(1).split() == ["True", "False", "0.1"]
    assert audit.found == []
    assert errors == []

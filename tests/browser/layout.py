"""What sticks out: elements wider inside than outside, or past the widget's right edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator

OVERFLOWING = """root => {
  const OVERHANGING = ".sd-ref";  // its remove button sits on its corner
  // The bar slides out of its track, and a sheet's grid scrolls.
  const CLIPPED = ".sd-hidden, .sd-track, .sd-sheet-scroll > *";
  const name = element => `${element.tagName.toLowerCase()}.${element.className}`;
  const edge = root.getBoundingClientRect().right + 1;
  return [root, ...root.querySelectorAll("*")].filter(element => {
    if (!(element instanceof HTMLElement) || element.closest(CLIPPED)) return false;
    const style = getComputedStyle(element);
    const wide = style.overflowX === "visible" && element.clientWidth > 0
      && element.scrollWidth > element.clientWidth + 1 && !element.matches(OVERHANGING);
    const scrolls = element === root && element.scrollWidth > element.clientWidth + 1;
    return wide || scrolls || element.getBoundingClientRect().right > edge;
  }).map(name);
}"""
# What measures itself is laid out anew within the next frames.
RESIZE = """async (root, width) => {
  const place = root.parentElement;
  place.style.width = `${width}px`;
  place.style.flex = "none";
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
}"""
BOXES = """tiles => tiles.map(tile => {
  const { x, y, width, height } = tile.getBoundingClientRect();
  const { x: left, y: top } = tile.closest("article").getBoundingClientRect();
  return [x - left, y - top, width, height].map(Math.round);
})"""


def overflowing(root: Locator) -> list[str]:
    """Return what sticks out, and goes on to: a change of the page may still be under way."""
    found: list[str] = []
    for _ in range(50):
        found = list(root.evaluate(OVERFLOWING))
        if not found:
            break
        root.page.wait_for_timeout(100)
    return found


def resize(root: Locator, width: int) -> None:
    """Give the widget's container a width, as a narrow output does."""
    root.evaluate(RESIZE, width)


def boxes(tiles: Locator) -> Any:
    """Place and size of each tile within its card."""
    return tiles.evaluate_all(BOXES)

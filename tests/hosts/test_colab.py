"""What Colab alone does: outputs in frames that may little, each with a model of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.studio import STUDIO

if TYPE_CHECKING:
    from .conftest import OpenBook

FORBIDDEN = """async () => {
  const tried = {
    localStorage: () => localStorage.length,
    sessionStorage: () => sessionStorage.length,
    indexedDB: () => indexedDB.open("x"),
    caches: () => caches.open("x"),
    clipboard: () => navigator.clipboard.readText(),
  };
  const errors = {};
  for (const [name, what] of Object.entries(tried)) {
    try { await what(); } catch (error) { errors[name] = error.name; }
  }
  return { errors, origin: self.origin, confirm: confirm("?"), prompt: prompt("?") };
}"""
COLOURS = """html => ["--colab-primary-surface-color", "--jp-layout-color1"]
  .map(name => getComputedStyle(html).getPropertyValue(name))"""
BUSY = "import time\ntime.sleep(4)"
WORDS = "a red fox"
WATCH = """field => {
  field.seen = [field.value];
  setInterval(() => field.seen.at(-1) === field.value || field.seen.push(field.value), 1);
}"""


def test_a_frame_may_little(book: OpenBook) -> None:
    opened = book(STUDIO)
    opened.run(0)
    root = opened.studio().root
    found = root.evaluate(FORBIDDEN)
    assert {name: found[name] for name in ("origin", "confirm", "prompt")} == {
        "origin": "null",
        "confirm": False,
        "prompt": None,
    }
    assert found["errors"] == {
        **dict.fromkeys(("localStorage", "sessionStorage", "indexedDB", "caches"), "SecurityError"),
        "clipboard": "NotAllowedError",
    }
    opened.theme("Dark")
    html = opened.page.frame_locator("iframe[name=output-c0]").locator("html")
    expect(html).to_have_attribute("theme", "dark")
    assert html.evaluate(COLOURS) == ["#383838", "white"]


def test_frame_is_as_high_as_its_content(book: OpenBook) -> None:
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.root.get_by_text("Advanced").click()
    frame = opened.page.locator("iframe[name=output-c0]")
    for _ in range(20):
        high, inside = frame.bounding_box(), studio.root.bounding_box()
        assert high
        assert inside
        if inside["height"] < high["height"] < inside["height"] + 100:
            return
        opened.page.wait_for_timeout(100)
    raise AssertionError(f"{high} around {inside}")


def test_words_typed_while_the_kernel_is_busy_stay(book: OpenBook, errors: list[str]) -> None:
    opened = book(STUDIO, "studio", BUSY)
    opened.run(0)
    opened.run(1)
    first, second = opened.studio(0), opened.studio(1)
    opened.run(2, wait=False)
    first.prompt.evaluate(WATCH)
    first.prompt.press_sequentially(WORDS, delay=350)  # longer than the form waits with writing
    expect(second.prompt).to_have_value(WORDS)
    expect(first.prompt).to_have_value(WORDS)
    assert first.prompt.evaluate("field => field.seen") == [WORDS[:end] for end in range(10)]
    assert errors == []

"""Start the machine's own Chromium, cut off from everything but this machine."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, ConsoleMessage, FloatRect, Locator, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)

# Playwright's 5 s are not enough on a busy machine; only what never comes is waited for so long.
WAIT_MS = 60_000
expect.set_options(timeout=WAIT_MS)


def executable() -> str:
    """Find Chromium: the variable CHROMIUM first, then the usual names."""
    wanted = os.environ.get("CHROMIUM") or ""
    found = next((path for name in (wanted, *NAMES) if name and (path := shutil.which(name))), None)
    if found is None:
        raise FileNotFoundError("No Chromium found: install it or set CHROMIUM to its path")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=[*FLAGS])
        try:
            yield browser
        finally:
            browser.close()


def collect_errors(page: Page) -> list[str]:
    """Return a list that fills with every uncaught error and console error of the page.

    Not with JupyterLab's own word for a widget that it lost: whose widget is gone for good is found
    out without it, and `Notebook.reload` has it back.
    """
    errors: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and "widget model not found" not in message.text:
            errors.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", on_console)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def at_rest(target: Locator) -> FloatRect:
    """Scroll an element into view, and return its box once the page does not move it any more."""
    expect(target).to_be_visible()
    box, before = target.bounding_box(), None
    while box is None or box != before:
        target.scroll_into_view_if_needed()
        target.page.wait_for_timeout(100)
        box, before = target.bounding_box(), box
    return box


def drop_files(
    page: Page,
    on: Locator | str,
    paths: Sequence[Path | str],
    steps: Sequence[str] = ("dragEnter", "dragOver", "drop"),
) -> None:
    """Drop files on the middle of an element as the operating system would."""
    target = page.locator(on) if isinstance(on, str) else on
    box = at_rest(target)
    data = {"items": [], "files": [str(Path(path).resolve()) for path in paths]}
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    devtools = page.context.new_cdp_session(page)
    for kind in steps:
        event = {"type": kind, **place, "data": {**data, "dragOperationsMask": 1}}
        devtools.send("Input.dispatchDragEvent", event)
    devtools.detach()

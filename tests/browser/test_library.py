"""What lasts, on the page: requests from before, receipts dropped on the prompt, code to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.fal_server import FalServer

from .chromium import at_rest, drop_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.fal_server import Authority

    from .conftest import OpenNotebook, Shot
    from .lab import Notebook

STUDIO = "import seedream_widgets as sd\nstudio = sd.Studio()\nstudio"
SMALL = "studio.image_size = (960, 960)"
KILL = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
COPIED = "async text => (await navigator.clipboard.readText()) === text"
WAIT = 60_000


@pytest.fixture
def server(fal_authority: Authority) -> Iterator[FalServer]:
    """A local fal that only the notebook's kernel is pointed at."""
    with FalServer(authority=fal_authority) as running:
        yield running
    assert running.errors == ()


def at_home(folder: Path, server: FalServer | None = None) -> str:
    """Return a cell that sets library and, with a server, key and way to fal."""
    wanted = {"SEEDREAM_HOME": str(folder)} | (server.env if server else {})
    return (
        f"import os\nfor name, value in {wanted!r}.items():\n"
        "    os.environ.update({name: value}) if value else os.environ.pop(name, None)\n"
    )


def view(page: Page) -> Locator:
    root = page.get_by_role("region", name="Seedream image studio")
    root.wait_for(timeout=60_000)
    return root


def generate(root: Locator, prompt: str) -> Locator:
    root.get_by_role("textbox", name="Prompt").fill(prompt)
    root.get_by_role("button", name="Generate").click()
    card = root.get_by_role("article", name=prompt).first
    card.wait_for()
    return card


def kill_kernel(book: Notebook, number: int) -> None:
    """Kill the kernel from a cell; Jupyter starts another and says so."""
    book.run(number, wait=False)
    book.page.locator(".jp-Dialog .jp-mod-accept").click(timeout=60_000)
    book.wait_until_ready()


def in_themes(book: Notebook, shot: Shot, name: str) -> None:
    shot(f"{name}-light")
    book.theme("Dark")
    shot(f"{name}-dark")
    book.theme("Light")
    book.page.set_viewport_size({"width": 560, "height": 1100})
    shot(f"{name}-narrow")
    book.page.set_viewport_size({"width": 1280, "height": 900})


def test_requests_of_a_killed_kernel_are_fetched(
    errors: list[str],
    notebook: OpenNotebook,
    page: Page,
    shot: Shot,
    server: FalServer,
    tmp_path: Path,
) -> None:
    server.settings.waits = lambda: True
    book = notebook([at_home(tmp_path, server), STUDIO, SMALL, KILL])
    for number in range(3):
        book.run(number)
    root = view(page)
    # Accepted, as the cards say: what is still being sent may be billed, and is not fetched.
    expect(generate(root, "a red fox in snow")).to_contain_text("In queue")
    expect(generate(root, "an owl at dusk")).to_contain_text("In queue")
    kill_kernel(book, 3)
    server.settings.waits = bool
    book.run(0)
    book.run(1)
    root = view(page)
    expect(root).to_contain_text("2 requests from before are kept.", timeout=WAIT)
    in_themes(book, shot, "library-waiting")
    root.get_by_role("button", name="Fetch", exact=True).click()
    expect(root.locator(".sd-job img")).to_have_count(2, timeout=WAIT)
    expect(root).not_to_contain_text("from before")
    expect(root.get_by_role("article")).to_have_count(2)
    assert server.count("submit") == 2
    assert len(server.bill) == 2
    assert errors == []


def test_a_saved_file_on_the_prompt_brings_the_form_back(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.png"
    save = (
        f"studio.result.save({str(tmp_path / 'fox.png')!r})\n"
        f"studio.result.image.resize((64, 64)).save({str(plain)!r})\n"
        "studio.result.seed"
    )
    book = notebook([at_home(tmp_path), STUDIO, SMALL, save])
    for number in range(3):
        book.run(number)
    root = view(page)
    card = generate(root, "a red fox in snow")
    expect(card.locator("img")).to_have_count(1, timeout=WAIT)
    book.run(3)
    prompt = root.get_by_role("textbox", name="Prompt")
    prompt.fill("something else")
    root.get_by_role("radio", name="Auto").first.click()
    root.get_by_role("spinbutton", name="Images").fill("4")
    drop_files(page, ".sd-prompt", [plain])
    expect(root).to_contain_text("no receipt in this file; drop it on the images", timeout=WAIT)
    expect(root.get_by_role("list", name="Reference images").get_by_role("listitem")).to_have_count(
        0
    )
    shot("library-no-receipt")
    hover_file(page, ".sd-prompt", tmp_path / "fox.png")
    expect(root).to_contain_text("Drop to restore its settings")
    in_themes(book, shot, "library-drop")
    drop_files(page, ".sd-prompt", [tmp_path / "fox.png"])
    expect(prompt).to_have_value("a red fox in snow", timeout=WAIT)
    expect(root.get_by_role("spinbutton", name="Seed")).to_have_value(book.text(3))
    expect(root.get_by_role("spinbutton", name="Images")).to_have_value("1")
    expect(root).to_contain_text("960 × 960")
    expect(root).not_to_contain_text("no receipt")
    root.get_by_role("button", name="Generate").click()
    card = root.get_by_role("article").filter(has_text=book.text(3)).first
    expect(card.locator("img")).to_have_count(1, timeout=WAIT)
    assert errors == []


def test_the_same_click_again_is_free_and_code_is_copied(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot, server: FalServer,
    tmp_path: Path,
) -> None:  # fmt: skip
    limit = "sd.budget(usd=5.00)\nstudio.image_size = (960, 960)\nstudio.seed = 7"
    setup = at_home(tmp_path, server)
    book = notebook([setup, STUDIO, limit, "print(studio.result.as_code(), end='')"])
    for number in range(3):
        book.run(number)
    root = view(page)
    first = generate(root, "a red fox in snow")
    expect(first.locator("img")).to_have_count(1, timeout=WAIT)
    # Within a second it would be the same press.
    expect(root.get_by_role("button", name="Generate")).to_contain_text("Generate")
    generate(root, "a red fox in snow")
    expect(root.get_by_role("article").first).to_contain_text("from your library · $0.00")
    expect(root).to_contain_text("Spent $0.03 of $5.00")
    money = root.get_by_text("Spent $0.03 of $5.00")
    money.click()
    last = root.get_by_role("table", name="Last requests")
    expect(last).to_contain_text("a red fox in snow")
    expect(root.get_by_role("table", name="Money")).to_contain_text("This month, all kernels")
    shot("ledger", root)
    page.set_viewport_size({"width": 420, "height": 800})
    shot("ledger-narrow")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.keyboard.press("Escape")
    expect(last).to_have_count(0)
    assert server.count("submit") == 1
    copy = root.get_by_role("button", name="Copy as code").first
    copy.click()
    book.run(3)
    page.wait_for_function(COPIED, arg=book.text(3))
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    copy.click()
    shown = root.get_by_role("textbox", name="Code")
    expect(shown).to_have_value(book.text(3).rstrip())
    expect(shown).to_be_focused()
    assert page.evaluate("getSelection().toString()") == book.text(3).rstrip()
    in_themes(book, shot, "library-code")
    assert errors == []


def hover_file(page: Page, selector: str, path: Path) -> None:
    """Hold a file over the middle of an element."""
    box = at_rest(page.locator(selector))
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
    devtools.detach()

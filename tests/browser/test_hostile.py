"""What a server, a file or a library says is text on the page: never HTML, never out of place."""

from __future__ import annotations

import json
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.images.receipts import embed
from seedream_widgets.jobs.client import Client
from seedream_widgets.values.request import Request
from seedream_widgets.values.sizes import Size
from tests.fal_server import FalServer, Settings

from .chromium import drop_files
from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.fal_server import Authority

    from .conftest import OpenNotebook

pytestmark = pytest.mark.own_page
MARK = "pwned"
HTML = f"<img src=x onerror='{MARK}()'><script>{MARK}()</script><b class={MARK}>"
RTL = "\u202egnp.exe\u202c\u2067"
EVIL = HTML + RTL
FILE = f"<img src=x onerror={MARK}()><b class={MARK}>{RTL}.png"
INJECTED = f".{MARK}, img[onerror], img[src='x'], .jp-OutputArea-output script"
WATCH = f"window.{MARK} = () => {{ window.ran = true; }}"
# A bidi control reaches to the end of its block, and no further.
STANDS_ALONE = "element => !getComputedStyle(element).display.startsWith('inline')"
WAIT = 60_000


@pytest.fixture
def fal(fal_authority: Authority) -> Iterator[FalServer]:
    settings = Settings(logs=(EVIL,), run_seconds=0.1)
    with FalServer(settings, authority=fal_authority) as server:
        yield server
    assert server.errors == ()


def at_home(folder: Path, server: FalServer) -> str:
    """Return a cell that sets the library, the key and the way to fal."""
    variables = server.env | {"SEEDREAM_HOME": str(folder)}
    return (
        f"import os\nfor name, value in {variables!r}.items():\n"
        "    os.environ.update({name: value}) if value else os.environ.pop(name, None)\n"
    )


def expect_text_alone(page: Page, errors: list[str], dialogs: list[str]) -> None:
    """Nothing ran, nothing was asked for, nothing was put into the page."""
    assert page.evaluate("window.ran") is None
    assert page.locator(INJECTED).count() == 0
    assert dialogs == []
    assert errors == []


@pytest.fixture
def dialogs(page: Page) -> list[str]:
    page.add_init_script(WATCH)
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda asked: said.append(asked.url) if asked.url.endswith("/x") else None)
    return said


def test_what_fal_says(
    errors: list[str], dialogs: list[str], notebook: OpenNotebook, page: Page, fal: FalServer,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from tests.fal_server import replies

    entry = {"loc": ["body", EVIL, "prompt"], "msg": EVIL, "type": EVIL, "ctx": {EVIL: EVIL}}
    monkeypatch.setitem(replies.ERRORS, "400", (400, {"detail": [entry], "error_type": EVIL}))
    monkeypatch.setitem(replies.ERRORS, "503", (400, {"detail": EVIL, "error_type": EVIL}))
    refused = {"a": "400", "b": "503"}
    for prompt, kind in refused.items():
        fal.fail("submit", kind, times=None, when=lambda said, prompt=prompt: said == prompt)
    fal.settings.runs_on = lambda: True
    shown = (
        "result = sd.generate(PROMPT, image_size=(960, 960))\nresult",
        "from IPython.display import display, HTML\nsd.spending()",
        "from seedream_widgets.display.html import sheet_html\n"
        "display(HTML(sheet_html(studio.results)))",
        f"list(sd.library.search({MARK!r}))[:1]",
    )
    setup = f"{at_home(tmp_path, fal)}PROMPT = {EVIL!r}"
    book = notebook([setup, f"{STUDIO}", *shown])
    book.run(0)
    book.run(1)
    studio = Studio(page)
    studio.shape("W×H").click()
    studio.field("Width").fill("960")
    studio.field("Height").fill("960")
    for prompt in refused:
        expect(studio.submit(prompt)).to_contain_text(HTML[:20], timeout=WAIT)
    studio.prompt.fill(EVIL)
    studio.generate.click()
    card = studio.cards.first
    log = card.locator(".sd-log")
    expect(log).to_contain_text(HTML, timeout=WAIT)
    assert "\u202e" in str(log.text_content())
    for part in (log, card.locator(".sd-job-prompt"), card.locator(".sd-meta")):
        assert part.evaluate(STANDS_ALONE)
    fal.settings.runs_on = bool
    expect(card.locator("img")).to_have_count(1, timeout=WAIT)
    for number in range(2, 2 + len(shown)):
        book.run(number)
        assert "Error" not in book.text(number), book.text(number)
        expect(book.cell(number).locator(".jp-OutputArea-output").first).to_be_visible()
    expect(page.locator("[class$='-sheet']")).to_contain_text(HTML[:20])
    expect_text_alone(page, errors, dialogs)


def test_files_that_are_dropped(
    errors: list[str], dialogs: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    picture, broken = tmp_path / FILE, tmp_path / f"broken {FILE}"
    notes = tmp_path / f"{FILE}.txt"
    Image.new("RGB", (64, 64), "teal").save(picture, "PNG")
    broken.write_bytes(picture.read_bytes()[:60])
    notes.write_text("no picture")
    saved = tmp_path / "saved.png"
    save = f"sd.generate({EVIL!r}, image_size=(960, 960)).save({str(saved)!r})"
    book = notebook([STUDIO, save])
    book.run(0)
    book.run(1)
    studio = Studio(page)
    drop_files(page, ".sd-refs", [picture])
    studio.expect_references("img_src_x_onerror")
    studio.wait_for_reference(0)
    drop_files(page, ".sd-refs", [notes])
    refusal = studio.root.get_by_text("is not an image; drop PNG")
    expect(refusal).to_contain_text(FILE.partition(RTL)[0])
    assert "\u202e" not in str(refusal.text_content())
    drop_files(page, ".sd-refs", [broken])
    expect(studio.root.get_by_text("broken").first).to_be_attached()
    drop_files(page, ".sd-prompt", [picture])
    expect(studio.root).to_contain_text("no receipt in this file")
    drop_files(page, ".sd-prompt", [saved])
    expect(studio.prompt).to_have_value(EVIL)
    expect_text_alone(page, errors, dialogs)


def strangers_library(folder: Path) -> None:
    """Write a library whose every text is hostile: a result, its folder, and a request left."""
    client = Client(OfflineBackend(pace=0), library=folder)
    result = client.submit(Request("fox", image_size=Size(960, 960), seed=7)).result(60)
    place = result.files[0].path.parent
    receipt = json.loads((place / "receipt.json").read_text())
    texts = dict.fromkeys(("prompt", "model", "endpoint", "request_id", "package"), EVIL)
    hostile: dict[str, Any] = {
        "settings": receipt["settings"] | {"model": EVIL, "enhance_prompt_mode": EVIL},
        "arguments": {EVIL: EVIL},
        "inputs": [{"name": EVIL, "sha256": "a" * 64, "media_type": EVIL, "width": 1, "height": 1}],
        "price": {"usd": EVIL, "as_of": EVIL, "source": EVIL},
        "history": [{"kind": EVIL, "at": EVIL}],
        "images": [each | {"url": f"https://a.example/{EVIL}"} for each in receipt["images"]],
    }
    (place / "receipt.json").write_text(json.dumps(receipt | texts | hostile))
    place.rename(place.with_name(FILE.replace("/", "")))
    left = {
        "id": "left", "step": "planned", "backend": "fal", "created": time.time(),
        "request": {"prompt": EVIL, "settings": {"model": EVIL}, "inputs": [{"name": EVIL}]},
        "endpoint": EVIL, "message": EVIL,
    }  # fmt: skip
    (folder / "journal").mkdir()
    (folder / "journal" / "left.json").write_text(json.dumps(left))


def test_a_library_of_a_stranger(
    errors: list[str], dialogs: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    strangers_library(tmp_path)
    home = f"import os\nos.environ['SEEDREAM_HOME'] = {str(tmp_path)!r}"
    asked = "studio.image_size, studio.seed = (960, 960), 7"
    shown = (
        "sd.library.search()",
        "found = next(iter(sd.library.search()))\nfound",
        "result = found.result()\nresult",
        "result.receipt",
        "print(result.as_code())",
        "sd.spending()",
        "sd.library.get('<b class=pwned>')",
        "sd.resume()",
    )
    book = notebook([home, STUDIO, asked, *shown])
    for number in range(3):
        book.run(number)
    studio = Studio(page)
    card = studio.submit("fox")  # answered with the stranger's result
    expect(card.locator("img").first).to_be_visible(timeout=WAIT)
    for number in range(3, 3 + len(shown)):
        book.run(number)
        expect(book.cell(number).locator(".jp-OutputArea-output").first).to_be_visible()
    assert "no result '<b class=pwned>'" in book.text(9)
    expect(page.locator("[class$='-sheet']").first).to_contain_text(HTML[:20])
    assert HTML[:20] in book.text(6)
    expect_text_alone(page, errors, dialogs)


RECEIPT: dict[str, Any] = {
    "request_id": "r1", "created": "2026-01-02T03:04:05+00:00", "backend": "fal", "endpoint": "e",
    "model": "v4", "prompt": EVIL, "settings": {}, "arguments": {}, "inputs": [], "seed": 7,
    "images": [], "timings": {}, "price": {}, "cost": None, "history": [],
}  # fmt: skip
MALFORMED = {
    "a name": (
        {"inputs": [{"name": HTML, "sha256": "a" * 64}]},
        "Not in this library: image 1 (<img",
    ),
    "a model": ({"settings": {"model": HTML}}, "has a model that can't be used"),
    "a size": ({"settings": {"image_size": HTML}}, "has an image_size that can't be used"),
    "a type": ({"prompt": [HTML]}, "this is not a receipt of seedream_widgets"),
    "a seed": ({"seed": 10**400}, "has a seed that can't be used"),
    "an address": ({"inputs": [{"url": f"javascript:{MARK}()"}]}, "Not in this library: image 1"),
}


def test_receipts_of_a_stranger(
    errors: list[str], dialogs: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    file = BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG")
    notebook([STUDIO]).run(0)
    studio = Studio(page)
    for name, (changes, words) in MALFORMED.items():
        path = tmp_path / f"{name}.png"
        path.write_bytes(embed(file.getvalue(), json.dumps(RECEIPT | changes)))
        drop_files(page, ".sd-prompt", [path])
        expect(studio.root).to_contain_text(words, timeout=WAIT)
    path = tmp_path / f"text {FILE}"
    path.write_bytes(embed(file.getvalue(), HTML))
    drop_files(page, ".sd-prompt", [path])
    said = "this is not a receipt of seedream_widgets (Expecting value"
    expect(studio.root).to_contain_text(said)
    expect_text_alone(page, errors, dialogs)

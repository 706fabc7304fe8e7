"""The studio under a strict Content-Security-Policy: it needs no more than anywidget does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from .chromium import drop_files
from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenNotebook

# anywidget imports `_esm` from a Blob URL and puts `_css` into a <style>; 'self' is for the
# rest of JupyterLab and its socket. No eval, no style attribute, no picture but a Blob.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self' blob:",
    "style-src-elem": "'self' 'unsafe-inline'",
    "style-src-attr": "'none'",
    "img-src": "blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
# A policy that is added to a page holds from then on; JupyterLab's own start needs eval.
ENFORCE = """policy => {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", event => {
    const { effectiveDirective, blockedURI, sourceFile } = event;
    const within = event.composedPath()[0].closest?.(".sd-root") ? "studio" : "";
    window.violations.push({ effectiveDirective, blockedURI, sourceFile, within });
  });
  const meta = document.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = policy;
  document.head.append(meta);
}"""
# A bundle's scripts run from its Blob URL; JupyterLab breaks such a policy by itself.
OURS = """() => window.violations.filter(
  ({ within, sourceFile }) => within || sourceFile.startsWith("blob")
)"""
BREACH = """async () => {
  const source = `export default root => {
    root.setAttribute("style", "top: 0");
    fetch("http://127.0.0.1:1/").catch(() => {});
    const image = new Image();
    image.src = "data:image/png;base64,AAAA";
    root.append(image);
    try { eval("1") } catch {}
  }`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  (await import(url)).default(document.querySelector(".sd-root"));
}"""


def enforce(page: Page) -> None:
    page.evaluate(ENFORCE, "; ".join(f"{name} {value}" for name, value in POLICY.items()))


@pytest.mark.own_page
def test_nothing_is_blocked(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    book = notebook([STUDIO, "studio.close()"])
    enforce(page)
    book.run(0)
    studio = Studio(page)
    expect(studio.root).to_have_css("display", "block")
    studio.shape("W×H").click()
    studio.field("Width").fill("1024")
    studio.field("Height").fill("1024")
    Image.new("RGB", (640, 480), "teal").save(tmp_path / "a.png")
    drop_files(page, ".sd-refs", [tmp_path / "a.png"])
    studio.expect_references("a.png")
    studio.wait_for_reference(0)
    studio.submit("a red fox")
    studio.wait_for_pictures("a red fox")
    studio.pictures("a red fox").hover()
    with page.expect_download():
        studio.button("Save image").click()
    studio.card("a red fox").get_by_role("button", name="Copy as code").click()
    found: list[dict[str, Any]] = page.evaluate(OURS)
    assert found == []
    assert errors_of_ours(errors) == []
    page.evaluate(BREACH)  # what a worse bundle would do
    for directive in ("style-src-attr", "connect-src"):
        told = f"({OURS})().some(each => each.effectiveDirective === directive)"
        page.wait_for_function(f"directive => {told}", arg=directive)


def errors_of_ours(errors: list[str]) -> list[str]:
    """Leave out what JupyterLab itself is refused."""
    return [each for each in errors if "Content Security Policy" not in each]

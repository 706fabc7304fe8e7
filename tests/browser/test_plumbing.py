"""The ground the other browser tests stand on: a toy widget in a real JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat

from .chromium import drop_files

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenNotebook, Shot

TOY = '''
import anywidget, traitlets

class Toy(anywidget.AnyWidget):
    _esm = """
    function render({ model, el }) {
      const button = document.createElement("button");
      button.className = "toy-count";
      const show = () => { button.textContent = `count ${model.get("count")}`; };
      button.onclick = () => { model.set("count", model.get("count") + 1); model.save_changes(); };
      model.on("change:count", show);
      show();
      const zone = document.createElement("div");
      zone.className = "toy-zone";
      zone.textContent = "drop here";
      zone.style.padding = "20px";
      zone.ondragover = event => event.preventDefault();
      zone.ondrop = event => {
        event.preventDefault();
        zone.textContent = [...event.dataTransfer.files].map(f => `${f.name} ${f.size}`).join(", ");
      };
      el.append(button, zone);
    }
    export default { render };
    """
    count = traitlets.Int(0).tag(sync=True)

toy = Toy()
toy
'''


def test_a_widget_counts_in_both_directions(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    book = notebook([TOY, "print(toy.count)", "toy.count = 40"])
    book.run_all()
    page.click(".toy-count:has-text('count 40')")
    page.wait_for_selector(".toy-count:has-text('count 41')")
    book.run(1)
    assert book.text(1) == "41\n"
    book.theme("Dark")
    shot("plumbing-dark")
    book.theme("Light")
    shot("plumbing-light")
    book.reload()
    book.run(1)
    assert book.text(1) == "41\n"
    assert errors == []


def test_files_are_dropped(notebook: OpenNotebook, page: Page, tmp_path: Path) -> None:
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for size, path in enumerate(paths, start=9):
        path.write_bytes(bytes(size))
    book = notebook([TOY])
    book.run_all()
    drop_files(page, ".toy-zone", paths)
    page.wait_for_selector(".toy-zone:has-text('a.png 9, b.png 10')")
    book.save()
    assert nbformat.read(book.file, as_version=4).cells[0].outputs
    book.restart_kernel()
    book.write(0, "1 / 0")
    book.run(0)
    assert book.text(0) == "ZeroDivisionError: division by zero"

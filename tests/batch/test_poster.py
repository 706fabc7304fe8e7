"""The whole grid as one picture and as one page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.batch import poster
from seedream_widgets.batch.batch import make
from seedream_widgets.batch.poster import layout
from seedream_widgets.jobs.client import Client
from seedream_widgets.testing import ScriptedBackend
from tests.image_files import encoded, grey_profile, near

PROMPTS = ["a fox", "<script>alert(1)</script> & a very long prompt " * 5]


def opened(path) -> Image.Image:
    with Image.open(path) as image:
        return image.copy()


@pytest.fixture
def batch(tmp_path):
    client = Client(ScriptedBackend("fal"), library=tmp_path / "library")
    return make(client, name="foxes", prompt=PROMPTS, seed=[1, 2, 3]).run(progress=False)


def test_a_grid_has_one_axis_across_and_the_others_down(batch):
    grid = layout(batch.axes, batch.cells)
    assert grid.columns == ("1", "2", "3")
    assert len(grid.rows) == 2
    assert grid.cells[1, 2].at == (1, 2)
    turned = layout(batch.axes, batch.cells, "prompt")
    assert turned.rows == ("1", "2", "3")
    assert turned.cells[2, 1].at == (1, 2)
    with pytest.raises(sd.RequestError, match="x takes the name of an axis: prompt, seed; got 'x'"):
        layout(batch.axes, batch.cells, "x")


def test_a_png_holds_every_picture_as_it_came(batch, tmp_path):
    path = batch.export(tmp_path / "sheet.png", format="png")
    whole = opened(path)
    file = batch[0].result.files[0]
    assert whole.width > 3 * file.width
    assert whole.height > 2 * file.height
    colours = {colour for _, colour in whole.getcolors(1 << 24)}
    for cell in batch:
        assert cell.result.image.convert("RGB").getpixel((0, 0)) in colours
    small = opened(batch.export(tmp_path / "small.png", format="png", edge=16))
    assert small.width < whole.width


def test_a_png_shows_each_picture_in_its_profile_s_colours(tmp_path):
    backend = ScriptedBackend("fal")
    grey = encoded(Image.new("LA", (90, 60), (100, 128)), "PNG", icc_profile=grey_profile(1.0))
    backend.bytes = {"https://files.test/r1/0": grey}
    batch = make(Client(backend, library=tmp_path / "l"), prompt="a fox", seed=[1])
    batch.run(progress=False)
    whole = opened(batch.export(tmp_path / "sheet.png", format="png"))
    assert near(whole.getpixel((whole.width - 20, whole.height - 20)), (211, 211, 211), 2)


def test_a_cell_without_a_picture_has_its_words_there(tmp_path):
    backend = ScriptedBackend("fal")
    batch = make(Client(backend, library=tmp_path / "l"), prompt="a fox", seed=[1, 2])
    backend.errors["submit"] = sd.BackendError("fal is <away>", billing="no")
    batch.run(progress=False)
    assert opened(batch.export(tmp_path / "a.png", format="png")).size
    text = batch.export(tmp_path / "a.html", format="html").read_text()
    assert text.count("fal is &lt;away&gt;") == 2


def test_above_the_limit_it_says_first_what_can_be_done(batch, tmp_path, monkeypatch):
    whole = opened(batch.export(tmp_path / "whole.png", format="png"))
    pixels = whole.width * whole.height
    monkeypatch.setattr(poster, "MOST_PIXELS", round(pixels * 0.7))
    with pytest.raises(
        sd.RequestError, match=r"megapixels .*edge=\d+ .* or pages=True for about 2"
    ):
        batch.export(tmp_path / "large.png", format="png")
    assert not list(tmp_path.glob("large*"))
    first = batch.export(tmp_path / "large.png", format="png", pages=True)
    assert first.name == "large-1.png"
    assert sorted(path.name for path in tmp_path.glob("large*")) == ["large-1.png", "large-2.png"]
    for path in tmp_path.glob("large*"):
        page = opened(path)
        assert page.width * page.height <= poster.MOST_PIXELS


@pytest.mark.parametrize("edge", [0, 15, 1.5, True, "256"])
def test_a_bad_edge_is_told(batch, tmp_path, edge):
    with pytest.raises(sd.RequestError, match="edge takes a whole number of pixels"):
        batch.export(tmp_path / "a.png", format="png", edge=edge)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))


def test_a_page_needs_nothing_else_and_runs_nothing(batch, tmp_path):
    text = batch.export(tmp_path / "sheet.html", format="html").read_text("utf-8")
    tags = Tags(text).tags
    pictures = [attrs for tag, attrs in tags if tag == "img"]
    assert len(pictures) == 6
    assert all(attrs["src"].startswith("data:image/webp;base64,") for attrs in pictures)
    assert pictures[-1]["alt"] == PROMPTS[1][:300]
    assert not [tag for tag, attrs in tags if tag in ("script", "link", "iframe", "object")]
    assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
    assert not re.search(r"(?:src|href|url\()=?[\"']?https?:", text)

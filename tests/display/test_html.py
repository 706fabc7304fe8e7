"""How a result shows itself: small, static, and safe."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from dataclasses import replace
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser

import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from seedream_widgets.display.html import (
    PICTURE_BYTES,
    SHEET_BYTES,
    receipt_line,
    sheet_html,
    sheet_text,
)
from tests.image_files import encoded, noise, photo
from tests.values.test_result import make

LIMIT = 52_000
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>&'" * 20


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def html(result):
    return result._repr_mimebundle_()["text/html"]


@pytest.fixture(scope="module")
def large():
    """A picture that compresses badly, small too."""
    return encoded(noise(512, 512).resize((1024, 1024), Image.Resampling.NEAREST), "JPEG")


@pytest.mark.slow
@pytest.mark.parametrize(("count", "edge"), [(1, 512), (4, 256), (36, 256)])
@pytest.mark.parametrize("prompt", ["a fox", HOSTILE, "🦊" * 300])
def test_a_result_adds_little_to_a_notebook(tmp_path, large, count, edge, prompt):
    result = make(tmp_path, *[large] * count, prompt=prompt, num_images=6, max_images=6)
    bundle = result._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/plain", "text/html", "image/jpeg"}
    assert len(b64decode(bundle["image/jpeg"])) <= PICTURE_BYTES
    assert sum(len(each.encode()) for each in bundle.values()) < LIMIT
    images = [attributes for tag, attributes in Tags(bundle["text/html"]).found if tag == "img"]
    assert len(images) == min(count, 12)
    for image in images:
        media_type, data = re.fullmatch(r"data:(image/\w+);base64,(.+)", image["src"]).groups()
        assert media_type == "image/webp"
        assert b64decode(data, validate=True)[8:12] == b"WEBP"
        assert int(image["width"]) <= edge


def test_a_hostile_prompt_stays_text(tmp_path):
    result = make(tmp_path, encoded(photo(), "PNG"), prompt=HOSTILE)
    tags = Tags(html(result)).found
    assert [tag for tag, _ in tags] == ["div", "div", "img", "div"]
    (image,) = (attributes for tag, attributes in tags if tag == "img")
    assert set(image) == {"src", "width", "height", "alt", "style"}
    assert unescape(image["alt"]) == HOSTILE[:59] + "…"


def test_the_receipt(tmp_path):
    data = encoded(photo(), "PNG")
    text = Tags(html(make(tmp_path, data, data, num_images=2))).text.strip()
    assert re.fullmatch(
        r"2 images · 96 × 64 · seed 7 · \d+\.\d s · "
        r"fal-ai/bytedance/seedream/v4/text-to-image · about \$0\.06 · "
        r"\d{4}-\d\d-\d\d \d\d:\d\d UTC · request r1",
        text,
    )


def test_the_receipt_of_many_says_how_many_are_shown(tmp_path):
    result = make(tmp_path, *[encoded(photo(), "PNG")] * 13, num_images=6, max_images=6)
    assert Tags(html(result)).text.strip().startswith("asked 36, got 13, 12 shown · ")


def test_the_receipt_of_an_offline_preview_has_no_price(tmp_path):
    result = replace(make(tmp_path, encoded(photo(), "PNG")), backend="offline", seed=None)
    text = Tags(html(result)).text
    assert "seed unknown" in text
    assert " · offline preview, not Seedream" in text
    assert "$" not in text


def test_the_receipt_says_what_fal_bills_where_it_told(tmp_path):
    result = make(tmp_path, encoded(photo(), "PNG"))
    told = replace(result, receipt=None, billable_units=Decimal(2))
    assert " · $0.06 · " in receipt_line(told, 1)
    kept = replace(result, cached=True)
    assert " · from the library, $0.00 · " in receipt_line(kept, 1)


@pytest.mark.slow
def test_a_sheet_is_small_whatever_is_in_it(tmp_path, large):
    for count in (1, 2, 36):
        folder = tmp_path / str(count)
        result = make(folder, *[large] * count, prompt=HOSTILE, num_images=6, max_images=6)
        results = [result] * 9
        sheet = sheet_html(results)
        tags = Tags(sheet)
        assert len(sheet.encode()) < SHEET_BYTES
        assert len(sheet_text(results)) < 5000
        assert {tag for tag, _ in tags.found} == {"div", "img"}
        images = [attributes for tag, attributes in tags.found if tag == "img"]
        shown = len(images) // min(count, 4)
        assert f"9 results, newest first, {shown} shown." in tags.text
        assert shown == (8 if count == 1 else shown) >= 6
        assert all(int(image["width"]) <= 256 for image in images)


def test_a_sheet_has_prompt_and_receipt_as_text(tmp_path):
    one = make(tmp_path, encoded(photo(), "PNG"), prompt="  a <b>red</b>\n fox ")
    text = Tags(sheet_html([one])).text
    assert "Seedream studio: 1 result. Run this cell" in text
    for shown in (text, sheet_text([one])):
        assert "a <b>red</b> fox" in shown
        assert receipt_line(one, 4) in shown


def test_a_sheet_without_results_says_what_to_do():
    assert "run this cell" in Tags(sheet_html([])).text
    assert "run this cell" in sheet_text([])


def test_a_prompt_that_is_not_stored_is_not_in_the_notebook_either(tmp_path):
    result = make(tmp_path, encoded(photo(), "PNG"), prompt="a secret fox")
    private = replace(result, receipt=replace(result.receipt, prompt=""))
    for shown in (sheet_html([private]), sheet_text([private]), html(private)):
        assert "secret" not in shown


def test_a_file_that_is_gone_is_told_in_its_place(tmp_path):
    result = make(tmp_path, *[encoded(photo(), "PNG")] * 2)
    result.files[0].path.unlink()
    shown = Tags(html(result))
    assert [tag for tag, _ in shown.found].count("img") == 1
    assert "there is no file" in shown.text


def test_ipython_shows_it(tmp_path):
    result = make(tmp_path, encoded(photo(), "PNG"))
    data, _ = DisplayFormatter().format(result)
    assert data == result._repr_mimebundle_()


def exported(*values):
    """Return the pictures that LaTeX of a notebook with these outputs includes."""
    import nbformat  # these two take seconds, and `make quick` needs neither
    from nbconvert import LatexExporter

    outputs = [
        nbformat.v4.new_output("execute_result", data=DisplayFormatter().format(each)[0])
        for each in values
    ]
    cell = nbformat.v4.new_code_cell("fox", outputs=outputs)
    book = nbformat.v4.new_notebook(cells=[cell])
    text, resources = LatexExporter().from_notebook_node(book)
    assert all(name in text for name in resources["outputs"])
    return list(resources["outputs"].values())


@pytest.mark.slow
def test_latex_and_so_pdf_has_the_pictures(tmp_path):
    data = encoded(photo(), "PNG")
    one, four = make(tmp_path / "a", data), make(tmp_path / "b", *[data] * 4, num_images=4)
    pictures = exported(one, four)
    for count, picture in zip((1, 4), pictures, strict=True):
        with Image.open(io.BytesIO(picture)) as opened:
            assert opened.format == "JPEG"
            width, height = opened.size
        first = photo().size
        assert (width > height) == (first[0] > first[1]) or count == 4


def test_what_is_transparent_is_white_in_the_picture(tmp_path):
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    bundle = make(tmp_path, encoded(clear, "PNG"))._repr_mimebundle_()
    with Image.open(io.BytesIO(b64decode(bundle["image/jpeg"]))) as opened:
        assert min(opened.convert("L").getextrema()) > 250


def test_without_a_file_there_is_no_picture(tmp_path):
    result = make(tmp_path, encoded(photo(), "PNG"))
    result.files[0].path.unlink()
    assert set(result._repr_mimebundle_()) == {"text/plain", "text/html"}

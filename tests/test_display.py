"""How a result shows itself: small, static, and safe."""

from __future__ import annotations

import re
from base64 import b64decode
from html import unescape
from html.parser import HTMLParser

import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from tests.image_files import encoded, noise, photo
from tests.test_result import make

LIMIT = 40_000
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
    """A 2K picture that compresses badly, small too."""
    return encoded(noise(512, 512).resize((2048, 2048), Image.Resampling.NEAREST), "JPEG")


@pytest.mark.parametrize(("count", "edge"), [(1, 512), (4, 256), (36, 256)])
@pytest.mark.parametrize("prompt", ["a fox", HOSTILE, "🦊" * 300])
def test_a_result_adds_little_to_a_notebook(tmp_path, large, count, edge, prompt):
    result = make(tmp_path, *[large] * count, prompt=prompt, num_images=6, max_images=6)
    bundle = result._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/plain", "text/html"}
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
    assert unescape(image["alt"]) == HOSTILE[:60]


def test_the_receipt(tmp_path):
    data = encoded(photo(), "PNG")
    text = Tags(html(make(tmp_path, data, data, num_images=2))).text
    assert re.fullmatch(
        r"2 images · 96 × 64 · seed 7 · \d+\.\d s · "
        r"fal-ai/bytedance/seedream/v4/text-to-image · about \$0\.06",
        text,
    )


def test_the_receipt_of_many_says_how_many_are_shown(tmp_path):
    result = make(tmp_path, *[encoded(photo(), "PNG")] * 13, num_images=6, max_images=6)
    assert Tags(html(result)).text.startswith("13 images, 12 shown · ")


def test_the_receipt_of_an_offline_preview_has_no_price(tmp_path):
    from dataclasses import replace

    result = replace(make(tmp_path, encoded(photo(), "PNG")), backend="offline", seed=None)
    text = Tags(html(result)).text
    assert "seed unknown" in text
    assert text.endswith(" · offline preview, not Seedream")
    assert "$" not in text


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

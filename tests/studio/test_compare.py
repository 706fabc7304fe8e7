"""`sd.compare`: a widget of two pictures, by messages and without a page."""

from __future__ import annotations

import comm
import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.errors import RequestError
from tests.image_files import encoded, photo
from tests.page import Page, PageComm


@pytest.fixture
def compare(monkeypatch):
    """Return a function that makes a comparison and the page that shows it."""
    monkeypatch.setattr(comm, "create_comm", PageComm)
    opened = []

    def made(a, b):
        opened.append(sd.compare(a, b))
        return opened[-1], Page(opened[-1])

    yield made
    for each in opened:
        each.close()


@pytest.fixture
def results(tmp_path):
    client = sd.Client(OfflineBackend(0), library=tmp_path)
    request = sd.Request("a red fox in snow", image_size=(960, 960), seed=5, num_images=2)
    edit = sd.Request("make it night", [Image.new("RGB", (64, 48), "teal")], image_size=(960, 960))
    yield [client.submit(each).result() for each in (request, edit)]
    client.close()


@pytest.mark.slow
def test_two_results_with_what_is_known_of_them(compare, results):
    widget, page = compare(*results)
    told = widget.get_state()
    assert told["_view"] == "compare"
    assert told["_places"] == [0, 2]
    assert [each["words"] for each in told["_pictures"]] == [
        "a red fox in snow", "a red fox in snow", "make it night",
    ]  # fmt: skip
    rows = page.ask("receipt", target="0")[0]["result"]["rows"]
    assert {"name": "Seed", "text": "5"} in rows
    (given,) = page.ask("receipt", target="2")[0]["result"]["inputs"]
    assert page.ask("preview", target=given["id"], edge=256)[0]["kind"] == "reply"
    box = {"left": 0, "top": 0, "width": 100, "height": 100, "to_width": 100, "to_height": 100}
    assert page.ask("region", target="1", **box)[0]["result"]["width"] == 100
    answer, _ = page.ask("difference", first="0", second="2")
    mean = widget.difference().mean
    assert mean > 0
    assert answer["result"]["rows"][0]["text"] == f"{mean:.1f} of 255"


def test_pictures_of_any_kind(compare, tmp_path):
    picture = photo(320, 200)
    path = tmp_path / "fox.png"
    path.write_bytes(encoded(picture, "PNG"))
    for given in (picture, path, path.read_bytes()):
        widget, page = compare(given, picture)
        assert widget.difference().mean == 0, given
        assert widget.a.size == (320, 200)
        answer, _ = page.ask("receipt", target="0")
        assert "only its pixels are known" in answer["message"]
    assert compare(path, picture)[0]._pictures[0]["words"] == "fox.png"


def test_sizes_that_differ_are_told_and_fitted_where_asked(compare):
    widget, _ = compare(photo(320, 200), photo(160, 100))
    assert repr(widget) == "<Compare 320 x 200 with 160 x 100>"
    with pytest.raises(RequestError, match="got 320 x 200 and 160 x 100"):
        widget.difference()
    assert widget.difference("fit").image.size == (320, 200)


@pytest.mark.parametrize("wrong", [None, 7, "https://example.com/a.png", []])
def test_what_is_no_picture_is_refused(compare, wrong):
    with pytest.raises(RequestError, match=r"^b"):
        compare(photo(), wrong)


@pytest.mark.parametrize("target", ["9", "-1", "x", "0~0", "9~0"])
def test_what_is_not_there_is_told(compare, target):
    _, page = compare(photo(), photo())
    assert page.ask("preview", target=target, edge=256)[0]["kind"] == "error"
    assert page.ask("receipt", target=target)[0]["kind"] == "error"


def test_other_messages_are_refused(compare):
    _, page = compare(photo(), photo())
    assert "takes no message" in page.ask("sync")[0]["message"]


@pytest.mark.slow
def test_what_stands_in_a_saved_notebook(compare, results):
    widget, _ = compare(*results)
    html = widget._fallback.html()
    assert html.count("<img") == 2
    assert "mean difference" in html
    assert "a red fox in snow" in html
    assert len(html) < 400_000
    results[0].files[0].path.unlink()
    assert "is gone: it was deleted or moved" in compare(*results)[0]._fallback.html()

"""The kernel's half of the viewer: sharp parts, receipts and differences, by messages."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from pathlib import Path

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.images.compare import difference
from seedream_widgets.jobs.engine import shared
from seedream_widgets.studio import protocol, viewer
from seedream_widgets.studio.answers import Aside
from seedream_widgets.studio.previews import Previews
from tests.scripted import SECONDS, until
from tests.studio.test_widget import FORM, finish, picture, shape

MESSAGES = Path(__file__).parents[1] / "messages"
WHOLE = {"left": 0, "top": 0, "width": 960, "height": 960}


@pytest.fixture
def there(page, tmp_path):
    """Return a page with one job of one 960 x 960 picture, and the id of that."""
    opened = page(sd.Client(OfflineBackend(0), library=tmp_path))
    return opened, picture(opened, finish(opened))


def edited(page, seed=5):
    """Finish an edit of a small picture and return the id of its image."""
    page.studio.references = [Image.new("RGB", (320, 240), "red")]
    ids = [each["id"] for each in page.studio._references]
    return picture(page, finish(page, {**FORM, "references": ids, "seed": seed}))


def region(page, target, **change):
    asked = {**WHOLE, "to_width": 400, "to_height": 400, **change}
    return page.ask("region", target=target, **asked)


def kept(page):
    return page.studio._handlers.viewer.kept


def golden(name):
    return json.loads((MESSAGES / f"{name}.json").read_text())


def test_previews_that_nobody_looks_at_any_more_hold_up_neither_a_search_nor_newer_ones():
    engine = shared()
    aside, on, begun = Aside(engine), threading.Event(), []

    class Slow:
        def picture(self, target):
            begun.append(target)
            assert on.wait(SECONDS)
            raise sd.RequestError(f"there is no {target}", field="target", value=target)

    preview = viewer.Viewer(engine, Previews(engine), aside, Slow()).table[protocol.GetPreview]
    asked = [
        engine.start(preview(protocol.GetPreview(str(number), str(number), 256)))
        for number in range(500)
    ]
    until(lambda: len(begun) == viewer.AT_ONCE)
    assert engine.start(aside(lambda: "found")).result(SECONDS) == "found"
    on.set()
    assert all(isinstance(each.exception(SECONDS), sd.RequestError) for each in asked)
    assert begun.index("499") < 10 < begun.index("400") < begun.index("100")
    aside.close()


def test_who_gives_up_a_turn_passes_it_on():
    async def turns():
        there = viewer.Turns(1)

        async def take(name, out):
            async with there:
                out.append(name)

        out = []
        await there.__aenter__()
        waiting = [asyncio.ensure_future(take(name, out)) for name in "abc"]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await there.__aexit__()
        waiting[2].cancel()  # it has its turn, and gives it up before it goes on
        await asyncio.wait(waiting, timeout=SECONDS)
        return out

    assert asyncio.run(turns()) == ["a"]


def test_a_region_is_a_part_of_the_picture(there):
    page, fox = there
    answer, (data,) = region(page, fox, left=480, width=480, height=480, to_width=480)
    assert shape(answer) == shape(golden("reply_region"))
    assert answer["result"] == {
        "target": fox, "media_type": "image/jpeg", "width": 400, "height": 400,
    }  # fmt: skip
    wanted = page.studio.image.convert("RGB").crop((480, 0, 960, 480)).resize((400, 400))
    assert difference(Image.open(io.BytesIO(data)), wanted).mean < 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"width": 0}, "must be 1 to"),
        ({"to_width": 1 << 20}, "must be 1 to"),
        ({"left": 2000}, "nothing of the picture is asked for"),
        ({"left": -1}, "left must be a whole number"),
        ({"width": 2**60}, "width must be a whole number"),
    ],
)
def test_a_region_that_is_none_is_refused(there, change, says):
    page, fox = there
    answer, buffers = region(page, fox, **change)
    assert answer["kind"] == "error"
    assert says in answer["message"]
    assert not buffers


def test_pictures_are_decoded_ahead_two_at_most_and_dropped_when_it_closes(there):
    page, fox = there
    owl, cat = picture(page, finish(page)), picture(page, finish(page))
    answer, _ = page.ask("look", targets=[fox, owl])
    assert answer == {**golden("reply_look"), "id": answer["id"]}
    assert kept(page) == (fox, owl)
    page.ask("look", targets=[owl])
    assert kept(page) == (owl,)
    region(page, fox)
    region(page, cat)
    assert kept(page) == (fox, cat)
    page.ask("look", targets=[])
    assert kept(page) == ()
    answer, _ = page.ask("look", targets=[fox, owl, cat])
    assert "at most 2" in answer["message"]


def test_one_that_is_decoded_is_not_read_again(there):
    page, fox = there
    region(page, fox)
    page.studio.result.files[0].path.unlink()
    assert region(page, fox)[0]["kind"] == "reply"


def test_large_pictures_take_the_place_of_others(there, monkeypatch):
    page, fox = there
    owl = picture(page, finish(page))
    region(page, fox)
    monkeypatch.setattr(viewer, "KEPT_PIXELS", 960 * 960)
    region(page, owl)
    assert kept(page) == (owl,)


def test_pictures_go_when_nothing_was_asked_for_long(there, monkeypatch):
    page, fox = there
    monkeypatch.setattr(viewer, "IDLE_SECONDS", 0.0)
    region(page, fox)
    until(lambda: kept(page) == ())


def test_a_picture_that_is_gone_or_damaged_is_told_and_asked_for_anew(there):
    page, fox = there
    path = page.studio.result.files[0].path
    data = path.read_bytes()
    page.ask("look", targets=[fox])
    page.ask("look", targets=[])
    path.write_bytes(data[:1000])
    answer, _ = region(page, fox)
    assert "was damaged or changed since" in answer["message"]
    path.unlink()
    assert "is gone: it was deleted or moved" in region(page, fox)[0]["message"]
    path.write_bytes(data)
    assert region(page, fox)[0]["kind"] == "reply"
    assert "no longer in the library" in region(page, "nobody:0")[0]["message"]


def test_a_receipt_says_what_was_asked_and_what_came(there):
    page, _ = there
    answer, _ = page.ask("receipt", target=edited(page))
    assert shape(answer) == shape(golden("reply_receipt"))
    rows = {row["name"]: row["text"] for row in answer["result"]["rows"]}
    assert rows["Prompt"] == FORM["prompt"]
    assert rows["Seed"] == "5"
    assert rows["Kind"] == "edit of 1 image"
    assert rows["Size"] == "960 × 960"
    assert rows["Endpoint"] == "offline preview, not Seedream"
    assert rows["Request"] == page.studio.result.request_id
    assert "Cost" not in rows
    assert page.ask("receipt", target="nobody:0")[0]["kind"] == "error"


def test_the_inputs_of_a_result_are_pictures_as_well(there):
    page, _ = there
    after = edited(page)
    page.studio.references = []
    (given,) = page.ask("receipt", target=after)[0]["result"]["inputs"]
    assert (given["id"], given["width"], given["height"]) == (f"{after}~0", 320, 240)
    answer, _ = region(page, given["id"])
    assert (answer["result"]["width"], answer["result"]["height"]) == (320, 240)
    assert page.ask("preview", target=given["id"], edge=256)[0]["kind"] == "reply"
    about = page.ask("receipt", target=given["id"])[0]["result"]
    assert about["rows"] == [{"name": "Size", "text": "320 × 240"}]
    for wrong in ("1", "-1", "x", ""):
        said = region(page, f"{after}~{wrong}")[0]["message"]
        assert "no input image" in said


def test_the_difference_of_two_pictures_in_numbers(there):
    page, fox = there
    owl = picture(page, finish(page, {**FORM, "prompt": "an owl", "seed": 3}))
    answer, _ = page.ask("difference", first=fox, second=owl)
    one, two = (result.image for result in page.studio.results)
    found = difference(two, one)
    rows = [
        {"name": "Mean difference", "text": f"{found.mean:.1f} of 255"},
        {"name": "Changed", "text": f"{found.changed * 100:.1f} % of the pixels"},
    ]
    if found.ssim is not None:
        rows.append({"name": "SSIM", "text": f"{found.ssim:.3f}"})
    assert answer["result"] == {"rows": rows}
    assert set(answer["result"]) == set(golden("reply_difference")["result"])
    same, _ = page.ask("difference", first=fox, second=fox)
    assert same["result"]["rows"][1]["text"] == "0.0 % of the pixels"


def test_unequal_sizes_are_told_and_fitted_only_where_asked(there):
    page, _ = there
    after = edited(page)
    pair = {"first": f"{after}~0", "second": after}
    answer, _ = page.ask("difference", **pair)
    assert "got 320 x 240 and 960 x 960" in answer["message"]
    for unequal in ("fit", "crop"):
        rows = page.ask("difference", **pair, unequal=unequal)[0]["result"]["rows"]
        assert float(rows[0]["text"].removesuffix(" of 255")) > 0
    assert "unequal takes" in page.ask("difference", **pair, unequal="melt")[0]["message"]

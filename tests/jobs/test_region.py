"""An edit with a mask, from the request to the library: only the region changes."""

from __future__ import annotations

import io
import json
import random
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageChops

import seedream_widgets as sd
from seedream_widgets.images.masks import read_mask
from seedream_widgets.testing import ScriptedBackend, as_default_client
from seedream_widgets.values.request import Request
from tests.images.test_masks import loaded, scene
from tests.scripted import SECONDS

SIZE = (240, 160)


class Painter(ScriptedBackend):
    """Answers image 1 with a fill in the marked region, moved, scaled and compressed by `moves`."""

    def __init__(self, moves=None, factor=1.25) -> None:
        super().__init__("fal")
        self.moves = moves or []
        self.factor = factor
        self.uploaded: list[Image.Image] = []

    async def upload(self, image):
        self.uploaded.append(image.pil.convert("RGB"))
        return await super().upload(image)

    async def submit(self, request, image_urls):
        handle = await super().submit(request, image_urls)
        number = len(self.requests) - 1
        (scale, across, down, quality) = (
            self.moves[number] if number < len(self.moves) else (1, 0, 0, 90)
        )
        original, region = self.uploaded[-2], request.mask.pil.convert("L")
        colour = tuple(random.Random(number).randbytes(3))
        changed = original.copy()
        changed.paste(colour, (0, 0), region)
        answer = seen(changed, scale, across, down)
        size = tuple(round(side * self.factor) for side in answer.size)
        file = io.BytesIO()
        answer.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=quality)
        self.bytes[f"https://files.test/{handle.request_id}/0"] = file.getvalue()
        return handle


def seen(image, scale, across, down):
    """Return a picture as if drawn with another crop: (x, y) lies at (x*scale+across, ...)."""
    width, height = image.size
    rim = 40
    wide = Image.fromarray(np.pad(np.asarray(image), ((rim, rim), (rim, rim), (0, 0)), "reflect"))
    matrix = (1 / scale, 0, rim - across / scale, 0, 1 / scale, rim - down / scale)
    return wide.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def off_by(composed, scale, across, down, size=SIZE):
    """Return how far the corners of the picture were put beside where they belong, in pixels."""
    errors = [
        abs(found * at + shift - (scale * at + moved))
        for found, shift, moved, side in zip(
            composed.scale, composed.shift, (across, down), size, strict=True
        )
        for at in (0, side)
    ]
    return max(errors)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_edits_in_a_row_change_their_regions_alone(tmp_path, capsys):
    dice = random.Random(7)
    moves = [
        (
            1 + dice.uniform(-0.03, 0.03),
            dice.uniform(-6, 6),
            dice.uniform(-6, 6),
            dice.choice([50, 75, 90]),
        )
        for _ in range(100)
    ]
    client = sd.Client(Painter(moves), library=tmp_path)
    picture, errors, changed_outside, changed_inside = scene(SIZE, 3), [], 0, []
    for number in range(100):
        left, top = dice.randrange(0, 180), dice.randrange(0, 110)
        box = (left, top, left + dice.randrange(24, 60), top + dice.randrange(20, 50))
        request = Request("a patch", [picture], mask=box)
        result = client.submit(request).result(SECONDS * 6)
        after = result.image.convert("RGB")
        apart = np.asarray(ImageChops.difference(after, picture.convert("RGB"))).max(axis=2)
        inside = np.zeros(apart.shape, bool)
        inside[box[1] : box[3], box[0] : box[2]] = True
        changed_outside += int((apart[~inside] > 0).sum())
        changed_inside.append(float((apart[inside] > 0).mean()))
        composed = result.files[0].composed
        assert composed.aligned
        errors.append(off_by(composed, *moves[number][:3]))
        picture = result.image
    with capsys.disabled():
        print(
            f"\n100 chained edits: {changed_outside} pixels changed outside the masks; alignment "
            f"off by {np.median(errors):.3f} px (median), {max(errors):.3f} px (most)"
        )
    assert changed_outside == 0
    assert min(changed_inside) > 0.2
    assert np.median(errors) < 0.2
    assert max(errors) < 1.0


@pytest.fixture
def client(tmp_path):
    with as_default_client(sd.Client(Painter(), library=tmp_path)) as client:
        yield client


def edited(client, **more):
    return sd.edit(scene(SIZE), "a red hat", mask=(60, 40, 150, 110), progress=False, **more)


def test_fal_gets_a_marked_copy_and_the_words_for_it(client):
    result = edited(client)
    backend = client.backend
    assert len(backend.uploaded) == 2
    request = backend.requests[0]
    sent = request.arguments_with(["a", "b"])
    assert "mask" not in sent
    assert sent["image_urls"] == ["a", "b"]
    assert sent["prompt"].startswith("a red hat\n\nChange only the region of image 1")
    assert "painted magenta in image 2" in sent["prompt"]
    assert result.prompt == "a red hat"
    assert result.receipt.arguments["prompt"] == sent["prompt"]
    apart = ImageChops.difference(*backend.uploaded).convert("L").getbbox()
    assert apart is not None


def test_the_receipt_tells_what_was_done_and_the_answer_stays(client, tmp_path):
    result = edited(client)
    opened = client.library.get(result.request_id)
    assert opened.files == result.files
    assert opened.request == result.request
    composed = opened.files[0].composed
    assert composed.answer.format == "JPEG"
    assert composed.answer.path.parent == opened.files[0].path.parent
    assert composed.answer.pil.size == (300, 200)
    assert composed.answer.url.startswith("https://")
    said = json.loads((opened.files[0].path.parent / "receipt.json").read_bytes())["images"][0]
    assert said["composed"]["answer"]["sha256"] == composed.answer.sha256
    assert set(said["composed"]) >= {"scale", "shift", "agreement", "aligned", "feather"}
    assert opened.request.mask.pil.convert("L").getbbox() == (60, 40, 150, 110)
    assert result.parents == ()
    again = edited(client)
    next_one = sd.edit(again, "a blue hat", mask=(10, 10, 40, 40), progress=False)
    assert [each.request_id for each in next_one.parents] == [again.request_id]


def test_a_mask_with_a_seed_is_bought_once(client):
    first = edited(client, seed=5)
    assert edited(client, seed=5).cached
    other = sd.edit(scene(SIZE), "a red hat", mask=(60, 40, 150, 111), progress=False, seed=5)
    assert not other.cached
    whole = sd.Request("a red hat", [scene(SIZE)], seed=5, image_size=first.request.image_size)
    assert whole.key not in (first.request.key, other.request.key)


def test_a_request_with_a_mask_travels_as_json_and_as_code(client, monkeypatch):
    result = edited(client, seed=5)
    assert Request.from_json(result.request.to_json()) == result.request
    names = {"sd": sd}
    code = result.as_code().replace(".submit(request).result()", ".submit(request)")
    exec(code, names)
    assert names["request"] == result.request
    assert names["request"].key == result.request.key
    values = {**json.loads(result.request.to_json()), "mask": {"url": "/etc/passwd"}}
    with pytest.raises(sd.RequestError, match="no https:// or data: URL"):
        Request.from_json(json.dumps(values))


def test_an_answer_that_can_not_be_put_there_is_kept_as_it_came(client, tmp_path):
    request = Request("a hat", [scene(SIZE)], mask=(60, 40, 150, 110))
    other = read_mask((1, 1, 5, 5), loaded(scene((50, 50))))
    wrong = replace(request, mask=other, image_size="auto_2K")
    with pytest.raises(sd.ImageInputError, match="not of the size of image 1"):
        client.submit(wrong).result(SECONDS)
    assert client.backend.count("submit") == 0

    class Flat(Painter):
        async def submit(self, request, image_urls):
            handle = await super().submit(request, image_urls)
            file = io.BytesIO()
            Image.new("RGB", SIZE, "red").save(file, "PNG")
            self.bytes[f"https://files.test/{handle.request_id}/0"] = file.getvalue()
            return handle

    flat = sd.Client(Flat(), library=tmp_path / "flat").submit(request).result(SECONDS)
    assert not flat.files[0].composed.aligned
    assert "could not be compared with the original outside the region" in flat.note


def test_a_region_is_resumed_after_the_kernel_ended(tmp_path):
    """The mask is on the disk before anything is sent, as the input images are."""
    backend = Painter()
    client = sd.Client(backend, library=tmp_path)
    request = Request("a hat", [scene(SIZE)], mask=(60, 40, 150, 110))
    client.submit(request).result(SECONDS)
    from seedream_widgets.values.receipt import (
        describe_inputs,
        describe_settings,
        request_from_receipt,
    )

    said = json.loads(json.dumps([describe_settings(request), describe_inputs(request.images)]))
    again = request_from_receipt("a hat", *said, client.library.input)
    assert again == request
    assert again.sent_images()[1].sha256 == request.sent_images()[1].sha256

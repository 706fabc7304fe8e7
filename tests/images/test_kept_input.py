"""Input images whose bytes stay on the disk."""

from __future__ import annotations

import pickle

import pytest

from seedream_widgets.errors import RequestError
from seedream_widgets.images import KeptInput, load_image
from seedream_widgets.testing import picture
from seedream_widgets.values.request import Request

IMAGE = load_image(picture(1))


def kept(read):
    return KeptInput(read, IMAGE.sha256, "image/png", 32, 24, "fox.png")


def test_it_is_the_image_and_reads_it_when_asked():
    asked = []

    def read(digest):
        asked.append(digest)
        return IMAGE

    image = kept(read)
    assert (image, hash(image), IMAGE) == (IMAGE, hash(IMAGE), image)
    assert (image.size, image.name, image.media_type) == ((32, 24), "fox.png", "image/png")
    assert Request("a fox", image, seed=1).key == Request("a fox", IMAGE, seed=1).key
    assert repr(image).startswith("KeptInput('fox.png', image/png, 32x24")
    assert image.without_bytes() is image
    assert asked == []
    assert (image.data, image.original) == (IMAGE.data, IMAGE.original)
    assert (image.given, image.sent_sha256) == (IMAGE.given, IMAGE.sent_sha256)
    assert image.pil.tobytes() == IMAGE.pil.tobytes()
    assert set(asked) == {IMAGE.sha256}


@pytest.mark.parametrize("error", [RequestError("not here", field="images"), OSError("no disk")])
def test_one_that_is_gone_has_no_bytes(error):
    def read(digest):
        raise error

    image = kept(read)
    assert (image.data, image.given, image.original) == (b"", None, b"")
    assert image.loaded().sha256 == IMAGE.sha256


def test_it_can_be_pickled(tmp_path):
    from seedream_widgets.library import Library

    Library(tmp_path)._keep_inputs(Request("a fox", IMAGE))
    image = pickle.loads(pickle.dumps(kept(Library(tmp_path).input)))
    assert image.data == IMAGE.data

"""A clear background stays clear: in the file, in Pillow, in previews, and white in a JPEG."""

from __future__ import annotations

import io

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.images.previews import preview, reduce_arriving

CLEAR = sd.Request("a fox", model="v5.5", background="transparent", image_size=(1024, 1024))


@pytest.fixture(params=["fal", "offline"])
def result(request, tmp_path):
    if request.param == "fal":
        server = request.getfixturevalue("fal_server")
        server.settings.queue_seconds = server.settings.run_seconds = 0
        client = sd.Client("fal", library=tmp_path)
    else:
        client = sd.Client(OfflineBackend(0), library=tmp_path)
    yield client.submit(CLEAR).result(60)
    client.close()


def corner(image):
    return image.convert("RGBA").getpixel((2, 2))


@pytest.mark.slow
def test_from_the_file_to_the_page(result, tmp_path):
    (file,) = result.files
    assert (file.format, file.path.suffix) == ("PNG", ".png")
    assert result.image.mode == "RGBA"
    assert result.arrays[0].shape == (1024, 1024, 4)
    assert corner(result.image)[3] == 0
    assert result.image.getpixel((512, 512))[3] == 255
    data = file.path.read_bytes()
    blocks = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    for small in (preview(data, 256), reduce_arriving(blocks, 256).preview(256)):
        with Image.open(io.BytesIO(small.data)) as image:
            assert small.media_type == "image/webp"
            assert corner(image)[3] == 0
    (png,) = result.save(tmp_path / "saved.png")
    with Image.open(png) as image:
        assert image.mode == "RGBA"
    (jpeg,) = result.save(tmp_path / "saved.jpg")
    with Image.open(jpeg) as image:
        assert image.mode == "RGB"
        assert min(image.getpixel((2, 2))) > 250
    assert "data:image/webp" in result._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [({}, "JPEG"), ({"output_format": "png"}, "PNG"), ({"output_format": "jpeg"}, "JPEG")],
)
def test_the_format_that_is_asked_for(fal_server, tmp_path, asked, kind):
    fal_server.settings.queue_seconds = fal_server.settings.run_seconds = 0
    for backend in ("fal", OfflineBackend(0)):
        client = sd.Client(backend, library=tmp_path)
        request = sd.Request("a fox", model="v5-flash", image_size=(1024, 1024), **asked)
        assert client.submit(request).result(60).files[0].format == kind
        client.close()

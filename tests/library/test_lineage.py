"""Where a picture came from, however it travelled: by digests, and by what it says of itself."""

from __future__ import annotations

import io
import json
import random
import shutil

import pytest
from PIL import Image, ImageFilter

import seedream_widgets as sd
from seedream_widgets.images.origins import digest_of_pixels
from seedream_widgets.library import index
from seedream_widgets.library.index import Index
from seedream_widgets.library.search import Filter
from seedream_widgets.testing import ScriptedBackend, as_default_client
from tests.scripted import SECONDS

PHOTO = (96, 64)
SIZE = "96x64"


def photo(number: int) -> bytes:
    """Return a noisy picture, which is sent as JPEG where it comes as a PIL image."""
    noise = random.Random(number).randbytes(PHOTO[0] * PHOTO[1] * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", PHOTO, noise).save(file, "PNG")
    return file.getvalue()


class Photos(ScriptedBackend):
    """Each request gives another noisy picture, and has an id that no other backend uses."""

    def __init__(self, name: str, images: int = 1) -> None:
        super().__init__("fal", images=images)
        self.prefix = name

    async def submit(self, request, image_urls):
        handle = await super().submit(request, image_urls)
        for n in range(self.images):
            address = f"https://files.test/{self.prefix}-{handle.request_id}/{n}"
            self.bytes[address] = photo(hash((self.prefix, handle.request_id, n)))
        return type(handle)(f"{self.prefix}-{handle.request_id}", handle.endpoint_id)


@pytest.fixture
def client(tmp_path):
    with as_default_client(sd.Client(Photos("one", 2), library=tmp_path / "one")) as client:
        yield client


def made(client, prompt, *images):
    return client.submit(sd.Request(prompt, images)).result(SECONDS)


def as_result(result, folder):
    return result


def as_one_file(result, folder):
    return result.files[1]


def as_pil(result, folder):
    return result.images[1]


def cropped_by_pil(result, folder):
    return result.images[1].crop((8, 8, 72, 56)).filter(ImageFilter.GaussianBlur(1))


def saved_with_its_receipt(result, folder):
    return result.save(folder / "saved")[1]


def saved_by_pil(result, folder):
    path = folder / "by_pil.png"
    result.images[1].save(path)
    return path


def as_array(result, folder):
    return result.arrays[1]


def in_another_format(result, folder):
    path = folder / "lossless.webp"
    Image.fromarray(result.arrays[1]).save(path, lossless=True)
    return path


WAYS = [
    *(as_result, as_one_file, as_pil, cropped_by_pil, saved_with_its_receipt, saved_by_pil),
    *(as_array, in_another_format),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_input_is_known_again(client, tmp_path, way):
    fox = made(client, "a fox")
    night = made(client, "image 1 at night", way(fox, tmp_path))
    told = night.receipt.inputs[-1]["from"]
    assert told == {"sha256": fox.files[1].sha256, "request_id": fox.request_id, "image": 2}
    assert [each.request_id for each in night.parents] == [fox.request_id]
    assert [each.request_id for each in fox.children] == [night.request_id]
    assert not fox.parents
    assert not night.children


def looked_at(client):
    """Return the pictures of the library whose pixels were looked at."""
    there = client.library._index.select("id", Filter())
    unseen = client.library._index.linked([SIZE], made=True)
    return 2 * len(there) - len(unseen)


def test_no_picture_is_decoded_until_an_input_is_of_its_size_and_of_nobody_known(client, tmp_path):
    fox = made(client, "a fox")
    made(client, "image 1 at night", fox)
    made(client, "image 1 by day", saved_with_its_receipt(fox, tmp_path))
    made(client, "image 1, cut", cropped_by_pil(fox, tmp_path))
    made(client, "a photo of another size", fox.arrays[0][:32])
    assert fox.children
    assert looked_at(client) == 0
    made(client, "of this size", photo(99))
    assert looked_at(client) == 10
    assert "pixels" not in fox.receipt.images[0]


def test_only_so_many_are_decoded_at_once_and_the_next_time_it_goes_on(client, monkeypatch):
    fox = made(client, "a fox")
    for number in range(3):
        made(client, f"fox {number}")
    monkeypatch.setattr(index, "_MOST_PIXELS", 5 * PHOTO[0] * PHOTO[1])
    children = [made(client, f"edit {number}", fox.arrays[0]) for number in range(4)]
    found = ["from" in child.receipt.inputs[0] for child in children]
    assert found[0] is False
    assert found[-1] is True
    assert children[0].parents[0].request_id == fox.request_id
    assert {each.request_id for each in fox.children} == {each.request_id for each in children}


def test_of_a_result_of_which_not_all_was_decoded_nothing_else_is_a_child(client, monkeypatch):
    fox = made(client, "a fox")
    made(client, "a photo of this size", photo(99))
    client.library._index._cache._path.unlink()
    monkeypatch.setattr(index, "_MOST_PIXELS", 1)
    assert fox.children == ()
    assert looked_at(client) == 1


def test_a_picture_that_can_not_be_decoded_is_passed_over(client):
    fox, owl = made(client, "a fox"), made(client, "an owl")
    array = fox.arrays[0]
    owl.files[0].path.write_bytes(b"damaged")
    assert made(client, "night", array).parents[0].request_id == fox.request_id


def test_a_picture_that_is_larger_than_a_strangers_receipt_says_is_not_decoded(client):
    fox = made(client, "a fox")
    path = fox.files[0].path.parent / "receipt.json"
    said = json.loads(path.read_bytes())
    said["images"][0] |= {"width": 48, "height": 32}
    path.write_text(json.dumps(said))
    client.library._index._cache._path.unlink()
    night = made(client, "image 1 at night", fox.arrays[0][:32, :48])
    assert "from" not in night.receipt.inputs[0]
    assert client.library._index.linked(["48x32"], made=True) == []
    assert digest_of_pixels(fox.files[0].read_bytes(), (48, 32)) == ""


def test_pixels_that_a_receipt_of_before_names_are_not_looked_at_again(client):
    fox = made(client, "a fox")
    array = fox.arrays[1]
    path = fox.files[0].path.parent / "receipt.json"
    said = json.loads(path.read_bytes())
    for each, file in zip(said["images"], fox.files, strict=True):
        each["pixels"] = digest_of_pixels(file.read_bytes(), PHOTO)
        file.path.write_bytes(b"x" * file.byte_count)
    path.write_text(json.dumps(said))
    client.library._index._cache._path.unlink()
    night = made(client, "image 1 at night", array)
    assert night.receipt.inputs[0]["from"]["image"] == 2


@pytest.mark.parametrize("told", [{"image": 2}, {"image": "2"}, {"image": 3}, {"image": True}])
def test_a_saved_file_of_before_tells_by_its_pixels_which_image_it_is(client, tmp_path, told):
    fox = made(client, "a fox")
    said = fox.receipt.to_dict() | told
    for each, file in zip(said["images"], fox.files, strict=True):
        each["pixels"] = digest_of_pixels(file.read_bytes(), PHOTO)
    other = sd.Client(Photos("two"), library=tmp_path / "two")
    saved = fox.files[1].save(tmp_path / "saved.png", json.dumps(said))
    night = made(other, "image 1 at night", saved)
    assert night.receipt.inputs[0]["from"] == {
        "sha256": fox.files[1].sha256,
        "request_id": fox.request_id,
        "image": 2,
    }


def test_a_file_of_ones_own_has_no_parent(client):
    fox = made(client, "a fox", photo(99))
    assert fox.parents == ()
    assert "from" not in fox.receipt.inputs[0]
    assert "no result is known to have given" in str(fox.lineage)


@pytest.mark.slow
def test_ten_generations_through_pil_a_saved_file_and_a_second_library(client, tmp_path):
    other = sd.Client(Photos("two", 2), library=tmp_path / "two")
    line = [made(client, "generation 0")]
    for number in range(1, 10):
        owner = other if number >= 6 else client
        way = WAYS[(number - 1) % len(WAYS)]
        line.append(made(owner, f"generation {number}", way(line[-1], tmp_path)))
    opened = other.library.get(line[-1].request_id)  # as it would be read tomorrow
    told = [each.request_id for each in opened.lineage.ancestors]
    assert told == [each.request_id for each in reversed(line[:-1])]
    down = [line[0]]
    while down[-1].children:
        down.append(down[-1].children[0])
    # The first library does not hold what the second made of its last picture.
    assert [each.request_id for each in down] == [each.request_id for each in line[:6]]


def test_a_picture_of_another_library_is_named_though_it_is_not_here(client, tmp_path):
    fox = made(client, "a fox")
    other = sd.Client(Photos("two"), library=tmp_path / "two")
    with as_default_client(other):
        for way in (as_one_file, as_pil, saved_with_its_receipt):
            night = made(other, way.__name__, way(fox, tmp_path))
            assert night.receipt.inputs[0]["from"]["sha256"] == fox.files[1].sha256
            assert night.parents == ()
            assert "is not in the library (any more)" in str(night.lineage)
    assert night.parents[0].request_id == fox.request_id, "the session's library has it"


def test_a_deleted_parent_is_told(client):
    fox = made(client, "a fox")
    night = made(client, "image 1 at night", fox)
    shutil.rmtree(fox.files[0].path.parent)
    assert night.parents == ()
    first, second = night.lineage.sources
    assert (first.result, first.origin.request_id, second.origin.image) == (None, fox.request_id, 2)
    assert f"image 2 of result {fox.request_id}, which is not in the library" in str(second)


def test_a_receipt_of_before_is_read_and_its_files_are_known(client):
    fox = made(client, "a fox")
    night = made(client, "image 1 at night", fox.files[0])
    for result in (fox, night):
        path = result.files[0].path.parent / "receipt.json"
        said = json.loads(path.read_bytes())
        for each in said["images"]:
            each.pop("pixels", None)
        for each in said["inputs"]:
            del each["digests"], each["from"]
        path.write_text(json.dumps(said))
    client.library._index._cache._path.unlink()
    old = client.library.get(night.request_id)
    assert old.request == night.request
    assert [each.request_id for each in old.parents] == [fox.request_id]
    assert [each.request_id for each in client.library.get(fox.request_id).children] == [
        night.request_id
    ]


def test_an_index_of_before_is_made_anew(client):
    fox = made(client, "a fox")
    path = client.library._index._cache._path
    path.unlink()
    import sqlite3

    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE results (id INTEGER)")
        db.execute("PRAGMA user_version = 2")
    db.close()
    night = made(client, "image 1 at night", fox)
    assert [each.request_id for each in night.parents] == [fox.request_id]


def test_the_key_of_a_seeded_edit_is_what_it_was(client, tmp_path):
    """The digest of before this package told origins: nothing is bought again."""
    fox = made(client, "a fox")
    seeded = sd.Request("night", [fox.files[0]], seed=3)
    plain = sd.Request("night", [fox.files[0].read_bytes()], seed=3)
    assert seeded.key == plain.key
    again = client.submit(sd.Request("night", [fox.files[0]], seed=3))
    again.result(SECONDS)
    assert client.submit(plain).result(SECONDS).cached


def test_an_equal_picture_is_not_its_own_parent(client):
    same = photo(5)

    class Same(Photos):
        async def submit(self, request, image_urls):
            handle = await super().submit(request, image_urls)
            for address in self.bytes:
                self.bytes[address] = same
            return handle

    echo = sd.Client(Same("echo"), library=client.library)
    first = made(echo, "a fox")
    second = made(echo, "the same", first)
    third = made(echo, "the same again", second)
    assert [each.request_id for each in third.lineage.ancestors] == ["echo-r2", "echo-r1"]
    assert [each.request_id for each in first.children] == ["echo-r2", "echo-r3"]


@pytest.mark.parametrize(
    "said",
    [
        [], 5, {"sha256": 5}, {"sha256": "../x", "image": True}, {"request_id": "x" * 1000},
        {"request_id": "a\nb"}, {"image": -1},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_strangers_receipt_says_is_checked(client, said):
    fox = made(client, "a fox", photo(3))
    path = fox.files[0].path.parent / "receipt.json"
    values = json.loads(path.read_bytes())
    values["inputs"][0] |= {"from": said, "digests": [said, 7]}
    path.write_text(json.dumps(values))
    opened = client.library.get(fox.request_id)
    assert opened.parents == ()
    assert opened.lineage.sources[0].origin is None


def test_a_notebook_shows_the_line(client):
    fox = made(client, "a fox <b>")
    night = made(client, "image 1 at night", fox)
    bundle = night.lineage._repr_mimebundle_()
    assert "image 1 is image 1 of 'a fox <b>'" in bundle["text/plain"]
    assert "<b>" not in bundle["text/html"].replace("<b>image", "")
    assert bundle["text/html"].count("<img") >= 2


def test_an_index_that_can_not_be_used_tells_of_no_relatives(client, tmp_path):
    fox = made(client, "a fox")
    night = made(client, "image 1 at night", fox)
    broken = Index(client.library.path, tmp_path / "no" / "folder")
    assert [entry.request_id for entry, *_ in broken.linked([fox.files[0].sha256], made=False)] == [
        night.request_id
    ]

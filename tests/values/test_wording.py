"""What a prompt says of its images: the warning, sets, and what is missing of them."""

from __future__ import annotations

import warnings

import pytest

import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend, as_default_client, picture
from seedream_widgets.values.wording import wrong_references
from tests.scripted import SECONDS


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("a fox", ()),
        ("dress image 1 in the coat of image 2", (2,)),
        ("Image 2 and IMAGE 2 and figure 10", (2, 10)),
        ("picture #3", (3,)),
        ("图2的外套", (2,)),
        ("an image 1.5 m wide, an image 3x4", ()),
        ("image 2000", ()),
        ("imagery 2 and reimage 3", ()),
    ],
)
def test_the_images_that_a_prompt_names(prompt, named):
    names = " and ".join(f"image {number}" for number in named)
    said = f"the prompt names {names}, but there is 1 reference image" if named else None
    assert wrong_references(prompt, 1) == said


WRONG = [
    ("put image 4 into image 1", 3, "the prompt names image 4, but there are 3 reference images"),
    ("image 2 at night", 1, "the prompt names image 2, but there is 1 reference image"),
    ("image 1 at night", 0, "the prompt names image 1, but there are no reference images"),
    ("image 0 at night", 2, "there are 2 reference images; they count from 1"),
    ("image 3 beside image 4", 2, "names image 3 and image 4"),
]


@pytest.mark.parametrize(("prompt", "count", "said"), WRONG)
def test_python_warns_at_the_users_line_and_sends(tmp_path, prompt, count, said):
    backend = ScriptedBackend()
    images = [picture(number) for number in range(count)]
    with as_default_client(sd.Client(backend, library=tmp_path)):
        with pytest.warns(sd.PromptWarning, match=said) as caught:
            sd.submit(prompt, images=images).result(SECONDS)
        assert [warning.filename for warning in caught] == [__file__]
    assert backend.count("submit") == 1


def test_a_prompt_that_names_what_is_there_warns_of_nothing(tmp_path):
    assert wrong_references("image 1 beside image 3", 3) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = sd.Client(ScriptedBackend(), library=tmp_path)
        client.submit(sd.Request("image 1 at night", [picture()])).result(SECONDS)


ORDINARY = [
    ("a skater draws a figure 8", 0),
    ("a wall of pictures, picture 4 hangs askew", 0),
    ("picture 0 of nothing", 0),
    ("image 3 of 12 in a series", 0),
    ("image 1: a fox. Image 2: a bear", 0),
    ("a poster that says “Image 4”", 0),
    ('image 1 with the words "image 4"', 1),
]


@pytest.mark.parametrize(("prompt", "count"), ORDINARY)
def test_ordinary_words_warn_of_nothing(prompt, count):
    assert wrong_references(prompt, count) is None


def test_a_series_says_its_count_and_asks_for_it():
    request = sd.series("a fox from morning to night", 4, seed=3)
    assert request.prompt == ("Generate a series of 4 coherent images: a fox from morning to night")
    assert (request.max_images, request.num_images, request.seed) == (4, 1, 3)


@pytest.mark.parametrize("count", [0, 1, 7, 2.5, True, "4", None])
def test_a_series_of_no_such_count(count):
    with pytest.raises(sd.RequestError, match="count takes a whole number of pictures from 2 to 6"):
        sd.series("a fox", count)


def test_what_a_series_does_not_take():
    with pytest.raises(sd.RequestError, match="prompt is empty"):
        sd.series(" ", 4)
    with pytest.raises(sd.RequestError, match="leave max_images out"):
        sd.series("a fox", 4, max_images=2)
    with pytest.raises(sd.RequestError, match=r"v5\.5 takes no max_images"):
        sd.series("a fox", 4, model="v5.5")


@pytest.fixture
def client(tmp_path):
    backend = ScriptedBackend(images=3)
    with as_default_client(sd.Client(backend, library=tmp_path)) as client:
        yield client


def test_asked_4_got_3_is_plain_and_the_missing_one_can_be_asked_for(client):
    day = sd.generate(sd.series("a fox", 4), progress=False)
    assert day.missing == 1
    assert repr(day).startswith("<Result 3 of 4 images 32x24")
    assert "asked 4, got 3" in day._repr_mimebundle_()["text/html"]
    client.backend.images = 1
    one = day.ask_for_missing()
    assert len(one) == 1
    sent = client.backend.requests[-1]
    assert (sent.num_images, sent.max_images, len(sent.images)) == (1, 1, 3)
    assert sent.prompt == (
        "a fox\n\nImages 1 to 3 are what came of a series of 4 coherent images. Generate the 1 "
        "that is missing: coherent with them, and not the same."
    )
    assert [each.request_id for each in one.parents] == [day.request_id]
    with pytest.raises(sd.RequestError, match="all 1 pictures came"):
        one.ask_for_missing()


def test_what_is_missing_of_a_set_of_references_names_the_new_ones_behind_them(client):
    day = client.submit(
        sd.series("image 1 through the day", 5, images=[picture(9)], seed=2)
    ).result(SECONDS)
    client.backend.images = 2
    day.ask_for_missing()
    sent = client.backend.requests[-1]
    assert (sent.num_images, len(sent.images), sent.seed) == (2, 4, None)
    assert "Images 2 to 4 are what came of a series of 5" in sent.prompt


def test_whole_results_miss_nothing(client):
    client.backend.images = 1
    assert sd.generate("a fox", progress=False).missing == 0


def test_a_variation_is_asked_anew(client):
    client.backend.images = 1
    fox = sd.generate("a fox", seed=3, progress=False)
    other = fox.vary()
    sent = client.backend.requests[-1]
    assert (sent.prompt, sent.seed) == ("a fox", None)
    assert not other.cached
    large = fox.vary(image_size="1:1 4K", seed=fox.seed)
    assert large.request.image_size == (4096, 4096)
    assert large.request.seed == 7


def test_a_prompt_that_was_not_stored_can_not_be_varied(tmp_path):
    client = sd.Client(ScriptedBackend(), library=tmp_path, store_prompts=False)
    id = client.submit(sd.Request("a fox", max_images=2)).result(SECONDS).request_id
    opened = client.library.get(id)
    for ask in (opened.vary, opened.ask_for_missing):
        with pytest.raises(sd.RequestError, match="prompt of this result was not stored"):
            ask()

"""The form asks for the shape of image 1, as `sd.edit` does, unless a size was chosen."""

from __future__ import annotations

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend

OWN = (2048, 2048)
TALL, WIDE = Image.new("RGB", (1200, 1600), "teal"), Image.new("RGB", (1280, 720), "red")
FOR_TALL, FOR_WIDE = (864, 1152), (1312, 736)


@pytest.fixture
def page_of(page, tmp_path):
    def opened(**form):
        return page(sd.Client(OfflineBackend(0), library=tmp_path), **form)

    return opened


def ids(page):
    return [each["id"] for each in page.studio._references]


def test_it_comes_with_the_first_reference_and_goes_with_the_last(page_of):
    studio = page_of(prompt="a fox").studio
    studio.references = [TALL]
    assert studio.image_size == FOR_TALL
    assert studio._shape == list(FOR_TALL)
    assert studio.request().image_size == FOR_TALL
    studio.references = [TALL, WIDE]
    assert studio.image_size == FOR_TALL
    studio.references = [WIDE, TALL]
    assert studio.image_size == FOR_WIDE
    studio.references = []
    assert studio.image_size == OWN
    assert studio._shape == []


def test_it_is_there_from_the_beginning(page_of):
    studio = page_of(references=[TALL]).studio
    assert studio.image_size == FOR_TALL
    studio.references = []
    assert studio.image_size == OWN


@pytest.mark.parametrize("size", [OWN, (1024, 1024), "4:3 2K"])
def test_a_size_that_is_given_stands(page_of, size):
    studio = page_of(image_size=size).studio
    stands = studio.image_size
    studio.references = [TALL]
    studio.references = [WIDE]
    assert studio.image_size == stands
    assert studio._shape == []


def test_a_size_chosen_before_or_after_is_never_overwritten(page_of):
    studio = page_of().studio
    studio.image_size = "16:9 2K"
    studio.image_size = OWN
    studio.references = [TALL]
    assert studio.image_size == OWN
    other = page_of().studio
    other.references = [TALL]
    other.image_size = (1024, 1024)
    assert other._shape == []
    other.references = [WIDE]
    other.references = []
    assert other.image_size == (1024, 1024)


def test_it_is_what_the_model_takes(page_of):
    studio = page_of(prompt="a fox", references=[WIDE]).studio
    studio.model = "v4.5"
    assert studio.request().image_size == studio.image_size != FOR_WIDE
    studio.model = "v4"
    assert studio.image_size == FOR_WIDE
    studio.model = "v5.5"  # it makes no edits
    assert studio.image_size == OWN


def test_a_picture_at_an_address_has_no_shape_here(page_of):
    studio = page_of().studio
    studio.references = ["https://example.com/fox.png"]
    assert studio.image_size == OWN
    studio.references = [TALL]
    studio.references = ["https://example.com/fox.png"]
    assert studio.image_size == OWN


def test_the_page_hears_of_it_and_may_set_the_size_with_the_references(page_of):
    page = page_of()
    page.studio.references = [TALL, WIDE]
    tall, wide = ids(page)
    page.ask("arrange", references=[wide, tall])
    assert page.studio.image_size == FOR_WIDE
    # A request that is put back, or Undo: the size of then counts.
    page.studio.image_size = OWN
    page.ask("arrange", references=[tall], sized=True)
    assert page.studio.image_size == OWN
    page.ask("arrange", references=[], sized=True)
    page.studio.references = [TALL]
    assert page.studio.image_size == FOR_TALL


@pytest.mark.slow
def test_a_request_that_is_asked_for_again_keeps_its_size(page_of):
    page = page_of(prompt="a fox", references=[TALL], image_size=OWN)
    result = page.studio.submit().result(60)
    page.studio.references = []
    page.studio.image_size = (1024, 1024)
    answer, _ = page.ask("ask_again", image_id=f"{result.request_id}:0", how="vary")
    assert answer["kind"] == "reply"
    assert page.studio.image_size == OWN

"""Axes, slots and choices become cells, or a sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from seedream_widgets.batch.plan import from_rows, product
from seedream_widgets.errors import RequestError

SIZE = (1024, 1024)


def prompts(plan) -> list[str]:
    return [cell.request.prompt for cell in plan.cells]


def test_the_last_axis_is_the_fastest():
    plan = product({"prompt": ["a fox", "an owl"], "seed": range(3), "image_size": SIZE})
    assert [(axis.name, axis.labels) for axis in plan.axes] == [
        ("prompt", ("a fox", "an owl")),
        ("seed", ("0", "1", "2")),
    ]
    assert plan.shape == (2, 3)
    assert [(cell.request.prompt, cell.request.seed, cell.at) for cell in plan.cells[:4]] == [
        ("a fox", 0, (0, 0)),
        ("a fox", 1, (0, 1)),
        ("a fox", 2, (0, 2)),
        ("an owl", 0, (1, 0)),
    ]
    assert {cell.request.image_size for cell in plan.cells} == {SIZE}


def test_slots_and_choices_are_axes_in_the_order_written():
    plan = product(
        {"size": 3, "prompt": "{size} {fox|owl} {{in}} {place}", "place": ["snow", "fog"]}
    )
    assert [axis.name for axis in plan.axes] == ["fox|owl", "place"]
    assert prompts(plan) == [
        "3 fox {in} snow",
        "3 fox {in} fog",
        "3 owl {in} snow",
        "3 owl {in} fog",
    ]


@pytest.mark.parametrize("seeds", [range(2), [0, 1], np.arange(2), pd.Series([0, 1])])
def test_what_is_an_axis(seeds):
    assert [cell.request.seed for cell in product({"prompt": "a", "seed": seeds}).cells] == [0, 1]


def test_a_size_tuple_and_an_image_are_the_same_in_every_cell():
    picture = Image.new("RGB", (64, 64))
    plan = product({"prompt": ["a", "b"], "images": picture, "image_size": SIZE, "seed": 1})
    assert plan.shape == (2,)
    assert {len(cell.request.images) for cell in plan.cells} == {1}


def test_each_element_of_images_is_one_cells_references():
    one, two = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue"))
    plan = product({"prompt": "a", "images": [one, [one, two]], "seed": 1})
    assert [len(cell.request.images) for cell in plan.cells] == [1, 2]
    assert plan.axes[0].labels == ("images 1", "images 2")


def test_without_a_seed_a_cell_is_a_draw_that_can_be_named():
    plan = product({"prompt": "a"}, repeat=3)
    assert [(cell.request.seed, cell.request.draw) for cell in plan.cells] == [
        (None, 1),
        (None, 2),
        (None, 3),
    ]
    assert product({"prompt": "a"}).cells[0].name == plan.cells[0].name


def test_equal_cells_of_two_batches_have_one_name():
    small = product({"prompt": ["a"], "seed": [1]})
    large = product({"seed": [0, 1], "prompt": ["b", "a"]})
    assert small.cells[0].name in {cell.name for cell in large.cells}
    assert len({cell.name for cell in large.cells}) == 4


def test_a_value_written_twice_is_one_cell():
    assert len(product({"prompt": "a", "seed": [1, 1]}).cells) == 1


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({}, "a batch needs prompt="),
        ({"prompt": "a {place}"}, r"slot \{place\}, and no value was given"),
        ({"prompt": "a {the place}"}, "can't be the name of a slot"),
        ({"prompt": "a", "sead": [1]}, "did you mean seed"),
        ({"prompt": "a", "seed": []}, "seed is an empty list"),
        ({"prompt": "a", "seed": {1, 2}}, r"got a set; write list\(...\) around it"),
        ({"prompt": "a", "seed": iter([1])}, r"write list\(...\) around it"),
        ({"prompt": ["a", 3]}, "prompt takes a text, or a list of texts, got 3"),
        ({"prompt": "a", "seed": range(10_001)}, r"10,001 cells \(10001 seed\), more than 10,000"),
        ({"prompt": "a", "seed": [1, -1]}, "seed takes 0 to"),
        ({"prompts": ["a"]}, "did you mean prompt="),
        ({"prompt": "a", "size": ["1:1"]}, "did you mean image_size="),
        ({"prompt": "a {red {x}|blue}", "x": ["fox"]}, "braces inside braces"),
        ({"prompt": "a {{red|blue} fox"}, "a brace without a partner"),
        ({"prompt": '{"mood": "calm|wild"}'}, "braces that belong to the text"),
        ({"prompt": '{"a": {"b": 1}}'}, "braces inside braces"),
        ({"prompt": "a {prompt}"}, r"the slot \{prompt\}, and prompt= means something else"),
        ({"prompt": "a {name}"}, r"another name, such as \{the_name\}"),
        ({"prompt": "a {x}", "x": ["red", None]}, "x is a slot of the prompt, so .* got None"),
        ({"prompt": "a {x}", "x": [float("nan")]}, "texts or numbers, got nan"),
        ({"prompt": "a {x}", "x": [Image.new("RGB", (9, 9))]}, "texts or numbers, got Image"),
        ({"prompt": "a {x}", "x": {"a": 1}.values()}, r"a dict_values; write list\(...\) around"),
        ({"prompt": "a", "seed": np.eye(2)}, r"an array of shape \(2, 2\); give one with one"),
        ({"prompt": "a", "seed": range(10**12)}, "1,000,000,000,000 cells"),
    ],
)
def test_bad_axes_are_told_in_a_sentence(axes, words):
    with pytest.raises(RequestError, match=words):
        product(axes)


@pytest.mark.parametrize("limit", [0, -1, None, "10", 1.5, True])
@pytest.mark.parametrize("plan", [product, from_rows])
def test_bad_limits(plan, limit):
    asked = {"prompt": "a"} if plan is product else [{"prompt": "a"}]
    with pytest.raises(RequestError, match=r"limit takes the most cells .*, from 1, got"):
        plan(asked, limit=limit)


def test_doubled_braces_are_one_of_the_text():
    assert prompts(product({"prompt": '{{"animal": "fox"}}'})) == ['{"animal": "fox"}']
    assert prompts(product({"prompt": "{{a {x}}}", "x": ["fox"]})) == ["{a fox}"]
    assert prompts(product({"prompt": "a :{ fox"})) == ["a :{ fox"]
    assert prompts(from_rows([{"prompt": '{{"a": {"b|c": 1}}'}])) == ['{{"a": {"b|c": 1}}']


def test_a_slot_of_an_arguments_name_shows_it_and_leaves_it():
    plan = product({"prompt": "fox number {seed}", "seed": [1, 2]})
    assert prompts(plan) == ["fox number 1", "fox number 2"]
    assert [cell.request.seed for cell in plan.cells] == [1, 2]


def test_a_column_of_images_is_an_axis():
    images = pd.Series([Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")])
    assert product({"prompt": "a", "images": images, "seed": 1}).shape == (2,)


@pytest.mark.parametrize("repeat", [0, True, 1.5, 1001])
def test_bad_repeats(repeat):
    with pytest.raises(RequestError, match="repeat takes a whole number from 1 to 1000"):
        product({"prompt": "a"}, repeat=repeat)


def test_repeat_and_draw_are_one_thing():
    with pytest.raises(RequestError, match="repeat and draw mean the same"):
        product({"prompt": "a", "draw": [1, 2]}, repeat=2)


def test_a_limit_can_be_meant():
    assert len(product({"prompt": "a", "seed": range(12)}, limit=12).cells) == 12
    with pytest.raises(RequestError, match="limit=13 if you mean it"):
        product({"prompt": "a", "seed": range(13)}, limit=12)


ROWS = [{"prompt": "a fox", "seed": 1}, {"prompt": "an owl", "seed": None, "model": "v4.5"}]


@pytest.mark.parametrize("rows", [ROWS, pd.DataFrame(ROWS, dtype=object)], ids=["dicts", "frame"])
def test_rows_are_cells(rows):
    plan = from_rows(rows)
    assert [(c.request.prompt, c.request.seed, c.request.model) for c in plan.cells] == [
        ("a fox", 1, "v4"),
        ("an owl", None, "v4.5"),
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "rows are empty"),
        ("a fox", "a list of dicts or a DataFrame, got 'a fox'"),
        ([{"prompt": "a", "colour": "red"}], "column 'colour', which is not an argument"),
        ([{"prompt": "a"}, {"prompt": " "}], "row 1: prompt is empty"),
        ([{"prompt": "a"}, {"seed": 1}], "row 1: it has no prompt"),
        (pd.DataFrame({"prompt": ["a", None]}), "row 1: it has no prompt"),
        ([{"prompt": "a"}, "b"], "row 1 is not: 'b'"),
        (pd.DataFrame([["a", "b"]], columns=["prompt", "prompt"]), "column 'prompt' twice"),
    ],
)
def test_bad_rows_are_told_in_a_sentence(rows, words):
    with pytest.raises(RequestError, match=words):
        from_rows(rows)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_a_column_with_a_gap_keeps_its_whole_numbers(missing):
    """Pandas makes floats of them."""
    rows = pd.DataFrame({"prompt": ["a", "b"], "seed": [7, missing], "num_images": [2, missing]})
    plan = from_rows(rows)
    assert [(c.request.seed, c.request.num_images) for c in plan.cells] == [(7, 2), (None, 1)]

"""``%load_ext seedream_widgets`` in a real kernel."""

from __future__ import annotations

import pytest

from tests.kernel import kernel


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    with kernel(tmp_path_factory.mktemp("home")) as running:
        running.run("%load_ext seedream_widgets\nimport seedream_widgets as sd\nanimal = 'owl'")
        yield running


def text(outputs) -> str:
    return "".join(
        str(output.get("text") or output.get("data") or output.get("traceback"))
        for output in outputs
    )


def test_a_cell_is_a_prompt_with_names_put_in(book):
    book.run("%%seedream --size 16:9 --seed 7 -o owl\nan {animal}, $animal, in {snow}")
    (said,) = book.run("print(owl.request.prompt, owl.request.seed, owl.request.image_size)")
    assert said["text"].startswith("an owl, owl, in {snow} 7")


def test_without_a_name_the_result_shows_itself(book):
    assert "<img" in text(book.run("%%seedream --size 1024x1024 --seed 1\na fox"))


def test_images_are_variables_or_files(book, tmp_path):
    book.run(f"owl.save({str(tmp_path / 'owl.png')!r})")
    book.run(f"%%seedream --images owl {tmp_path}/owl.png --size 1024x1024 -o night\nat night")
    (said,) = book.run("print(len(night.request.images))")
    assert said["text"] == "2\n"


def test_a_limit_for_the_day_is_set_told_and_taken_away(book):
    assert "Decimal('5.00')" in text(book.run("%seedream budget 5 per day"))
    assert "Decimal('5.00')" in text(book.run("%seedream budget day"))
    assert text(book.run("%seedream budget")) == ""
    assert text(book.run("%seedream budget none day")) == ""
    assert text(book.run("%seedream budget day")) == ""


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%seedream paint", "takes spending, resume, budget, library or jobs, got 'paint'"),
        ("%seedream budget much", "an amount in US dollars or none, got 'much'"),
        ("%%seedream --seed x\na fox", "takes a whole number, got 'x'"),
        ("%%seedream --size 1x1000\na fox", "image_size"),
        ("%%seedream\n ", "prompt is empty"),
        ("%%seedream -o 3x\na fox", "takes the name of a variable, got '3x'; nothing was sent"),
        ("%%seedream --images 'a\na fox", "No closing quotation. %%seedream? lists the options"),
        ("%%seedream --seed 1 x\na fox", "unrecognized arguments: x. %%seedream? lists"),
        ("%%seedream\na {anmal}", "no variable anmal; did you mean {animal}? Nothing was sent"),
        ("%%seedream\na $anmal", "no variable anmal; did you mean $animal? Nothing was sent"),
        ("%seedream spending by week", "by takes 'day', 'model', 'prompt', got 'week'"),
    ],
)
def test_mistakes_are_sentences(book, cell, words):
    said = text(book.run(cell))
    assert words in said
    assert "magics.py" not in said


def test_commands(book):
    assert "Decimal('5.00')" in text(book.run("%seedream budget 5"))
    book.run("%seedream budget none")
    assert text(book.run("print(sd.budget())")) == "None\n"
    assert "result" in text(book.run("%seedream library owl"))
    assert "0 results" in text(book.run("%seedream library owl's"))
    assert "requests" in text(book.run("%seedream spending 2026-01-01 by model"))


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("%%seedream --se", "--seed"),
        ("%%seedream --model ", "v4.5"),
        ("%%seedream --size ", "16:9"),
        ("%seedream sp", "spending"),
        ("%seedream budget ", "month"),
    ],
)
def test_completion_offers_options_values_and_commands(book, line, offered):
    assert offered in book.complete(line)


def test_help_reads_well_alone(book):
    said = text(book.run("print(get_ipython().find_magic('seedream', 'cell').__doc__)"))
    assert "--num-images" in said
    assert "stand for variables of the notebook" in said

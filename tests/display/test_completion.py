"""Completion of what people type, in a real ipykernel."""

from __future__ import annotations

import pytest

import seedream_widgets as sd
from seedream_widgets.display.completion import values_at
from tests.kernel import kernel

NAMES = {"sd": sd, "generate": sd.generate}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    with kernel(tmp_path_factory.mktemp("home")) as running:
        running.run(
            "import seedream_widgets as sd\nstudio = sd.Studio()\n"
            "job = sd.submit('a fox', image_size=(960, 960))\nresult = job.result()\n"
            "library, client = sd.library, sd.default_client()"
        )
        yield running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "offered"),
    [
        ("sd.generate('a fox', image_size=\"", {"16:9", "4:3 4K", "auto_2K", "square_hd"}),
        ("sd.generate('a fox', image_size='16:9 ", {"16:9 1K", "16:9 2K", "16:9 4K"}),
        ("sd.edit(fox, 'a\\nb', model='v5", {"v5-lite", "v5-flash", "v5-pro", "v5.5"}),
        ("sd.submit(\n    'a (fox',  # :(\n    output_format=\"", {"jpeg", "png"}),
        ("sd.batch(prompt='a', model=['v4', 'v4", {"v4", "v4.5"}),
        ("sd.Studio(background='", {"auto", "opaque", "transparent"}),
        ("studio.enhance_prompt_mode = '", {"standard", "fast"}),
    ],
)
def test_the_values_of_an_argument_are_offered(book, code, offered):
    assert offered <= {*book.complete(code)}
    if "16:9 " in code or "v4" in code:
        assert {*book.complete(code)} == offered


@pytest.mark.slow
def test_names_of_arguments_are_offered_by_the_studio_and_by_a_request(book):
    assert "num_images=" in book.complete("sd.Studio(num_")
    assert "max_images=" in book.complete("sd.Request('a', max_")


@pytest.mark.slow
def test_what_is_completed_is_valid_code(book):
    (chosen,) = [
        each for each in book.complete("sd.Request('a', image_size='21:9 4") if "21" in each
    ]
    assert book.run(f"sd.Request('a', image_size='{chosen}').image_size")[0]["data"]["text/plain"]


@pytest.mark.parametrize(
    "text",
    [
        "open('x', model='",
        "other.generate(model='",
        "sd.generate('model=",
        "sd.generate(model=",
        "sd.ENDPOINTS['",
        "sd.generate(seed='",
        "generate.x(model='",
        "x.model = '",
        "'",
        "",
    ],
)
def test_nothing_is_offered_elsewhere(text):
    assert list(values_at(text, NAMES)[1]) == []


INTERNAL = {
    "job": {"accept", "begin", "fail", "succeed", "update", "account", "cancelling", "clicked"},
    "result": {"again", "file_bytes", "file_stem"},
    "library": {"stage", "staging", "commit", "sweep", "clear", "twin", "find", "journal"},
    "client": {"policy", "waiting", "submit_as_agreed"},
    "studio": {"comm", "keys", "send", "set_state", "open", "traits", "get_manager_state"},
}
USED = {
    "job": {"status", "logs", "done", "error", "result", "cancel", "on_update", "request"},
    "result": {"image", "images", "arrays", "save", "seed", "receipt", "files", "as_code"},
    "library": {"search", "get", "path", "favourite"},
    "client": {"submit", "resume", "jobs", "library", "budget", "estimate", "close"},
    "studio": {"prompt", "image", "images", "result", "submit", "references", "seed", "observe"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", INTERNAL)
def test_completion_and_dir_show_what_is_for_people(book, name):
    offered = {*book.complete(f"{name}.")}
    assert offered >= USED[name]
    assert not offered & INTERNAL[name]
    (told,) = book.run(f"[each for each in dir({name}) if not each.startswith('_')]")
    assert not {*eval(told["data"]["text/plain"])} ^ offered


@pytest.mark.slow
def test_the_package_shows_its_public_names_alone(book):
    assert {*book.complete("sd.")} == {*sd.__all__}
    assert {*dir(sd)} == {*sd.__all__, "__version__"}


def test_a_function_by_its_own_name():
    assert values_at("generate(model='v4", NAMES) == ("v4", ["v4", "v4.5"])

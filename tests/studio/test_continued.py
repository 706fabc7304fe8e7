"""A studio goes on where the last one of its name ended."""

from __future__ import annotations

import json
import os
import threading

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.display.html import sheet_html
from seedream_widgets.library.studios import MOST_BYTES, MOST_RESULTS, KeptStudio
from tests.kernel import kernel
from tests.scripted import until


@pytest.fixture
def client(tmp_path):
    return sd.Client(OfflineBackend(0), library=tmp_path)


@pytest.fixture
def open_page(page, client):
    return lambda name="foxes", **form: page(form.pop("client", client), name=name, **form)


def made(page, *prompts):
    """Have a studio make pictures, and return the request ids, oldest first."""
    found = []
    for prompt in prompts:
        page.studio.prompt = prompt
        found.append(page.studio.submit().result(60).request_id)
        kept = page.studio._session.kept._kept
        until(lambda made=found[-1], kept=kept: kept is None or made in kept.results())
    return found


def file_of(tmp_path):
    (file,) = (tmp_path / "studios").glob("*.json")
    return file


def test_the_form_is_as_it_was_but_for_what_is_given(open_page):
    first = open_page()
    first.set(prompt="a fox", image_size=[1152, 864], seed=7, num_images=3)
    first.studio.model = "v4.5"
    again = open_page().studio
    assert (again.prompt, again.image_size, again.seed) == ("a fox", (1152, 864), 7)
    assert (again.num_images, again.model) == (3, "v4.5")
    given = open_page(prompt="", seed=None).studio
    assert (given.prompt, given.seed, given.num_images) == ("", None, 3)
    assert open_page("owls").studio.prompt == ""


def test_what_was_given_under_a_name_is_kept_without_a_change(open_page):
    open_page(prompt="a fox", seed=5)
    assert (open_page().studio.prompt, open_page().studio.seed) == ("a fox", 5)


def test_references_come_again_all_or_none(open_page, tmp_path):
    images = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    first = open_page()
    first.studio.references = [*images, "https://example.com/fox.png"]
    again = open_page().studio
    assert again.references == first.studio.references
    assert [image.data for image in again.references[:2]] == [
        image.data for image in first.studio.references[:2]
    ]
    assert again._references == first.studio._references
    for file in (tmp_path / "inputs").rglob(f"{first.studio.references[0].sha256}*"):
        file.unlink()
    assert open_page().studio.references == ()


def test_nothing_is_kept_without_a_name_or_where_prompts_are_not(page, tmp_path):
    page(sd.Client(OfflineBackend(0), library=tmp_path)).set(prompt="a fox")
    quiet = sd.Client(OfflineBackend(0), library=tmp_path, store_prompts=False)
    secret = page(quiet, name="foxes", prompt="a secret")
    secret.set(prompt="another secret")
    secret.ask("browse", query="secret", filters={}, offset=0, count=10, days=True)
    made(secret, "a third secret")
    assert not (tmp_path / "studios").exists()
    assert page(quiet, name="foxes").studio.prompt == ""
    assert secret.studio._search == {}


def test_the_search_of_the_gallery_is_kept_but_for_this_session(open_page):
    first = open_page()
    filters = {"favourite": True, "session": True, "kind": "edit", "rating": None}
    first.ask("browse", query="fox", filters=filters, offset=0, count=10, days=True)
    expected = {"query": "fox", "filters": {"favourite": True, "kind": "edit"}}
    assert open_page().studio._search == expected
    # A further page of a list is no new search.
    first.ask("browse", query="owl", filters={}, offset=100, count=10)
    assert open_page().studio._search == expected


def test_recent_results_show_again_and_the_newest_is_the_image(open_page):
    first = open_page()
    ids = made(first, "a fox", "an owl")
    again = open_page()
    assert [result.request_id for result in again.studio.results] == ids[::-1]
    assert again.studio.result.prompt == "an owl"
    assert again.studio.selected == f"{ids[1]}:0"
    cards = again.ask("sync")[0]["result"]["jobs"]
    assert [(card["prompt"], card["state"]) for card in cards] == [
        ("an owl", "completed"),
        ("a fox", "completed"),
    ]
    assert not any(card["clicked"] for card in cards)
    assert "an owl" in sheet_html(again.studio.results)
    made(again, "a hare")
    assert again.studio.result.prompt == "a hare"


def test_results_of_before_are_of_another_session(open_page, page, tmp_path):
    made(open_page(), "a fox")
    tomorrow = page(sd.Client(OfflineBackend(0), library=tmp_path), name="foxes")
    asked = {"query": "", "filters": {"session": True}, "offset": 0, "count": 10}
    assert tomorrow.ask("browse", **asked)[0]["result"]["total"] == 0
    heard = []
    tomorrow.studio.on_result(heard.append)
    made(tomorrow, "an owl")
    until(lambda: heard)
    assert [result.prompt for result in heard] == ["an owl"]


def test_a_pinned_picture_is_pinned_again(open_page):
    first = open_page()
    ids = made(first, "a fox", "an owl")
    first.set(selected=f"{ids[0]}:0", pinned=True)
    again = open_page().studio
    assert (again.pinned, again.result.prompt) == (True, "a fox")
    first.set(pinned=False)
    again = open_page().studio
    assert (again.pinned, again.result.prompt) == (False, "an owl")


def test_what_was_dismissed_stays_dismissed_until_undo(open_page):
    first = open_page()
    fox, owl = made(first, "a fox", "an owl")
    jobs = {job.result().request_id: job.id for job in first.studio.jobs}
    first.set(pinned=True)
    first.ask("forget", job_id=jobs[owl])
    kept = first.studio._session.kept._kept
    until(lambda: kept.results() == [fox])
    assert first.studio.result.request_id == fox
    again = open_page()
    assert [result.request_id for result in again.studio.results] == [fox]
    assert "an owl" not in sheet_html(again.studio.results)
    first.ask("show_again", job_id=jobs[owl])
    assert (first.studio.result.request_id, first.studio.pinned) == (owl, True)
    assert [result.request_id for result in first.studio.results] == [owl, fox]
    until(lambda: {*kept.results()} == {fox, owl})
    assert [result.request_id for result in open_page().studio.results] == [owl, fox]


def test_undo_of_a_stranger_is_refused(open_page):
    assert "no job" in open_page().ask("show_again", job_id="nobody")[0]["message"]


def test_a_result_that_was_deleted_is_left_out(open_page, client):
    fox, owl = made(open_page(), "a fox", "an owl")
    client.library.delete(client.library.get(owl))
    assert [result.request_id for result in open_page().studio.results] == [fox]


def test_only_so_many_results_show_again(open_page, tmp_path):
    first = open_page()
    kept = first.studio._session.kept._kept
    for number in range(3 * MOST_RESULTS):
        kept.change_results(came=f"result-{number}")
    assert len(json.loads(file_of(tmp_path).read_text())["results"]) == MOST_RESULTS
    assert kept.results()[0] == f"result-{3 * MOST_RESULTS - 1}"


HOSTILE = {
    "prompt": {"a": 1},
    "image_size": [[1], 2],
    "seed": True,
    "num_images": 10**9,
    "max_images": "6",
    "enhance_prompt_mode": "<b>",
    "enable_safety_checker": "no",
    "model": None,
    "references": [{"sha256": "../../etc/passwd"}, 7, {"url": "file:///etc/passwd"}],
    "comm": 1,
    "_backend": {"bills": True},
}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not json",
        b"[1, 2]",
        b"[" * 100_000,
        b'{"name": "another", "form": {"prompt": "a fox"}}',
        b'{"name": "foxes", "form": [1], "gallery": 7, "results": {"a": 1}, "pinned": []}',
        json.dumps(
            {
                "name": "foxes",
                "form": HOSTILE,
                "gallery": {"query": "x" * 10_000, "filters": {"kind": 3, "nothing": "a"}},
                "results": [None, "x" * 10_000, "../../etc", 7, ""],
                "pinned": "nobody:0",
            }
        ).encode(),
        b'{"name": "foxes", "form": {"prompt": "' + b"x" * MOST_BYTES + b'"}}',
    ],
)
def test_a_strangers_file_harms_nothing(open_page, tmp_path, text):
    open_page()
    file_of(tmp_path).write_bytes(text)
    studio = open_page().studio
    assert (studio.prompt, studio.seed, studio.num_images) == ("", None, 1)
    assert studio.references == studio.results == ()
    assert studio._backend["bills"] is False
    assert studio._search == {"query": "", "filters": {}} or studio._search == {}
    studio.prompt = "a fox"
    assert open_page().studio.prompt == "a fox"


def left_behind(folder, **parts):
    """Write what a studio named foxes left behind, as anybody could."""
    path = KeptStudio(folder, "foxes").path
    path.parent.mkdir()
    path.write_text(json.dumps({"name": "foxes", **parts}))


@pytest.mark.parametrize("pinned", ["{}:7", "{}:x", "{}:-1", "{}:99999999999999999999", "{}"])
def test_a_strangers_pin_is_no_picture_and_the_newest_is_the_image(
    open_page, client, tmp_path, pinned
):
    fox = client.submit(sd.Request("a fox")).result(60).request_id
    left_behind(tmp_path, results=[fox], pinned=pinned.format(fox))
    studio = open_page().studio
    assert (studio.pinned, studio.selected) == (False, f"{fox}:0")
    assert studio.image.size == studio.result.image.size


@pytest.mark.parametrize("size", [[10**400, 5], [-1, 5], [0, 0], [1e400, 5], [float("nan"), 5]])
def test_a_strangers_size_is_not_taken(open_page, tmp_path, size):
    left_behind(tmp_path, form={"prompt": "a fox", "image_size": size})
    studio = open_page().studio
    assert (studio.prompt, studio.image_size) == ("a fox", (2048, 2048))


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few make links")
def test_a_link_leads_nowhere_else(open_page, tmp_path):
    open_page(prompt="a fox")
    file = file_of(tmp_path)
    elsewhere = tmp_path / "elsewhere.json"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert open_page().studio.prompt == ""


def test_a_library_that_cannot_be_written_keeps_nothing(open_page, tmp_path, caplog):
    (tmp_path / "studios").write_text("a file in the folder's place")
    page = open_page()
    page.set(prompt="a fox")
    page.set(prompt="an owl")
    assert page.studio.prompt == "an owl"
    assert open_page().studio.prompt == ""
    assert "that studio starts empty" in caplog.text


def test_two_writers_at_once_leave_a_whole_file(tmp_path):
    """Each has its own object, as two kernels have."""

    def write(number):
        kept = KeptStudio(tmp_path, "foxes")
        for turn in range(40):
            kept.write(form={"prompt": f"{number} {turn} " * 500})
            assert kept.read()["form"]["prompt"].startswith(("0 ", "1 "))

    faults = []
    threads = [
        threading.Thread(target=lambda number=number: faults.append(_tried(write, number)))
        for number in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == [None, None]
    assert not [*(tmp_path / ".staging").iterdir()]


def _tried(work, *arguments):
    try:
        work(*arguments)
    except BaseException as error:
        return error
    return None


def test_a_name_is_a_text():
    with pytest.raises(sd.RequestError, match="name takes a text"):
        sd.Studio(name=7)


@pytest.mark.slow
def test_a_notebook_goes_on_by_its_path_where_the_host_tells_it(tmp_path):
    """In the same kernel, in the next one, and in no other notebook."""
    begin = "import seedream_widgets as sd\nstudio = sd.Studio()\nprint(studio.prompt or None)"
    lab = {"JPY_SESSION_NAME": "/home/ann/foxes.ipynb"}
    with kernel(tmp_path, **lab) as first:
        assert said(first.run(begin)) == "None"
        first.run("studio.prompt = 'a fox'")
        assert said(first.run(begin)) == "a fox"
        assert said(first.run(begin.replace("()", "(prompt='an owl')"))) == "an owl"
        assert said(first.run(begin)) == "a fox"
        assert said(first.run(begin.replace("()", "(name='')"))) == "None"
    with kernel(tmp_path, **lab) as next_day:
        assert said(next_day.run(begin)) == "a fox"
    with kernel(tmp_path) as untold:
        assert said(untold.run(begin)) == "None"
        untold.run("__vsc_ipynb_file__ = '/home/ann/foxes.ipynb'")
        assert said(untold.run(begin)) == "a fox"
    assert len([*(tmp_path / "studios").iterdir()]) == 1


def said(outputs):
    return "".join(each["text"] for each in outputs if each["kind"] == "stream").strip()

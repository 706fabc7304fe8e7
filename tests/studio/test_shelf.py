"""The library on the page: browsed, picked, marked, deleted, collected, saved, selected."""

from __future__ import annotations

import io
import shutil
import zipfile

import pytest
from traitlets import TraitError

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.library import Library
from tests.library_folders import save
from tests.page import Page
from tests.scripted import SECONDS, until

ALL = {"query": "", "filters": {}, "offset": 0, "count": 100}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def made(page, tmp_path):
    """Return a page, and three results of two pictures each that no studio made, oldest first."""
    maker = sd.Client(OfflineBackend(0), library=tmp_path)
    results = [
        maker.submit(
            sd.Request(f"a fox, no. {seed}", seed=seed, num_images=2, image_size=(960, 960))
        ).result(SECONDS)
        for seed in range(3)
    ]
    return page(sd.Client(OfflineBackend(0), library=tmp_path)), results


def browse(page, **change):
    return page.ask("browse", **{**ALL, **change})[0]


def names(*results):
    return [f"{result.request_id}:{index}" for result in results for index in range(2)]


def shown(page, **change):
    return [each["id"] for each in browse(page, **change)["result"]["pictures"]]


def test_the_page_gets_pages_of_pictures_whoever_made_them(made):
    page, results = made
    everything = names(*reversed(results))
    assert shown(page) == everything
    assert shown(page, offset=1, count=3) == everything[1:4]
    told = browse(page, days=True, find=everything[3])["result"]
    assert (told["total"], told["place"], sum(day[1] for day in told["days"])) == (6, 3, 6)
    (picked, _) = page.ask("pick", query="", filters={}, offset=2, count=3)
    assert picked["result"]["image_ids"] == everything[2:5]


def test_words_and_filters_leave_out_the_others(made):
    page, (first, second, _) = made
    page.studio.client.library.favourite(second)
    assert shown(page, query="no. 0") == names(first)
    assert shown(page, filters={"favourite": True}) == names(second)
    assert shown(page, filters={"session": True}) == []
    assert shown(page, filters={"kind": "edit"}) == []
    assert shown(page, filters={"since": "2999-01-01"}) == []


@pytest.mark.parametrize(
    "filters",
    [{"x": 1}, {"rating": "4"}, {"rating": True}, {"rating": 9}, {"since": "soon"},
     {"kind": "video"}, {"model": "m" * 201}, {"collection": ""}, {"favourite": 1}],
)  # fmt: skip
def test_a_filter_that_is_none_is_refused_in_words(made, filters):
    answer = browse(made[0], filters=filters)
    assert answer["kind"] == "error"
    assert answer["message"]


def test_marks_are_kept_and_the_page_is_told(made):
    page, (first, second, _) = made
    results = [first.request_id, second.request_id, "nobody"]
    page.ask("mark", results=results, favourite=True, rating=4)
    assert (first.favourite, first.rating, second.rating) == (True, 4, 4)
    page.ask("mark", results=[first.request_id], favourite=None, rating=0)
    assert (first.favourite, first.rating) == (True, 0)
    page.wait(lambda content: content["kind"] == "library")


def test_further_pages_are_of_the_list_that_was_found_until_the_library_changes(made, tmp_path):
    page, results = made
    assert browse(page, days=True, count=2)["result"]["total"] == 6
    other = sd.Client(OfflineBackend(0), library=tmp_path)  # as another kernel would
    fox = sd.Request("a fox, no. 3", seed=3, num_images=2, image_size=(960, 960))
    other.submit(fox).result(SECONDS)
    assert shown(page, offset=2, count=2) == names(*reversed(results))[2:4]
    assert browse(page, days=True)["result"]["total"] == 8
    page.ask("mark", results=[results[0].request_id], favourite=True)
    assert shown(page, offset=6, count=2) == names(results[0])


def test_a_page_that_lacks_what_went_meanwhile_has_the_list_made_anew(made, tmp_path):
    page, results = made
    browse(page, days=True)
    other = Library(tmp_path)
    other.delete(results[1])
    len(other.search())
    assert len(shown(page, offset=0)) == 4
    page.wait(lambda content: content["kind"] == "library")


def test_a_gallery_alone_is_told_of_what_this_session_makes(made, page, tmp_path):
    opened, _ = made
    library = opened.studio.client.library
    there = Page(sd.gallery(library=library))
    opened.studio.client.submit(sd.Request("a hare", seed=9, image_size=(960, 960))).result(SECONDS)
    there.wait(lambda content: content["kind"] == "library")
    assert browse(there)["result"]["total"] == 7


def test_a_gallerys_contact_sheet_says_how_many_there_are_in_all(made):
    library = made[0].studio.client.library
    for number in range(7):
        save(library.path, f"more-{number}")
    words = "Seedream gallery: 10 results, newest first, 3 shown. Run this cell to look through"
    assert words in sd.gallery(library.search("fox"), library=library)._fallback.html()


def test_what_is_deleted_comes_back(made):
    page, (first, *_) = made
    answer, _ = page.ask("trash", results=[first.request_id])
    assert answer["result"] == {"results": 1, "pictures": 2}
    assert browse(page)["result"]["total"] == 4
    assert "was deleted" in page.ask("preview", target=names(first)[0], edge=256)[0]["message"]
    page.ask("restore", results=[first.request_id])
    assert browse(page)["result"]["total"] == 6
    assert page.ask("restore", results=["nobody"])[0]["kind"] == "error"


def test_deleting_a_studios_own_result_takes_its_card_and_undo_brings_it_back(page, tmp_path):
    opened = page(sd.Client(OfflineBackend(0), library=tmp_path), prompt="a fox", seed=1)
    result = opened.studio.submit().result(SECONDS)
    opened.ask("trash", results=[result.request_id])
    assert opened.studio.results == ()
    opened.ask("restore", results=[result.request_id])
    assert opened.studio.results == (result,)


def test_what_another_kernel_deleted_is_said_to_be_deleted_until_it_is_back(page, tmp_path):
    opened = page(sd.Client(OfflineBackend(0), library=tmp_path), prompt="a fox", seed=1)
    result = opened.studio.submit().result(SECONDS)
    name, other = f"{result.request_id}:0", Library(tmp_path)
    asked = [
        ("receipt", {"target": name}),
        ("original", {"image_id": name}),
        ("use_result", {"image_id": name}),
        ("archive", {"image_ids": [name]}),
    ]
    other.delete(result)
    for kind, what in asked:
        refused = opened.ask(kind, **what)[0]
        assert (refused["kind"], refused["field"]) == ("error", "picture")
        assert refused["message"] == (
            f"This picture was deleted; sd.library.restore({result.request_id!r}) brings it back."
        )
    # What it was asked with is known all the same, and is asked for again.
    assert opened.ask("ask_again", image_id=name, how="vary")[0]["kind"] == "reply"
    other.restore(result.request_id)
    assert {opened.ask(kind, **what)[0]["kind"] for kind, what in asked} == {"reply"}
    other.delete(result)
    other.empty_trash()
    told = {opened.ask(kind, **what)[0]["message"] for kind, what in asked}
    assert told == {"This picture is no longer in the library."}


def test_what_is_deleted_elsewhere_is_selected_no_more(made):
    page, (first, second, _) = made
    gallery, heard = page.studio.gallery, []
    gallery.observe(lambda change: heard.append(change["new"]), "selection")
    page.set(_picked=[*names(first), names(second)[0]])
    page.studio.client.library.delete(first)
    until(lambda: [each.request_id for each in heard[-1]] == [second.request_id])
    assert page.studio._picked == names(second)[:1]
    page.studio.client.library.restore(first)
    assert [each.request_id for each in gallery.selection] == [second.request_id]


def test_a_collection_is_filled_from_the_page(made):
    page, (first, second, _) = made
    ids = [first.request_id, second.request_id]
    answer, _ = page.ask("collect", collection="Trip", results=ids)
    assert answer["result"]["collections"] == ["Trip"]
    assert set(shown(page, filters={"collection": "Trip"})) == set(names(first, second))
    page.ask("collect", collection="Trip", results=ids[:1], remove=True)
    assert shown(page, filters={"collection": "Trip"}) == names(second)
    assert page.ask("collect", collection="a\nb", results=ids)[0]["kind"] == "error"


def test_several_pictures_are_saved_as_a_zip_with_receipts(made):
    page, (first, second, _) = made
    wanted = [names(first)[1], names(second)[0]]
    answer, (data,) = page.ask("archive", image_ids=wanted)
    assert answer["result"]["media_type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = archive.namelist()
        assert len([name for name in files if name.endswith(".json")]) == 2
        pictures = [archive.read(name) for name in files if not name.endswith(".json")]
    assert pictures == [first._file_bytes(1), second._file_bytes(0)]


def test_pictures_are_copied_as_the_code_of_their_requests(made):
    page, (first, second, _) = made
    code = page.ask("code", image_ids=names(first, second))[0]["result"]["code"]
    assert ("no. 0" in code, "no. 1" in code, "no. 2" in code) == (True, True, False)


def test_a_damaged_result_has_a_sentence_in_its_place(page, tmp_path):
    save(tmp_path, "damaged")
    opened = page(sd.Client(OfflineBackend(0), library=tmp_path))
    (told,) = browse(opened)["result"]["pictures"]
    assert told["error"] == "Its receipt can't be read"
    assert opened.ask("preview", target="damaged:0", edge=256)[0]["kind"] == "error"


def test_what_is_known_of_pictures_leaves_out_those_that_are_gone(made):
    page, (first, *_) = made
    ids = [names(first)[0], f"{first.request_id}:9", "nobody:0", "no name", ":0"]
    (told,) = page.ask("pictures", image_ids=ids)[0]["result"]["pictures"]
    assert (told["id"], told["prompt"], told["count"]) == (ids[0], "a fox, no. 0", 2)


@pytest.mark.parametrize(
    "asked",
    [
        ("mark", {"favourite": True, "rating": None}),
        ("trash", {}),
        ("collect", {"collection": "x"}),
    ],
)
def test_what_is_done_with_results_that_are_gone_is_told_and_the_list_made_anew(made, asked):
    page, (first, *_) = made
    shutil.rmtree(first.files[0].path.parent)
    kind, fields = asked
    answer, _ = page.ask(kind, results=[first.request_id], **fields)
    assert "no longer in the library" in answer["message"]
    page.wait(lambda content: content["kind"] == "library")


def test_a_file_that_is_gone_or_damaged_is_told_of_where_it_is_used(page, tmp_path):
    opened = page(sd.Client(OfflineBackend(0), library=tmp_path), prompt="a fox", num_images=2)
    first, second = opened.studio.submit().result(SECONDS).files
    first.path.unlink()
    second.path.write_bytes(b"no picture")
    for kind in ("use_result", "original"):
        gone, damaged = (
            opened.ask(kind, image_id=f"{opened.studio.result.request_id}:{at}")[0]["message"]
            for at in range(2)
        )
        assert gone.startswith(f"{first.path} is gone: it was deleted or moved.")
        assert damaged.startswith(f"{second.path} is not the file that came")


def test_a_selection_is_results_in_python_both_ways(made):
    page, (first, second, _) = made
    gallery, heard = page.studio.gallery, []
    gallery.observe(lambda change: heard.append(change["new"]), "selection")
    page.set(_picked=[names(second)[1], "nobody:0", "no name", names(first)[0]])
    assert [each.request_id for each in gallery.selection] == [second.request_id, first.request_id]
    assert gallery.images[0].tobytes() == second.images[1].tobytes()
    gallery.selection = Library(page.studio.client.library.path).search("no. 0")
    assert page.studio._picked == names(first)
    assert [each.request_id for each in heard[-1]] == [first.request_id]
    assert len(heard) == 2
    with pytest.raises(TraitError, match="selection takes results"):
        gallery.selection = ["a fox"]


def test_a_result_marked_from_python_is_news_for_the_page(made):
    page, (first, *_) = made
    page.studio.client.library.rate(first, 2)
    until(lambda: any(content["kind"] == "library" for content, _ in page.messages))


def test_each_result_that_comes_is_told_once_and_trouble_harms_nobody(page, tmp_path, caplog):
    studio = page(sd.Client(OfflineBackend(0), library=tmp_path), prompt="a fox", seed=1).studio
    heard = []

    def broken(_):
        raise ValueError("of the user's")

    studio.on_result(broken)
    stop = studio.on_result(heard.append)
    first = studio.submit().result(SECONDS)
    until(lambda: heard == [first])
    studio.submit().result(SECONDS)  # the same, from the library
    until(lambda: len(heard) == 2)
    assert heard[1].cached
    assert "of the user's" in caplog.text
    stop()
    studio.seed = 2
    last = []
    studio.on_result(last.append)
    third = studio.submit().result(SECONDS)
    until(lambda: last == [third])
    assert len(heard) == 2


def test_on_result_takes_a_function(page):
    with pytest.raises(sd.RequestError, match=r"on_result takes a function .* the result"):
        page().studio.on_result("print")

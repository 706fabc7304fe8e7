"""The kernel's half of the widget, driven by a page without a browser."""

from __future__ import annotations

import inspect
import io
import json
import threading
import time
import weakref
from pathlib import Path

import comm
import pytest
import traitlets
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.testing import LOGS, ScriptedBackend
from seedream_widgets.values.status import Completed
from tests.memory import let_go
from tests.scripted import until

MESSAGES = Path(__file__).parents[1] / "messages"
FORM = json.loads((MESSAGES / "submit.json").read_text())["form"]
FORM |= {"references": [], "image_size": [960, 960]}


@pytest.fixture
def open_page(page, tmp_path):
    def opened(pace=None, **form):
        """Open a page; its pictures are drawn in their sizes only where a pace is given."""
        small = ScriptedBackend("offline", images=FORM["num_images"])
        backend = small if pace is None else OfflineBackend(pace)
        return page(sd.Client(backend, library=tmp_path), **form)

    return opened


def job_messages(page):
    return [content for content, _ in page.messages if content["kind"] == "job"]


def finish(page, form=FORM):
    answer, _ = page.ask("submit", form=form)
    name = answer["result"]["job_id"]
    page.wait(lambda m: m["kind"] == "job" and m["job"]["id"] == name and m["job"]["finished"])
    return name


def picture(page, job_id, index=0):
    """Return the name of a picture that a job brought."""
    (job,) = (job for job in page.studio.jobs if job.id == job_id)
    return f"{job.result().request_id}:{index}"


def png(size=(64, 64), color="red"):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


def upload(page, data, name="fox.png", chunk=1000):
    page.ask("upload", upload_id=name, name=name, size=len(data))
    for offset in range(0, len(data), chunk):
        page.send("chunk", data[offset : offset + chunk], upload_id=name, offset=offset)
    return page.wait(lambda m: m["kind"] in ("uploaded", "upload_failed"))[0]


def shape(value):
    """Names and types of a message, without its values."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return "list" if isinstance(value, list) else type(value).__name__


def test_a_click_makes_a_job_whose_images_are_there_in_the_next_cell(open_page):
    page = open_page(0.0)
    finish(page, {**FORM, "image_size": [1152, 864], "num_images": 2})
    studio = page.studio
    assert studio.image.size == (1152, 864)
    assert len(studio.images) == 2
    assert studio.result is studio.results[0]
    assert studio.result.request == sd.Request(FORM["prompt"], image_size=(1152, 864), num_images=2)


def test_messages_have_the_golden_shape(open_page):
    page = open_page()
    finish(page, {**FORM, "seed": 7})
    golden = json.loads((MESSAGES / "job_completed.json").read_text())
    golden["job"] |= {"offline": True, "cost": None, "log": None}
    golden["job"]["form"]["seed"] = 7
    assert shape(job_messages(page)[-1]) == shape(golden)
    for kind in ("reply_submit", "reply_sync"):
        golden = json.loads((MESSAGES / f"{kind}.json").read_text())
        asked = {"submit": {"form": FORM}, "sync": {}}[kind.removeprefix("reply_")]
        answer, _ = page.ask(kind.removeprefix("reply_"), **asked)
        assert shape(answer) == shape(golden)


@pytest.mark.slow
def test_updates_are_numbered_without_a_gap_and_end_with_the_last_state(open_page):
    page = open_page(pace=0.05)
    finish(page)
    messages = job_messages(page)
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    order = ["preparing", "queued", "in_progress", "fetching", "completed"]
    ranks = [order.index(m["job"]["state"]) for m in messages]
    assert ranks == sorted(ranks)
    assert messages[-1]["job"]["state"] == "completed"
    answer, _ = page.ask("sync")
    assert answer["result"]["seq"] == messages[-1]["seq"]
    assert answer["result"]["jobs"] == [messages[-1]["job"]]


def test_the_form_of_the_click_counts_not_the_late_traits(open_page):
    page = open_page(prompt="an old prompt")
    finish(page, {**FORM, "prompt": "the new prompt"})
    assert page.studio.result.request.prompt == "the new prompt"


def test_the_same_click_twice_is_one_job(open_page):
    page = open_page()
    content = {"kind": "submit", "id": "twice", "form": FORM}
    for _ in range(2):
        page._deliver({"method": "custom", "content": content}, [])
    answers = [m["result"]["job_id"] for m, _ in page.messages if m.get("id") == "twice"]
    assert len(answers) == 2
    assert len(set(answers)) == 1
    assert len(page.studio.jobs) == 1


def test_state_that_comes_past_the_messages_waits_for_the_lock(open_page):
    studio = open_page().studio
    writer = threading.Thread(target=studio.set_state, args=({"prompt": "late"},))
    with studio._lock:
        writer.start()
        writer.join(0.1)
        assert studio.prompt == ""
    writer.join()
    assert studio.prompt == "late"


@pytest.mark.slow
def test_a_message_that_comes_twice_adds_one_reference(open_page):
    page = open_page()
    content = {"kind": "use_result", "id": "twice", "image_id": picture(page, finish(page))}
    for _ in range(2):
        page._deliver({"method": "custom", "content": content}, [])
    page.wait(lambda m: [m for m, _ in page.messages if m.get("id") == "twice"][1:])
    assert len(page.studio.references) == 1
    page.ask("use_result", image_id=content["image_id"])
    assert len(page.studio.references) == 2


def test_an_image_of_another_page_is_added_by_its_address(open_page):
    page = open_page()
    answer, _ = page.ask("use_address", url="https://example.com/fox.png?" + "x" * 1000)
    assert answer["result"]["reference"]["name"] == "image at a URL"
    (image,) = page.studio.references
    assert image.url.startswith("https://example.com/fox.png?x")


@pytest.mark.parametrize(
    "url",
    ["http://example.com/a.png", "/etc/passwd", "file:///etc/passwd", "https://me:pw@a.org/a.png",
     "data:image/png;base64,AAAA", "https://", "https://a.org/a b.png", "HTTPS://a\x00.org"],
)  # fmt: skip
def test_no_other_address_of_the_page_is_read(open_page, url):
    page = open_page()
    answer, _ = page.ask("use_address", url=url)
    assert answer["kind"] == "error"
    assert answer["field"] == "references"
    assert page.studio.references == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"prompt": " "}, "prompt"),
        ({"image_size": [1, 1]}, "image_size"),
        ({"image_size": {"width": "x"}}, "image_size"),
        ({"num_images": 9}, "num_images"),
        ({"seed": "7"}, "seed"),
        ({"model": "v9"}, "model"),
        ({"references": ["nobody"]}, "references"),
        ({"references": 7}, "references"),
    ],
)
def test_a_bad_form_is_answered_at_its_field_and_starts_nothing(open_page, change, field):
    page = open_page()
    answer, _ = page.ask("submit", form={**FORM, **change})
    assert answer["kind"] == "error"
    assert answer["field"] == field
    assert page.studio.jobs == ()


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "nonsense"},
        {"kind": "cancel", "job_id": "nobody"},
        {"kind": "forget", "job_id": "nobody"},
        {"kind": "original", "image_id": "nobody:0"},
        {"kind": "preview", "target": "../../etc/passwd", "edge": 512},
        {"kind": "chunk", "upload_id": "nobody", "offset": 0},
        {"kind": "upload", "upload_id": "u", "name": "x", "size": 10**12},
    ],
)
def test_every_bad_message_is_answered_with_an_error(open_page, content):
    page = open_page()
    answer, _ = page.ask(**content)
    assert answer["kind"] == "error"
    assert answer["message"]


def test_cancel_stops_the_job_and_says_so(open_page):
    page = open_page(pace=100)
    job_id = page.ask("submit", form=FORM)[0]["result"]["job_id"]
    assert page.ask("cancel", job_id=job_id)[0]["result"] == {"asked": True}
    card = page.wait(lambda m: m["kind"] == "job" and m["job"]["finished"])[0]["job"]
    assert card["state"] == "cancelled"
    assert "nothing is billed" in card["error"]["message"]


def test_a_fault_is_a_sentence_on_the_card(open_page):
    page = open_page(0.0)
    finish(page, {**FORM, "prompt": "offline:refuse"})
    error = job_messages(page)[-1]["job"]["error"]
    assert error["field"] == "prompt"
    assert "safety checker refused" in error["message"]


def test_a_dropped_file_becomes_a_reference_and_makes_it_an_edit(open_page):
    page = open_page()
    data = png()
    said = upload(page, data, chunk=40)
    assert said["reference"]["name"] == "fox.png"
    assert (said["reference"]["width"], said["reference"]["height"]) == (64, 64)
    assert page.studio.references[0].data == data
    assert page.studio._references == [said["reference"]]
    finish(page, {**FORM, "references": [said["reference"]["id"]]})
    assert page.studio.result.request.endpoint.kind == "edit"


def test_a_file_that_is_no_image_is_refused_by_name(open_page):
    page = open_page()
    said = upload(page, b"<html>no image</html>", name="page.png")
    assert said["kind"] == "upload_failed"
    assert "page.png" in said["message"]
    assert page.studio.references == ()


def test_the_eleventh_reference_is_refused(open_page):
    page = open_page(references=[Image.new("RGB", (64, 64), (n, 0, 0)) for n in range(10)])
    said = upload(page, png())
    assert said["kind"] == "upload_failed"
    assert "up to 10" in said["message"]
    assert len(page.studio.references) == 10


def test_references_are_reordered_and_removed_by_id(open_page):
    page = open_page(references=[Image.new("RGB", (64, 64), color) for color in ("red", "blue")])
    red, blue = [each["id"] for each in page.studio._references]
    before = page.studio.references
    page.ask("arrange", references=[blue, red])
    assert page.studio.references == before[::-1]
    page.ask("arrange", references=[red])
    assert page.studio.references == before[:1]


def test_a_result_image_becomes_a_reference_byte_for_byte(open_page):
    page = open_page(0.0)
    job_id = finish(page, {**FORM, "image_size": [1024, 1024]})
    answer, _ = page.ask("use_result", image_id=picture(page, job_id))
    assert answer["result"]["reference"]["width"] == 1024
    assert page.studio.references[0].data == page.studio.result.files[0].read_bytes()


def test_a_reference_set_from_python_is_told_to_the_page_without_bytes(open_page):
    page = open_page()
    seen = []
    page.studio.observe(lambda change: seen.append(change["new"]), "references")
    page.studio.references = [Image.new("RGB", (64, 64))]
    assert len(seen[0]) == 1
    assert page.updates[-1]["_references"] == page.studio._references
    assert len(json.dumps(page.updates)) < 1000
    with pytest.raises(traitlets.TraitError, match="no file"):
        page.studio.references = ["/no/such/file.png"]


def test_previews_are_small_and_originals_untouched(open_page):
    page = open_page(0.0, references=Image.new("RGB", (900, 600), "green"))
    job_id = finish(page)
    answer, (small,) = page.ask("preview", target=picture(page, job_id), edge=512)
    assert answer["result"]["media_type"] == "image/webp"
    assert Image.open(io.BytesIO(small)).size == (512, 512)
    assert len(small) <= 100_000
    answer, (whole,) = page.ask("original", image_id=picture(page, job_id))
    untouched = page.studio.result.files[0].pil
    assert Image.open(io.BytesIO(whole)).tobytes() == untouched.tobytes()
    assert sd.read_receipt(whole).request_id == page.studio.result.request_id
    assert answer["result"]["name"].endswith("-1.jpg")
    _, (small,) = page.ask("preview", target=page.studio._references[0]["id"], edge=128)
    assert Image.open(io.BytesIO(small)).size == (128, 85)


def test_the_page_writes_traits_and_python_reads_them(open_page):
    page = open_page()
    seen = []
    page.studio.observe(lambda change: seen.append((change["name"], change["new"])))
    page.set(prompt="a fox", image_size=[2304, 1728], seed=7, num_images=3, model="v4.5")
    assert page.studio.image_size == (2304, 1728)
    assert ("seed", 7) in seen
    request = page.studio.request()
    assert (request.prompt, request.seed, request.num_images) == ("a fox", 7, 3)
    assert request.endpoint.model == "v4.5"


def test_a_bad_trait_from_the_page_is_put_back(open_page):
    page = open_page(seed=3)
    page.set(seed="x")
    assert page.studio.seed == 3
    assert page.updates[-1]["seed"] == 3


def test_python_writes_traits_in_its_own_words(open_page):
    page = open_page()
    page.studio.image_size = "16:9 4K"
    assert page.updates[-1] == {"image_size": [4096, 2304]}
    page.studio.image_size = "auto"
    assert page.updates[-1] == {"image_size": "auto"}
    with pytest.raises(traitlets.TraitError, match="image_size"):
        page.studio.image_size = 7
    with pytest.raises(TypeError, match="Studio has no promt; did you mean prompt="):
        sd.Studio(promt="a fox")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("promt", "a fox", "Studio has no promt; did you mean prompt=?"),
        ("size", "4:3", "did you mean image_size=?"),
        ("colour", 1, "it takes background, "),
        ("image", 1, "image can only be read"),
        ("model", "V4", "got 'V4'; did you mean 'v4'?"),
        ("background", "transparant", "did you mean 'transparent'?"),
        ("seed", -1, "seed takes a whole number from 0 to 2147483647, or None, got -1"),
        pytest.param("seed", 10**5000, "got a number of thousands of digits", id="huge"),
        ("num_images", 7, "num_images takes a whole number from 1 to 6, got 7"),
        ("sync_mode", "yes", "sync_mode takes True or False, got 'yes'"),
        ("prompt", 5, "prompt takes text, got 5"),
        ("image_size", 7, "image_size takes (width, height)"),
        ("references", ["no.png"], "no.png"),
    ],
)
def test_what_a_field_does_not_take_is_a_sentence_with_a_guess(open_page, name, value, says):
    studio = open_page(prompt="a fox").studio
    with pytest.raises(sd.RequestError) as caught:
        setattr(studio, name, value)
    assert says in str(caught.value)
    assert caught.value.field == name
    assert (studio.prompt, studio.model) == ("a fox", "v4")


def test_a_studio_names_what_may_be_passed():
    told = inspect.signature(sd.Studio).parameters
    assert {*told} >= {"client", "prompt", "image_size", "seed", "references", "model"}
    assert all(each.kind is each.KEYWORD_ONLY for name, each in told.items() if name != "client")
    for name in told:
        assert f"    {name}: " in sd.Studio.__doc__


def test_submit_from_python_is_the_same_as_a_click(open_page):
    page = open_page(prompt="a fox", seed=7, image_size=(960, 960))
    job = page.studio.submit()
    result = job.result(60)
    assert page.studio.result is result
    assert result.seed == 7
    assert page.wait(lambda m: m["kind"] == "job" and m["job"]["finished"])[0]["job"]["seed"] == 7


def test_a_new_result_is_selected_when_it_comes(open_page):
    page = open_page(0.0, prompt="a fox")
    first = finish(page, {**FORM, "seed": 1})
    page.wait(lambda m: page.studio.selected == picture(page, first))
    page.set(selected=picture(page, first, 1))
    assert page.studio.image == page.studio.results[0].files[1].pil
    job = page.studio.submit()
    job.result(60)
    assert page.studio.result is job.result(), "at once, and not when the page is told"
    page.wait(lambda m: page.studio.selected == picture(page, job.id))
    page.set(selected=picture(page, first, 1))
    assert page.studio.result.seed == 1
    page.set(selected="nobody:0")
    with pytest.raises(sd.ResultError, match="no longer in the library"):
        _ = page.studio.image


def test_the_gallery_is_told_of_each_new_result(open_page):
    page = open_page()

    def told():
        return [content for content, _ in page.messages if content["kind"] == "library"]

    for count in (1, 2):
        finish(page)
        until(lambda count=count: len(told()) == count)


def test_the_result_that_came_last_is_newest_though_it_was_asked_for_first(page, tmp_path):
    backend = ScriptedBackend(hold=["in_progress"])
    page = page(sd.Client(backend, library=tmp_path), prompt="slow")
    slow = page.studio.submit()
    backend.wait_for("in_progress")
    backend.statuses = (Completed(LOGS),)  # which is not held
    page.studio.prompt = "quick"
    quick = page.studio.submit()
    quick.result(60)
    backend.release("in_progress")
    slow.result(60)
    assert quick.finished < slow.finished
    assert page.studio.result is slow.result()


def test_a_pinned_picture_stays(open_page):
    page = open_page(0.0)
    first = finish(page, {**FORM, "seed": 1})
    page.set(selected=picture(page, first, 1), pinned=True)
    finish(page, {**FORM, "seed": 2})
    assert page.studio.result.seed == 1
    assert page.studio.selected == picture(page, first, 1)
    page.set(pinned=False)
    assert page.studio.result.seed == 2


def test_what_was_dismissed_is_neither_the_image_nor_in_the_saved_notebook(open_page):
    page = open_page()
    first = finish(page, {**FORM, "prompt": "a fox", "seed": 1})
    second = finish(page, {**FORM, "prompt": "a secret", "seed": 2})
    page.wait(lambda m: page.studio.selected == picture(page, second))
    assert "a secret" in page.studio._fallback.html()
    page.set(pinned=True)
    page.ask("forget", job_id=second)
    assert (page.studio.selected, page.studio.pinned) == (picture(page, first), False)
    assert page.studio.result.request.prompt == "a fox"
    assert [result.request.prompt for result in page.studio.results] == ["a fox"]
    assert "a secret" not in page.studio._fallback.html()
    assert len(page.studio.jobs) == 2
    page.ask("forget", job_id=first)
    assert page.studio.selected == ""
    with pytest.raises(sd.SeedreamError, match="press Generate"):
        _ = page.studio.image


def test_no_image_yet_says_what_to_do(open_page):
    with pytest.raises(sd.SeedreamError, match="press Generate"):
        _ = open_page().studio.image


def test_a_dismissed_card_is_gone_but_its_result_stays(open_page):
    page = open_page(pace=100)
    job_id = page.ask("submit", form=FORM)[0]["result"]["job_id"]
    assert "cancel it" in page.ask("forget", job_id=job_id)[0]["message"]
    page.ask("cancel", job_id=job_id)
    page.wait(lambda m: m["kind"] == "job" and m["job"]["finished"])
    page.ask("forget", job_id=job_id)
    seq = page.studio._session.snapshot()["seq"]
    assert {"kind": "forgotten", "seq": seq, "job_id": job_id} in [m for m, _ in page.messages]
    assert page.ask("sync")[0]["result"]["jobs"] == []
    assert len(page.studio.jobs) == 1


def test_two_studios_share_nothing_but_the_client(open_page):
    one, two = open_page(prompt="one"), open_page(prompt="two")
    finish(one)
    assert one.studio.prompt == "one"
    assert two.studio.results == ()
    assert two.ask("sync")[0]["result"] == {
        "seq": 0, "whole": True, "gone": [], "jobs": [], "next": None, "waiting": 0,
    }  # fmt: skip


def test_an_observer_that_waits_for_a_job_does_not_hang_the_engine(open_page):
    page = open_page(0.0)
    page.studio.prompt, page.studio.image_size = "a fox", (960, 960)
    sizes = []
    page.studio.observe(lambda _: sizes.append(page.studio.submit().result(60).image.size), "seed")
    page.set(seed=7)
    assert sizes == [(960, 960)]


@pytest.mark.slow
def test_many_jobs_at_once_never_flood_the_page(open_page):
    page = open_page(pace=0.02)
    started = time.monotonic()
    for seed in range(30):
        page.ask("submit", form={**FORM, "seed": seed, "image_size": [960, 960], "num_images": 1})
    for job in page.studio.jobs:
        job.result(60)
    page.wait(lambda m: m["kind"] == "job" and m["seq"] > 0 and m["job"]["finished"])
    until(lambda: len({m["job"]["id"] for m in job_messages(page) if m["job"]["finished"]}) == 30)
    seconds = time.monotonic() - started
    assert len(job_messages(page)) <= 100 * seconds + 10


def test_nothing_large_and_no_path_is_in_the_state(open_page):
    page = open_page(references=Image.effect_noise((600, 600), 50).convert("RGB"))
    finish(page)
    state = page.studio.get_state()
    for name in ("_esm", "_css"):
        del state[name]
    assert len(json.dumps(state, default=str)) < 12_000
    assert str(page.studio.result.files[0].path) not in json.dumps(state, default=str)


def test_the_mime_bundle_has_the_view_a_fallback_and_a_stable_text(open_page):
    page = open_page(prompt="a fox")
    data = page.studio._repr_mimebundle_()[0]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "<Studio 'a fox'>"
    assert "run this cell" in data["text/html"]


def test_references_that_others_replaced_can_be_had_back(open_page):
    page = open_page(references=[Image.new("RGB", (40, 30), "red")])
    (mine,) = (each["id"] for each in page.studio._references)
    page.ask("arrange", references=[])
    assert page.studio.references == ()
    page.ask("arrange", references=[mine])
    assert [image.width for image in page.studio.references] == [40]


@pytest.mark.parametrize("where", ["page", "python"])
def test_an_observer_may_wait_for_an_edit_while_previews_are_replied_to(open_page, where):
    page, waited = open_page(0.0), []
    studio = page.studio

    def edit(change):
        if waited:
            return
        waited.append(None)
        targets = [each["id"] for each in studio._references]
        for target in targets * 8:
            page.send("preview", target=target, edge=128)
        job = studio.client.submit(sd.Request("a fox", change.new, image_size=(1280, 960)))
        waited[0] = job.result(60)

    studio.observe(edit, "references")
    if where == "page":
        upload(page, png(size=(640, 480)))
    else:
        studio.references = [png(size=(640, 480))]
    page.wait(lambda m: m["kind"] == "reply" and "target" in m.get("result", {}))
    assert len(waited[0]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("running", [True, False])
def test_a_closed_studio_is_let_go(tmp_path, monkeypatch, running):
    from tests.page import PageComm

    monkeypatch.setattr(comm, "create_comm", PageComm)
    backend = ScriptedBackend(hold=["fetch"])
    client = sd.Client(backend, library=tmp_path)
    studio = sd.Studio(client, prompt="a fox", image_size=(960, 960))
    job = studio.submit()
    if not running:
        backend.release("fetch")
        job.result(60)
    gone = weakref.ref(studio)
    studio.close()
    del studio
    let_go(gone)
    assert job.done is not running
    backend.release("fetch")
    assert len(job.result(60)) == 1


def test_a_prompt_that_is_not_stored_goes_between_page_and_kernel_by_message(page):
    talk = page(sd.Client(store_prompts=False), prompt="a fox")
    assert "prompt" not in talk.studio.get_state()
    talk.ask("write", traits={"prompt": "typed"})
    assert talk.studio.prompt == "typed"
    talk.studio.prompt = "from Python"
    told = [content for content, _ in talk.messages if content["kind"] == "unsaved"]
    assert [each["traits"] for each in told] == [{"prompt": "typed"}, {"prompt": "from Python"}]
    talk.ask("sync")  # as a page does that comes later
    last = [content["traits"] for content, _ in talk.messages if content["kind"] == "unsaved"]
    assert last[-2:] == [{"prompt": "from Python"}, {"_references": []}]
    for wrong in ({}, {"prompt": 7}, {"client": "x"}, {"prompt": "a", "seed": 1}):
        name = talk.send("write", traits=wrong)
        refused, _ = talk.wait(lambda content, name=name: content.get("id") == name)
        assert refused["kind"] == "error"
        assert "must bring the prompt" in refused["message"]
    assert not any("prompt" in update for update in talk.updates)

"""The widget over library, journal, receipts and budget, driven by a page without a browser."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.images.receipts import embed
from seedream_widgets.testing import ScriptedBackend
from tests.image_files import drawing, encoded
from tests.studio.test_widget import FORM, finish, job_messages, shape, upload

MESSAGES = Path(__file__).parents[1] / "messages"
SEEDED = {**FORM, "seed": 7, "num_images": 1}
KILLED = """
import os, time
import seedream_widgets as sd
job = sd.submit("left behind", image_size=(960, 960), seed=5)
while job.request_id is None:
    time.sleep(0.01)
os._exit(9)
"""


@pytest.fixture
def open_page(page, tmp_path):
    def opened(pace=0.0, **form):
        return page(sd.Client(OfflineBackend(pace), library=tmp_path), **form)

    return opened


def golden(name):
    return json.loads((MESSAGES / f"{name}.json").read_text())


def ended(page):
    """Return the last card of each job that has ended, oldest first; one may be sent twice."""
    cards = {m["job"]["id"]: m["job"] for m in job_messages(page)}
    return [card for card in cards.values() if card["finished"]]


def leave_one_behind(server):
    """Let another process submit to the local fal and die."""
    server.settings.queue_seconds = 0.3
    root = Path(sd.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, timeout=200, cwd=root)
    assert done.returncode == 9
    assert server.count("submit") == 1


def restored(page, data, name="saved.png"):
    page.ask("upload", upload_id=name, name=name, size=len(data), purpose="restore")
    page.ask("chunk", data, upload_id=name, offset=0)
    return page.wait(lambda m: m["kind"] in ("restored", "uploaded", "upload_failed"))[0]


def with_receipt(result, **changes):
    receipt = {**result.receipt.to_dict(), **changes}
    return embed(encoded(drawing(40, 30), "PNG"), json.dumps(receipt))


def form_of(studio):
    alone = ("draw", "mask")  # of cells and of sd.edit
    names = [name for name in sd.Request.__dataclass_fields__ if name not in alone]
    names[names.index("images")] = "references"
    return {name: getattr(studio, name) for name in names}


def test_what_a_killed_kernel_left_behind_is_told_and_fetched_without_a_new_submit(
    page, fal_server
):
    leave_one_behind(fal_server)
    opened = page()
    answer = opened.ask("sync")[0]
    assert shape(answer["result"]) == shape(golden("reply_sync")["result"])
    assert answer["result"]["waiting"] == 1
    answer = opened.ask("resume")[0]
    assert answer["result"] == {"jobs": 1}
    assert shape(answer) == shape(golden("reply_resume"))
    (job,) = opened.studio.jobs
    assert job.result(60).request.prompt == "left behind"
    assert opened.studio.result.seed == 5
    card = opened.wait(lambda m: m["kind"] == "job" and m["job"]["finished"])[0]["job"]
    assert (card["cached"], card["note"], card["cost"]) == (False, None, "0.03")
    assert opened.ask("sync")[0]["result"]["waiting"] == 0
    assert opened.ask("resume")[0]["result"] == {"jobs": 0}
    assert fal_server.count("submit") == 1
    assert len(fal_server.bill) == 1


def test_what_cannot_be_fetched_says_why_and_stays(page, fal_server, monkeypatch):
    leave_one_behind(fal_server)
    monkeypatch.delenv("FAL_KEY")
    opened = page()
    assert opened.ask("sync")[0]["result"]["waiting"] == 1
    answer = opened.ask("resume")[0]
    assert answer["kind"] == "error"
    assert "set FAL_KEY" in answer["message"]
    assert opened.ask("sync")[0]["result"]["waiting"] == 1
    assert opened.studio.jobs == ()


def test_an_identical_request_is_answered_from_the_library_and_says_so(open_page):
    page = open_page()
    finish(page, SEEDED)
    finish(page, SEEDED)
    first, second = ended(page)
    assert (first["cached"], second["cached"]) == (False, True)
    assert first["id"] != second["id"]
    assert shape(second["cached"]) == shape(golden("job_cached")["job"]["cached"])


def test_the_library_s_answer_costs_nothing_on_the_card(page, tmp_path):
    opened = page(sd.Client(ScriptedBackend("fal"), library=tmp_path))
    finish(opened, SEEDED)
    finish(opened, SEEDED)
    assert [card["cost"] for card in ended(opened)] == ["0.03", "0.00"]


def test_a_click_that_joins_a_running_job_makes_no_second_card(open_page):
    page = open_page(pace=100)
    first = page.ask("submit", form=SEEDED)[0]["result"]["job_id"]
    other = page.ask("submit", form={**SEEDED, "seed": 8})[0]["result"]["job_id"]
    again = page.ask("submit", form=SEEDED)[0]["result"]["job_id"]
    assert again == first
    cards = page.ask("sync")[0]["result"]["jobs"]
    assert [card["id"] for card in cards] == [first, other]
    assert [job.id for job in page.studio.jobs] == [first, other]
    for job in page.studio.jobs:
        job.cancel()


@pytest.mark.parametrize("anew", [False, True], ids=["one client", "a client anew"])
def test_a_cell_that_runs_again_shows_what_still_runs(page, tmp_path, anew):
    backend = ScriptedBackend("fal", hold=["fetch"])
    client = sd.Client(backend, library=tmp_path)
    job = page(client).studio.client.submit(sd.Request("a fox"))
    backend.wait_for("fetch")
    opened = page(sd.Client(ScriptedBackend("fal"), library=tmp_path) if anew else client)
    told = opened.ask("sync")[0]["result"]
    assert ([card["id"] for card in told["jobs"]], told["waiting"]) == ([job.id], 0)
    assert opened.studio.jobs == (job,)
    backend.release("fetch")
    opened.wait(lambda m: m["kind"] == "job" and m["job"]["finished"])
    assert opened.studio.result.request_id == job.request_id
    assert opened.ask("sync")[0]["result"]["waiting"] == 0


def test_a_disk_that_takes_nothing_is_told_on_the_card(page, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the library should be")
    opened = page(sd.Client(OfflineBackend(0), library=blocked))
    finish(opened)
    card = opened.ask("sync")[0]["result"]["jobs"][0]
    assert "can't be written" in card["note"]
    assert opened.studio.image.size == (960, 960)
    _, (whole,) = opened.ask("original", image_id=f"{opened.studio.result.request_id}:0")
    assert whole == opened.studio.result._file_bytes(0)


def test_each_card_gives_the_code_that_repeats_its_request(open_page):
    page = open_page()
    name = finish(page, SEEDED)
    answer = page.ask("code", job_id=name)[0]
    assert shape(answer) == shape(golden("reply_code"))
    code = answer["result"]["code"]
    known = {}
    exec(code.replace("sd.submit(request).result()", "None"), known)
    assert known["request"] == page.studio.result.request
    assert "this studio has no job" in page.ask("code", job_id="nobody")[0]["message"]


@pytest.mark.slow
def test_a_saved_file_brings_every_control_back(open_page, tmp_path):
    page = open_page(references=[drawing(64, 48)], seed=None)
    asked = {
        **FORM, "image_size": [1152, 864], "num_images": 2, "max_images": 2,
        "enhance_prompt_mode": "fast", "enable_safety_checker": False,
        "references": [page.studio._references[0]["id"]],
    }  # fmt: skip
    finish(page, asked)
    result = page.studio.result
    (file, *_) = result.save(tmp_path / "saved.png")
    page.studio.references = ()
    page.set(
        prompt="another", image_size="auto", num_images=1, max_images=1, seed=1, model="v4.5",
        enhance_prompt_mode="standard", enable_safety_checker=True, sync_mode=True,
    )  # fmt: skip
    said = restored(page, file.read_bytes())
    assert said == {"kind": "restored", "upload_id": "saved.png", "note": None}
    assert form_of(page.studio) == {
        "prompt": FORM["prompt"], "references": result.request.images, "image_size": (1152, 864),
        "num_images": 2, "max_images": 2, "seed": result.seed, "enhance_prompt_mode": "fast",
        "enable_safety_checker": False, "sync_mode": False, "model": "v4",
        "output_format": None, "background": None,
    }  # fmt: skip
    assert page.studio._references[0]["width"] == 64


def test_an_input_that_is_not_in_the_library_is_named(open_page, tmp_path):
    page = open_page(references=[drawing(64, 48), drawing(30, 30)])
    ids = [each["id"] for each in page.studio._references]
    finish(page, {**FORM, "references": ids})
    result = page.studio.result
    kept = result.request.images[1]
    lost = result.request.images[0].sha256
    shutil.rmtree(tmp_path / "inputs" / lost[:2])
    said = restored(page, with_receipt(result))
    assert shape(said) == shape(golden("restored"))
    assert "image 1 (" in said["note"]
    assert "image 2 (" not in said["note"]
    assert page.studio.references == (kept,)


@pytest.mark.parametrize("data", [encoded(drawing(40, 30), "PNG"), b"<html>no image</html>"])
def test_a_file_without_a_receipt_says_what_else_it_is_good_for(open_page, data):
    page = open_page(prompt="mine")
    said = restored(page, data)
    assert said["kind"] == "upload_failed"
    assert said["message"] == (
        "no receipt in this file; drop it on the images to use it as a reference"
    )
    assert page.studio.prompt == "mine"
    assert page.studio.references == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_images", 99),
        ("max_images", "many"),
        ("image_size", ["a", 3]),
        ("enhance_prompt_mode", "slow"),
        ("enable_safety_checker", "no"),
        ("model", {"v9": 1}),
    ],
)
def test_a_receipt_the_form_does_not_take_changes_nothing(open_page, name, value):
    page = open_page()
    finish(page)
    result = page.studio.result
    page.studio.prompt, page.studio.references = "mine", [drawing(20, 20)]
    before = form_of(page.studio)
    said = restored(page, with_receipt(result, settings={**result.receipt.settings, name: value}))
    assert said["kind"] == "upload_failed"
    article = "an" if name[0] in "aei" else "a"
    assert f"has {article} {name} that can't be used" in said["message"]
    assert form_of(page.studio) == before
    assert page.studio.get_state()["prompt"] == "mine"


HALF = "\ud83e"  # of a fox


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": f"a fox {HALF}"},
        {"prompt": "", "inputs": [{"url": f"https://example.org/{HALF}.png"}]},
        {"inputs": [{"sha256": "0" * 64, "name": f"{HALF}.png"}]},
        {"settings": {"image_size": HALF}},
        {"settings": {"model": HALF}},
        {"settings": {"image_size": [10**400, 1]}},
        {"settings": {"seed": 10**400}},
        {"settings": {HALF: HALF}},
    ],
)
def test_half_a_surrogate_leaves_the_page_its_state(open_page, changes):
    page = open_page()
    finish(page)
    result = page.studio.result
    page.studio.prompt = "mine"
    before = form_of(page.studio)
    said = restored(page, with_receipt(result, **changes))
    json.dumps([said, page.studio.get_state(), page.ask("sync")[0]], default=str).encode()
    assert HALF not in json.dumps(page.studio.get_state(), default=str, ensure_ascii=False)
    if "prompt" in changes and said["kind"] == "restored" and changes["prompt"]:
        assert page.studio.prompt == "a fox ?"
    if said["kind"] == "upload_failed":
        assert form_of(page.studio) == before
    page.studio.submit().result(60)


def test_half_a_surrogate_that_was_typed_or_set_can_be_sent_back(open_page):
    page = open_page(prompt=f"a fox {HALF}")
    assert page.studio.prompt == "a fox ?"
    page.studio.set_state({"prompt": f"night {HALF}", "selected": HALF})
    assert (page.studio.prompt, page.studio.selected) == ("night ?", "?")


def test_a_receipt_reads_no_file_of_the_machine(open_page, tmp_path):
    page = open_page()
    finish(page)
    secret = tmp_path / "secret.png"
    Image.new("RGB", (64, 64)).save(secret)
    inputs = [{"url": str(secret)}, {"sha256": "../../secret"}, "secret.png", {"url": 7}]
    said = restored(page, with_receipt(page.studio.result, inputs=inputs))
    assert page.studio.references == ()
    assert "image 4 (" in said["note"]


def test_an_input_at_a_url_and_a_prompt_that_was_not_kept(open_page):
    page = open_page()
    finish(page)
    page.studio.prompt = "mine"
    inputs = [{"url": "https://example.org/fox.png"}]
    said = restored(page, with_receipt(page.studio.result, inputs=inputs, prompt=""))
    assert said["note"] == "The prompt was not kept in this file."
    assert page.studio.prompt == "mine"
    assert page.studio.references == (sd.ImageUrl("https://example.org/fox.png"),)


def test_a_file_with_a_receipt_dropped_elsewhere_is_a_reference(open_page):
    page = open_page(prompt="mine")
    finish(page)
    said = upload(page, with_receipt(page.studio.result), chunk=100_000)
    assert said["kind"] == "uploaded"
    assert page.studio.prompt == "mine"


def test_the_budget_is_told_and_its_refusal_stands_at_the_button(page, tmp_path):
    client = sd.Client(ScriptedBackend("fal"), library=tmp_path)
    opened = page(client)
    assert opened.studio._money == ""
    client.budget.limit = Decimal("0.05")
    finish(opened, SEEDED)
    assert opened.studio._money == "Spent $0.03 of $0.05"
    answer = opened.ask("submit", form={**SEEDED, "seed": 8})[0]
    assert (answer["kind"], answer["field"]) == ("error", None)
    assert "more than the budget leaves (spent $0.03 of $0.05)" in answer["message"]
    assert len(opened.studio.jobs) == 1
    client.budget.limit = Decimal("1E+1")
    opened.ask("sync")
    assert opened.studio._money == "Spent $0.03 of $10.00"


@pytest.mark.slow
def test_a_card_says_whether_the_page_asked_for_it(open_page):
    page = open_page()
    page.studio.prompt = "a cell's fox"
    page.studio.submit().result(timeout=60)
    finish(page)
    cards = page.ask("sync")[0]["result"]["jobs"]
    assert [card["clicked"] for card in cards] == [True, False]
    page.set(_arrived=cards[0]["images"][0]["id"])
    assert page.studio._arrived == cards[0]["images"][0]["id"]

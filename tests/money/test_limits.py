"""Limits for a day and a month, which all kernels of a library share, and sums of the ledger."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

import seedream_widgets as sd
from seedream_widgets.api import replace_default_client
from seedream_widgets.errors import BackendError
from seedream_widgets.money.ledger import charges, summed_up
from seedream_widgets.money.limits import began, keep_limit
from seedream_widgets.testing import ScriptedBackend
from tests.scripted import SECONDS, in_two_processes, until

FOX = sd.Request("a fox", image_size=(1024, 1024))


class Fal(ScriptedBackend):
    """As fal: no two kernels get a request id twice."""

    def __init__(self, **script):
        super().__init__("fal", **script)

    async def submit(self, request, image_urls):
        handle = await super().submit(request, image_urls)
        return replace(handle, request_id=uuid4().hex)


@pytest.fixture
def client(tmp_path):
    made = sd.Client(ScriptedBackend("fal"), library=tmp_path)
    before = replace_default_client(made)
    yield made
    replace_default_client(before)


def test_a_limit_of_the_day_counts_what_other_sessions_spent(client, tmp_path):
    assert sd.budget(0.07, per="day") == Decimal("0.07")
    client.submit(FOX).result(SECONDS)
    again = sd.Client(client.backend, library=tmp_path)  # a kernel that was restarted
    again.submit(FOX).result(SECONDS)
    with pytest.raises(sd.BudgetError) as caught:
        again.submit(FOX)
    assert "this request may cost $0.03, more than the limit of the day leaves" in str(caught.value)
    assert r"$0.06 of $0.07" in str(caught.value)
    assert "sd.budget(0.09, per='day')" in str(caught.value)
    sd.budget(0.09, per="day")
    again.submit(FOX).result(SECONDS)


def refusal(client):
    with pytest.raises(sd.BudgetError) as caught:
        client.submit(FOX)
    return str(caught.value)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"day": "0.07", "month": "5"}, "spent $0.06 of $0.07 today"),
        ({"day": "5", "month": "0.08"}, "spent $0.06 of $0.08 this month"),
        ({"day": "0.09", "session": "0.07"}, "spent $0.06 of $0.07"),
        ({"day": "0.06", "month": "0.06", "session": "0.07"}, "spent $0.06 of $0.06 today"),
    ],
)
def test_the_page_and_the_refusal_tell_the_limit_that_leaves_least(client, page, limits, says):
    for per, limit in limits.items():
        sd.budget(limit, per=per)
    studio = page(client).studio
    for _ in range(2):
        client.submit(FOX).result(SECONDS)
    until(lambda: studio._money == says.capitalize())
    assert f"leaves ({says}" in refusal(client)
    assert studio._money == says.capitalize()


def test_the_page_counts_what_flies_and_what_may_be_billed_as_the_refusal_does(page, tmp_path):
    other = sd.Client(Fal(), library=tmp_path)
    keep_limit(other.library, "day", Decimal("0.10"))
    other.submit(FOX).result(SECONDS)
    refused = BackendError("refused", status_code=422, billing="maybe")
    other.backend.errors = {"completed": refused}
    lost = other.submit(FOX)
    until(lambda: lost.done)
    backend = Fal(hold=["completed"])
    client = sd.Client(backend, library=tmp_path)
    studio = page(client).studio
    running = client.submit(FOX)
    says = "spent $0.03, in flight $0.03, may be billed $0.03 of $0.10 today"
    until(lambda: studio._money == says.capitalize())
    assert f"leaves ({says}, in all kernels of this library)" in refusal(client)
    backend.release("completed")
    running.result(SECONDS)
    until(lambda: studio._money == "Spent $0.06, may be billed $0.03 of $0.10 today")


def test_a_studio_opens_with_what_was_spent_today(client, page, tmp_path):
    sd.budget(5, per="day")
    client.submit(FOX).result(SECONDS)
    again = sd.Client(client.backend, library=tmp_path)
    assert page(again).studio._money == "Spent $0.03 of $5.00 today"


def test_a_limit_set_or_taken_away_later_is_told(client, page):
    studio = page(client).studio
    sd.budget(5, per="month")
    until(lambda: studio._money == "Spent $0.00 of $5.00 this month")
    sd.budget(None, per="month")
    until(lambda: studio._money == "")


def test_what_a_studio_knows_goes_on_with_each_result_without_a_look_at_the_disk(client, tmp_path):
    sd.budget(5, per="day")
    client.submit(FOX).result(SECONDS)
    client._limits.read_limited()
    client.submit(FOX).result(SECONDS)
    assert str(client._limits.standing) == "spent $0.06 of $5.00 today"
    (tmp_path / "budget.json").write_text("[]")
    client._limits.read_limited()
    assert str(client._limits.standing) == "spent $0.06", "the ledger and the refusal say why"


def spend_one(folder, together, told):
    client = sd.Client(Fal(), library=folder)
    together.wait(SECONDS)
    client.submit(FOX).result(SECONDS)
    told.put(client.spent)


@pytest.mark.slow
def test_what_two_other_kernels_spend_is_told_too(client, page, tmp_path):
    sd.budget(0.07, per="day")
    studio = page(client).studio
    assert in_two_processes(spend_one, tmp_path) == [Decimal("0.03")] * 2
    until(lambda: studio._money == "Spent $0.06 of $0.07 today")
    assert "leaves (spent $0.06 of $0.07 today, in all kernels of this library)" in refusal(client)


def test_what_is_in_flight_counts(tmp_path):
    backend = ScriptedBackend("fal", hold=["completed"])
    client = sd.Client(backend, library=tmp_path)
    keep_limit(client.library, "month", Decimal("0.08"))
    running = [client.submit(FOX), client.submit(FOX)]
    with pytest.raises(sd.BudgetError, match="the limit of the month leaves"):
        client.submit(FOX)
    backend.release("completed")
    for job in running:
        job.result(SECONDS)


def test_what_began_before_midnight_and_goes_on_counts_today(client):
    entry = client._new_entry(FOX, client.backend)
    client.library._journal.plan(replace(entry, created=began("day").timestamp() - 60))
    sd.budget(0.05, per="day")
    assert "in flight $0.03 of $0.05 today" in refusal(client)


def test_what_may_be_billed_counts(client):
    sd.budget(0.05, per="month")
    client.backend.errors = {"fetch": BackendError("a reply was lost", billing="maybe")}
    lost = client.submit(FOX)
    until(lambda: lost.done)
    with pytest.raises(sd.BudgetError, match=r"\$0\.03 of \$0\.05"):
        client.submit(FOX)


def test_a_seeded_request_is_counted_once(client):
    sd.budget(0.03, per="day")
    asked = sd.Request("a fox", image_size=(1024, 1024), seed=7)
    client.submit(asked).result(SECONDS)
    assert client.submit(asked).result(SECONDS).cached
    with pytest.raises(sd.BudgetError):
        client.submit(asked, fresh=True)


@pytest.mark.slow
def test_another_process_knows_the_limit(client, tmp_path):
    sd.budget(5, per="day")
    sd.budget(100, per="month")
    code = "import seedream_widgets as sd; print(*[sd.budget(per=p) for p in ('day', 'month')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"SEEDREAM_HOME": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["5.00", "100.00"]
    sd.budget(None, per="day")
    assert (sd.budget(per="day"), sd.budget(per="month")) == (None, 100)
    assert (tmp_path / "budget.json").stat().st_mode & 0o077 == 0


def test_each_limit_is_its_own(client):
    assert [sd.budget(5), sd.budget(per="day")] == [5, None]
    assert str(sd.budget(0.2)) == "0.20"


LOCKED = """
import os, sys
import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend

os.chmod(sys.argv[1], 0)
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    sd.Client(ScriptedBackend("fal"), library=sys.argv[1]).submit(sd.Request("a fox"))
except sd.SeedreamError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="folders there are locked in another way")
def test_a_folder_that_is_not_open_to_us_is_told_as_that(tmp_path):
    folder = tmp_path / "library"
    folder.mkdir()
    command = [sys.executable, "-c", LOCKED, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    folder.chmod(0o700)
    assert "where limits for a day and a month are kept, can't be read (Perm" in done.stdout
    assert "have it readable" in done.stdout, done.stderr


UNREADABLE = """
import os, tempfile
from decimal import Decimal
from pathlib import Path
from seedream_widgets import Library, SeedreamError
from seedream_widgets.money.limits import keep_limit, kept_limits

temporary = tempfile.TemporaryDirectory()  # pytest's folders are its user's alone
folder = Path(temporary.name)
library = Library(folder)
keep_limit(library, "month", Decimal(7))
folder.chmod(0o777)
(folder / ".staging").chmod(0o777)
(folder / "budget.json").chmod(0)
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    keep_limit(library, "day", Decimal(5))
except SeedreamError as error:
    print(error)
os.seteuid(os.getuid())
(folder / "budget.json").chmod(0o600)
print({period: str(limit) for period, limit in kept_limits(library).items()})
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="files there are locked in another way")
def test_a_limit_that_can_not_be_read_now_is_not_lost_to_another():
    command = [sys.executable, "-c", UNREADABLE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert "can't be read (Permission denied)" in done.stdout, done.stderr
    assert "{'month': '7'}" in done.stdout, done.stdout


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"day": "much"}', '{"day": -1}', '{"day": "NaN"}', "5"]
    + [f'{{"day": {huge}}}' for huge in ('"1e999"', '"1e999999999"', "1" + "0" * 400, "1e400")],
)
def test_limits_that_can_not_be_read_stop_what_they_could_forbid(client, page, tmp_path, text):
    (tmp_path / "budget.json").write_text(text)
    assert page(client).studio._money == ""
    with pytest.raises(sd.SeedreamError, match=r"budget\.json .* can't be read; set them again"):
        client.submit(FOX)
    assert client.jobs == ()
    sd.budget(5, per="day")
    client.submit(FOX).result(SECONDS)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: sd.budget(5, per="week"), "per takes 'session', 'day' or 'month', got 'week'"),
        (lambda: sd.budget(-1, per="day"), "usd takes an amount"),
        (lambda: sd.spending(by="week"), "by takes 'day', 'model', 'prompt', got 'week'"),
    ],
)
def test_a_wrong_word_is_a_sentence(client, call, says):
    with pytest.raises(sd.RequestError, match=says):
        call()


def test_spending_is_summed_up(client):
    asked = (("a fox", "v4", 2), ("an owl", "v4.5", 1), ("a fox", "v4.5", 1))
    for prompt, model, count in asked:
        client.submit(
            sd.Request(prompt, image_size=(2048, 2048), model=model, num_images=count)
        ).result(SECONDS)
    client.backend.errors = {"fetch": BackendError("lost", billing="maybe")}
    lost = client.submit(sd.Request("an owl", image_size=(2048, 2048)))
    until(lambda: lost.done)
    found = charges(client.library)
    by_prompt = summed_up(found, "prompt")
    assert [row["prompt"] for row in by_prompt] == ["a fox", "an owl"]
    assert [row["requests"] for row in by_prompt] == [2, 2]
    assert by_prompt[1]["may_be_billed"] == Decimal("0.03")
    assert {row["model"] for row in summed_up(found, "model")} == {"v4", "v4.5"}
    (day,) = summed_up(found, "day")
    assert day["requests"] == 4
    assert day["usd"] == sum(charge.usd for charge in found)
    assert next(iter(sd.spending(by="day").columns)) == "day"
    assert all(len(str(usd).partition(".")[2]) >= 2 for usd in sd.spending()["usd"])


ROUNDS = 15


def ask_in(folder, together, told):
    came = []
    for number in range(ROUNDS):
        client = sd.Client(ScriptedBackend("fal"), library=folder / f"{number}")
        together.wait(SECONDS)
        try:
            client.submit(FOX).result(SECONDS)
        except sd.BudgetError:
            came.append(0)
        else:
            came.append(1)
    told.put(came)


@pytest.mark.slow
def test_two_kernels_that_ask_at_once_do_not_go_over_the_limit_together(tmp_path):
    """Where each sees the other's request, both may be refused."""
    for number in range(ROUNDS):
        keep_limit(sd.Library(tmp_path / f"{number}"), "day", Decimal("0.05"))
    came = in_two_processes(ask_in, tmp_path)
    assert max(map(sum, zip(*came, strict=True))) <= 1

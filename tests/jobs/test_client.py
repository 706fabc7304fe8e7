"""Who answers, where files go, what was spent."""

from __future__ import annotations

import gc
import threading
import weakref
from datetime import timezone
from decimal import Decimal

import pytest

from seedream_widgets.backends.fal import FalBackend
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.errors import (
    BackendError,
    CredentialsError,
    JobCancelled,
    JobTimeout,
    RequestError,
    SeedreamError,
)
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.engine import ARRIVALS, shared
from seedream_widgets.library import Library
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.request import Request
from tests.memory import let_go
from tests.scripted import SECONDS, started, until

KEY = "key-id:very-secret"


def test_without_a_key_it_is_the_offline_preview():
    client = Client()
    assert isinstance(client.backend, OfflineBackend)
    assert client.backend is client.backend
    assert repr(client) == "<Client fal or offline, 0 jobs>"


@pytest.mark.parametrize(
    ("variables", "arguments"),
    [
        ({"FAL_KEY": KEY}, {}),
        ({"FAL_KEY_ID": "key-id", "FAL_KEY_SECRET": "very-secret"}, {}),
        ({}, {"key": KEY}),
        ({}, {"key": KEY, "backend": "fal"}),
        ({"FAL_KEY": KEY}, {"backend": "fal"}),
    ],
)
def test_with_a_key_it_is_fal(monkeypatch, variables, arguments):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    client = Client(**arguments)
    assert isinstance(client.backend, FalBackend)
    assert client.backend is client.backend
    shown = f"{client!r} {client.backend!r} {vars(client)}"
    assert "secret" not in shown
    assert "key-id" not in shown


def test_a_key_that_comes_or_goes_later_is_noticed(monkeypatch):
    client = Client()
    offline = client.backend
    monkeypatch.setenv("FAL_KEY", KEY)
    fal = client.backend
    monkeypatch.setenv("FAL_KEY", "another:key")
    other = client.backend
    assert isinstance(fal, FalBackend)
    assert isinstance(other, FalBackend)
    assert other is not fal
    monkeypatch.delenv("FAL_KEY")
    assert client.backend is offline


def test_a_given_key_stays(monkeypatch):
    client = Client(key=KEY)
    backend = client.backend
    monkeypatch.setenv("FAL_KEY", "another:key")
    assert client.backend is backend


def test_fal_stays_fal_when_the_key_goes(monkeypatch):
    monkeypatch.setenv("FAL_KEY", KEY)
    client = Client("fal")
    monkeypatch.delenv("FAL_KEY")
    assert isinstance(client.backend, FalBackend)


def test_offline_stays_offline_with_a_key(monkeypatch):
    monkeypatch.setenv("FAL_KEY", KEY)
    assert isinstance(Client("offline").backend, OfflineBackend)


def test_fal_without_a_key_says_how_to_give_one():
    with pytest.raises(CredentialsError, match=r"set FAL_KEY, call sd\.login\(\), or pass key="):
        Client("fal")


def test_a_misspelt_backend_is_refused_at_once():
    with pytest.raises(RequestError, match="'fal', 'offline' or a Backend, got 'flal'") as caught:
        Client("flal")
    assert (caught.value.field, caught.value.value) == ("backend", "flal")


def test_a_backend_of_ones_own():
    backend = ScriptedBackend()
    assert Client(backend).backend is backend


@pytest.mark.slow
@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_files_go_to_a_private_folder_a_day(tmp_path, kind):
    job = Client(ScriptedBackend(), library=kind(tmp_path / "mine")).submit(Request("a fox"))
    result = job.result(SECONDS)
    path, day = result.files[0].path, result.created.date().isoformat()
    assert result.created.tzinfo is timezone.utc
    assert path == tmp_path / "mine" / "results" / day / "a-fox-r1" / "1.png"
    for folder in path.relative_to(tmp_path).parents[:-1]:
        assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700


def test_a_library_of_ones_own(tmp_path):
    library = Library(tmp_path / "mine")
    assert Client(ScriptedBackend(), library=library).library is library


def test_files_go_to_the_default_library(tmp_path):
    path = Client(ScriptedBackend()).submit(Request("a fox")).result(SECONDS).files[0].path
    assert path.parents[2] == tmp_path / "results"


def test_jobs_newest_first():
    client = Client(ScriptedBackend())
    jobs = [client.submit(Request(f"fox {number}")) for number in range(3)]
    assert client.jobs == tuple(reversed(jobs))
    assert repr(client) == "<Client scripted, 3 jobs>"


@pytest.mark.parametrize(("name", "spent"), [("fal", "0.14"), ("offline", "0")])
def test_spent_counts_the_images_fal_gave(name, spent):
    backend = ScriptedBackend(name, images=2)
    client = Client(backend)
    client.submit(Request("a fox")).result(SECONDS)
    client.submit(Request("a fox", model="v4.5")).result(SECONDS)
    backend.errors["fetch"] = BackendError("refused")
    failed = client.submit(Request("a fox"))
    with pytest.raises(BackendError):
        failed.result(SECONDS)
    assert client.spent == Decimal(spent)


def test_one_client_over_a_real_server(fal_server, tmp_path):
    client = Client("fal", library=tmp_path)
    result = client.submit(Request("a fox", image_size=(960, 960), num_images=2)).result(60)
    assert result.backend == "fal"
    assert [image.size for image in result.images] == [(960, 960)] * 2
    assert client.spent == Decimal("0.06")
    client.close()  # a connection left open would be a warning, and so an error


def test_a_closed_client_leaves_nothing_of_its_backend(fal_server, tmp_path):
    client = Client("fal", library=tmp_path)
    client.submit(Request("a fox", image_size=(960, 960))).result(60)
    backend = weakref.ref(client.backend)
    client.close()
    del client
    let_go(backend)


def test_a_client_that_was_closed_learns_the_prices_again(fal_server, tmp_path):
    client = Client("fal", library=tmp_path)
    for times in range(1, 13):  # the new backends come to lie where old ones lay
        assert client.backend.bills
        until(lambda times=times: fal_server.count("pricing") == times)
        client.close()
        gc.collect()


def test_closing_is_repeatable_and_leaves_a_given_backend_open(tmp_path):
    backend = ScriptedBackend()
    for client in (Client(), Client(backend, library=tmp_path)):
        for _ in range(2):
            client.close()
        client.submit(Request("a fox", image_size=(960, 960))).cancel()
    assert backend.count("aclose") == 0


def test_closing_lets_running_jobs_end(fal_server, tmp_path):
    open_yet = True
    fal_server.settings.runs_on = lambda: open_yet
    client = Client("fal", library=tmp_path)
    job = client.submit(Request("a fox", image_size=(960, 960)))
    until(lambda: job.request_id)
    backend, before = client.backend, client.backend._opened
    client.close()
    assert (job.done, backend._opened) == (False, before)
    open_yet = False
    assert len(job.result(60)) == 1
    until(lambda: not backend._opened)


def test_closing_in_a_callback_stops_no_job(fal_server, tmp_path):
    other = started(ScriptedBackend(hold=["queued"]), tmp_path / "other")
    client = Client("fal", library=tmp_path)
    jobs = [client.submit(Request(f"fox {n}", image_size=(960, 960))) for n in range(2)]
    for job in jobs:
        job.on_update(lambda job: client.close())
    assert [len(job.result(60)) for job in jobs] == [1, 1]
    other.cancel()
    with pytest.raises(JobCancelled):
        other.result(SECONDS)


def test_looking_where_inputs_came_from_delays_no_submit(tmp_path):
    busy, backend = threading.Event(), ScriptedBackend("fal")
    for _ in range(ARRIVALS):
        shared().arrivals.submit(busy.wait, SECONDS)
    try:
        first = started(backend, tmp_path, images=[picture(1)])
        until(lambda: backend.count("download") == 1)
        owl = started(backend, tmp_path, "an owl")
        assert len(owl.result(SECONDS)) == 1
        until(lambda: backend.count("download") == 2)
        with pytest.raises(JobTimeout):
            first.result(0.1)
    finally:
        busy.set()
    assert len(first.result(SECONDS)) == 1


def test_eight_pictures_in_the_pool_delay_no_submit(tmp_path):
    busy, backend = threading.Event(), ScriptedBackend("fal")
    for _ in range(8):
        shared().pool.submit(busy.wait, SECONDS)
    try:
        job = started(backend, tmp_path, images=[picture(1)])
        assert len(job.result(SECONDS)) == 1
    finally:
        busy.set()


def test_who_listens_and_fails_costs_no_picture(tmp_path, caplog):
    def fail(*_: object) -> None:
        raise RuntimeError("of the user's own")

    client = Client(ScriptedBackend("fal"), library=tmp_path)
    client.library.on_change(fail)
    client.budget.on_change(fail)
    result = client.submit(Request("a fox", seed=7)).result(SECONDS)
    assert (result.note, result.files[0].path.is_file()) == (None, True)
    assert client.spent > 0
    until(lambda: not client.library._journal.pending())
    client.library.delete(result)
    told = {record.message for record in caplog.records}
    assert told == {f"a listener of {tmp_path} failed", "a callback of the budget failed"}


def test_a_library_behind_links_in_a_circle_is_refused_in_a_sentence(tmp_path):
    loop = tmp_path / "loop"
    try:
        loop.symlink_to(loop)
    except OSError:
        pytest.skip("this user may not make links")
    backend = ScriptedBackend("fal")
    with pytest.raises(SeedreamError, match=r"loop.*can't be read"):
        started(backend, loop)
    assert backend.calls == []

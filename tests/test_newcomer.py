"""What a newcomer types who knows Python, numpy and pandas: it does what one expects."""

from __future__ import annotations

import asyncio
import copy
import pickle

import numpy as np
import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.batch.batch import make
from seedream_widgets.errors import NoNameError, StaysHereError
from seedream_widgets.jobs.client import Client
from seedream_widgets.testing import ScriptedBackend, as_default_client

FOXES = {"prompt": ["a fox", "an owl"], "seed": [1, 2]}


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend("fal")


@pytest.fixture
def client(backend, tmp_path):
    with as_default_client(Client(backend, library=tmp_path / "library")) as mine:
        yield mine


def test_a_batch_is_indexed_and_sliced_by_numbers_of_any_kind(client):
    batch = make(client, **FOXES)
    assert batch[np.int64(1)] is batch.cells[1]
    assert batch[-1] is batch.cells[3]
    assert batch[1:3] == batch.cells[1:3]


@pytest.mark.parametrize("kind", [IndexError, ValueError, sd.SeedreamError])
def test_what_is_not_there_is_pythons_own_error_too(client, kind):
    result = client.submit(sd.Request("a fox")).result(60)
    for asked in (result, client.library, make(client, **FOXES)):
        with pytest.raises(kind):
            _ = asked[99]


def test_a_dict_of_endpoints_behaves_as_one():
    assert sd.ENDPOINTS.get("v4") is None
    with pytest.raises(KeyError) as caught:
        _ = sd.ENDPOINTS["v4"]
    assert str(caught.value).startswith("no endpoint has the id 'v4'")


def test_references_are_whatever_has_images(client, tmp_path):
    batch = make(client, **FOXES).run(progress=False)
    result = batch.results[0]
    result.save(tmp_path / "1.png")
    result.save(tmp_path / "2.png")
    images = {
        "a cell": (batch[0], 1),
        "cells": (batch[:2], 2),
        "an entry": (client.library[0], 1),
        "entries": (client.library[:3], 3),
        "a job": (client.jobs[0], 1),
        "a glob": (tmp_path.glob("*.png"), 2),
        "a generator": ((each for each in [result, result.image]), 2),
    }
    for what, (given, count) in images.items():
        assert len(sd.Request("a hat", given).images) == count, what
    request = sd.Request("a hat", batch[0])
    (parent,) = client.submit(request).result(60).parents
    assert parent.request_id == result.request_id


def test_what_has_no_images_yet_is_told_and_nothing_is_sent(tmp_path):
    backend = ScriptedBackend("fal", hold=["fetch"])
    client = Client(backend, library=tmp_path)
    job = client.submit(sd.Request("a fox"))
    with pytest.raises(sd.ImageInputError, match=r"no images yet; wait for them with job.result"):
        sd.Request("a hat", job)
    with pytest.raises(sd.ImageInputError, match="no images yet; run its batch first"):
        sd.Request("a hat", make(client, **FOXES)[0])
    with pytest.raises(
        sd.RequestError, match=r"results has a job that is still running .+ job.result"
    ):
        sd.to_pandas([job])
    backend.release("fetch")
    job.result(60)
    assert backend.count("submit") == 1


def test_batches_cells_and_jobs_are_tables_and_sheets_too(client):
    batch = make(client, **FOXES)
    assert len(sd.show(batch)) == 0
    batch.run(progress=False)
    job = client.jobs[0]
    mixed = [batch[0], job, batch.results[1], client.library[2]]
    for given, count in ((batch, 4), (batch[:2], 2), (job, 1), (batch[0], 1), (mixed, 4)):
        assert len(sd.show(given)) == count
        assert len(sd.to_pandas(given)) == count


def test_numpys_numbers_are_numbers(client, tmp_path):
    result = client.submit(sd.Request("a fox", seed=np.int64(1))).result(60)
    client.library.rate(result, np.int64(3))
    assert result.rating == 3
    assert len(client.library.search(rating=np.int32(3))) == 1
    assert sd.show(result, columns=np.int64(2)).image(edge=np.int64(32)).size[0] == 2 * 40 + 8
    assert sd.series("a fox", np.int64(3)).max_images == 3
    batch = make(client, prompt="an owl", repeat=np.int64(2), limit=np.int16(2))
    assert len(batch.run(progress=False).results) == 2
    grid = batch.export(tmp_path / "grid.png", format="png", edge=np.int64(64))
    with Image.open(grid) as image:
        assert image.height < 200


def test_jobs_are_gathered_as_asyncio_gathers(client):
    jobs = [client.submit(sd.Request(prompt)) for prompt in ("a fox", "an owl")]
    for found in (sd.gather(*jobs), sd.gather(jobs), sd.gather(iter(jobs))):
        assert asyncio.run(found) == [job.result() for job in jobs]
    assert asyncio.run(sd.gather(jobs[0])) == [jobs[0].result()]


def test_a_search_and_a_widget_are_sent_nowhere_and_say_what_is(client):
    widgets = sd.Studio(client, prompt="a fox"), make(client, name="foxes", **FOXES).sheet()
    takes = {"list(search)": [client.library.search()], "the results": widgets}
    for words, those in takes.items():
        for what in those:
            with pytest.raises(StaysHereError) as caught:
                pickle.dumps(what)
            assert words in str(caught.value)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_belongs_to_this_process_says_what_to_take_instead(client, copied):
    batch = make(client, name="foxes", **FOXES)
    job = client.submit(sd.Request("a fox"))
    takes = {"sd.batches['foxes']": batch, "job.result() instead": job, "another one": client}
    for words, what in takes.items():
        with pytest.raises(StaysHereError) as caught:
            copied(what)
        assert words in str(caught.value)


def test_what_was_deleted_is_restored_by_itself(client):
    result = client.submit(sd.Request("a fox")).result(60)
    for given in (lambda: result, lambda: client.library.trash[0], lambda: result.request_id):
        client.library.delete(result)
        assert client.library.restore(given()).request_id == result.request_id


def test_cells_are_selected_in_a_sheet(client):
    batch = make(client, **FOXES).run(progress=False)
    sheet = batch.sheet()
    sheet.selection = batch[:2]
    assert [each.request_id for each in sheet.selection] == [
        each.result.request_id for each in batch[:2]
    ]
    sheet.close()


@pytest.mark.parametrize(
    ("format", "name", "ends"),
    [("png", "a.gif", ".png"), ("html", "a.png", ".html or .htm"), ("zip", "a.tar", ".zip")],
)
def test_a_file_is_what_its_name_says(client, tmp_path, format, name, ends):
    batch = make(client, **FOXES)
    with pytest.raises(sd.RequestError, match=f"target of '{format}' ends in {ends}, got '{name}'"):
        batch.export(tmp_path / name, format=format)
    assert not (tmp_path / name).exists()


def test_a_name_that_would_change_nothing_is_not_set(client):
    with pytest.raises(NoNameError, match=r"budget can.t be assigned.+ call sd.budget\("):
        sd.budget = 5
    with pytest.raises(NoNameError, match="library can't be assigned"):
        sd.library = "elsewhere"
    assert callable(sd.budget)
    with pytest.raises(AttributeError):
        make(client, **FOXES).promt = "a wolf"


def test_a_misspelt_name_gets_a_guess():
    with pytest.raises(NoNameError, match="has no attribute 'generat'; did you mean 'generate'"):
        _ = sd.generat
    assert not hasattr(sd, "__wrapped__")


@pytest.mark.parametrize(
    ("given", "meant"), [("seedream-4", "v4"), ("Seedream 4.5", "v4.5"), ("5-pro", "v5-pro")]
)
def test_models_are_guessed_by_their_number(given, meant):
    with pytest.raises(sd.RequestError, match=f"did you mean '{meant}'"):
        sd.Request("a fox", model=given)


def test_the_word_for_fals_own_size_is_guessed():
    with pytest.raises(sd.RequestError, match="did you mean 'default'"):
        sd.Request("a fox", image_size="defaul")


def test_an_amount_may_have_its_sign(client):
    assert sd.budget("$5") == 5
    with pytest.raises(sd.RequestError, match="usd takes an amount"):
        sd.budget("$")

"""What is of a wrong type is refused in a sentence, before anything is sent."""

from __future__ import annotations

import asyncio

import pytest

import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend

CALLS = {
    "submit text": (lambda client, result, job: client.submit("a fox"), "sd.Request('a red fox')"),
    "submit none": (lambda client, result, job: client.submit(None), "got None"),
    "estimate": (lambda client, result, job: client.estimate("a fox"), "request takes a Request"),
    "verify": (lambda client, result, job: client.verify_seed("x"), "result takes a Result"),
    "verify here": (lambda client, result, job: sd.verify_seed(7), "result takes a Result"),
    "gather": (lambda client, result, job: asyncio.run(sd.gather(5)), "jobs takes a list of jobs"),
    "gather results": (lambda client, result, job: asyncio.run(sd.gather([result])), "got Result"),
    "gather job": (lambda client, result, job: asyncio.run(sd.gather(job)), "got Job"),
    "to_pandas": (lambda client, result, job: sd.to_pandas(5), "results takes a result"),
    "to_pandas list": (lambda client, result, job: sd.to_pandas([5]), "results takes a result"),
    "backend": (lambda client, result, job: sd.Client(5), "backend takes 'fal', 'offline'"),
    "library": (lambda client, result, job: sd.Client(library=5), "library takes a path"),
    "Library": (lambda client, result, job: sd.Library(5), "library takes a path"),
    "store_prompts": (
        lambda client, result, job: sd.Client(store_prompts="no"),
        "store_prompts takes True or False; got 'no'",
    ),
    "timeout": (lambda client, result, job: job.result("soon"), "timeout takes seconds"),
    "on_update": (lambda client, result, job: job.on_update(5), "on_update takes a function"),
    "generate": (lambda client, result, job: sd.generate("a", on_update=5), "on_update takes"),
    "edit": (lambda client, result, job: sd.edit(result, "a", on_update=5), "on_update takes"),
    "save": (lambda client, result, job: result.save(5), "target takes a path"),
    "studio": (lambda client, result, job: sd.Studio("a fox"), "client takes a Client"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_type_is_a_sentence_that_names_it(name, tmp_path):
    call, says = CALLS[name]
    backend = ScriptedBackend("fal")
    client = sd.Client(backend, library=tmp_path)
    job = client.submit(sd.Request("a fox", image_size="1:1 1K"))
    result = job.result(10)
    with pytest.raises(sd.RequestError) as caught:
        call(client, result, job)
    assert says in str(caught.value)
    assert caught.value.field in str(caught.value)
    assert backend.count("submit") == 1

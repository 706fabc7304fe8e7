"""What is of a wrong type is refused in a sentence, before anything is sent."""

from __future__ import annotations

import asyncio

import pytest

import seedream_widgets as sd
from seedream_widgets.batch.batch import make
from seedream_widgets.testing import ScriptedBackend

CALLS = {
    "submit text": (lambda client, result, job: client.submit("a fox"), "sd.Request('a red fox')"),
    "submit none": (lambda client, result, job: client.submit(None), "got None"),
    "estimate": (lambda client, result, job: client.estimate("a fox"), "request takes a Request"),
    "verify": (lambda client, result, job: client.verify_seed("x"), "result takes a Result"),
    "verify here": (lambda client, result, job: sd.verify_seed(7), "result takes a Result"),
    "gather": (lambda client, result, job: asyncio.run(sd.gather(5)), "jobs takes jobs, as"),
    "gather results": (lambda client, result, job: asyncio.run(sd.gather([result])), "got Result"),
    "gather more": (
        lambda client, result, job: asyncio.run(sd.gather(job, "x")),
        "jobs takes jobs, as sd.gather([sd.submit('a fox'), sd.submit('an owl')]); got 'x'",
    ),
    "to_pandas": (lambda client, result, job: sd.to_pandas(5), "results takes a result"),
    "to_pandas text": (
        lambda client, result, job: sd.to_pandas("fox"),
        "entries of the library; got 'fox'",
    ),
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
    "studio": (
        lambda client, result, job: sd.Studio("a fox"),
        "client takes a Client, such as sd.Client(), and a prompt goes by name: prompt='a fox'",
    ),
    "several prompts": (
        lambda client, result, job: sd.generate(["a fox", "an owl"]),
        "prompt takes one text, got a list; sd.batch(prompt=[...]) asks for each of several",
    ),
    "edit's order": (
        lambda client, result, job: sd.edit("add a hat", result),
        "prompt of edit comes after the images: sd.edit(images, 'add a hat')",
    ),
    "one text for a batch": (
        lambda client, result, job: sd.batch("a fox"),
        "rows of a batch are a list of dicts or a DataFrame, got 'a fox'; write prompt='...'",
    ),
    "a dict for a batch": (
        lambda client, result, job: sd.batch({"prompt": ["a fox"]}),
        "rows of a batch are a list of dicts or a DataFrame, got dict; write axes as arguments",
    ),
    "texts for a batch": (
        lambda client, result, job: sd.batch(["a fox"]),
        "rows of a batch are dicts, and row 0 is not: 'a fox'; for prompts only, write sd.batch",
    ),
    "a column of a batch": (
        lambda client, result, job: sd.batch([{"prompt": "a fox", "sead": 1}]),
        "rename or drop it: did you mean seed=?",
    ),
    "a size as a list": (
        lambda client, result, job: sd.batch(prompt="a fox", image_size=[1024, 768]),
        "image_size of a batch takes a list of sizes, got [1024, 768]; write the tuple (1024, 768)",
    ),
    "shared": (
        lambda client, result, job: make(client, prompt="a fox").run(shared=3, progress=False),
        "shared takes a folder or an address",
    ),
    "a batch's on_update": (
        lambda client, result, job: make(client, prompt="a fox").start(on_update=3),
        "on_update takes a function that is called with the cell, got 3",
    ),
    "index of a result": (
        lambda client, result, job: result[1],
        "index 1: this result has 1 image",
    ),
    "index of the library": (
        lambda client, result, job: client.library[1],
        "index 1: there is 1 result, 0 is the newest",
    ),
    "index of a batch": (
        lambda client, result, job: make(client, prompt="a fox")[1],
        "index 1: this batch has 1 cell",
    ),
    "an endpoint": (
        lambda client, result, job: sd.ENDPOINTS["v4.5"],
        "such as 'fal-ai/bytedance/seedream/v4.5/text-to-image'",
    ),
    "no address": (
        lambda client, result, job: client.library.push(""),
        "address is ''; give a folder or an address",
    ),
    "captions": (lambda client, result, job: sd.show(result, captions="fox"), "got 'fox'"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_type_is_a_sentence_that_names_it(name, tmp_path):
    call, says = CALLS[name]
    backend = ScriptedBackend("fal")
    client = sd.Client(backend, library=tmp_path)
    job = client.submit(sd.Request("a fox", image_size="1:1 1K"))
    result = job.result(60)
    with pytest.raises(sd.RequestError) as caught:
        call(client, result, job)
    assert says in str(caught.value)
    assert caught.value.field in str(caught.value)
    assert backend.count("submit") == 1

"""Prompts that are not to be stored stand nowhere on disk."""

from __future__ import annotations

import seedream_widgets as sd
from seedream_widgets.display.live import job_html

SECRET = "a very private prompt"


def everything(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_prompt_on_disk_or_in_a_file_name(fal_server, tmp_path):
    client = sd.Client("fal", library=tmp_path, store_prompts=False)
    result = client.submit(sd.Request(SECRET, image_size=(1024, 1024), seed=3)).result(60)
    failed = client.submit(sd.Request("cancelled " + SECRET))
    failed.cancel()
    client.close()
    assert result.request.prompt == SECRET
    assert SECRET.encode() not in everything(tmp_path)
    assert not list(tmp_path.rglob("*private*"))
    (saved,) = result.save(tmp_path / "out")
    assert saved.name == "seedream-3-1.png"
    for job in client.jobs:
        assert SECRET not in f"{job!r}{job_html(job, 1)}"
    assert SECRET not in str(result._repr_mimebundle_())
    assert client.library.get(result.request_id).request.prompt != SECRET


def test_prompts_are_stored_otherwise(fal_server, tmp_path):
    client = sd.Client("fal", library=tmp_path)
    client.submit(sd.Request(SECRET, image_size=(1024, 1024))).result(60)
    client.close()
    assert SECRET.encode() in everything(tmp_path)


def test_the_key_stands_nowhere(fal_server, tmp_path, caplog):
    import logging
    import traceback

    caplog.set_level(logging.DEBUG)
    key = fal_server.settings.key = "key-id-0123456789:key-secret-abcdefghijkl"
    client = sd.Client("fal", key=key, library=tmp_path)
    fox = client.submit(sd.Request("a fox", image_size=(1024, 1024), seed=3)).result(60)
    fal_server.fail("result", "policy")
    refused = client.submit(sd.Request("refused"))
    told = ""
    try:
        refused.result(60)
    except sd.SeedreamError:
        told = traceback.format_exc()
    fal_server.fail("submit", "401")
    denied = client.submit(sd.Request("denied"))
    try:
        denied.result(60)
    except sd.SeedreamError:
        told += traceback.format_exc()
    (saved,) = fox.save(tmp_path / "fox.png")
    told += caplog.text + fox.as_code() + fox.receipt.to_json()
    told += "".join(map(repr, (client, client.backend, client.library, fox, refused, denied)))
    client.close()
    assert "Traceback" in told
    for part in (key, *key.split(":")):
        assert part not in told
        assert part.encode() not in everything(tmp_path)
    assert sd.read_receipt(saved).request_id == fox.request_id

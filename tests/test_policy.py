"""Prompts that are not to be stored stand nowhere on disk."""

from __future__ import annotations

import seedream_widgets as sd

SECRET = "a very private prompt"


def everything(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_prompt_on_disk_or_in_a_file_name(fal_server, tmp_path):
    client = sd.Client("fal", library=tmp_path, store_prompts=False)
    result = client.submit(sd.Request(SECRET, image_size=(1024, 1024), seed=3)).result(20)
    failed = client.submit(sd.Request("cancelled " + SECRET))
    failed.cancel()
    client.close()
    assert result.request.prompt == SECRET
    assert SECRET.encode() not in everything(tmp_path)
    assert not list(tmp_path.rglob("*private*"))
    assert client.library.get(result.request_id).request.prompt != SECRET


def test_prompts_are_stored_otherwise(fal_server, tmp_path):
    client = sd.Client("fal", library=tmp_path)
    client.submit(sd.Request(SECRET, image_size=(1024, 1024))).result(20)
    client.close()
    assert SECRET.encode() in everything(tmp_path)

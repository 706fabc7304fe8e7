"""A studio and a gallery in a forked child: what they hold is the parent's, what they ask new."""

from __future__ import annotations

import subprocess
import sys

import pytest

FORK = """
import os, sys
import seedream_widgets as sd
client = sd.Client("fal", library=sys.argv[1])
studio = sd.Studio(client=client, prompt="a fox", image_size=(960, 960))
first = studio.submit().result(60)
gallery = sd.gallery(library=client.library)
assert [entry.request_id for entry in gallery.results] == [first.request_id]
if not (child := os.fork()):
    assert [entry.request_id for entry in gallery.results] == [first.request_id]
    gallery.selection = [first]
    assert gallery.images[0].size == (960, 960)
    assert studio.image.size == (960, 960)
    studio.prompt = "an owl"
    second = studio.submit().result(60)
    assert second.request.prompt == studio.result.request.prompt == "an owl"
    again = sd.Studio(client=client, prompt="a hare", image_size=(960, 960))
    again.submit().result(60)
    assert again.result.request.prompt == "a hare"
    assert len(sd.gallery(library=client.library).results) == 3
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert len(gallery.results) == 3
assert studio.result.request.prompt == "a fox"
client.close()
"""


@pytest.mark.slow
def test_they_work_in_the_child_and_each_request_is_billed_once(fal_server, tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", FORK, str(tmp_path / "library")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    assert len(fal_server.bill) == fal_server.count("submit") == 3

"""Where images are at fal, remembered in the library."""

from __future__ import annotations

import json
import os
import stat
import time

import pytest

from seedream_widgets.errors import BackendError
from seedream_widgets.jobs.client import Client
from seedream_widgets.library.uploads import KeptUpload, KeptUploads
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.request import Request
from tests.scripted import SECONDS

DIGEST = "ab" + "0" * 62
URL = "https://v3.fal.media/files/a/fox.png"


def path_of(library):
    return library / "uploads" / "ab" / f"{DIGEST}.json"


@pytest.mark.parametrize("expires", [None, 2e9])
def test_what_is_kept_is_found_by_another(tmp_path, expires):
    upload = KeptUpload(URL, time.time(), expires)
    KeptUploads(tmp_path).keep(DIGEST, upload)
    assert KeptUploads(tmp_path).find(DIGEST) == upload
    assert stat.S_IMODE(path_of(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(path_of(tmp_path).parent.stat().st_mode) == 0o700
    later = KeptUpload(URL, time.time(), None)
    KeptUploads(tmp_path).keep(DIGEST, later)
    assert KeptUploads(tmp_path).find(DIGEST) == later
    KeptUploads(tmp_path).forget(DIGEST)
    KeptUploads(tmp_path).forget(DIGEST)
    assert KeptUploads(tmp_path).find(DIGEST) is None


GOOD = {"url": URL, "uploaded": 1e9, "expires": None}


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b"[" * 4000, b"\xff\xfe",
        *(
            json.dumps(values).encode()
            for values in (
                {}, {"url": URL}, {**GOOD, "more": 1}, {**GOOD, "url": None}, {**GOOD, "url": 7},
                {**GOOD, "uploaded": "now"}, {**GOOD, "uploaded": True}, {**GOOD, "uploaded": -1},
                {**GOOD, "uploaded": float("nan")}, {**GOOD, "uploaded": 5e10},
                {**GOOD, "expires": "never"}, {**GOOD, "expires": float("inf")},
                {**GOOD, "url": URL + "/" * 9000},
            )
        ),
    ],
    ids=lambda data: str(data[:40]),
)  # fmt: skip
def test_what_makes_no_sense_is_not_taken(tmp_path, data):
    KeptUploads(tmp_path).keep(DIGEST, KeptUpload(URL, 1e9))
    assert KeptUploads(tmp_path).find(DIGEST) is not None
    path_of(tmp_path).write_bytes(data)
    assert KeptUploads(tmp_path).find(DIGEST) is None


def test_a_pipe_by_that_name_holds_nobody_up(tmp_path):
    path_of(tmp_path).parent.mkdir(parents=True)
    os.mkfifo(path_of(tmp_path))
    assert KeptUploads(tmp_path).find(DIGEST) is None


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "AB" * 32, DIGEST + "0"])
def test_a_name_that_is_no_digest_is_no_file(tmp_path, digest):
    kept = KeptUploads(tmp_path)
    kept.keep(digest, KeptUpload(URL, 1e9))
    kept.forget(digest)
    assert kept.find(digest) is None
    assert list(tmp_path.rglob("*")) == []


def test_a_folder_that_can_not_be_written_harms_nothing(tmp_path):
    (tmp_path / "library").write_text("a file where the folder should be")
    kept = KeptUploads(tmp_path / "library")
    kept.keep(DIGEST, KeptUpload(URL, 1e9))
    kept.forget(DIGEST)
    assert kept.find(DIGEST) is None


@pytest.mark.parametrize("step", ["submit", "fetch"])
def test_an_image_fal_could_not_fetch_is_uploaded_anew(tmp_path, step):
    gone = BackendError("gone", status_code=422, error_type="file_download_error")
    backend = ScriptedBackend("fal", errors={step: gone})
    request = Request("night", images=[picture(1), picture(2), "https://example.org/a.png"])
    with pytest.raises(BackendError):
        Client(backend, library=tmp_path).submit(request).result(SECONDS)
    forgotten = [image.sha256 for called, image in backend.calls if called == "forget"]
    assert forgotten == [image.sha256 for image in request.images[:2]]


def test_another_error_is_no_reason_to(tmp_path):
    backend = ScriptedBackend("fal", errors={"fetch": BackendError("no", error_type="one_of")})
    with pytest.raises(BackendError):
        Client(backend, library=tmp_path).submit(Request("a", images=picture())).result(SECONDS)
    assert backend.count("forget") == 0

"""A library, or a part of one, from a stranger: nothing outside of it is read or written."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from seedream_widgets.errors import RequestError, ResultError, SeedreamError
from seedream_widgets.images import ImageUrl
from seedream_widgets.images.receipts import embed
from seedream_widgets.jobs.client import Client
from seedream_widgets.library import Library
from seedream_widgets.library.journal import claim_name
from seedream_widgets.library.uploads import KeptUpload, KeptUploads
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.receipt import read_receipt
from seedream_widgets.values.request import Request
from tests.image_files import drawing, encoded
from tests.scripted import SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.jobs.job import Job
    from seedream_widgets.values.result import Result

PNG = encoded(drawing(), "PNG")
SECRET = encoded(drawing(40, 40), "PNG")
HTML = "<img src=x onerror=pwned()>"
DEEP = b"[" * 200_000 + b"]" * 200_000


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Make a folder beside the library with a picture that is nobody's business."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.png").write_bytes(SECRET)
    (folder / "secret.txt").write_text("mine")
    return folder


@pytest.fixture
def library(tmp_path: Path, outside: Path) -> Path:
    return tmp_path / "library"


def kept(library: Path) -> Result:
    return Client(ScriptedBackend("fal"), library=library).submit(Request("a fox")).result(SECONDS)


def tampered(library: Path, **changes: Any) -> Path:
    """Return the folder of a result whose receipt says something else."""
    folder = kept(library).files[0].path.parent
    receipt = json.loads((folder / "receipt.json").read_text())
    (folder / "receipt.json").write_text(json.dumps(receipt | changes))
    return folder


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return what is in a folder, and when it was changed."""
    return {
        str(path): (path.read_bytes() if path.is_file() else b"", path.lstat().st_mtime_ns)
        for path in (folder, *folder.rglob("*"))
    }


def use(library: Path) -> list[SeedreamError]:
    """Do with a library what users do; return what was refused."""
    refused: list[SeedreamError] = []
    client = Client(ScriptedBackend("fal"), library=library)
    for entry in client.library.search():
        try:
            result = entry.result()
            result.image.load()
            result.as_code()
        except SeedreamError as error:
            refused.append(error)
        client.library.favourite(entry)
    for job in client.resume():
        ended(job)
    return refused


@pytest.mark.parametrize(
    "name",
    ["../../../outside/secret.png", "{outside}/secret.png", "..", ".", "", "/", "a/../secret.png",
     "..\\..\\secret.png", "con", "1.png\0.txt", "x" * 5000, "\u2025/\u2025/secret.png", "~/x.png",
     "file:///etc/passwd", HTML, "receipt.json/../1.png"],
)  # fmt: skip
def test_a_receipt_names_files_of_its_folder_alone(library: Path, outside: Path, name: str) -> None:
    name = name.replace("{outside}", str(outside))
    image = {"file": name, "format": "PNG", "width": 40, "height": 40, "url": ""}
    folder, before = tampered(library, images=[image]), snapshot(outside)
    with pytest.raises(ResultError, match="can't be read") as caught:
        Library(library).get("r1")
    assert len(str(caught.value)) < 700
    assert len(use(library)) == 1
    assert snapshot(outside) == before
    assert {path.name for path in folder.iterdir()} == {"1.png", "receipt.json", "favourite"}


@pytest.mark.parametrize(
    "width",
    [
        10**30,
        pytest.param(10**400, id="400 digits"),
        -5,
        1e400,
        float("nan"),
        pytest.param("7" * 5000, id="5000 digits"),
        [7],
        None,
    ],
)
def test_an_image_of_no_size_is_told_and_takes_no_table_with_it(
    library: Path, width: object
) -> None:
    image = {"file": "1.png", "format": "PNG", "width": width, "height": 24, "url": ""}
    tampered(library, images=[image])
    with pytest.raises(ResultError, match="can't be read"):
        Library(library).get("r1")
    assert len(use(library)) == 1
    assert len(Library(library).to_pandas()) == 0


@pytest.mark.parametrize("seed", [10**30, pytest.param(-(10**400), id="400 digits")])
def test_a_seed_without_bounds_is_none(library: Path, seed: object) -> None:
    tampered(library, seed=seed)
    assert use(library) == []
    assert Library(library).get("r1").seed is None
    assert len(Library(library).to_pandas()) == 1


@pytest.mark.parametrize("cost", ["much", "NaN", "Infinity", "-5", "1e999999", "\ud800"])
def test_a_cost_that_is_no_amount_takes_no_table_with_it(library: Path, cost: str) -> None:
    tampered(library, cost=cost)
    table = Library(library).to_pandas()
    assert table["cost"].isna().tolist() == [True]


@pytest.mark.parametrize("what", ["1.png", "receipt.json", "favourite"])
def test_a_link_out_of_a_results_folder_is_not_followed(
    library: Path, outside: Path, what: str
) -> None:
    folder = kept(library).files[0].path.parent
    there = outside / {"1.png": "secret.png", "favourite": "new"}.get(what, "receipt.json")
    if what == "receipt.json":
        (folder / what).rename(there)
    (folder / what).unlink(missing_ok=True)
    (folder / what).symlink_to(there)
    before = snapshot(outside)
    refused = use(library)
    assert snapshot(outside) == before
    if what == "1.png":
        assert len(refused) == 1
        assert "can't be read" in str(refused[0])
    if what == "receipt.json":
        with pytest.raises(ResultError, match=r"can't be read|no result 'r1'"):
            Library(library).get("r1")


@pytest.mark.parametrize("link", [".staging", ".staging/a.pid-1"])
def test_what_is_swept_away_is_in_the_library(library: Path, outside: Path, link: str) -> None:
    (library / link).parent.mkdir(parents=True)
    (library / link).symlink_to(outside)
    for path in (*outside.iterdir(), outside):
        os.utime(path, (0, 0))
    before = snapshot(outside)
    Library(library)._sweep()
    assert use(library) == []
    assert snapshot(outside) == before


@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize(
    "place", ["journal/job.json", "uploads/aa/{digest}.json", "inputs/aa/{digest}.png"]
)
def test_a_pipe_or_a_device_holds_nobody_up(library: Path, place: str, kind: str) -> None:
    digest = "a" * 64
    path = library / place.format(digest=digest)
    path.parent.mkdir(parents=True)
    os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")
    began = time.monotonic()
    assert Library(library)._journal.pending() == []
    assert KeptUploads(library).find(digest) is None
    with pytest.raises(RequestError):
        Library(library).input(digest)
    assert time.monotonic() - began < 100


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nowhere"])
def test_a_claim_that_is_no_file_holds_nobody_up(library: Path, kind: str) -> None:
    request = Request("a fox", seed=7)
    path = library / "claims" / claim_name(request.key or "", "fal")
    path.parent.mkdir(parents=True)
    if kind in ("pipe", "folder"):
        (os.mkfifo if kind == "pipe" else os.mkdir)(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else library / "nowhere")
    client = Client(ScriptedBackend("fal"), library=library)
    first = client.submit(request).result(SECONDS)
    assert (client.submit(request).result(SECONDS).request_id, client.resume()) == ("r1", ())
    assert not client.submit(request, fresh=True).result(SECONDS).cached
    assert first.note is None


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_a_receipt_that_is_no_file_holds_nobody_up(library: Path, kind: str) -> None:
    result = kept(library)
    path = result.files[0].path.parent / "receipt.json"
    assert Library(library).get("r1").files == result.files  # the index knows it
    path.unlink()
    {"pipe": os.mkfifo, "folder": os.mkdir, "device": lambda to: os.symlink("/dev/zero", to)}[kind](
        path
    )
    began = time.monotonic()
    with pytest.raises(ResultError):
        Library(library).get("r1")
    assert time.monotonic() - began < 100


@pytest.mark.parametrize(
    "data", [DEEP, b"{" + b'"a":' * 1, b'{"a": "' + b"x" * 10_000_000 + b'"}', b"\xff\xfe", b"[]",
             b'{"images": ' + DEEP + b"}", b'{"seed": ' + b"9" * 100_000 + b"}"],
    ids=["deep", "cut", "10 MB", "utf-16", "list", "deep images", "a long number"],
)  # fmt: skip
def test_a_receipt_that_is_a_bomb(library: Path, data: bytes) -> None:
    result = kept(library)
    (result.files[0].path.parent / "receipt.json").write_bytes(data)
    began = time.monotonic()
    with pytest.raises(ResultError):
        Library(library).get("r1")
    assert time.monotonic() - began < 100
    if len(data) < 500_000:
        with pytest.raises(RequestError, match="receipt"):
            read_receipt(embed(PNG, data.decode("latin-1")))


@pytest.mark.parametrize("name", [HTML, "\u202egnp", "a\nb", "-rf", "con", "x" * 240, "..."])
def test_a_folder_of_any_name_is_a_result(library: Path, outside: Path, name: str) -> None:
    folder = kept(library).files[0].path.parent
    folder.rename(folder.with_name(name.replace("/", "")))
    before = snapshot(outside)
    assert use(library) == []
    assert snapshot(outside) == before


@pytest.mark.parametrize(
    "digest",
    ["../../../outside/secret", "{outside}/secret", "*", "a" * 63 + "*", "a" * 64, "\0" * 64],
)
def test_an_input_is_looked_for_by_its_digest_alone(
    library: Path, outside: Path, digest: str
) -> None:
    digest = digest.replace("{outside}", str(outside))
    tampered(library, inputs=[{"sha256": digest, "name": "x", "width": 1, "height": 1}])
    with pytest.raises(RequestError, match="is not in"):
        Library(library).input(digest)
    images = Library(library).get("r1").request.images
    assert all(getattr(image, "data", b"") == b"" for image in images)


def test_an_input_that_links_elsewhere_is_only_itself(library: Path, outside: Path) -> None:
    """Its digest tells that it is the image that was asked for, wherever it lies."""
    digest = "a" * 64
    (library / "inputs" / "aa").mkdir(parents=True)
    (library / "inputs" / "aa" / f"{digest}.png").symlink_to(outside / "secret.png")
    with pytest.raises(RequestError, match="is not in"):
        Library(library).input(digest)


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "id": "job", "step": "accepted", "backend": "fal", "created": time.time(),
        "request": {"prompt": HTML, "settings": {}, "inputs": []}, "endpoint": "e",
        "handle": {"request_id": "r7", "endpoint_id": "e"}, **changes,
    }  # fmt: skip


ENTRIES = {
    "a handle of paths": entry(handle={"request_id": "../../x", "endpoint_id": "../.."}),
    "a long request id": entry(handle={"request_id": "r" * 5000, "endpoint_id": "e"}),
    "NUL": entry(handle={"request_id": "r\0", "endpoint_id": "\0"}),
    "an input outside": entry(
        request={"prompt": "x", "settings": {}, "inputs": [{"sha256": "../" * 21 + "x"}]}
    ),
    "an input of this computer": entry(
        request={"prompt": "x", "settings": {}, "inputs": [{"url": "file:///etc/passwd"}]}
    ),
    "planned": entry(step="planned", handle=None),
    "sending": entry(step="sending", handle=None),
    "a day of the calendar's end": entry(step="planned", handle=None, created=9e10),
    "another id": entry(id="../../../outside/x"),
}


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "x" * 65, "job.pid-1.json/../x"])
def test_a_journal_name_stays_in_the_journal(library: Path, outside: Path, name: str) -> None:
    before = snapshot(outside)
    assert Library(library)._journal.find(name) is None
    assert snapshot(outside) == before


@pytest.mark.parametrize("values", ENTRIES.values(), ids=ENTRIES)
def test_a_journal_entry_of_a_stranger_spends_nothing_and_leaves_nothing_outside(
    library: Path, outside: Path, values: dict[str, Any]
) -> None:
    (library / "journal").mkdir(parents=True)
    (library / "journal" / "job.json").write_text(json.dumps(values))
    before, backend = snapshot(outside), ScriptedBackend("fal")
    jobs = Client(backend, library=library).resume()
    for job in jobs:
        assert "unexpected" not in ended(job)
        assert all(url.startswith("https://") for url in urls(job.request))
    assert not [step for step, _ in backend.calls if step in ("submit", "upload")]
    assert snapshot(outside) == before
    written = {path.relative_to(library).parts[0] for path in library.rglob("*")}
    assert written <= {"journal", "leases", "results", ".staging", "inputs"}


def ended(job: Job) -> str:
    try:
        return job.result(SECONDS).request_id
    except SeedreamError as error:
        return str(error)


def urls(request: Request) -> list[str]:
    return [image.url for image in request.images if isinstance(image, ImageUrl)]


@pytest.mark.parametrize("digest", ["..", "../outside/secret", "a" * 64 + "\n", "A" * 64])
def test_a_kept_upload_is_looked_for_by_its_digest_alone(
    library: Path, outside: Path, digest: str
) -> None:
    (library / "uploads").mkdir(parents=True)
    upload = KeptUpload("https://v3.fal.media/files/a/1.png", 1.0)
    (outside / "secret.json").write_text(json.dumps(asdict(upload)))
    before, kept_uploads = snapshot(outside), KeptUploads(library)
    assert kept_uploads.find(digest) is None
    kept_uploads.keep(digest, upload)
    kept_uploads.forget(digest)
    assert snapshot(outside) == before


HALF = "\\ud83e"  # JSON of half a pair of surrogates


@pytest.mark.parametrize("place", ["prompt", "url", "name", "setting", "file"])
def test_half_a_surrogate_takes_nothing_else_with_it(library: Path, place: str) -> None:
    client = Client(ScriptedBackend("fal"), library=library)
    client.submit(Request("a fox")).result(SECONDS)
    bad = client.submit(Request("another fox", PNG)).result(SECONDS)
    (path,) = library.glob(f"results/*/{bad.files[0].path.parent.name}/receipt.json")
    receipt = json.loads(path.read_text("utf-8"))
    if place == "prompt":
        receipt["prompt"] += "HALF"
    elif place == "url":
        receipt["inputs"] = [{"url": "https://example.org/HALF.png"}]
    elif place == "name":
        receipt["inputs"][0]["name"] = "HALF"
    elif place == "setting":
        receipt["settings"]["HALF"] = receipt["settings"]["image_size"] = "HALF"
    else:
        receipt["images"][0]["file"] = "HALF"
    path.write_text(json.dumps(receipt).replace("HALF", HALF))
    found = Library(library).search()
    assert len(found) == len(list(found)) == 2
    shown = found._repr_mimebundle_()
    assert "a fox" in shown["text/html"]
    json.dumps(shown, ensure_ascii=False).encode()
    for entry in found:
        json.dumps(entry._repr_mimebundle_(), ensure_ascii=False).encode()
        result = entry.whole()
        if result is not None:
            json.dumps(result._repr_mimebundle_(), ensure_ascii=False).encode()
            result.request.to_json().encode()
            result.receipt.to_json().encode()


def test_half_a_surrogate_in_a_journal_is_followed_all_the_same(library: Path) -> None:
    (library / "journal").mkdir(parents=True)
    request = {"prompt": "a fox HALF", "settings": {}, "inputs": [{"url": "https://a.org/HALF"}]}
    text = json.dumps(entry(request=request)).replace("HALF", HALF)
    (library / "journal" / "job.json").write_text(text)
    for job in Client(ScriptedBackend("fal"), library=library).resume():
        job.request.to_json().encode()
        assert "unexpected" not in ended(job)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 30\n(pwned) (w) file closefile\n"


def test_postscript_by_the_name_of_a_picture_is_not_opened(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow starts Ghostscript on it, which runs the stranger's program."""
    folder = tmp_path / "bin"
    folder.mkdir()
    started = tmp_path / "started"
    for name in ("gs", "gswin64c"):
        (folder / name).write_text(f"#!/bin/sh\ntouch {started}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    result = kept(library)
    receipt = next(library.glob("results/*/*/receipt.json"))
    values = json.loads(receipt.read_text("utf-8"))
    for image in values["images"]:  # as one that was kept before digests were
        del image["sha256"], image["bytes"]
    receipt.write_text(json.dumps(values))
    opened = Library(library).get(result.request_id)
    opened.files[0].path.write_bytes(EPS)
    for each in (
        lambda: opened.image.load(),
        lambda: opened.arrays,
        lambda: opened.save(tmp_path / "a.jpg"),
    ):
        with pytest.raises(ResultError):
            each()
    assert "1 results" in Library(library).search()._repr_mimebundle_()["text/html"]
    with pytest.raises(SeedreamError, match="PostScript"):
        Request("x", EPS)
    assert not started.exists()

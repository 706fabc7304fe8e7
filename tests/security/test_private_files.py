"""What is written is for its owner alone, whatever the umask and the folder it goes to."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.errors import SeedreamError
from seedream_widgets.jobs.client import Client
from seedream_widgets.values.request import Request
from tests.image_files import drawing, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fal_server import FalServer

SIZE = (960, 960)
PNG = encoded(drawing(300, 300), "PNG")
KINDS = ("results/*/*/1.png", "results/*/*/receipt.json", "results/*/*/favourite", "inputs/*/*",
         "uploads/*/*", "journal/ended/*/*")  # fmt: skip


@pytest.fixture(params=[0o000, 0o022], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def session(library: Path, fal: FalServer) -> None:
    """Write one of everything a library holds, from fal and offline."""
    client = Client(library=library)
    result = client.submit(Request("a fox", PNG, image_size=SIZE)).result(60)
    client.library.favourite(result)
    fal.fail("submit", "401")
    with pytest.raises(SeedreamError):
        client.submit(Request("another", image_size=SIZE)).result(60)
    client.close()
    offline = Client(OfflineBackend(pace=0), library=library)
    offline.library.favourite(offline.submit(Request("a hill", image_size=SIZE)).result(60))
    offline.library.search("fox")
    for pattern in KINDS:
        assert list(library.glob(pattern)), pattern


def modes(*folders: Path) -> dict[str, str]:
    """Return what others may do, where they may do anything."""
    found = [path for folder in folders for path in (folder, *folder.rglob("*"))]
    given = {str(path): stat.S_IMODE(path.lstat().st_mode) for path in found}
    return {path: oct(mode) for path, mode in given.items() if mode & 0o077}


@pytest.mark.usefixtures("_umask")
def test_others_see_nothing(tmp_path: Path, cache: Path, fal_server: FalServer) -> None:
    session(tmp_path / "new" / "library", fal_server)
    index = cache / "seedream_widgets"
    assert list(index.glob("*.sqlite"))
    assert modes(tmp_path / "new" / "library", index) == {}


@pytest.mark.usefixtures("_umask", "cache")
def test_a_folder_that_others_may_write_stays_so_and_what_is_put_into_it_is_private(
    tmp_path: Path, fal_server: FalServer
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    library.chmod(0o777)
    session(library, fal_server)
    assert modes(library) == {str(library): "0o777"}

"""Files that are whole or not there, and what is left of those that never became whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.library import Library
from seedream_widgets.library.folder import STAGING, make_private, staging, sweep, write_private
from seedream_widgets.library.processes import AWAY_SECONDS, this_process

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_and_its_folders_are_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.json"
    write_private(path, b"1", tmp_path)
    assert path.read_bytes() == b"1"
    assert path.stat().st_mode & 0o777 == 0o600
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in list(path.parents)[:2])
    assert not list((tmp_path / STAGING).iterdir())


def test_many_may_write_the_same_file_at_once(tmp_path: Path) -> None:
    path, size = tmp_path / "inputs" / "one", 200_000
    texts = [bytes([number]) * size for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_private(path, text, tmp_path), texts))
    assert path.read_bytes() in texts


def test_what_can_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_private(tmp_path / "taken", b"1", tmp_path)
    assert not list((tmp_path / STAGING).iterdir())


@pytest.mark.slow
def test_only_what_nobody_works_on_is_swept_away(tmp_path: Path) -> None:
    code = "from seedream_widgets.library.processes import this_process as p; print(p())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ended, far = done.stdout.strip(), "00000000-1-1"
    for name in (ended, this_process(), far):
        make_private(tmp_path / STAGING / f"job.{name}", tmp_path)
        (tmp_path / STAGING / f"job.{name}" / "1.part").touch()
    (tmp_path / STAGING / f"part.{ended}").touch()
    sweep(tmp_path, Library(tmp_path)._journal.leases.follows)
    left = {path.name for path in (tmp_path / STAGING).iterdir()}
    assert left == {f"job.{this_process()}", f"job.{far}"}
    long_ago = time.time() - AWAY_SECONDS - 1
    os.utime(tmp_path / STAGING / f"job.{far}", (long_ago, long_ago))
    sweep(tmp_path, Library(tmp_path)._journal.leases.follows)
    assert list((tmp_path / STAGING).iterdir()) == [staging("job", tmp_path)]

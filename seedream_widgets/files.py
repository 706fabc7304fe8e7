"""Files and folders for the user's eyes only, and files that are whole or not there."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from seedream_widgets.library.processes import follows, this_process

if TYPE_CHECKING:
    from pathlib import Path

STAGING = ".staging"


def make_private(folder: Path, root: Path) -> Path:
    """Make `folder` and what it lies in down from `root`, and return it."""
    if folder.is_dir():
        return folder
    for each in (*reversed(folder.relative_to(root).parents), folder):
        (root / each).mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def staging(name: str, root: Path) -> Path:
    """Return where this process puts what is not whole yet; `sweep` tells by it whose it is."""
    return root / STAGING / f"{name}.{this_process()}"


def write_private(path: Path, data: bytes, root: Path) -> None:
    """Write a file below `root` whole or not at all, and have it on the disk when done."""
    part = staging(uuid4().hex, root)
    make_private(part.parent, root)
    make_private(path.parent, root)
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def sweep(root: Path) -> None:
    """Take away what processes that have ended were about to make below `root`."""
    if (root / STAGING).is_symlink():  # never ours: what it leads to is somebody else's
        return
    for path in root.glob(f"{STAGING}/*"):
        with suppress(OSError):  # another process is faster, or it is only read
            if follows(path.name.rpartition(".")[2], path.stat().st_mtime):
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()

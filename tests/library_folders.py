"""Result folders as the library writes them, made by hand."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def receipt(request_id: str, **fields: Any) -> dict[str, Any]:
    about = {
        "version": 1,
        "request_id": request_id,
        "created": "2026-05-01T12:00:00+00:00",
        "endpoint": "fal-ai/bytedance/seedream/v4.5/text-to-image",
        "model": "v4.5",
        "backend": "fal",
        "prompt": "a red fox in the snow",
        "seed": 7,
        "images": [{"file": "1.png"}],
        "cost": "0.04",
        "key": f"key-{request_id}",
    }
    return about | fields


def save(
    root: Path, request_id: str, *, day: str = "2026-05-01", favourite: bool = False, **fields: Any
) -> Path:
    """Let a result's folder appear at once, as the library does."""
    return place(
        root, request_id, json.dumps(receipt(request_id, **fields)).encode(), day, favourite
    )


def place(
    root: Path, name: str, data: bytes | None, day: str = "2026-05-01", favourite: bool = False
) -> Path:
    staged = root / "staged" / name
    staged.mkdir(parents=True)
    if data is not None:
        (staged / "receipt.json").write_bytes(data)
    if favourite:
        (staged / "favourite").touch()
    folder = root / "results" / day / f"a-red-fox-{name}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    os.rename(staged, folder)
    return folder


def settle(root: Path, day: str = "2026-05-01") -> None:
    """Let a day be an hour old, so that the index takes it for settled."""
    folder = root / "results" / day
    before = folder.stat().st_mtime_ns - 3600 * 10**9
    os.utime(folder, ns=(before, before))


def keep_busy(root: Path, day: str) -> None:
    """Let a day have changed just now, however long a test takes from here on."""
    later = (root / "results" / day).stat().st_mtime_ns + 3600 * 10**9
    os.utime(root / "results" / day, ns=(later, later))


def set_favourite(folder: Path, favourite: bool) -> None:
    """Mark a result, or unmark it, as the library does."""
    if favourite:
        (folder / "favourite").touch()
    else:
        (folder / "favourite").unlink()
    os.utime(folder.parent)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count this thread's calls of functions that are written in C, by name: those of `os` too."""
    told: Counter[str] = Counter()

    def note(_frame: object, event: str, function: Any) -> None:
        if event == "c_call":
            told[function.__name__] += 1

    gc.collect()
    gc.disable()  # what an earlier test left must not end in between
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield told
    finally:
        sys.setprofile(before)
        gc.enable()

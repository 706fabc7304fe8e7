"""What the notebooks' cells do; imported in the kernels."""

from __future__ import annotations

import io
import itertools
import os
import signal
import socket
import sys
import threading
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import seedream_widgets as sd
from seedream_widgets.jobs.engine import shared
from seedream_widgets.jobs.lost import LostReplies

SIZE = (1024, 1024)
CHANGES = "open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.utime"
"""What Python's audit hooks call each change of a folder, or a file opened for writing."""


def set_environment(variables: dict[str, str]) -> None:
    """Set variables before the package looks for them; an empty value unsets one."""
    for name, value in variables.items():
        os.environ.pop(name, None)
        if value:
            os.environ[name] = value


def be_on(machine: str) -> None:
    """Have this kernel run on another machine, or in another container, as far as it can tell."""
    os.readlink = lambda path, **_: machine
    socket.gethostname = lambda: machine


def stop_before(event: str, pattern: str, marker: str, number: int = 1) -> None:
    """Have this process write `marker` and stop, as by Ctrl+Z, when it is about to change a file.

    Args:
        event: What Python's audit hooks call the change, such as ``os.rename``; any if empty.
        pattern: Of the path that it is about, the last one where there are several.
        marker: A file that tells another process which change it stopped before.
        number: The how many-th of such changes it is.
    """
    counted = itertools.count(1)

    def stop(name: str, args: tuple[Any, ...]) -> None:
        if name not in ((event,) if event else CHANGES):
            return
        paths = [os.fspath(each) for each in args if isinstance(each, (str, os.PathLike))]
        if name == "open":
            paths, flags = paths[:1], args[2]
            if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
        if paths and fnmatch(paths[-1], pattern) and next(counted) == number:
            part = Path(f"{marker}.part")
            part.write_text(f"{name} {paths[-1]}", "utf-8")
            part.replace(marker)
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # at once, before it returns

    sys.addaudithook(stop)


def submit(name: str, jobs: int = 1, images: int = 1, *, edit: bool = False) -> list[str]:
    """Submit jobs with prompts of their own; with `edit` the first has an image to upload."""
    prompts = [f"{name} {number}" for number in range(jobs)]
    for number, prompt in enumerate(prompts):
        inputs = (_photo(prompt),) if edit and not number else ()
        seed = number if number % 2 else None
        sd.submit(prompt, images=inputs, image_size=SIZE, num_images=images, seed=seed)
    return prompts


def wait(seconds: float = 150) -> list[dict[str, Any]]:
    """Wait for every job of this kernel, and tell what came of it."""
    return [_outcome(job, seconds) for job in sd.jobs()]


def resume(at: float = 0) -> list[dict[str, Any]]:
    """Follow what was left behind, from a common moment on, and tell what came of it."""
    shared().lost = LostReplies(patience=10.0, pace=(0.2, 0.5))
    while time.time() < at:
        time.sleep(0)
    return [_outcome(job, 150) for job in sd.resume()]


def spending() -> list[dict[str, Any]]:
    """Return the ledger with its amounts as text."""
    table = sd.spending()
    rows = table if isinstance(table, list) else table.to_dict("records")
    return [{**row, "when": str(row["when"]), "usd": str(row["usd"])} for row in rows]


def _outcome(job: sd.Job, seconds: float) -> dict[str, Any]:
    """Tell a job's end; a result's colours are read from the files as the user would."""
    told = {"prompt": job.request.prompt, "request_id": job.request_id, "error": "", "colors": []}
    try:
        result = job.result(seconds)
    except sd.SeedreamError as error:
        return {**told, "error": type(error).__name__, "message": str(error)}
    colors = [image.getpixel((0, 0)) for image in result.images]
    return {**told, "colors": colors, "seed": result.seed, "note": result.note}


def _photo(prompt: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.effect_noise((256, 256), 10 + hash(prompt) % 50).convert("RGB").save(file, "PNG")
    return file.getvalue()

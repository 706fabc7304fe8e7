"""A library of as many results as wanted, on as many days, made of a few real ones."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.library import Library

if TYPE_CHECKING:
    from pathlib import Path

PROMPTS = (
    "a red fox in snow, evening light",
    "a city at night under a full moon",
    "portrait of a woman with red hair",
    "a small boat on a calm blue sea",
    "a ringed planet among many stars",
)


def fill(folder: Path, results: int, *, days: int = 10, images: int = 2) -> Library:
    """Make a library of `results` results, numbered in their prompts, the newest of today.

    Each is a folder with a receipt of its own; its pictures are links to those of a few.
    """
    library = Library(folder)
    client = sd.Client(OfflineBackend(0), library=folder)
    made = [
        client.submit(
            sd.Request(prompt, seed=seed, num_images=images, image_size=(1152, 864))
        ).result(60)
        for seed, prompt in enumerate(PROMPTS)
    ]
    receipts = [json.loads(result.receipt.to_json()) for result in made]
    now = datetime.now(timezone.utc)
    begin = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(len(made), results):
        model, source = receipts[number % len(made)], made[number % len(made)]
        day = number * days // results
        latest = now if day == 0 else begin - timedelta(days=day - 1, seconds=1)
        when = (latest - timedelta(seconds=number % 3600)).astimezone(timezone.utc)
        name = f"many-{number:06}"
        target = folder / "results" / when.date().isoformat() / name
        target.mkdir(parents=True)
        for file in source.files:
            os.link(file.path, target / file.path.name)
        told = {
            **model,
            "request_id": name,
            "created": when.isoformat(),
            "prompt": f"{model['prompt']}, no. {number}",
            "key": f"key-{number}",
        }
        (target / "receipt.json").write_text(json.dumps(told))
    client.close()
    return library

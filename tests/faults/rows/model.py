"""Rows for what the model itself answers."""

from __future__ import annotations

from tests.faults.case import Group, Row
from tests.faults.sentences import CONTENT, documented, sentence

MODEL = (
    Group(
        "model",
        "refused: content",
        "ContentRejectedError",
        "noted",
        "maybe",
        "maybe",
        (
            Row(CONTENT, f"run:{CONTENT}", sentence(CONTENT)),
            Row("content, told by the result alone", "run:policy_silent", sentence(CONTENT)),
        ),
    ),
    Group(
        "model",
        "refused: 4xx",
        "BackendError",
        "noted",
        "maybe",
        "maybe",
        documented("run", 400, 422, 499, but=CONTENT),
    ),
    Group(
        "model",
        "turned away: too many",
        "BackendError",
        "noted",
        "no",
        "no",
        documented("run", 429),
    ),
    Group(
        "model",
        "failed: 5xx",
        "BackendError",
        "noted",
        "no",
        "no",
        documented("run", 500, 502, 503, 504),
    ),
    Group(
        "model",
        "completed without an image",
        "ResultError",
        "noted",
        "maybe",
        "no",
        (
            Row(
                "no images",
                "run:empty",
                r"fal answered without an image\. Try again or change the prompt\.",
            ),
        ),
    ),
)

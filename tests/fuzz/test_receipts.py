from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from seedream_widgets.errors import RequestError, SeedreamError
from seedream_widgets.images.receipts import embed
from seedream_widgets.library import Library
from seedream_widgets.money.ledger import charges
from seedream_widgets.values.receipt import SETTINGS, Receipt, read_receipt
from seedream_widgets.values.request import Request
from seedream_widgets.values.result import Result
from tests.image_files import drawing, encoded
from tests.library_folders import place

from . import JSON, TEXT, fuzz

if TYPE_CHECKING:
    import pytest

NAMES = sorted(Receipt.__dataclass_fields__)
PNG = encoded(drawing(24, 16), "PNG")
WHOLE: dict[str, Any] = {
    "request_id": "r1",
    "created": "2026-01-02T03:04:05+00:00",
    "backend": "fal",
    "endpoint": "fal-ai/bytedance/seedream/v4/text-to-image",
    "model": "v4",
    "prompt": "a fox",
    "settings": {"image_size": [1024, 1024], "num_images": 1, "seed": 7},
    "arguments": {},
    "inputs": [],
    "seed": 7,
    "images": [{"file": "1.png", "format": "PNG", "width": 24, "height": 16, "url": ""}],
    "timings": {"queue": 0.1, "generation": 2, "fetch": 0.5, "total": 2.6},
    "price": {"usd": "0.03"},
    "cost": "0.03",
    "history": [],
}
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)
# Any JSON in any place, and the right types with any content.
CHANGES = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4) | st.fixed_dictionaries(
    {},
    optional={
        "created": TEXT,
        "prompt": TEXT,
        "request_id": TEXT,
        "endpoint": TEXT,
        "model": TEXT,
        "cost": st.none() | TEXT | st.floats().map(str),
        "billable_units": st.none() | TEXT | st.floats().map(str),
        "settings": OBJECTS | st.dictionaries(st.sampled_from(SETTINGS), JSON),
        "inputs": st.lists(OBJECTS | JSON, max_size=3),
        "images": st.lists(
            st.fixed_dictionaries(
                {"file": st.sampled_from(["1.png", "1.png", "1.png", "../1.png", "/etc/passwd"])},
                optional={
                    "format": st.sampled_from(["PNG", "PNG", "EXE"]) | JSON,
                    "width": JSON,
                    "height": JSON,
                    "url": JSON,
                },
            )
            | JSON,
            max_size=3,
        ),
        "timings": st.dictionaries(st.sampled_from(["queue", "total", "x"]), JSON).map(
            lambda changes: WHOLE["timings"] | changes
        ),
        "price": OBJECTS,
        "history": st.lists(OBJECTS | JSON, max_size=3),
    },
)  # fmt: skip
CHANGED = CHANGES.map(lambda changes: json.dumps({**WHOLE, **changes}))


def check(error: SeedreamError) -> None:
    assert getattr(error, "field", None) in (None, "receipt")
    assert 10 < len(str(error)) < 500


@fuzz(400)
@given(st.binary(max_size=60) | JSON.map(json.dumps) | CHANGED)
def test_any_json_makes_a_receipt_or_a_refusal(text: str | bytes) -> None:
    try:
        receipt = Receipt.from_json(text)
    except RequestError as error:
        return check(error)
    assert Receipt.from_json(receipt.to_json()).to_json() == receipt.to_json()


@fuzz(100)
@given(CHANGED)
def test_a_receipt_travels_in_a_file_as_it_is(text: str) -> None:
    try:
        receipt = Receipt.from_json(text)
    except RequestError:
        return
    assert read_receipt(embed(PNG, receipt.to_json())).to_json() == receipt.to_json()


@fuzz(80)
@given(CHANGED)
def test_a_library_with_any_receipt_in_it_goes_on(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("library")
    for name, receipt in (("good", json.dumps(WHOLE | {"request_id": "good"})), ("any", text)):
        (place(folder, name, receipt.encode()) / "1.png").write_bytes(PNG)
    library = Library(folder)
    assert isinstance(library.get("good"), Result)
    for entry in library.search():
        try:
            result = entry.result()
        except SeedreamError as error:
            check(error)
            continue
        assert Request.from_json(result.request.to_json()) == result.request
    charges(library)

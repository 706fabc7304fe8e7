"""The facts, as fal's pages give them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seedream_widgets.errors import RequestError
from seedream_widgets.values.endpoints import ENDPOINTS, MODELS, PRESETS, endpoint_for
from seedream_widgets.values.request import Request

PRESET_NAMES = set(PRESETS)
BASE = {"prompt", "image_size", "num_images", "sync_mode", "enable_safety_checker"}
LITE = BASE | {"max_images"}
V45 = LITE | {"seed"}
V4 = V45 | {"enhance_prompt_mode"}
NEW = BASE | {"output_format"}
EDIT = {"image_urls"}
OLD_ID = "fal-ai/bytedance/seedream"
NEW_ID = "bytedance/seedream"
_2K = (2048, 2048)


@pytest.mark.parametrize(
    ("name", "model", "kind", "arguments", "autos", "default", "inputs", "total", "unconfirmed"),
    [
        (f"{OLD_ID}/v4", "v4", "text-to-image", V4, "auto auto_2K auto_4K", _2K, 0, None, ""),
        (f"{OLD_ID}/v4", "v4", "edit", V4, "auto auto_2K auto_4K", _2K, 10, 15, ""),
        (f"{OLD_ID}/v4.5", "v4.5", "text-to-image", V45, "auto_2K auto_4K", _2K, 0, None, ""),
        (f"{OLD_ID}/v4.5", "v4.5", "edit", V45, "auto_2K auto_4K", _2K, 10, 15, "price"),
        (f"{NEW_ID}/v5/lite", "v5-lite", "text-to-image", LITE, "auto_2K auto_3K", "auto_2K",
         0, None, ""),
        (f"{NEW_ID}/v5/lite", "v5-lite", "edit", LITE, "auto_2K auto_3K", "auto_2K", 10, None, ""),
        (f"{NEW_ID}/v5/flash", "v5-flash", "text-to-image", NEW, "auto_2K", "auto_2K", 0, None,
         "arguments"),
        (f"{NEW_ID}/v5/flash", "v5-flash", "edit", NEW, "auto_2K", "auto_2K", 10, None, ""),
        (f"{NEW_ID}/v5/pro", "v5-pro", "text-to-image", NEW, "auto_1K auto_2K", "auto_2K", 0, None,
         "arguments"),
        (f"{NEW_ID}/v5/pro", "v5-pro", "edit", NEW, "auto_1K auto_2K", "auto_2K", 10, None,
         "id arguments sizes price"),
        (f"{NEW_ID}/v5.5", "v5.5", "text-to-image", NEW | {"background"},
         "auto_1K auto_1.5K auto_2K", "auto_2K", 0, None, "arguments sizes"),
    ],
)  # fmt: skip
def test_a_row(name, model, kind, arguments, autos, default, inputs, total, unconfirmed):
    row = ENDPOINTS[f"{name}/{kind}"]
    assert row is endpoint_for(model, kind)
    assert str(row) == row.id
    assert set(row.arguments) == arguments | (EDIT if kind == "edit" else set())
    assert set(row.size_names) == PRESET_NAMES | set(autos.split())
    assert row.default_size == default
    assert (row.max_inputs, row.max_inputs_and_outputs) == (inputs, total)
    assert row.unconfirmed == tuple(unconfirmed.split())
    assert row.price.as_of
    assert row.price.source
    assert row.sources
    formats = ("jpeg", "png") if "output_format" in arguments else ()
    assert row.output_formats == formats
    assert set(row.choices) <= set(row.arguments)
    assert isinstance(hash(row), int)


def test_the_whole():
    assert MODELS == ("v4", "v4.5", "v5-lite", "v5-flash", "v5-pro", "v5.5")
    assert len(ENDPOINTS) == 11
    assert set(PRESETS) == {
        "square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9",
    }  # fmt: skip
    with pytest.raises(TypeError):
        ENDPOINTS["x"] = None


def test_the_endpoints_show_themselves_as_a_table():
    text = repr(ENDPOINTS)
    head, *lines = text.splitlines()
    assert head.startswith("model")
    assert len(lines) == 11
    for row, line in zip(ENDPOINTS.values(), lines, strict=True):
        assert line.startswith(f"{row.model} ")
        assert f" {row.id} " in line
        assert ("unconfirmed: " in line) is bool(row.unconfirmed)
        assert all(name in line for name in row.unconfirmed)
    assert "$0.0675 up to 2,359,296 pixels, else $0.135" in text
    bundle = ENDPOINTS._repr_mimebundle_()
    assert bundle["text/plain"] == text
    assert bundle["text/html"].count("<tr>") == 12
    assert bundle["text/html"].count("unconfirmed: ") == 5


@pytest.mark.parametrize("model", ["v5", "", None, 4, ["v4"]])
def test_an_unknown_model(model):
    with pytest.raises(RequestError, match=r"model takes one of v4, v4\.5, .*v5\.5, got") as caught:
        endpoint_for(model, "edit")
    assert (caught.value.field, caught.value.value) == ("model", model)


def test_a_model_without_an_edit_endpoint_says_so():
    with pytest.raises(RequestError, match=r"v5\.5 has no edit endpoint here yet") as caught:
        Request("a", "https://example.org/fox.png", model="v5.5")
    assert caught.value.field == "images"
    assert "v4, v4.5, v5-lite, v5-flash and v5-pro do" in str(caught.value)


def test_nothing_else_names_a_version():
    """Another version is a row of the table, and no edit anywhere else."""
    root = Path(__file__).parents[2]
    package = root.glob("seedream_widgets/**/*.py")
    page = (root / "js" / "src").glob("**/*.ts*")
    named = re.compile(r"""["'`]v\d|seedream/v\d|\bv(4|5)[. -]""", re.IGNORECASE)
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in [*package, *page]
        if path.name != "endpoints.py" and path.stat().st_size
        for line in path.read_text().splitlines()
        if named.search(line) and "``" not in line and "<v4" not in line
    ]
    assert found == []

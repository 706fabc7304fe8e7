"""The facts, as fal's pages give them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from seedream_widgets.errors import RequestError
from seedream_widgets.values.endpoints import ENDPOINTS, MODELS, PRESETS, endpoint_for

SHARED = {
    "prompt", "image_size", "num_images", "max_images", "seed", "sync_mode",
    "enable_safety_checker",
}  # fmt: skip


@pytest.mark.parametrize(
    ("model", "kind", "extra", "names", "usd", "inputs", "total"),
    [
        ("v4", "text-to-image", {"enhance_prompt_mode"}, {"auto"}, "0.03", 0, None),
        ("v4", "edit", {"enhance_prompt_mode", "image_urls"}, {"auto"}, "0.03", 10, 15),
        ("v4.5", "text-to-image", set(), set(), "0.04", 0, None),
        ("v4.5", "edit", {"image_urls"}, set(), "0.04", 10, 15),
    ],
)
def test_a_row(model, kind, extra, names, usd, inputs, total):
    row = ENDPOINTS[f"fal-ai/bytedance/seedream/{model}/{kind}"]
    assert row is endpoint_for(model, kind)
    assert str(row) == row.id
    assert set(row.arguments) == SHARED | extra
    assert set(row.size_names) == set(PRESETS) | {"auto_2K", "auto_4K"} | names
    assert row.price.usd == Decimal(usd)
    assert row.price.as_of
    assert row.price.source
    assert (row.max_inputs, row.max_inputs_and_outputs) == (inputs, total)
    assert row.size_rule.allows(row.default_size)
    assert row.default_size == (2048, 2048)


def test_the_whole():
    assert MODELS == ("v4", "v4.5")
    assert len(ENDPOINTS) == 4
    assert set(PRESETS) == {
        "square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9",
    }  # fmt: skip
    with pytest.raises(TypeError):
        ENDPOINTS["x"] = None


@pytest.mark.parametrize("model", ["v5", "", None, 4, ["v4"]])
def test_an_unknown_model(model):
    with pytest.raises(RequestError, match=r"model takes one of v4, v4\.5, got") as caught:
        endpoint_for(model, "edit")
    assert (caught.value.field, caught.value.value) == ("model", model)

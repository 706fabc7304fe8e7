"""The table of sizes, the rules, and sizes as people write them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from seedream_widgets.errors import RequestError
from seedream_widgets.values.endpoints import endpoint_for
from seedream_widgets.values.sizes import RATIOS, SIZES, TIERS, Size, read_size

CASES = json.loads((Path(__file__).parents[1] / "messages" / "size_cases.json").read_text())
TABLE = {
    "1:1": ((1024, 1024), (2048, 2048), (4096, 4096)),
    "4:3": ((1152, 864), (2304, 1728), (4096, 3072)),
    "16:9": ((1312, 736), (2848, 1600), (4096, 2304)),
    "3:2": ((1248, 832), (2496, 1664), (4096, 2730)),
    "21:9": ((1568, 672), (3136, 1344), (4096, 1756)),
}


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_table(ratio):
    upright = ratio not in TABLE
    row = TABLE[":".join(reversed(ratio.split(":"))) if upright else ratio]
    expected = [size[::-1] if upright else size for size in row]
    assert [SIZES[ratio, tier] for tier in TIERS] == expected


def test_the_table_as_a_whole():
    assert set(SIZES) == {(ratio, tier) for ratio in RATIOS for tier in TIERS}
    assert max(max(size) for size in SIZES.values()) == 4096
    for (ratio, _), size in SIZES.items():
        wide, high = map(int, ratio.split(":"))
        assert size.width / size.height == pytest.approx(wide / high, rel=0.01)
    with pytest.raises(TypeError):
        SIZES["1:1", "2K"] = Size(1, 1)


def test_v4_takes_the_whole_table():
    for kind in ("text-to-image", "edit"):
        assert all(endpoint_for("v4", kind).size_rule.allows(size) for size in SIZES.values())


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['model']}-{c['endpoint']}-{c['size']}")
def test_the_rules_are_the_pages_own(case):
    rule = endpoint_for(case["model"], case["endpoint"]).size_rule
    size = Size(*case["size"])
    assert rule.allows(size) is case["allowed"]
    assert rule.nearest(size) == tuple(case["nearest"])


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ((2304, 1728), (2304, 1728)),
        ([2304, 1728], (2304, 1728)),
        ({"width": 2304, "height": 1728}, (2304, 1728)),
        (np.array([2304, 1728]), (2304, 1728)),
        ((np.int32(2304), np.uint16(1728)), (2304, 1728)),
        ("2304x1728", (2304, 1728)),
        (" 2304 × 1728 ", (2304, 1728)),
        ("4:3", (2304, 1728)),
        ("4:3 4K", (4096, 3072)),
        ("4:3@1k", (1152, 864)),
        ("9:16 2K", (1600, 2848)),
        ("auto_2K", "auto_2K"),
        (" square_hd ", "square_hd"),
        ("anything", "anything"),
    ],
)
def test_ways_to_write_a_size(given, size):
    read = read_size(given)
    assert read == size
    assert type(read) is (str if isinstance(size, str) else Size)
    if isinstance(read, Size):
        assert [type(side) for side in read] == [int, int]
        assert str(read) == f"{read.width}x{read.height}"


@pytest.mark.parametrize(
    "given",
    [
        None, 2048, 2048.5, (2048,), (1, 2, 3), (2048.0, 2048.0), ("2048", "2048"), (True, 2048),
        {"width": 2048}, {}, [[1, 2], 3], object(),
    ],
)  # fmt: skip
def test_what_is_no_size(given):
    with pytest.raises(RequestError, match=r"\(width, height\) in whole pixels") as caught:
        read_size(given)
    assert (caught.value.field, caught.value.value) == ("image_size", given)


def test_an_unknown_ratio_names_the_known_ones():
    with pytest.raises(RequestError, match=r"1:1, 4:3, 3:4.* got '5:4'; give \(width, height\)"):
        read_size("5:4")


@pytest.mark.parametrize(
    ("model", "kind", "words"),
    [
        ("v4", "text-to-image", "921,600 to 16,777,216 pixels in all, ratio at most 16:1"),
        ("v4", "edit", "at most 16,777,216 pixels, ratio at most 16:1"),
        ("v4.5", "edit", "each side 1920 to 4096, or 3,686,400 to 16,777,216 pixels in all, "
         "ratio at most 16:1"),
    ],
)  # fmt: skip
def test_a_rule_in_words(model, kind, words):
    assert str(endpoint_for(model, kind).size_rule) == words

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import seedream_widgets as sd
from seedream_widgets.errors import RequestError
from seedream_widgets.images import ImageUrl
from seedream_widgets.testing import picture
from seedream_widgets.values.code import as_code
from seedream_widgets.values.endpoints import ENDPOINTS, MAX_SEED, MODELS
from seedream_widgets.values.request import Request
from seedream_widgets.values.sizes import SIZES

from . import JSON, SCALARS, TEXT, fuzz

PICTURES = [picture(number) for number in range(3)]
NAMES = sorted(Request.__dataclass_fields__)
URLS = st.builds(
    lambda name, query: f"https://a.test/{name}.png?{query}",
    st.from_regex(r"[a-z0-9%'~-]{1,9}", fullmatch=True),
    st.from_regex(r"[a-z0-9=&'-]{0,9}", fullmatch=True),
)
PROMPTS = st.text(min_size=1, max_size=60).filter(str.strip)
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "images": st.lists(st.sampled_from(PICTURES) | URLS, max_size=11).map(tuple),
    "image_size": st.none()
    | st.sampled_from([" ".join(pair) for pair in SIZES])
    | st.sampled_from(sorted({name for row in ENDPOINTS.values() for name in row.size_names}))
    | st.tuples(st.integers(900, 5000), st.integers(900, 5000)),
    "num_images": st.integers(0, 7),
    "max_images": st.integers(0, 7),
    "seed": st.none() | st.integers(0, MAX_SEED) | st.integers(),
    "enhance_prompt_mode": st.sampled_from(["standard", "fast"]),
    "enable_safety_checker": st.booleans(),
    "sync_mode": st.booleans(),
    "model": st.sampled_from([*MODELS, "v5"]),
    "output_format": st.none() | st.sampled_from(["jpeg", "png", "webp"]),
    "background": st.none() | st.sampled_from(["auto", "opaque", "transparent"]),
    "draw": st.none() | st.integers(0, 9),
}


def check(error: RequestError) -> None:
    if " is not an argument of a request; " in str(error):
        assert error.field not in NAMES
        assert str(error).startswith((f"{error.field or ' '} ", f"{error.field!r} "))
    else:
        assert error.field.partition("[")[0] in [*NAMES, "request"]
    assert 10 < len(str(error)) < 500


def asked(prompt: object, values: dict[str, Any]) -> Request | None:
    """Return the request, or ``None`` where it is refused in words."""
    try:
        return Request(prompt, **values)  # type: ignore[arg-type]
    except RequestError as error:
        check(error)
        return None


@fuzz(150)
@given(PROMPTS, st.fixed_dictionaries({}, optional=SETTINGS))
def test_a_request_comes_back_from_its_json_and_its_code(
    prompt: str, values: dict[str, Any]
) -> None:
    request = asked(prompt, values)
    if request is None:
        return
    again = Request.from_json(request.to_json())
    assert again == request
    assert hash(again) == hash(request)
    assert again.arguments == request.arguments
    sd.library._keep_inputs(request)
    build, _, _ = as_code(request).partition("result = ")
    names: dict[str, Any] = {}
    exec(build, names)
    assert names["request"] == request


@fuzz(150)
@given(PROMPTS, st.fixed_dictionaries({}, optional=SETTINGS))
def test_what_fal_gets_is_what_its_endpoint_takes(prompt: str, values: dict[str, Any]) -> None:
    request = asked(prompt, values)
    if request is None:
        return
    arguments = json.loads(json.dumps(request.arguments))
    assert arguments == request.arguments
    assert arguments.keys() <= set(request.endpoint.arguments)
    assert None not in arguments.values()
    assert arguments["prompt"] == prompt
    assert 1 <= request.images_range[0] <= request.images_range[1] <= 36
    urls = [image.url for image in request.images if isinstance(image, ImageUrl)]
    assert [url for url in arguments.get("image_urls", []) if "://" in url] == urls
    size = arguments["image_size"]
    assert isinstance(size, str) or size.keys() == {"width", "height"}


@fuzz(200)
@given(
    SCALARS | TEXT, st.dictionaries(st.sampled_from(NAMES).filter(lambda n: n != "prompt"), JSON)
)
def test_any_values_make_a_request_or_a_refusal(prompt: object, values: dict[str, Any]) -> None:
    # A string among the images is a path: those of this computer may well be found.
    values.pop("images", None)
    asked(prompt, values)


@fuzz(300)
@given(
    st.binary(max_size=60)
    | JSON.map(json.dumps)
    | st.dictionaries(st.sampled_from([*NAMES, "other"]), JSON).map(json.dumps)
)
def test_any_json_makes_a_request_or_a_refusal(text: str | bytes) -> None:
    try:
        assert isinstance(Request.from_json(text), Request)
    except RequestError as error:
        check(error)

"""`Request`: a frozen, validated value that knows exactly what fal will receive."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import KW_ONLY, MISSING, dataclass, fields
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import (
    RequestError,
    check_type,
    described,
    quoted,
    refused,
    whole_number,
)
from seedream_widgets.images import ImageInput, ImageUrl
from seedream_widgets.images.load import load_given
from seedream_widgets.values.endpoints import (
    COUNTS,
    DEFAULT_MODEL,
    MAX_SEED,
    Endpoint,
    choices,
    endpoint_for,
    listed,
    taken_by,
)
from seedream_widgets.values.guesses import did_you_mean, meant, meant_ratio, meant_size
from seedream_widgets.values.sizes import Size, read_size
from seedream_widgets.values.wording import region_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OWN_SIZE = "default"
"""The `image_size` that means the endpoint's own default."""
_RATIO_TOLERANCE = 0.02
"""How far the ratio of an edit with a mask may be from that of image 1."""
MAX_PROMPT = 20_000
"""The longest prompt, in characters: far more than the model reads, yet small enough to store."""


@dataclass(frozen=True)
class Request:
    """One request to Seedream, checked before it is sent.

    With `images` it is an edit, without it is text-to-image. Two requests are equal, and hash
    alike, when fal would get the same arguments and the same image bytes, for the same draw.
    ``sd.ENDPOINTS`` shows what each model takes. A value for an argument that the model does not
    take is refused here; its default is accepted, and not sent.

    Args:
        prompt: What to draw or change, up to 20,000 characters; name inputs by their order
            ("image 1").
        images: Up to 10 of PIL image, numpy array, path, ``https://`` or ``data:`` URL, bytes,
            or a `Result`, which counts once for each of its images.
        image_size: ``(width, height)`` in pixels, ``"4:3"``, ``"4:3 4K"``, or one of the
            endpoint's names such as ``"auto_2K"``; ``None`` is the endpoint's own default, and so
            is ``"default"``. `sd.edit` asks for the shape of image 1 unless told otherwise.
        num_images: 1 to 6 separate generations.
        max_images: 1 to 6; each generation gives up to that many images.
        seed: 0 to 2147483647, or ``None`` for a random one. Whether the same seed gives the
            same picture again is unknown. Some models take none.
        enhance_prompt_mode: ``"standard"`` or ``"fast"``, where the model takes it.
        enable_safety_checker: fal's own checker; ByteDance's may refuse all the same.
        sync_mode: Have the images inside the reply as data URIs, kept out of fal's history.
        model: One of the names in ``sd.ENDPOINTS``.
        output_format: ``"jpeg"`` or ``"png"``, where the model takes it; ``None`` is its own.
        background: ``"auto"``, ``"opaque"`` or ``"transparent"``, where the model takes it.
            Transparent comes as PNG, and its images are RGBA.
        draw: Numbers pictures of the same request, from 1: a number asked for before is answered
            from the library, another one is sent to fal. Without it (and without a seed) each
            call is sent. fal never sees it.
        mask: The region of image 1 that may change: a PIL image of mode ``"1"`` or ``"L"`` or an
            array of its size (white may change), the path of one, or a box ``(left, top, right,
            bottom)`` in pixels. fal's Seedream takes no mask: it gets a copy of image 1 with the
            region painted, and words about it. Its answer is aligned and put into the region on
            this computer; outside the region every pixel is the original's (8-bit sRGB). It
            needs numpy: ``seedream-widgets[mask]``.

    Raises:
        RequestError: An argument is outside what the endpoint accepts; its `field` names it.
        ImageInputError: An image can't be read or sent.
    """

    prompt: str
    images: tuple[ImageInput | ImageUrl, ...] = ()
    _: KW_ONLY
    image_size: Size | str | None = None
    num_images: int = 1
    max_images: int = 1
    seed: int | None = None
    enhance_prompt_mode: str = "standard"
    enable_safety_checker: bool = True
    sync_mode: bool = False
    model: str = DEFAULT_MODEL
    output_format: str | None = None
    background: str | None = None
    draw: int | None = None
    mask: ImageInput | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        _check_prompt(self.prompt)
        put(self, "images", load_given(self.images, exact=self.mask is not None))
        endpoint = self.endpoint
        if self.mask is not None:
            put(self, "mask", _check_mask(self.mask, self.images))
            put(self, "image_size", _size_for_mask(self.image_size, self.mask, endpoint))
        put(self, "image_size", _check_size(self.image_size, endpoint))
        for field in ("num_images", "max_images"):
            hint = "; submit several requests for more"
            put(self, field, _check_number(field, getattr(self, field), COUNTS, hint=hint))
        for field, least, none in (
            ("seed", 0, ", or None for a random one"),
            ("draw", 1, ", or None to ask anew each time"),
        ):
            if (value := getattr(self, field)) is not None:
                put(self, field, _check_number(field, value, (least, MAX_SEED), none))
        for field in ("enable_safety_checker", "sync_mode"):
            put(self, field, _check_bool(field, getattr(self, field)))
        _check_taken(self, endpoint)
        put(self, "output_format", _format(self))
        _check_inputs(self, endpoint)

    @property
    def endpoint(self) -> Endpoint:
        """The fal endpoint this goes to."""
        return endpoint_for(self.model, "edit" if self.images else "text-to-image")

    @property
    def arguments(self) -> dict[str, Any]:
        """What fal gets, with ``sha256:<digest>`` for a local image, which is not uploaded yet.

        The copy of image 1 with the mask painted into it is ``mask:<digest>``.
        """
        images = [
            image.url if isinstance(image, ImageUrl) else f"sha256:{image.sha256}"
            for image in self.images
        ]
        marked = [f"mask:{(*self.mask.digests, self.mask.sha256)[0]}"] if self.mask else []
        return self.arguments_with([*images, *marked])

    @property
    def inputs(self) -> int:
        """How many images fal gets: a mask adds one to those given."""
        return len(self.images) + (self.mask is not None)

    def sent_images(self) -> tuple[ImageInput | ImageUrl, ...]:
        """Return the images that fal gets: with a mask, the marked copy of image 1 is the last.

        Raises:
            ImageInputError: The mask does not fit image 1, or one of them is gone.
        """
        first = self.images[0] if self.images else None
        if self.mask is None or not isinstance(first, ImageInput):
            return self.images
        from seedream_widgets.images.masks import marked_copy

        return (*self.images, marked_copy(first, self.mask))

    def arguments_with(self, image_urls: Sequence[str]) -> dict[str, Any]:
        """Return exactly what fal gets, with `image_urls` in place of the images."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        if isinstance(self.image_size, Size):
            values["image_size"] = self.image_size._asdict()
        if self.images:
            values["image_urls"] = list(image_urls)
        if self.mask is not None:
            values["prompt"] = region_words(self.prompt, self.inputs)
        return {
            name: values[name] for name in self.endpoint.arguments if values.get(name) is not None
        }

    @cached_property
    def key(self) -> str | None:
        """A digest that all requests for the very same picture share, or ``None``.

        Without a seed or `draw` a request asks for another picture each time, and has no key.
        """
        if self.seed is None and self.draw is None:
            return None
        asks: list[Any] = [self.endpoint.id, self.arguments]
        if self.draw is not None:
            asks.append({"draw": self.draw})
        asked = json.dumps(asks, sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()

    @property
    def images_range(self) -> tuple[int, int]:
        """The fewest and most images that may come: `num_images`, and that times `max_images`."""
        return self.num_images, self.num_images * self.max_images

    def to_json(self) -> str:
        """Return JSON that `from_json` reads back to an equal request, images included."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["images"] = [_in_json(image) for image in self.images]
        values["mask"] = self.mask and _in_json(self.mask)
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Request:
        """Read what `to_json` wrote; the text is untrusted and validated like any other input.

        Raises:
            RequestError: It is not a JSON object, or a name or value in it is not accepted.
        """
        check_type(text, (str, bytes), "text", "what Request.to_json() wrote")
        try:
            values = json.loads(text)
            images: Any = tuple(_url(image) for image in values.pop("images", ()))
            if values.get("mask") is not None:
                values["mask"] = _url(values["mask"])
            return cls(**values, images=images)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            if isinstance(error, RequestError):
                raise
            raise RequestError(
                f"request is not the JSON of a Request ({error}); use Request.to_json()",
                field="request",
            ) from error


def _in_json(image: ImageInput | ImageUrl) -> dict[str, str]:
    """Return an image as it was given: reading it back gives an equal one."""
    if isinstance(image, ImageUrl):
        return {"url": image.url}
    kind = "png" if image.original.startswith(b"\x89PNG") else "jpeg"
    data = base64.b64encode(image.original).decode("ascii")
    return {"url": f"data:image/{kind};base64,{data}", "name": image.name}


def _url(image: dict[str, Any]) -> str:
    """Return an image's URL; a path would read this computer's files for whoever wrote it."""
    url = image["url"]
    if not isinstance(url, str) or not url.startswith(("https://", "data:")):
        raise ValueError("one of its images has no https:// or data: URL")
    return url


def _check_prompt(prompt: object) -> None:
    def wrong(why: str) -> RequestError:
        return RequestError(f"prompt {why}", field="prompt", value=prompt)

    if isinstance(prompt, list | tuple):
        raise wrong(
            f"takes one text, got a {type(prompt).__name__}; sd.batch(prompt=[...]) asks for each "
            "of several"
        )
    if not isinstance(prompt, str):
        raise wrong(f"takes text, got {described(prompt)}; give a str")
    if not prompt.strip():
        raise wrong("is empty; say what to draw")
    if len(prompt) > MAX_PROMPT:
        raise wrong(f"takes up to {MAX_PROMPT:,} characters, got {len(prompt):,}; shorten it")
    try:
        prompt.encode()
    except UnicodeEncodeError as error:
        raise wrong(f"has a broken character at position {error.start}; remove it") from error


def _check_size(value: Any, endpoint: Endpoint) -> Size | str:
    own = value is None or (isinstance(value, str) and value.strip() == OWN_SIZE)
    size = read_size(endpoint.default_size if own else value, endpoint.size_rule)
    if isinstance(size, str):
        if size in endpoint.size_names:
            return size
        raise RequestError(
            f"image_size of {endpoint.model} {endpoint.kind} takes "
            f"{', '.join(endpoint.size_names)}, a ratio such as '4:3 2K' or (width, height), "
            f"got {size!r:.80}{meant_size(size, (*endpoint.size_names, OWN_SIZE))}",
            field="image_size",
            value=value,
        )
    rule = endpoint.size_rule
    if not rule.allows(size):
        nearest = rule.nearest(size)
        raise RequestError(
            f"image_size of {endpoint.model} {endpoint.kind} takes {rule}, got {size} "
            f"({size.width * size.height:,} pixels); "
            f"{meant_ratio(size) or f'the nearest is {tuple(nearest)}'}",
            field="image_size",
            value=value,
        )
    return size


def _check_mask(value: Any, images: tuple[ImageInput | ImageUrl, ...]) -> ImageInput:
    from seedream_widgets.images.masks import read_mask

    if not images:
        raise RequestError(
            "mask marks a region of image 1, and there are no images; give images=, or use "
            "sd.edit(image, prompt, mask=...)",
            field="mask",
        )
    if isinstance(images[0], ImageUrl):
        raise RequestError(
            "mask needs the pixels of image 1, and got its URL; download it and pass its path",
            field="mask",
            value=images[0].url,
        )
    return read_mask(value, images[0])


def _size_for_mask(value: Any, mask: ImageInput, endpoint: Endpoint) -> Any:
    """Return the size to ask for: it has image 1's shape, as the answer is put into image 1.

    Raises:
        RequestError: Another shape is asked for.
    """
    if value is None:
        return endpoint.size_rule.nearest(Size(*mask.size))
    size = read_size(value, endpoint.size_rule)
    if isinstance(size, Size):
        asked, original = size.width / size.height, mask.width / mask.height
        if abs(asked / original - 1) > _RATIO_TOLERANCE:
            raise RequestError(
                f"image_size with a mask must have the shape of image 1, which is {mask.width} x "
                f"{mask.height}, got {size}; leave it out",
                field="image_size",
                value=value,
            )
    return value


def _check_number(
    field: str, value: Any, bounds: tuple[int, int], none: str = "", *, hint: str = ""
) -> int:
    """Return a whole number as an int; `none` says what ``None`` means, `hint` what else to do."""
    low, high = bounds
    number, takes = whole_number(value), f"{low} to {high}{none}"
    if number is None:
        raise refused(field, f"a whole number, {takes}", value)
    if not low <= number <= high:
        said = f"{field} takes {takes}, got {described(number)}{hint}"
        raise RequestError(said, field=field, value=value)
    return number


def _check_taken(request: Request, endpoint: Endpoint) -> None:
    """Refuse a value for an argument that the endpoint does not take; defaults are not sent."""
    for name, default in _DEFAULTS.items():
        value = getattr(request, name)
        words = endpoint.choices.get(name) or choices(name)
        if words and value is not default and not (isinstance(value, str) and value in words):
            raise RequestError(
                f"{name} of {endpoint.model} takes {' or '.join(map(repr, words))}, "
                f"got {quoted(value)}{did_you_mean(value, words)}",
                field=name,
                value=value,
            )
        if value != default and name not in endpoint.arguments:
            others = taken_by(name, endpoint.kind)
            takers = f"{listed(others)} {'do' if len(others) > 1 else 'does'}"
            raise RequestError(
                f"{endpoint.model} takes no {name}; "
                f"{takers if others else f'no model does for {endpoint.kind}'}. "
                f"Leave it out, got {quoted(value)}",
                field=name,
                value=value,
            )


def _format(request: Request) -> str | None:
    """Return the format to ask for: transparency needs PNG."""
    if request.background != "transparent" or request.output_format == "png":
        return request.output_format
    if request.output_format is None:
        return "png"
    raise RequestError(
        f"output_format {request.output_format!r} can't be transparent; leave it out, or give "
        "'png'",
        field="output_format",
        value=request.output_format,
    )


def _check_bool(field: str, value: Any) -> bool:
    if type(value).__name__ not in ("bool", "bool_"):
        raise refused(field, "True or False", value)
    return bool(value)


def _check_inputs(request: Request, endpoint: Endpoint) -> None:
    inputs, outputs = request.inputs, request.images_range[1]
    if inputs > endpoint.max_inputs:
        raise RequestError(
            f"edit takes up to {endpoint.max_inputs} images, got {inputs} "
            f"(fal would silently keep the last {endpoint.max_inputs}); leave some out",
            field="images",
            value=inputs,
        )
    limit = endpoint.max_inputs_and_outputs
    if limit and inputs + outputs > limit:
        raise RequestError(
            f"images in and out of one edit are at most {limit}, got {inputs} in and up to "
            f"{outputs} out; lower num_images or max_images, or leave images out",
            field="num_images",
            value=request.num_images,
        )


# `draw` is for the library, and fal is not told.
_DEFAULTS = {
    field.name: field.default
    for field in fields(Request)
    if field.default is not MISSING and field.name not in ("images", "model", "draw", "mask")
}


_LONGEST_NAME = 60
"""How much of an unknown argument's name an error repeats, in characters."""


def _checks_names(init: Callable[..., None]) -> Callable[..., None]:
    @wraps(init)
    def checked(self: Request, /, *args: Any, **arguments: Any) -> None:
        check_names(arguments)
        init(self, *args, **arguments)

    return checked


def check_names(arguments: Mapping[str, Any]) -> None:
    """Refuse names that are not arguments of `Request`.

    Raises:
        RequestError: A name is unknown; the message suggests the one that was meant.
    """
    unknown = set(arguments) - set(Request.__dataclass_fields__)
    if unknown:
        name = min(unknown)
        short = name[:_LONGEST_NAME]  # JSON may hold any text as a name, the empty one too
        said = short if short.isidentifier() else repr(short)
        raise RequestError(
            f"{said} is not an argument of a request; {meant(short, Request.__dataclass_fields__)}",
            field=short,
            value=arguments[name],
        )


Request.__init__ = _checks_names(Request.__init__)  # type: ignore[method-assign]

"""`Form`: a studio's traits, which the page and Python share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import traitlets as t

from seedream_widgets.errors import RequestError
from seedream_widgets.studio.bridge import Bridge
from seedream_widgets.studio.traits import (
    ImagesTrait,
    SizeTrait,
    WordTrait,
    size_to_json,
)
from seedream_widgets.values.endpoints import (
    COUNTS,
    DEFAULT_MODEL,
    MAX_SEED,
    MODELS,
    choices,
    endpoint_for,
)
from seedream_widgets.values.sizes import Size, size_like

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSAVED = ("prompt", "_references")
"""Traits that stay out of saved notebooks if prompts are not stored; references have file names."""


_OWN_SIZE = endpoint_for(DEFAULT_MODEL, "text-to-image").default_size


def _count_trait(help: str) -> Any:
    low, high = COUNTS
    return t.Int(low, min=low, max=high, help=help).tag(sync=True)


def _word_trait(argument: str, default: str | None, help: str) -> Any:
    enum: Any = WordTrait
    return enum(choices(argument), default, allow_none=default is None, help=help).tag(sync=True)


class Form(Bridge):
    """The traits of a studio, under one lock: the page and several threads write them."""

    prompt = t.Unicode("", help="What to draw, or to change").tag(sync=True)
    image_size = SizeTrait(
        _OWN_SIZE,
        help="(width, height) in pixels, '4:3 2K', or a name such as 'auto'; the shape of image 1 "
        "while there are references and none was chosen",
    ).tag(sync=True, to_json=size_to_json)
    seed = t.Int(None, allow_none=True, min=0, max=MAX_SEED, help="None is random").tag(sync=True)
    num_images = _count_trait("1 to 6 separate generations")
    max_images = _count_trait("1 to 6; each generation gives up to that many")
    enhance_prompt_mode = _word_trait("enhance_prompt_mode", "standard", "Where the model takes it")
    output_format = _word_trait("output_format", None, "Where the model takes it; None is its own")
    background = _word_trait("background", None, "Where the model takes it; None is its own")
    enable_safety_checker = t.Bool(True, help="fal's own checker").tag(sync=True)
    sync_mode = t.Bool(False, help="Images inside the reply").tag(sync=True)
    model = WordTrait(MODELS, DEFAULT_MODEL, help="Version of Seedream").tag(sync=True)
    selected = t.Unicode(
        "",
        help="Id of the selected image; a new result is selected when it comes; '' is the newest",
    ).tag(sync=True)
    pinned = t.Bool(False, help="New results leave the selection as it is").tag(sync=True)
    references = ImagesTrait(help="Up to 10 input images; with any, it is an edit")

    _shape: t.List[int] = t.List(help="The size that image 1 has set; empty for none").tag(
        sync=True
    )
    _references: t.List[dict[str, Any]] = t.List(help="What the page shows of them").tag(sync=True)
    _facts: t.Dict[str, Any] = t.Dict(help="Endpoints, sizes, prices").tag(sync=True)
    _backend: t.Dict[str, Any] = t.Dict(help="Who answers").tag(sync=True)
    _money = t.Unicode("", help="What was spent, and of how much, in words").tag(sync=True)
    _search: t.Dict[str, Any] = t.Dict(help="What its gallery begins with").tag(sync=True)
    _arrived = t.Unicode(
        "", help="Id of the newest picture a click brought; the page writes it"
    ).tag(sync=True)

    _stores_prompts = True
    _size_chosen = False
    _size_before: Size | str = _OWN_SIZE
    _setting = False

    @t.default("keys")
    def _names_of_saved_state(self) -> list[str]:
        # Whatever is sent as state may be saved with the notebook; messages never are.
        names = self.traits(sync=True)
        return [name for name in names if self._stores_prompts or name not in UNSAVED]

    @t.observe(*UNSAVED)
    def _tell_unsaved(self, change: Any) -> None:
        if change["name"] not in self.keys:
            self._tell(change["name"])

    def _tell(self, *names: str) -> None:
        """Send traits to the page: as state or, if they must not be saved, in a message."""
        for name in names:
            if name in self.keys:
                self.send_state(name)
            else:
                self._post({"kind": "unsaved", "traits": {name: getattr(self, name)}})

    def _tell_all_unsaved(self) -> None:
        self._tell(*(name for name in UNSAVED if name not in self.keys))

    @t.validate("prompt", "selected", "_arrived")
    def _without_surrogates(self, proposal: Any) -> str:
        # A lone surrogate, which a cut text may end with, can't be sent: the page would never get
        # any state again.
        text: str = proposal["value"]
        return text.encode("utf-8", "replace").decode()

    @t.observe("references")
    def _tell_references(self, change: Any) -> None:
        from seedream_widgets.studio.references import describe

        with self._lock:
            self._references = describe(change["new"])

    @t.observe("image_size")
    def _note_size(self, _: object) -> None:
        if not self._setting:
            self._size_chosen, self._shape = True, []

    @t.observe("references", "model")
    def _follow_image_1(self, _: object) -> None:
        """Set the size to the shape of image 1, as `sd.edit` does, unless a size was chosen."""
        with self._lock:
            if self._size_chosen or self._setting:
                return
            shape = self._shape_of_image_1()
            if shape is None and not self._shape:
                return
            if not self._shape:
                self._size_before = self.image_size
            self._setting = True
            try:
                self.image_size = shape or self._size_before
                self._shape = list(shape or ())
            finally:
                self._setting = False

    def _shape_of_image_1(self) -> Size | None:
        """Return the size in the shape of image 1, or ``None`` for a URL or without images."""
        from seedream_widgets.images import ImageInput

        first = self.references[0] if self.references else None
        if not isinstance(first, ImageInput):
            return None
        try:
            rule = endpoint_for(self.model, "edit").size_rule
        except RequestError:  # the model makes no edits
            return None
        return size_like(first.width, first.height, rule)

    @contextmanager
    def _keeping_size(self) -> Iterator[None]:
        """Set size and references together, so that the size is not adapted to image 1."""
        with self._lock:
            self._setting = True
            try:
                yield
            finally:
                self._setting = False
                shape = self._shape_of_image_1()
                kept = shape is not None and self.image_size == shape
                self._shape = list(shape) if kept and shape else []
                self._size_before = _OWN_SIZE
                own = not self.references and self.image_size == _OWN_SIZE
                self._size_chosen = not (kept or own)

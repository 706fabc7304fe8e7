"""`sd.compare`: a widget that compares two pictures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import traitlets as t

from seedream_widgets.display.html import picture as as_picture
from seedream_widgets.display.sheet import grid_html
from seedream_widgets.errors import RequestError
from seedream_widgets.images import ImageInput, load_images
from seedream_widgets.images.compare import Difference, difference
from seedream_widgets.jobs.engine import shared
from seedream_widgets.studio.answers import Answers, Aside
from seedream_widgets.studio.bridge import Bridge
from seedream_widgets.studio.fallback import Fallback, StandIn
from seedream_widgets.studio.previews import Previews
from seedream_widgets.studio.viewer import Viewer, input_of
from seedream_widgets.values.result import Result, ResultImage

if TYPE_CHECKING:
    from PIL.Image import Image

_WORDS = 300


@dataclass(frozen=True)
class _Side:
    """One picture, and the result that it belongs to, if any."""

    picture: ImageInput | ResultImage
    words: str
    result: Result | None = None
    index: int = 0

    @property
    def data(self) -> bytes:
        """The bytes of the file, as they came or were given."""
        given = self.picture
        return given.read_bytes() if isinstance(given, ResultImage) else given.original

    @property
    def pil(self) -> Image:
        from PIL import Image as images

        image = self.picture
        return image.pil if isinstance(image, ResultImage) else images.open(io.BytesIO(self.data))


class Compare(Bridge):
    """A widget that compares two pictures: a slider, side by side, faded, or their difference.

    Args:
        a: The first picture: a result, an entry of the library, a PIL image, a numpy array, a path
            or bytes. Of a result with several images the first is shown; the page can step on.
        b: The second one.
    """

    _pictures: t.List[dict[str, Any]] = t.List(help="Id, size and words of each").tag(sync=True)
    _places: t.List[int] = t.List(help="Which of them are A and B").tag(sync=True)

    def __init__(self, a: Any, b: Any) -> None:
        first, second = _sides(a, "a"), _sides(b, "b")
        self._sides = [*first, *second]
        self._second = len(first)
        engine = shared()
        aside = Aside(engine)
        self._parts.callback(aside.close)
        viewer = Viewer(engine, Previews(engine), aside, self)
        name = f"seedream-{uuid4().hex[:8]}"
        self._fallback = Fallback(name, lambda: (), engine, self._stand_in)
        told = [
            {
                "id": str(number),
                "width": side.picture.width,
                "height": side.picture.height,
                "words": side.words,
            }
            for number, side in enumerate(self._sides)
        ]
        super().__init__(
            _view="compare", _pictures=told, _places=[0, self._second], _dom_classes=(name,)
        )
        self.on_msg(Answers(self, engine, aside, viewer.table).handle)

    @property
    def a(self) -> Image:
        """The first picture, as a PIL image."""
        return self._sides[0].pil

    @property
    def b(self) -> Image:
        """The second picture, as a PIL image."""
        return self._sides[self._second].pil

    def difference(self, unequal: str = "") -> Difference:
        """Return how much the two pictures differ, pixel by pixel.

        Args:
            unequal: What to do if their sizes differ: ``"fit"`` scales B until it fills A,
                ``"crop"`` cuts both to the part they share; by default it is an error.

        Raises:
            RequestError: Their sizes differ.
        """
        return difference(self.a, self.b, unequal)

    def picture(self, target: str) -> ImageInput | ResultImage:
        """Return a picture by its id on the page, or its input image as ``<its id>~<number>``."""
        name, is_input, number = target.rpartition("~")
        if is_input:
            return input_of(self.find_existing(name)[0], number)
        return self._side(target).picture

    def find_existing(self, target: str) -> tuple[Result, int]:
        """Return the result that a picture belongs to, and its number there."""
        side = self._side(target)
        if side.result is None:
            raise RequestError(
                f"{side.words} is not a result, so only its pixels are known", field="target"
            )
        return side.result, side.index

    def _side(self, target: str) -> _Side:
        if target not in map(str, range(len(self._sides))):
            raise RequestError(f"there is no picture {target!r:.40} here", field="target")
        return self._sides[int(target)]

    def _stand_in(self) -> StandIn:
        """Return what to show where no kernel runs."""
        pair = [self._sides[0], self._sides[self._second]]
        shown = [
            side.picture if isinstance(side.picture, ResultImage) else side.pil for side in pair
        ]
        html = grid_html(
            self._in_words(), ["A", "B"], [""], lambda _, at: (shown[at], pair[at].words)
        )
        results = [side.result for side in pair if side.result is not None]
        return StandIn(html, f"{self!r}: {self._in_words()}", as_picture(results[:1]))

    def _in_words(self) -> str:
        try:
            return f"Compared: {self.difference()}"
        except Exception as error:  # damaged, gone, or of unequal sizes: show that instead
            return f"Compared: {error}"

    def __repr__(self) -> str:
        one, two = (self._sides[at].picture for at in (0, self._second))
        return f"<Compare {one.width} x {one.height} with {two.width} x {two.height}>"


def _sides(given: Any, field: str) -> list[_Side]:
    found = given.result() if hasattr(given, "whole") else given  # an entry of the library
    if isinstance(found, Result):
        words = " ".join(found.prompt.split())[:_WORDS] or "(prompt not stored)"
        return [_Side(file, words, found, at) for at, file in enumerate(found.files)]
    if isinstance(found, ResultImage):
        return [_Side(found, found.path.name)]
    loaded = load_images(found, field=field, exact=True)
    kept = [each for each in loaded if isinstance(each, ImageInput)]
    if len(kept) != 1 or len(loaded) != 1:
        raise RequestError(
            f"{field} takes one picture whose bytes are here: a result, a PIL image, an array, a "
            "path or bytes; download what is at a URL first",
            field=field,
        )
    return [_Side(kept[0], kept[0].name)]


def compare(a: Any, b: Any) -> Compare:
    """Return a widget that compares two pictures: slider, side by side, fade, difference.

    It also shows the settings of both, with the differences marked. ``compare.difference()``
    gives the numbers without a browser, and a saved notebook shows both pictures.

    Args:
        a: A result, an entry of the library, a PIL image, a numpy array, a path or bytes.
        b: The other one.

    Raises:
        RequestError: One of them can't be read as a picture.
    """
    return Compare(a, b)

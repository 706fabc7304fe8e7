"""The pictures selected in a gallery: ids on the page, results in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import HasTraits, TraitError

from seedream_widgets.batch.cell import Cell
from seedream_widgets.errors import SeedreamError, quoted
from seedream_widgets.library.entry import Entry
from seedream_widgets.studio.traits import Trait
from seedream_widgets.values.result import Result, image_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PIL.Image import Image

    from seedream_widgets.studio.bridge import Bridge
    from seedream_widgets.studio.shelf import Shelf


class Picks:
    """Turns the trait `_picked` of a widget, ids of pictures, into results and back.

    Args:
        widget: The widget with the trait.
        shelf: Finds results.
        tell: Called at each change, with the results before and after it.
    """

    def __init__(self, widget: Bridge, shelf: Shelf, tell: Callable[[Any, Any], None]) -> None:
        self._widget, self._shelf, self._tell = widget, shelf, tell
        self._names: tuple[str, ...] = ()
        self._results: tuple[Result, ...] = ()
        widget.observe(self._on_picked, "_picked")

    def _on_picked(self, _: object) -> None:
        before, now = self._results, self.results()
        if before != now:
            self._tell(before, now)

    def results(self) -> tuple[Result, ...]:
        """Return the results of the selected pictures, each once, in the order of selection."""
        names = tuple(self._widget._picked)
        if names != self._names:
            known = {result.request_id: result for result in self._results}
            self._results = tuple(self._load(names, known))
            self._names = names
        return self._results

    def _load(self, names: Iterable[str], known: dict[str, Result]) -> Iterable[Result]:
        for request_id in dict.fromkeys(name.rpartition(":")[0] for name in names):
            try:
                yield known.get(request_id) or self._shelf.find_picture(f"{request_id}:0")[0]
            except SeedreamError:  # deleted meanwhile, or never there
                continue

    def images(self) -> tuple[Image, ...]:
        """Return the selected pictures as PIL images."""
        found = []
        for name in self._widget._picked:
            try:
                result, index = self._shelf.find_picture(name)
            except SeedreamError:
                continue
            found.append(result.files[index].pil)
        return tuple(found)

    def set(self, value: Any) -> None:
        """Select all pictures of some results.

        Raises:
            TraitError: `value` is not made of results.
        """
        given = (value,) if isinstance(value, Result | Entry) else value
        try:
            results = tuple(given)
        except TypeError:
            results = (given,)
        names: list[str] = []
        for each in results:
            result = each.opened() if isinstance(each, Cell) else each
            if not isinstance(result, Result | Entry):
                raise TraitError(
                    f"selection takes results, such as sd.library.search('fox'), got {quoted(each)}"
                )
            count = len(result.files) if isinstance(result, Result) else result.images
            names += [image_id(result.request_id, index) for index in range(count)]
        self._widget._picked = names


class ResultsTrait(Trait):
    """The selected results, read from the library when they are used."""

    info_text = "results, such as sd.library.search('fox')"
    default_value = ()

    def get(self, obj: Any, cls: Any = None) -> Any:
        """Return the results that are selected now."""
        picks: Picks | None = getattr(obj, "_picks", None)
        return () if picks is None else picks.results()

    def set(self, obj: Any, value: Any) -> None:
        """Select these results instead."""
        obj._picks.set(value)


class Selects(HasTraits):
    """A mixin that adds a `selection` of results that can be read, set and observed."""

    selection = ResultsTrait(help="The selected results; set it to select others")

    _picks: Picks

    def _tell_selection(self, before: Any, now: Any) -> None:
        from traitlets import Bunch

        change = {"name": "selection", "old": before, "new": now, "owner": self, "type": "change"}
        self.notify_change(Bunch(change))

    @property
    def images(self) -> tuple[Image, ...]:
        """The selected pictures as PIL images."""
        return self._picks.images()


class StudioGallery(Selects):
    """A studio's gallery: ``studio.gallery.selection`` holds the results selected in it."""

    def __init__(self, widget: Bridge, shelf: Shelf) -> None:
        super().__init__()
        self._picks = Picks(widget, shelf, self._tell_selection)

    def __repr__(self) -> str:
        return f"<Gallery of a studio, {len(self.selection)} selected>"

"""`Viewer`: answers the page's viewer: previews, sharp parts of pictures, receipts, differences."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from seedream_widgets.errors import RequestError
from seedream_widgets.images import ImageInput
from seedream_widgets.images.limits import megabytes
from seedream_widgets.library.lineage import own_lineage
from seedream_widgets.money.pricing import cost, usd
from seedream_widgets.studio import protocol
from seedream_widgets.studio.answers import Answer, Aside, Table, answered_aside
from seedream_widgets.studio.protocol import ProtocolError
from seedream_widgets.values.receipt import UNKNOWN_PROMPT
from seedream_widgets.values.result import image_id

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.studio.previews import Previews
    from seedream_widgets.values.result import Result, ResultImage

KEPT = 2
"""How many decoded pictures are kept: the one in view, or the two that are compared."""
KEPT_PIXELS = 64_000_000
"""The most pixels of those together, of 4 bytes each; a single larger picture is kept, too."""
AT_ONCE = 3
"""How many previews are made at once; it leaves one of the widget's threads for all else."""
IDLE_SECONDS = 300.0
"""Seconds without a message after which decoded pictures are dropped: the page may be closed."""
_MAX_SIDE = 1 << 16
_MAX_TEXT = 8000
_MAX_WORDS = 200
_MOST_ABOVE, _MOST_BELOW = 30, 12


class Turns:
    """A semaphore that lets the newest waiter in first, as a user who scrolls looks at the latest.

    Args:
        most: How many may be inside at once.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: list[asyncio.Future[None]] = []

    async def __aenter__(self) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            turn = self._waiting.pop()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class PictureSource(Protocol):
    """Finds pictures by their ids."""

    def picture(self, target: str) -> ImageInput | ResultImage:
        """Return a picture, or raise a `RequestError`."""
        ...

    def find_existing(self, target: str) -> tuple[Result, int]:
        """Return the result that a picture belongs to and its number there; see `picture`.

        A picture whose file is gone is refused, too.
        """
        ...


class Viewer:
    """Answers a viewer's messages, and keeps the pictures in view decoded; on the engine's loop.

    Args:
        engine: Its pool decodes.
        previews: Makes the small pictures.
        aside: Runs what may wait for the widget's lock.
        pictures: Finds pictures by their ids.
    """

    def __init__(
        self, engine: Engine, previews: Previews, aside: Aside, pictures: PictureSource
    ) -> None:
        self._engine, self._previews = engine, previews
        self._aside, self._pictures = aside, pictures
        self._decoded: dict[str, asyncio.Task[Image]] = {}
        self._turns = Turns(AT_ONCE)
        self._idle: asyncio.TimerHandle | None = None
        self.table: Table = {
            protocol.GetPreview: self._preview,
            protocol.Look: self._look,
            protocol.Region: self._region,
            protocol.GetDifference: self._difference,
            **answered_aside(aside, {protocol.GetReceipt: self._receipt}),
        }

    @property
    def kept(self) -> tuple[str, ...]:
        """The ids of the pictures that are kept decoded; the latest is the last."""
        return tuple(self._decoded)

    async def _preview(self, message: protocol.GetPreview) -> Answer:
        async with self._turns:
            source = await self._aside(self._source, message.target)
            small = await self._previews.get(message.target, message.edge, source)
        told = {"media_type": small.media_type, "width": small.width, "height": small.height}
        return {"target": message.target, **told}, [small.data]

    def _source(self, target: str) -> bytes | Path:
        """Return what a preview is made of."""
        found = self._pictures.picture(target)
        if isinstance(found, ImageInput):
            return found.data
        return found._source

    async def _look(self, message: protocol.Look) -> Answer:
        if len(message.targets) > KEPT:
            raise ProtocolError(f"targets must be a list of at most {KEPT}")
        for target in [each for each in self._decoded if each not in message.targets]:
            self._drop(target)
        for target in message.targets:
            # An error is reported when a part of the picture is asked for.
            self._decode_soon(target).add_done_callback(_ignore_error)
        return {}, []

    async def _region(self, message: protocol.Region) -> Answer:
        from seedream_widgets.images.previews import region

        sides = (message.width, message.height, message.to_width, message.to_height)
        if not all(1 <= side <= _MAX_SIDE for side in sides):
            raise ProtocolError(f"width, height and what they become must be 1 to {_MAX_SIDE}")
        image = await asyncio.shield(self._decode_soon(message.target))
        left, top = message.left, message.top
        box = left, top, left + message.width, top + message.height
        size = message.to_width, message.to_height
        try:
            part = await self._engine.run_in_pool(region, image, box, size)
        except ValueError as error:
            raise ProtocolError(f"nothing of the picture is asked for: {error}") from error
        told = {"media_type": part.media_type, "width": part.width, "height": part.height}
        return {"target": message.target, **told}, [part.data]

    def _receipt(self, message: protocol.GetReceipt) -> Answer:
        target = message.target
        if "~" in target:
            given = self._pictures.picture(target)
            size = {"name": "Size", "text": f"{given.width} × {given.height}"}
            return {"target": target, "rows": [size], "inputs": [], "line": []}, []
        result, index = self._pictures.find_existing(target)
        inputs = [
            {"id": f"{target}~{at}", "name": each.name, "width": each.width, "height": each.height}
            for at, each in enumerate(result.request.images)
            if isinstance(each, ImageInput) and each.width and each.height
        ]
        rows = receipt_rows(result, index)
        line = line_of(result, index)
        return {"target": target, "rows": rows, "inputs": inputs, "line": line}, []

    async def _difference(self, message: protocol.GetDifference) -> Answer:
        from seedream_widgets.images.compare import difference

        first = await asyncio.shield(self._decode_soon(message.first))
        second = await asyncio.shield(self._decode_soon(message.second))
        found = await self._engine.run_in_pool(difference, first, second, message.unequal)
        texts = {
            "Mean difference": f"{found.mean:.1f} of 255",
            "Changed": f"{found.changed * 100:.1f} % of the pixels",
            "SSIM": "" if found.ssim is None else f"{found.ssim:.3f}",
        }
        return {"rows": [{"name": name, "text": text} for name, text in texts.items() if text]}, []

    def _decode_soon(self, target: str) -> asyncio.Task[Image]:
        # Moved to the end, as the least recently used picture is dropped first.
        task = self._decoded.pop(target, None) or asyncio.ensure_future(self._decode(target))
        self._decoded[target] = task
        while len(self._decoded) > KEPT:
            self._drop(next(iter(self._decoded)))
        if self._idle is not None:
            self._idle.cancel()
        self._idle = self._engine.loop.call_later(IDLE_SECONDS, self._drop_all)
        return task

    async def _decode(self, target: str) -> Image:
        from seedream_widgets.images.pixels import decoded

        try:
            picture = await self._aside(self._pictures.picture, target)
            data = await self._engine.run_on_disk(_bytes, picture)
            image = await self._engine.run_in_pool(decoded, data)
        except BaseException:
            if self._decoded.get(target) is asyncio.current_task():
                del self._decoded[target]
            raise
        self._make_room(target, image)
        return image

    def _make_room(self, target: str, image: Image) -> None:
        others = [each for each in self._decoded if each != target]
        pixels = image.width * image.height
        for other in reversed(others):
            task = self._decoded[other]
            if task.done() and not task.cancelled() and task.exception() is None:
                pixels += task.result().width * task.result().height
                if pixels > KEPT_PIXELS:
                    self._drop(other)

    def _drop(self, target: str) -> None:
        task = self._decoded.pop(target, None)
        if task is not None:
            task.add_done_callback(_ignore_error)

    def _drop_all(self) -> None:
        for target in self.kept:
            self._drop(target)


def _ignore_error(task: asyncio.Task[Image]) -> None:
    """Retrieve a task's error, so that asyncio does not log it."""
    if not task.cancelled():
        task.exception()


def _bytes(picture: ImageInput | ResultImage) -> bytes:
    return picture.data if isinstance(picture, ImageInput) else picture.read_bytes()


def input_of(result: Result, number: str) -> ImageInput:
    """Return an input image of a result, by its number from 0 as text.

    Raises:
        RequestError: There is no such input, or it was given as a URL.
    """
    images = result.request.images
    image = images[int(number)] if number in map(str, range(len(images))) else None
    if not isinstance(image, ImageInput):
        raise RequestError(
            f"this result has no input image {number!r:.20} that is kept here", field="target"
        )
    return image


def line_of(result: Result, index: int) -> list[dict[str, Any]]:
    """Return the pictures related to this one, in the order in which the viewer steps through them.

    Its ancestors come first, the oldest at the start, then itself, then what was made from it, the
    nearest first. A deleted picture has an empty id, and words that say what it was.
    """
    lineage = own_lineage(result)
    if lineage is None:
        return []
    above: list[dict[str, Any]] = []
    seen, generation = {result.request_id}, [lineage]
    while generation and len(above) < _MOST_ABOVE:
        sources = [source for each in generation for source in each.sources if source.origin]
        generation = []
        for source in sources:
            parent, origin = source.result, source.origin
            if parent is None:
                above.append({"id": "", "words": str(source)[:_MAX_WORDS], "kin": "gone"})
            elif parent.request_id not in seen and origin is not None:
                seen.add(parent.request_id)
                above.append(_step(parent, max(0, origin.image - 1), "made from"))
                if further := own_lineage(parent):
                    generation.append(further)
    below: list[dict[str, Any]] = []
    generation = [lineage]
    while generation and len(below) < _MOST_BELOW:
        made = {each.request_id: each for line in generation for each in line.children}
        new = [each for each in made.values() if each.request_id not in seen][:_MOST_BELOW]
        seen.update(each.request_id for each in new)
        below += [_step(each, 0, "made of it") for each in new]
        generation = [further for each in new if (further := own_lineage(each))]
    if not (above or below):
        return []
    return [*reversed(above[:_MOST_ABOVE]), _step(result, index, "this"), *below[:_MOST_BELOW]]


def _step(result: Result, index: int, kin: str) -> dict[str, Any]:
    index = min(index, len(result.files) - 1)
    words = " ".join(result.prompt.split())[:_MAX_WORDS]
    return {"id": image_id(result.request_id, index), "words": words, "kin": kin}


def receipt_rows(result: Result, index: int) -> list[dict[str, str]]:
    """Return the facts that a viewer shows of one picture of a result, in order.

    The rows of two pictures can be compared by name: equal texts mean equal settings.
    """
    request, file = result.request, result.files[index]
    asked = request.image_size or request.endpoint.default_size
    size = asked if isinstance(asked, str) else f"{asked[0]} × {asked[1]}"
    came = f"{file.width} × {file.height}"
    length = "" if file.byte_count is None else f" {megabytes(file.byte_count)}"
    offline = result.backend == "offline"
    rows = {
        "Prompt": request.prompt if request.prompt != UNKNOWN_PROMPT else "",
        "Kind": _kind(len(request.images)),
        "Model": request.model,
        "Seed": "not told" if result.seed is None else str(result.seed),
        "Size": came if size == came else f"{came}, asked for {size}",
        "Images": _number(result, index),
        "Region": _region(file),
        "Enhance prompt": request.enhance_prompt_mode,
        "Safety checker": "on" if request.enable_safety_checker else "off",
        "Format": request.output_format,
        "Background": request.background,
        "File": file.format + length,
        "Endpoint": "offline preview, not Seedream" if offline else request.endpoint.id,
        "Took": "" if result.cached else _took(result),
        "Cost": "" if offline else _cost(result),
        "Created": f"{result.created:%Y-%m-%d %H:%M} UTC",
        "Request": result.request_id,
    }
    return [{"name": name, "text": text[:_MAX_TEXT]} for name, text in rows.items() if text]


def _number(result: Result, index: int) -> str:
    if result.missing:
        return f"{index + 1}; asked {len(result) + result.missing}, got {len(result)}"
    return f"{index + 1} of {len(result)}" if len(result) > 1 else ""


def _region(file: ResultImage) -> str:
    if file.composed is None:
        return ""
    across, down = file.composed.shift
    moved = f"moved by {across:.1f}, {down:.1f} px"
    how = moved if file.composed.aligned else "as it came, not moved"
    return f"put together here: the answer inside the marked region, {how}"


def _kind(inputs: int) -> str:
    return f"edit of {inputs} image{'s' * (inputs > 1)}" if inputs else "from text"


def _cost(result: Result) -> str:
    return "$0.00, from the library" if result.cached else usd(cost(result))


def _took(result: Result) -> str:
    timings = result.timings
    return f"queue {timings.queue:.1f} s, generation {timings.generation:.1f} s"

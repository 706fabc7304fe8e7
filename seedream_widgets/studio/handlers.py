"""Handles each message that a studio's page sends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from seedream_widgets.errors import ImageInputError, RequestError, SeedreamError
from seedream_widgets.images import ImageInput, ImageUrl, load_image, load_images
from seedream_widgets.images.masks import Strokes
from seedream_widgets.studio import protocol
from seedream_widgets.studio.answers import Answer, Late, Table, answered_aside
from seedream_widgets.studio.cards import FORM
from seedream_widgets.studio.iterate import ask_again
from seedream_widgets.studio.ledger import ledger
from seedream_widgets.studio.references import MARKED, by_id, describe, load
from seedream_widgets.studio.restore import restore
from seedream_widgets.studio.terms import GESTURE_MS, Terms
from seedream_widgets.studio.uploads import Uploads
from seedream_widgets.studio.viewer import Viewer
from seedream_widgets.values.code import as_code
from seedream_widgets.values.request import Request

if TYPE_CHECKING:
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.studio.session import Session
    from seedream_widgets.values.result import Result, ResultImage

_log = logging.getLogger(__name__)
_REMEMBERED = 200

Given = TypeVar("Given")
Adding = Coroutine[Any, Any, dict[str, Any]]


def _region(mask: Any) -> tuple[Any, ...] | Strokes:
    """Read a region of image 1: a box, or the strokes of a brush, in the picture's pixels."""
    if not isinstance(mask, list) or not mask:
        raise protocol.ProtocolError("mask must be a box of four whole numbers, or strokes")
    if isinstance(mask[0], list):
        try:
            return Strokes.read(mask)
        except ValueError as error:
            raise protocol.ProtocolError(f"mask: {error}") from error
    if len(mask) != 4:
        raise protocol.ProtocolError("mask must be a list of four whole numbers")
    return tuple(mask)


def _remember(seen: dict[str, Given], name: str, value: Given) -> None:
    seen[name] = value
    while len(seen) > _REMEMBERED:
        del seen[next(iter(seen))]


class Handlers:
    """Answers the page's messages for one studio."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._studio = session.studio
        self._engine = session.engine
        self._uploads = Uploads()
        self._in_order = asyncio.Lock()
        self._upload_outcomes: dict[str, dict[str, Any]] = {}
        self._resuming = asyncio.Lock()
        self._submitted: dict[str, Job] = {}
        self._last_submit: tuple[protocol.Submit, Job] | None = None
        self._adding: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._replaced: tuple[Any, ...] = ()
        self._studio.observe(self._keep_replaced, "references")
        self.viewer = Viewer(session.engine, session.previews, session.aside, self)
        self.table: Table = {
            **session.shelf.table,
            **self.viewer.table,
            **answered_aside(
                session.aside,
                {protocol.AskAgain: self._ask_again, protocol.Ledger: self._ledger},
            ),
            protocol.Submit: self._submit,
            protocol.Cancel: self._cancel,
            protocol.Forget: self._forget,
            protocol.ShowAgain: self._show_again,
            protocol.Sync: self._sync,
            protocol.Older: self._older,
            protocol.Write: self._write,
            protocol.Upload: self._upload,
            protocol.Chunk: self._chunk,
            protocol.Probe: self._probe,
            protocol.Abandon: self._abandon,
            protocol.Arrange: self._arrange,
            protocol.UseResult: self._use_result,
            protocol.UseAddress: self._use_address,
            protocol.Resume: self._resume,
            protocol.Code: self._code,
        }

    def _submit(self, message: protocol.Submit) -> Answer:
        # A page that is shown twice (Colab) sends a click twice: it must become one job.
        job = self._submitted.get(message.id) or self._job_of_same_press(message)
        if job is None:
            request = self._request(message.form)
            terms = None if message.terms is None else Terms.read(message.terms)
            job = self._session.start(request, clicked=True, shown=terms)
        _remember(self._submitted, message.id, job)
        self._last_submit = message, job
        return {"job_id": job.id}, []

    def _job_of_same_press(self, message: protocol.Submit) -> Job | None:
        """Return the job of the same form submitted less than a second before, in any view.

        Times are by the page's clock, as a busy kernel gets presses of different moments at once.
        """
        if self._last_submit is None or not message.pressed:
            return None
        last, job = self._last_submit
        again = last.form == message.form and abs(message.pressed - last.pressed) < GESTURE_MS
        return job if again else None

    def _request(self, form: dict[str, Any]) -> Request:
        values = {name: form[name] for name in FORM if name in form}
        images = self._images_of(form.get("references", []))
        mask = form.get("mask")
        if mask is not None:
            # With a mask the answer has image 1's shape, whatever size the form has.
            values |= {"mask": _region(mask), "image_size": None}
        return Request(**{"prompt": "", **values}, images=tuple(images))

    def _images_of(self, ids: Any) -> list[Any]:
        past = (job.request.images for job in self._session.jobs)
        known = by_id(*past, self._replaced, self._studio.references)
        if isinstance(ids, list | tuple) and MARKED in ids:
            raise RequestError(
                "that request had a marked region, which is not in the form: mark it again in the "
                "viewer, or ask for it once more from Python with result.vary()",
                field="references",
            )
        try:
            return [known[each] for each in ids]
        except (KeyError, TypeError) as error:
            raise RequestError(
                "a reference image is no longer known to the kernel; remove it and add it again",
                field="references",
            ) from error

    def _keep_replaced(self, change: Any) -> None:
        """Remember the references that were just replaced, for Undo."""
        old = change["old"]
        self._replaced = old if isinstance(old, tuple) else ()

    def _cancel(self, message: protocol.Cancel) -> Answer:
        return {"asked": self._session.job(message.job_id).cancel()}, []

    def _forget(self, message: protocol.Forget) -> Answer:
        self._session.forget(message.job_id)
        return {}, []

    def _show_again(self, message: protocol.ShowAgain) -> Answer:
        self._session.show_again(message.job_id)
        return {}, []

    async def _sync(self, message: protocol.Sync) -> Callable[[], Answer]:
        waiting = await self._session.aside(self._session.count_resumable)

        def tell() -> Answer:
            self._studio._tell_all_unsaved()
            return {**self._session.snapshot(message.since), "waiting": waiting}, []

        return tell

    def _older(self, message: protocol.Older) -> Answer:
        return self._session.older(message.before), []

    def _write(self, message: protocol.Write) -> Answer:
        if list(message.traits) != ["prompt"] or not isinstance(message.traits["prompt"], str):
            raise protocol.ProtocolError("write must bring the prompt, a text")
        self._studio.prompt = message.traits["prompt"]
        return {}, []

    async def _resume(self, message: protocol.Resume) -> Answer:
        async with self._resuming:  # two views may ask at once
            return {"jobs": await self._session.aside(self._session.resume)}, []

    def _ledger(self, _: protocol.Ledger) -> Answer:
        return ledger(self._session.client), []

    def _code(self, message: protocol.Code) -> Answer | Late:
        if not message.job_id:
            return self._session.aside(self._session.shelf.code, message)
        request = self._session.job(message.job_id).request
        return {"code": as_code(request, self._session.client.library.path)}, []

    def _upload(self, message: protocol.Upload) -> Answer:
        return {"received": self._uploads.start(message)}, []

    def _chunk(self, message: protocol.Chunk, buffers: list[memoryview]) -> Answer:
        if len(buffers) != 1:
            raise protocol.ProtocolError("chunk must bring one buffer")
        received = self._uploads.write(message.upload_id, message.offset, memoryview(buffers[0]))
        whole = self._uploads.take(message.upload_id)
        if whole:
            self._engine.start(self._read_upload(message.upload_id, *whole))
        return {"received": received}, []

    def _probe(self, message: protocol.Probe) -> Answer:
        received = self._uploads.received(message.upload_id)
        if outcome := self._upload_outcomes.get(message.upload_id):
            with self._studio._lock:  # sent again, as a flood of output may have dropped both
                self._studio._tell("_references")
                self._studio._post(outcome)
        return {"received": received}, []

    def _abandon(self, message: protocol.Abandon) -> Answer:
        self._uploads.drop(message.upload_id)
        return {}, []

    async def _read_upload(self, upload_id: str, name: str, data: bytes, purpose: str) -> None:
        reading = self._restore(data) if purpose == "restore" else self._add(upload_id, name, data)
        try:
            outcome = await reading
        except Exception as error:
            if not isinstance(error, SeedreamError):
                _log.exception("reading %s failed", name)
            message = str(error).removeprefix("references, ")
            outcome = {"kind": "upload_failed", "message": message}
        finally:
            self._uploads.mark_read(upload_id)
        outcome["upload_id"] = upload_id
        _remember(self._upload_outcomes, upload_id, outcome)
        await self._session.aside(self._studio._post, outcome)

    async def _add(self, upload_id: str, name: str, data: bytes) -> dict[str, Any]:
        loading = asyncio.ensure_future(self._engine.run_in_pool(load, name, data))
        async with self._in_order:  # meanwhile the next one is already loading
            image = await loading
            if not self._uploads.is_wanted(upload_id):
                raise RequestError("this upload was given up", field="references")
            reference = await self._session.aside(self._session.add_reference, image)
        return {"kind": "uploaded", "reference": reference}

    async def _restore(self, data: bytes) -> dict[str, Any]:
        library = self._session.client.library
        async with self._in_order:
            note = await self._session.aside(restore, self._studio, library, data)
        return {"kind": "restored", "note": note}

    def _arrange(self, message: protocol.Arrange) -> Answer:
        references = tuple(self._images_of(message.references))
        with self._studio._keeping_size() if message.sized else self._studio._lock:
            self._studio.references = references
        return {"references": describe(self._studio.references)}, []

    def _use_result(self, message: protocol.UseResult) -> Late:
        return self._add_once(message, lambda: self._add_result(message.image_id, message.exact))

    def _use_address(self, message: protocol.UseAddress) -> Late:
        return self._add_once(message, lambda: self._add_address(message.url))

    def _ask_again(self, message: protocol.AskAgain) -> Answer:
        ask_again(self._studio, *self._session.shelf.find_picture(message.image_id), message.how)
        return {}, []

    async def _add_once(self, message: protocol.Message, add: Callable[[], Adding]) -> Answer:
        if message.id not in self._adding:
            _remember(self._adding, message.id, asyncio.ensure_future(add()))
        return {"reference": await asyncio.shield(self._adding[message.id])}, []

    async def _add_address(self, url: str) -> dict[str, Any]:
        image = load_image(url, field="references") if url.startswith("https://") else None
        if not isinstance(image, ImageUrl):  # the page must not name files on the kernel's disk
            raise RequestError(
                "an image from another page is added by its https:// address; save this one and "
                "drop the file",
                field="references",
            )
        return await self._session.aside(self._session.add_reference, image)

    async def _add_result(self, image_id: str, exact: bool) -> dict[str, Any]:
        result, index = await self._session.aside(self.find_existing, image_id)
        file = result.files[index]

        def load() -> ImageInput | ImageUrl:
            try:
                (image,) = load_images(file.path, field="references", exact=exact)
            except ImageInputError:
                file.read_bytes()  # raises a better error if the file is gone or damaged
                raise
            return image

        image = await self._engine.run_in_pool(load)
        return await self._session.aside(self._session.add_reference, image)

    def picture(self, target: str) -> ImageInput | ResultImage:
        """Return a reference, a picture of a result, or an input of that result, by its id.

        Raises:
            RequestError: There is no picture of that id.
        """
        image = by_id(self._studio.references).get(target)
        return image if isinstance(image, ImageInput) else self._session.shelf.picture(target)

    def find_existing(self, target: str) -> tuple[Result, int]:
        """Return the result that a picture belongs to, and its number there; see `Shelf`."""
        return self._session.shelf.find_existing(target)

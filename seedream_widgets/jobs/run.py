"""Takes one request to its result: upload, submit, watch, fetch, download, in this order.

`run` is the only way there, for new requests as for resumed ones. The `Job` shows how far it is,
the `Record` writes it to disk, and the `Backend` does each step.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import logging
import traceback
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakMethod

from seedream_widgets.backends.base import reach_listener
from seedream_widgets.errors import (
    BackendError,
    ImageInputError,
    JobCancelled,
    ResultError,
    SeedreamError,
    SubmitUnknownError,
)
from seedream_widgets.files import in_place_of, put_in_place
from seedream_widgets.images import ImageInput, ImageUrl
from seedream_widgets.images.containers import is_cut
from seedream_widgets.images.masks import compose
from seedream_widgets.jobs.lost import sent_now
from seedream_widgets.jobs.resume import lost_reply_error
from seedream_widgets.library.journal import TakenOver
from seedream_widgets.values.endpoints import is_seed
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.result import (
    SUFFIXES,
    Composition,
    Result,
    ResultImage,
    Timings,
)
from seedream_widgets.values.status import Fetching, InProgress, Looking, Preparing, Queued

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator
    from types import FrameType

    from seedream_widgets.backends.base import Backend, Output, OutputFile
    from seedream_widgets.errors import Billing
    from seedream_widgets.images.growing import Arriving
    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.jobs.lost import Sent, Waiting
    from seedream_widgets.jobs.record import Record
    from seedream_widgets.values.request import Request

_log = logging.getLogger(__name__)
T = TypeVar("T")
_MOST_SHOWN_ARRIVING = 2
"""Up to so many images of a request are shown while they download: with more, decoding them would
take longer than the download."""
_TAKEN_OVER = (
    "another process that uses this library took this request over, as it had not heard of this "
    "one for minutes; nothing was sent from here. sd.resume() and sd.spending() tell what became "
    "of it"
)
_INPUT_NOT_FETCHED = "file_download_error"
"""fal's error type for an input image that is not at its address (any more)."""


async def run(job: Job, backend: Backend, record: Record, engine: Engine) -> None:
    """Take `job` to its end; the job then holds its result or its error."""
    attempt = _Run(job, backend, record, engine)
    reach_listener.set(WeakMethod(attempt.note_reach))
    try:
        job._succeed(await attempt.result())
    except SeedreamError as error:
        error = record.explained(error)
        await _tidy_and_fail(job, error, attempt.failed(error))
    except TakenOver:
        job._fail(BackendError(_TAKEN_OVER, billing="no"))
    except asyncio.CancelledError:
        words = "Python ended; what fal has accepted goes on" if backend.bills else "Python ended"
        job._fail(JobCancelled(words, billing=attempt.billing))
        raise
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        unexpected = BackendError(
            f"unexpected {type(error).__name__} ({error}); please report it with its traceback",
            request_id=job.request_id,
            billing=attempt.billing,
        )
        unexpected.__cause__ = error
        await _tidy_and_fail(job, unexpected, record.failed(unexpected))


async def _tidy_and_fail(
    job: Job, error: SeedreamError, tidying: Coroutine[Any, Any, None]
) -> None:
    """Fail `job`, even if tidying up after it fails as well."""
    try:
        await _await_uninterrupted(tidying)
    except (Exception, SystemExit, KeyboardInterrupt):
        _log.exception("tidying up after job %s failed", job.id)
    finally:
        _clear_frames(error)
        job._fail(error)


def _clear_frames(error: BaseException | None) -> None:
    """Clear the frames in an error's traceback, so that it does not keep the sent images alive.

    Jobs that share an upload share its error, whose traceback then has frames of each of them.
    Clearing the frame of a task that still waits would end that task, so those are left alone.
    """
    waiting = set(_frames_of_tasks())
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame not in waiting:
                with suppress(RuntimeError):  # the frame is still executing
                    frame.clear()
        error = error.__cause__ or error.__context__


def _frames_of_tasks() -> Iterator[FrameType]:
    """Yield the frames of the coroutines that the tasks of this loop are waiting in."""
    for task in asyncio.all_tasks():
        step: Any = task.get_coro()
        while step is not None:
            if (frame := getattr(step, "cr_frame", None)) is not None:
                yield frame
            step = getattr(step, "cr_await", None)


class _Run:
    def __init__(self, job: Job, backend: Backend, record: Record, engine: Engine) -> None:
        self.job, self.backend, self.record, self.engine = job, backend, record, engine
        self.submitting: asyncio.Future[Handle] | None = None
        self.lost: Waiting | None = None
        self.notes: list[str] = []
        """What went wrong with pictures that came, for `Result.note`."""
        self.completed = False
        """Whether the backend has finished the request, which is then paid for."""

    @property
    def billing(self) -> Billing:
        sent = self.submitting or self.job.handle
        return "maybe" if sent and self.backend.bills else "no"

    async def result(self) -> Result:
        handle = self.job.handle
        if handle:
            return await self._await_or_cancel(self._follow(handle))
        work = self._find_and_follow() if self.record.lost else self._send_and_follow()
        return await self._await_or_cancel(work)

    async def failed(self, error: SeedreamError) -> None:
        if getattr(error, "error_type", None) == _INPUT_NOT_FETCHED:
            for image in self.job.request.images:
                if not isinstance(image, ImageUrl):
                    await self._forget(image)
        await self.record.failed(error)

    async def _forget(self, image: ImageInput) -> None:
        try:
            await self.backend.forget(image)
        except (Exception, SystemExit, KeyboardInterrupt):  # a user's own backend may raise any
            _log.exception("the upload of %s could not be forgotten", image.name)

    async def _await_or_cancel(self, step: Coroutine[Any, Any, Result]) -> Result:
        """Await `step`; if the user cancels the job meanwhile, cancel the request instead."""
        try:
            return await step
        except asyncio.CancelledError:
            if not self.job._cancelling:
                raise
        return await self._cancel()

    async def _send_and_follow(self) -> Result:
        # Not to be interrupted: an entry written after the job has ended would never be removed.
        await _await_uninterrupted(self.record.plan())
        self._raise_if_unwanted()
        urls = await self._upload()
        # While it waits for a slot it is not marked as sent, and can be cancelled at no cost.
        async with self.engine.slots:
            self._raise_if_unwanted()
            # Shielded: a submit in flight may be accepted, so its reply is always waited for.
            self.submitting = asyncio.ensure_future(self._submit(urls))
            if self.backend.bills:
                self.engine.replies.add(self.submitting)
                self.submitting.add_done_callback(self.engine.replies.discard)
            await asyncio.wait([self.submitting])
        # The slot is free again: searching for a lost reply must not hold up other submits.
        return await self._follow(await self._await_handle(self.submitting))

    async def _find_and_follow(self) -> Result:
        """Search for what an earlier session sent without receiving fal's reply."""
        sent = self.record.lost
        assert sent is not None
        self.submitting = asyncio.ensure_future(self._search_and_raise(sent, lost_reply_error()))
        return await self._follow(await self._await_handle(self.submitting))

    async def _search_and_raise(self, sent: Sent, error: SubmitUnknownError) -> Handle:
        """Start the search for a request whose reply was lost, and raise `error`."""
        self.lost = self.engine.lost.start_search(self.backend, sent, self.record.library, error)
        raise error

    async def _await_handle(self, reply: asyncio.Future[Handle]) -> Handle:
        """Return the reply to the submit or, if it was lost, the request found in fal's list.

        Raises:
            SubmitUnknownError: The reply was lost, and it is unknown whether fal has the request.
            BackendError: fal refused it, or lists no such request.
        """
        try:
            return await asyncio.shield(reply)
        except SubmitUnknownError:
            if self.lost is None:
                raise
        self.job._update(Looking())
        request_id = await asyncio.shield(self.lost.found)
        handle = Handle(request_id, self.lost.sent.endpoint)
        await _await_uninterrupted(self.record.accepted(handle))
        self.job._accept(handle)
        return handle

    async def _upload(self) -> list[str]:
        if not self.job.request.images:
            return []
        images = await self.engine.run_on_disk(self.job.request.sent_images)
        local = len([image for image in images if not isinstance(image, ImageUrl)])
        uploaded = itertools.count(1)
        self.job._update(Preparing(0, local))

        async def url(image: ImageInput | ImageUrl) -> str:
            if isinstance(image, ImageUrl):
                return image.url
            image = await self.engine.run_on_disk(image.loaded)
            if not image.data:
                raise ImageInputError(
                    f"input image {image.sha256[:12]}… is not in the library any more; give the "
                    "image itself",
                    value=image.sha256,
                )
            address = await self.backend.upload(image)
            self.job._update(Preparing(next(uploaded), local))
            return address

        return await _gather_to_end([url(image) for image in images])

    async def _submit(self, urls: list[str]) -> Handle:
        self._raise_if_unwanted()
        request = self.job.request
        sent = sent_now(request.endpoint.id, request.arguments_with(urls))
        await self.record.sending(sent.digest)
        with self.engine.lost.sending(sent):
            try:
                handle = await self.backend.submit(request, urls)
            except SubmitUnknownError as error:
                return await self._search_and_raise(sent, error)
            except asyncio.CancelledError:
                if self.engine.ending or not self.job._cancelling or self.job.status.unreached:
                    raise
                return await self._search_and_raise(
                    sent, lost_reply_error()
                )  # it may just have been sent
            self.engine.lost.accepted(sent, handle.request_id)
        await self.record.accepted(handle)
        self.job._accept(handle)
        return handle

    def note_reach(self, reached: bool) -> None:
        """Have the job's status say whether the backend can be reached."""
        status = self.job.status
        if status.unreached == reached and not status.final:
            self.job._update(replace(status, unreached=not reached))

    def _raise_if_unwanted(self) -> None:
        if self.job._cancelling or self.engine.ending:
            raise _cancelled_unsent()

    async def _follow(self, handle: Handle) -> Result:
        async with aclosing(self.backend.watch(handle)) as statuses:
            async for status in statuses:
                self.job._update(status)
        self.completed = True
        return await self._fetch(handle)

    async def _fetch(self, handle: Handle) -> Result:
        self.job._update(Fetching())
        output = await self.backend.fetch(handle)
        if not output.files:
            raise ResultError(
                "fal answered without an image. Try again or change the prompt.",
                status_code=200,
                request_id=handle.request_id,
                billing="maybe",
            )
        self.job._update(Fetching(0, len(output.files)))
        fetched = itertools.count(1)

        async def one(number: int, file: OutputFile) -> ResultImage:
            few = len(output.files) <= _MOST_SHOWN_ARRIVING
            wanted = self.job._arriving if few else None
            arriving = partial(wanted, number - 1) if wanted else None
            image = await self._download(str(number), file, arriving)
            self.job._update(Fetching(next(fetched), len(output.files)))
            return image

        files = await _gather_to_end([one(n, file) for n, file in enumerate(output.files, 1)])
        if self.job.request.mask is not None:
            files = await _await_uninterrupted(self._put_into_region(files))
        result = self._result(handle, output, tuple(files))
        return await _await_uninterrupted(self.record.commit(result))

    async def _download(
        self, stem: str, file: OutputFile, arriving: Arriving | None
    ) -> ResultImage:
        """Fetch a file, and once more where it came cut: nothing is paid for that."""
        image, is_whole = await self._download_once(stem, file, arriving)
        if is_whole:
            return image
        again = ""
        if not file.url.startswith("data:"):
            again = ", and did so once more when it was fetched again"
            with suppress(SeedreamError, OSError):  # what came is there, whatever comes of this
                image, is_whole = await self._download_once(stem, file, arriving, image)
        if not is_whole:
            self.notes.append(
                f"{image.path.name} is not whole: fal's file ends too early{again}. What came of "
                "it is kept"
            )
        return image

    async def _download_once(
        self,
        stem: str,
        file: OutputFile,
        arriving: Arriving | None,
        before: ResultImage | None = None,
    ) -> tuple[ResultImage, bool]:
        """Return a file and whether it is whole; one that is not takes no place of `before`."""
        try:
            folder = await self.engine.run_on_disk(self.record.stage)
            await self.backend.download(file, folder / stem, arriving)
            return await self.engine.run_on_disk(_read_file, folder / stem, file, before)
        except OSError as error:  # it can't be written, but is paid for: keep it in memory
            self.record.trouble(error)
        memory = io.BytesIO()
        await self.backend.download(file, memory, arriving)
        image = await self.engine.run_on_disk(_read_image, memory.getvalue(), Path(stem), file)
        is_whole = _is_whole(image)
        return image if is_whole else before or image, is_whole

    async def _put_into_region(self, answers: list[ResultImage]) -> list[ResultImage]:
        """Put each answer into the marked region; one that can't be put there stays as it came."""
        work = [self.engine.run_on_arrivals(_compose, each, self.job.request) for each in answers]
        done = await asyncio.gather(*work, return_exceptions=True)
        files = []
        for answer, each in zip(answers, done, strict=True):
            if isinstance(each, ResultImage):
                files.append(each)
                if each.composed and not each.composed.aligned:
                    self.notes.append(
                        f"{answer.path.name} could not be compared with the original outside the "
                        "region, so it was put in as it came, not moved: look at the edges"
                    )
                continue
            _log.warning("the answer could not be put into the region: %s", each)
            self.notes.append(
                f"{answer.path.name} is the model's whole answer: it could not be put into the "
                f"marked region ({str(each)[:200]})"
            )
            files.append(answer)
        return files

    def _result(self, handle: Handle, output: Output, files: tuple[ResultImage, ...]) -> Result:
        taken = "seed" in self.job.request.endpoint.arguments
        return Result(
            request=self.job.request,
            request_id=handle.request_id,
            files=files,
            # A seed that no request accepts is left out: nothing must offer to reuse it.
            seed=output.seed if taken and is_seed(output.seed) else None,
            timings=_timings(self.job),
            backend=self.backend.name,
            created=datetime.now(timezone.utc),
            billable_units=output.billable_units,
            extra=output.extra,
            note="; ".join(self.notes) or None,
        )

    async def _cancel(self) -> Result:
        handle = self.job.handle
        if not handle:
            if self.submitting is None:
                raise _cancelled_unsent()
            if self.job.status.unreached:  # nothing has been sent, so there is no reply to wait for
                self.submitting.cancel()
                await asyncio.wait([self.submitting])
                if self.submitting.cancelled():
                    raise _cancelled_unsent()
            handle = await self._await_handle(self.submitting)
        try:
            billing = await self.backend.cancel(handle)
        except SeedreamError as error:
            _log.warning("job %s goes on, as cancelling it failed: %s", self.job.id, error)
            self.job._note_cancel_failed()
            return await self._await_or_cancel(self._follow(handle))
        if billing == "yes" or self.completed:  # it had finished: it is paid for, so it is kept
            return await self._fetch(handle)
        if billing == "no":
            raise JobCancelled("cancelled; nothing is billed", billing="no")
        raise JobCancelled("cancelled while it ran; fal may finish and bill it", billing="maybe")


def _cancelled_unsent() -> JobCancelled:
    return JobCancelled("cancelled before it was sent; nothing is billed", billing="no")


async def _await_uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` that writes to the disk, ignoring a cancellation that comes meanwhile."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # Python ends
                raise
        except BaseException:
            break
    return task.result()


async def _gather_to_end(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all to their end, then raise the first error, so that none is left running."""
    done = await asyncio.gather(*work, return_exceptions=True)
    failed = next((each for each in done if isinstance(each, BaseException)), None)
    if failed is not None:
        raise failed
    return [each for each in done if not isinstance(each, BaseException)]


def _compose(answer: ResultImage, request: Request) -> ResultImage:
    """Return the original with an answer in its marked region, as a file beside the answer's."""
    picture, mask = request.images[0], request.mask
    assert isinstance(picture, ImageInput)
    assert mask is not None
    composed = compose(answer.read_bytes(), picture, mask)
    path = answer.path.with_name(f"{answer.path.stem}-in-region.png")
    found = composed.alignment
    how = found.scale, found.shift, found.agreement, found.aligned, composed.feather
    held = answer.data is not None
    if not held:
        with in_place_of(path) as part:
            part.write_bytes(composed.data)
    return ResultImage(
        path,
        "PNG",
        *composed.size,
        data=composed.data if held else None,
        byte_count=len(composed.data),
        sha256=hashlib.sha256(composed.data).hexdigest(),
        composed=Composition(answer, *how),
    )


def _read_file(
    path: Path, file: OutputFile, before: ResultImage | None
) -> tuple[ResultImage, bool]:
    """Read a downloaded file, and give it the suffix of its format; tell whether it is whole.

    If it is not, and an earlier download is there, return that one.
    """
    try:
        image = _read_image(path.read_bytes(), path, file)
        is_whole = _is_whole(image)
        if is_whole or before is None:
            put_in_place(path, image.path)
            return replace(image, data=None), is_whole
        return before, False
    finally:
        if before is not None:  # a file of no use is no part of the result
            path.unlink(missing_ok=True)


def _is_whole(image: ResultImage) -> bool:
    return image.data is None or not is_cut(image.data, image.format)


def _read_image(data: bytes, path: Path, file: OutputFile) -> ResultImage:
    from PIL import Image, UnidentifiedImageError

    try:
        # Only these formats: for some others Pillow starts external programs.
        with Image.open(io.BytesIO(data), formats=tuple(SUFFIXES)) as image:
            kind, (width, height) = image.format or "", image.size
        whole = path.with_name(path.name + SUFFIXES[kind])
    except (OSError, ValueError, KeyError, Image.DecompressionBombError) as error:
        then = f"Its bytes are kept at {path}; call" if path.is_absolute() else "Call"
        # Pillow's own message names an object in memory.
        unidentified = isinstance(error, UnidentifiedImageError)
        why = f"it is not in one of the formats {', '.join(SUFFIXES)}" if unidentified else error
        raise ResultError(
            f"Pillow can't read the file that fal sent ({why}). {then} sd.resume() to fetch it "
            "again.",
            billing="yes",
        ) from error
    url = "" if file.url.startswith("data:") else file.url
    digest = hashlib.sha256(data).hexdigest()
    return ResultImage(whole, kind, width, height, url, data, len(data), digest)


def _timings(job: Job) -> Timings:
    first: dict[type, float] = {}
    for moment, status in job.history:
        first.setdefault(type(status), moment)
    now = datetime.now(timezone.utc).timestamp()
    fetching = first.get(Fetching, now)
    queued = first.get(Queued, job.created)
    running = first.get(InProgress, fetching)
    spans = (running - queued, fetching - running, now - fetching, now - job.created)
    return Timings(*(max(0.0, seconds) for seconds in spans))  # the clock may have been set back

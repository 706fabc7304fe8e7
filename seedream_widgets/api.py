"""The functions people type (`sd.generate`, `sd.submit`, …), on the session's default client."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seedream_widgets.display.live import follow
from seedream_widgets.display.show import sheet_of
from seedream_widgets.errors import RequestError, SeedreamError, check_type, whole_between
from seedream_widgets.images import ImageInput
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.job import check_listener
from seedream_widgets.money.budget import read_usd
from seedream_widgets.money.ledger import as_table, charges
from seedream_widgets.money.limits import check_period, keep_limit, kept_limits
from seedream_widgets.money.pricing import Prices, in_cents
from seedream_widgets.money.pricing import estimate as price
from seedream_widgets.values.endpoints import COUNTS
from seedream_widgets.values.request import Request
from seedream_widgets.values.sizes import size_like
from seedream_widgets.values.typed import offers_request_arguments, takes_request_arguments
from seedream_widgets.values.wording import series_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from PIL.Image import Image

    from seedream_widgets.batch.batch import Batch
    from seedream_widgets.display.show import ContactSheet
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.money.pricing import Estimate
    from seedream_widgets.values.result import Result, SeedCheck

_lock = threading.Lock()
_client: Client | None = None


def default_client() -> Client:
    """Return the session's default client: fal when a key is found, else the offline preview."""
    global _client
    with _lock:
        if _client is None:
            _client = Client()
        return _client


def replace_default_client(client: Client | None) -> Client | None:
    """Set the default client (``None``: a new one when next needed) and return the previous one."""
    global _client
    with _lock:
        before, _client = _client, client
        return before


def jobs() -> tuple[Job, ...]:
    """Return the default client's jobs of this session, newest first."""
    return default_client().jobs


def resume() -> tuple[Job, ...]:
    """Pick up requests that earlier sessions left unfinished, sending none; see `Client.resume`."""
    return default_client().resume()


def budget(usd: Any = ..., per: str = "session") -> Decimal | None:
    """Return or set the spending limit, in US dollars; ``None`` means no limit.

    ``sd.budget()`` returns it, ``sd.budget(5)`` sets it, ``sd.budget(None)`` removes it.
    Requests under way count at the most they can cost, and `submit` refuses a request that could
    exceed the limit.

    Args:
        usd: The limit.
        per: ``"session"`` limits this client until its kernel ends. ``"day"`` and ``"month"``, by
            this computer's calendar, are kept in the library: they cover all kernels that share
            it, and outlast a restart. Of two requests submitted at the same moment, both may be
            refused.

    Raises:
        RequestError: `usd` is not an amount, or `per` is another word.
        SeedreamError: The library can't be written, or its limits can't be read.
    """
    client = default_client()
    limit = None if usd is None or usd is ... else in_cents(read_usd(usd))
    if per != "session":
        check_period(per)
        if usd is not ...:
            keep_limit(client.library, per, limit)
            client.budget.changed()
        return kept_limits(client.library).get(per)
    if usd is not ...:
        client.budget.limit = limit
    return client.budget.limit


def estimate(prompt: str | Request, prices: Prices | None = None, **arguments: Any) -> Estimate:
    """Return what a request may cost at fal's current prices, in US dollars; nothing is sent.

    Where fal's prices can't be had, such as without a key, the built-in dated table is used, and
    the estimate says so.

    Args:
        prompt: The prompt, or a whole `Request`.
        prices: Prices to use instead, such as those of another client: ``client.prices``.
        **arguments: As in `submit`.

    Raises:
        RequestError: An argument is not accepted.
    """
    request = _request(prompt, arguments)
    if prices is None:
        return default_client().estimate(request)
    check_type(prices, Prices, "prices", "the prices of a client: client.prices")
    return price(request, prices)


def spending(since: Any = None, *, by: str | None = None) -> Any:
    """Return what requests on fal cost: a DataFrame where pandas is installed, else dicts.

    A cost is "confirmed" where fal reported how many images it bills: that number times the price
    of an image. Elsewhere the images that came are counted, and it is "estimated". A refused,
    cancelled or lost request is listed as "may be billed", at the most it can cost; one that fal
    does not bill, at 0.

    Args:
        since: A datetime, date or ISO text; by default everything in the library.
        by: ``"day"`` (UTC), ``"model"`` or ``"prompt"`` sums it up; by default each request is a
            row.

    Raises:
        RequestError: `by` is not one of these.
    """
    return as_table(charges(default_client().library, since), by)


def batch(
    rows: Any = None,
    *,
    name: str | None = None,
    repeat: int = 1,
    limit: int = 10_000,
    **axes: Any,
) -> Batch:
    """Return many requests as one `Batch`, saved and priced; ``.run()`` sends them.

    Each list is an axis, and the batch is the product of its axes in the order given; a scalar,
    text, size tuple or image is the same in every cell. ``{red|green}`` in a prompt is an axis,
    and so is a ``{name}`` with a list given for it::

        sd.batch(prompt="a {colour} {fox|owl}", colour=["red", "white"], seed=range(4)).run()

    Args:
        rows: Instead of axes: a list of dicts or a DataFrame, a request for each row.
        name: The name of the batch. An existing batch of that name is redefined with these cells,
            and only those not in the library yet are sent. A name and nothing else reopens the
            batch. By default a readable name is made up.
        repeat: How often each cell is drawn, 1 to 1000.
        limit: The most cells it may have.
        **axes: Arguments of `Request`, and values for the slots of the prompts. Each element of
            ``images=[...]`` is one cell's references.

    Raises:
        RequestError: An argument is not accepted; nothing was sent.
    """
    from seedream_widgets.batch.batch import make

    return make(default_client(), rows, name=name, repeat=repeat, limit=limit, **axes)


def to_pandas(results: Any) -> Any:
    """Return a DataFrame with one row per image; ``cost`` is a `Decimal` in US dollars.

    ``pd.DataFrame(results)`` has one row per result instead, with its attributes as columns.

    Args:
        results: A `Result` or a batch, or a list of results, entries of the library and finished
            jobs.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    from seedream_widgets.batch.batch import Batch
    from seedream_widgets.batch.cell import Cell
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.library import Entry
    from seedream_widgets.library.table import to_pandas as table
    from seedream_widgets.values.result import Result

    if isinstance(results, Batch):
        return results.to_pandas()
    takes = "a result, a batch, or a list of results, jobs, cells or entries of the library"
    one = Result, Entry, Job, Cell
    check_type(results, one if isinstance(results, str) else (*one, Iterable), "results", takes)
    found = [results] if isinstance(results, one) else list(results)
    opened = []
    for each in found:
        check_type(each, one, "results", takes)
        if isinstance(each, Job):
            if not each.done:
                raise RequestError(
                    f"results has a job that is still running ({each.status.text}); wait for it "
                    "with job.result()",
                    field="results",
                    value=each,
                )
            each = each.result()
        elif isinstance(each, Entry):
            each = each.whole()
        elif isinstance(each, Cell):
            each = each.opened()
        opened.append(each)
    return table(each for each in opened if each is not None)


def show(
    images: Any, *, columns: int | None = None, captions: Iterable[object] | None = None
) -> ContactSheet:
    """Return small previews of pictures side by side, for the last line of a cell.

    Args:
        images: A result or a PIL image, or any number of results, images, jobs and entries.
        columns: How many stand side by side; by default as many as fit, up to 4.
        captions: A text for each picture; by default the prompts of results.

    Raises:
        RequestError: `images` holds something else, or there are more or fewer captions than
            pictures.
    """
    return sheet_of(images, columns, captions)


def contact_sheet(
    results: Any, *, columns: int | None = None, captions: Iterable[object] | None = None
) -> Image:
    """Return pictures side by side as one PIL image; arguments as in `show`."""
    return sheet_of(results, columns, captions).image()


def verify_seed(result: Result) -> SeedCheck:
    """Send a request again with its result's seed, at full price, and compare the pictures."""
    return default_client().verify_seed(result)


def series(prompt: str, count: int, **arguments: Any) -> Request:
    """Return the `Request` for a set of pictures that belong together; nothing is sent.

    The count is put into the prompt, as the vendor's guide advises, and sent as `max_images`, which
    is an upper limit: fewer may come. ``result.missing`` says how many did not, and
    ``result.ask_for_missing()`` asks for them::

        day = sd.generate(sd.series("a fox from morning to night", 4))

    Args:
        prompt: What the pictures show.
        count: How many, 2 to 6.
        **arguments: Further arguments of `Request`; ``images=`` for a set based on references.

    Raises:
        RequestError: An argument is not accepted, or the model makes no sets.
    """
    most = whole_between(count, "count", 2, COUNTS[1], "a whole number of pictures")
    check_type(prompt, str, "prompt", "text")
    if "max_images" in arguments:
        raise RequestError(
            "a series has max_images=count; leave max_images out",
            field="max_images",
            value=arguments["max_images"],
        )
    Request(prompt, **arguments)  # an empty prompt must be refused before words are added to it
    return Request(series_words(prompt, most), max_images=most, **arguments)


def submit(prompt: str | Request, *, fresh: bool = False, **arguments: Any) -> Job:
    """Start a request and return its `Job` at once.

    Args:
        prompt: The prompt, or a whole `Request`.
        fresh: Send it even if the same request is in the library or under way. By default the
            same request with the same seed is paid for only once.
        **arguments: Further arguments of `Request`, such as ``images=`` for an edit,
            ``image_size="4:3"``, ``num_images=2``, ``seed=7``, ``model="v4.5"``.

    Raises:
        RequestError: An argument is not accepted; nothing was sent.
        BudgetError: It could cost more than the budget leaves; nothing was sent.
    """
    return default_client().submit(_request(prompt, arguments), fresh=fresh)


def generate(
    prompt: str | Request,
    *,
    fresh: bool = False,
    progress: bool | None = None,
    on_update: Callable[[Job], object] | None = None,
    **arguments: Any,
) -> Result:
    """Generate images from text and wait for the `Result`; arguments as in `submit`.

    A keyboard interrupt stops the waiting, not the job, which is still in ``sd.jobs()``.

    Args:
        prompt: What to draw, or a whole `Request`.
        fresh: Send it even if the same request is in the library or under way.
        progress: Whether to show progress; by default in a notebook and in a terminal.
        on_update: Called with the `Job` at each change, on another thread.
        **arguments: Further arguments of `Request`.

    Raises:
        RequestError: An argument is not accepted; nothing was sent.
        BudgetError: It could cost more than the budget leaves; nothing was sent.
        BackendError: The request failed; the error says what may be billed.
    """
    if on_update is not None:  # before anything is paid for
        check_listener(on_update)
    job = submit(prompt, fresh=fresh, **arguments)
    return follow(job, progress, on_update)


def edit(
    images: Any,
    prompt: str,
    *,
    fresh: bool = False,
    progress: bool | None = None,
    on_update: Callable[[Job], object] | None = None,
    **arguments: Any,
) -> Result:
    """Edit `images` as `prompt` says and wait for the `Result`; arguments as in `submit`.

    By default the result has the shape of image 1, at the tier (1K, 2K, 4K) nearest to its size
    that the endpoint takes. ``image_size=`` asks for another size, and ``image_size="default"``
    leaves it to fal.

    Args:
        images: One or up to 10 of PIL image, numpy array, path, URL, bytes or `Result`.
        prompt: What to change; name inputs by their order ("image 1"). With ``mask=`` only that
            region of image 1 changes; see `Request`.
        fresh: Send it even if the same request is in the library or under way.
        progress: Whether to show progress; by default in a notebook and in a terminal.
        on_update: Called with the `Job` at each change, on another thread.
        **arguments: Further arguments of `Request`.

    Raises:
        RequestError: An argument is not accepted; nothing was sent.
        BudgetError: It could cost more than the budget leaves; nothing was sent.
        BackendError: The request failed; the error says what may be billed.
    """
    if on_update is not None:
        check_listener(on_update)
    if isinstance(images, str) and not isinstance(prompt, str):
        raise RequestError(
            f"prompt of edit comes after the images: sd.edit(images, {images[:40]!r})",
            field="prompt",
            value=prompt,
        )
    request = _request(prompt, {**arguments, "images": images})
    if not request.images:
        raise RequestError(
            "edit takes 1 to 10 images, got none; give images, or use sd.generate",
            field="images",
            value=images,
        )
    request = _with_shape_of_image_1(request, arguments)
    return follow(submit(request, fresh=fresh), progress, on_update)


def _with_shape_of_image_1(request: Request, arguments: dict[str, Any]) -> Request:
    """Return the edit with a size in the shape of image 1, unless a size was asked for."""
    first = request.images[0]
    if arguments.get("image_size") is not None or request.mask or not isinstance(first, ImageInput):
        return request  # what a URL shows is not known here
    size = size_like(first.width, first.height, request.endpoint.size_rule)
    return replace(request, image_size=size)


async def gather(jobs: Iterable[Job] | Job, *more: Job) -> list[Result | SeedreamError]:
    """Wait for several jobs and return their results, with an error in place of each that failed.

    One failure does not lose the other results: ``await sd.gather(map(sd.submit, prompts))``.

    Args:
        jobs: Jobs from `submit`, as a list or as separate arguments.
        *more: Further jobs.
    """
    takes = "jobs, as sd.gather([sd.submit('a fox'), sd.submit('an owl')])"
    check_type(jobs, (Awaitable, Iterable), "jobs", takes)
    listed = [*([jobs] if isinstance(jobs, Awaitable) else jobs), *more]
    for job in listed:
        check_type(job, Awaitable, "jobs", takes)
    return [await _outcome(job) for job in listed]


async def _outcome(job: Job) -> Result | SeedreamError:
    try:
        return await job
    except SeedreamError as error:
        return error


def _request(prompt: str | Request, arguments: dict[str, Any]) -> Request:
    if isinstance(prompt, Request):
        if arguments:
            raise RequestError(
                f"a Request is complete by itself, got {', '.join(arguments)} as well; "
                "use dataclasses.replace(request, ...)",
                field=next(iter(arguments)),
            )
        return prompt
    return Request(prompt, **arguments)


for _function in (series, submit, generate, edit, estimate):
    takes_request_arguments(_function)
offers_request_arguments(batch)

"""The embedded preview: counts, seeds, sizes, progress, and faults on demand."""

from __future__ import annotations

import asyncio
import selectors

import pytest
from PIL import Image

from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.backends.offline.backend import STEPS
from seedream_widgets.errors import BackendError, ContentRejectedError, JobCancelled
from seedream_widgets.jobs.client import Client
from seedream_widgets.values.endpoints import PRESETS
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.request import MAX_SEED, Request
from seedream_widgets.values.status import Completed, InProgress, Queued
from tests.image_files import encoded, photo
from tests.scripted import SECONDS, kinds

SMALL = (960, 960)
URL = "https://example.org/fox.png"


def draw(prompt="a fox", **arguments):
    arguments = {"image_size": SMALL, **arguments}
    return Client(OfflineBackend(0)).submit(Request(prompt, **arguments)).result(SECONDS)


async def watched(request, backend):
    handle = await backend.submit(request, [])
    return [status async for status in backend.watch(handle)]


def statuses(request):
    return asyncio.run(watched(request, OfflineBackend(0)))


def count(**arguments):
    async def main():
        backend = OfflineBackend(0)
        request = Request("a fox", images=[], **arguments)
        return len((await backend.fetch(await backend.submit(request, []))).files)

    return asyncio.run(main())


@pytest.mark.parametrize(("num", "most"), [(1, 1), (3, 1), (1, 4), (2, 3), (6, 6)])
def test_between_num_images_and_the_product_come(num, most):
    counts = {count(num_images=num, max_images=most, seed=seed) for seed in range(60)}
    assert min(counts) >= num
    assert max(counts) <= num * most
    assert len(counts) > 1 or most == 1


def test_the_same_seed_draws_the_same_bytes():
    one, two = (draw(seed=5, num_images=2) for _ in range(2))
    assert [f.read_bytes() for f in one.files] == [f.read_bytes() for f in two.files]
    assert one.files[0].read_bytes() != one.files[1].read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"seed": 6}, {"prompt": "an owl"}, {"image_size": (960, 961)}])
def test_anything_else_draws_another(change):
    same = {"seed": 5}
    assert draw(**same).files[0].read_bytes() != draw(**same | change).files[0].read_bytes()


@pytest.mark.slow
def test_without_a_seed_a_new_one_each_time_is_told():
    seeds = {draw().seed for _ in range(3)}
    assert len(seeds) == 3
    assert all(0 <= seed <= MAX_SEED for seed in seeds)
    assert draw(seed=0).seed == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        ({"image_size": (1313, 977)}, (1313, 977)),
        ({"image_size": "21:9 1K"}, (1568, 672)),
        ({"image_size": (240, 3840)}, (240, 3840)),
        *[({"image_size": name}, size) for name, size in PRESETS.items()],
        ({"image_size": "auto"}, (2048, 2048)),
        ({"image_size": "auto_4K"}, (4096, 4096)),
        ({"image_size": None}, (2048, 2048)),
        ({"image_size": (400, 300), "images": "3:2"}, (1109, 832)),
        ({"image_size": (1200, 900), "images": "3:2"}, (1200, 900)),
        ({"image_size": "auto_2K", "images": "3:2"}, (2508, 1672)),
        ({"image_size": "auto", "images": URL}, (2048, 2048)),
    ],
    ids=str,
)
def test_the_size_is_exact(arguments, size):
    if arguments.get("images") == "3:2":
        arguments = arguments | {"images": encoded(photo(96, 64), "JPEG")}
    assert draw(**arguments).image.size == size


def test_an_edit_shows_the_given_image():
    red, blue = (
        draw("plain", images=encoded(Image.new("RGB", (64, 64), colour), "PNG"), seed=1)
        for colour in ("red", "blue")
    )
    means = [r.image.convert("RGB").resize((1, 1)).getpixel((0, 0)) for r in (red, blue)]
    assert means[0][0] > means[1][0] + 30
    assert means[1][2] > means[0][2] + 30


def test_it_walks_the_queue_then_logs():
    told = statuses(Request("a fox", seed=3))
    assert told[:2] == [Queued(1), Queued(0)]
    assert [type(status) for status in told[2:]] == [InProgress] * STEPS + [Completed]
    messages = [log.message for log in told[-1].logs]
    assert messages == ["seed 3", *(f"step {n} of {STEPS}" for n in range(1, STEPS + 1))]
    grown = [len(status.logs) for status in told[2:-1]]
    assert grown == sorted(set(grown))


def test_the_job_tells_it_all():
    job = Client(OfflineBackend(0)).submit(Request("a fox", image_size=SMALL))
    result = job.result(SECONDS)
    assert list(dict.fromkeys(kinds(job))) == [
        "preparing", "queued", "in_progress", "fetching", "completed",
    ]  # fmt: skip
    assert result.backend == job.backend == "offline"
    assert result.files[0].url.startswith("offline:")


@pytest.mark.parametrize(
    ("directive", "error", "code"),
    [("offline:refuse", ContentRejectedError, 422), ("offline:fail", BackendError, 503)],
)
def test_faults_on_demand(directive, error, code):
    job = Client(OfflineBackend(0)).submit(Request(f"a fox {directive}"))
    with pytest.raises(BackendError) as caught:
        job.result(SECONDS)
    assert type(caught.value) is error
    assert caught.value.status_code == code
    assert caught.value.request_id == job.request_id
    assert 1 < len(job.logs) < STEPS


class Skipped(selectors.DefaultSelector):
    """Pass over what an event loop would wait for, and add it up."""

    seconds = 0.0

    def select(self, timeout=None):
        self.seconds += timeout or 0
        return super().select(0)


@pytest.mark.parametrize(
    ("prompt", "times"), [("a fox", 1), ("offline:slow", 10), ("offline:slow 40", 40)]
)
def test_slow_on_demand(prompt, times):
    skipped = Skipped()
    loop = asyncio.SelectorEventLoop(skipped)
    loop.time = lambda: skipped.seconds
    try:
        told = loop.run_until_complete(watched(Request(prompt), OfflineBackend(2)))
    finally:
        loop.close()
    assert isinstance(told[-1], Completed)
    assert skipped.seconds == pytest.approx(10 * times)


@pytest.mark.parametrize("kind", ["queued", "in_progress"])
def test_cancel(kind):
    def cancel(job):
        if job.status.kind == kind:
            job.cancel()

    job = Client(OfflineBackend(20 if kind == "queued" else 1)).submit(Request("a fox"))
    job.on_update(cancel)  # looked for from here, it may be past
    cancel(job)
    with pytest.raises(JobCancelled) as caught:
        job.result(SECONDS)
    assert caught.value.billing == "no"


def test_a_request_of_another_time_is_not_known():
    async def main():
        await OfflineBackend().fetch(Handle("offline-1", "x"))

    with pytest.raises(BackendError, match=r"offline-1 is not known .*; submit it again"):
        asyncio.run(main())


@pytest.mark.slow
def test_many_at_once():
    client = Client(OfflineBackend(0))
    jobs = [client.submit(Request(f"fox {n}", image_size=SMALL)) for n in range(20)]
    assert [job.result(SECONDS * 3).image.size for job in jobs] == [SMALL] * 20

"""From "completed on the server" to the previews on the page, and to the PIL images in hand.

Four PNG of 4096² a request, at 25 MB/s a connection, through a real Jupyter server and kernel.
Today: `fal_client.subscribe`, a download each, `display`. The page is a websocket, no browser.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.fal_process import FalProcess, fal_process
from tests.bench.jupyter_page import Message, Page, jupyter_page
from tests.bench.photos import photo
from tests.bench.rows import Row, hand_over, median

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGES = 4
RUNS = 3
EDGE = 768
NAIVE = """
import io, fal_client, requests
from IPython.display import display
from PIL import Image
def download(url):
    image = Image.open(io.BytesIO(requests.get(url).content))
    image.load()
    return image
arguments = {"prompt": %r, "image_size": {"width": 4096, "height": 4096}, "num_images": %d}
result = fal_client.subscribe("fal-ai/bytedance/seedream/v4/text-to-image", arguments)
images = [download(image["url"]) for image in result["images"]]
"""


class Arrival(NamedTuple):
    shown: float
    in_hand: float
    megabytes: float


async def ours(page: Page, fal: FalProcess, number: int) -> Arrival:
    comm = await page.run("studio.comm.comm_id")
    before = page.received
    form = {"prompt": f"ours {number}", "image_size": [4096, 4096], "num_images": IMAGES}
    await page.custom(comm, {"kind": "submit", "id": f"s{number}", "form": form})

    def ended(content: Message) -> bool:
        return content["kind"] == "job" and content["job"]["finished"] is not None

    job = (await page.told(comm, ended))["job"]
    assert job["state"] == "completed", job
    names = {f"{each['id']}-shown" for each in job["images"]}
    for name in names:
        target = name.removesuffix("-shown")
        asked = {"kind": "preview", "id": name, "target": target, "edge": EDGE}
        await page.custom(comm, asked)
    while names:
        reply = await page.told(comm, lambda content: content.get("id") in names)
        assert reply["kind"] == "reply", reply
        names.discard(reply["id"])
    shown = time.monotonic()
    await page.run("[image.load() and 0 for image in studio.images]")
    return _since(fal, shown, time.monotonic(), page.received - before)


async def today(page: Page, fal: FalProcess, number: int) -> Arrival:
    before = page.received
    in_hand = await page.run(NAIVE % (f"today {number}", IMAGES) + "__import__('time').monotonic()")
    await page.run("for image in images:\n    display(image)\n0")
    return _since(fal, time.monotonic(), in_hand, page.received - before)


def _since(fal: FalProcess, shown: float, in_hand: float, received: int) -> Arrival:
    completed = max(fal.seen().done.values())
    return Arrival(shown - completed, in_hand - completed, received / 1e6)


async def measure() -> tuple[list[Arrival], list[Arrival]]:
    with (
        fal_process(photo(4096), bytes_per_second=25_000_000) as fal,
        TemporaryDirectory() as folder,
    ):
        env = {**fal.env, "REQUESTS_CA_BUNDLE": fal.env["SSL_CERT_FILE"]}
        async with jupyter_page(Path(folder), env) as page:
            # Neither pays for its imports.
            await page.run("import seedream_widgets as sd\nstudio = sd.Studio()\n0")
            await page.run("import fal_client, requests, seedream_widgets.backends.fal.session\n0")
            found: tuple[list[Arrival], list[Arrival]] = ([], [])
            for number in range(RUNS):
                found[0].append(await ours(page, fal, number))
                found[1].append(await today(page, fal, number))
            return found


def rows() -> list[Row]:
    found = asyncio.run(measure())

    def both(part: Callable[[Arrival], float]) -> dict[str, float]:
        return {
            name: median(map(part, each))
            for name, each in zip(("ours", "today"), found, strict=True)
        }

    what = f"{IMAGES} PNG of 4096², completed on the server to"
    return [
        Row(f"{what} previews on the page, s", **both(lambda a: a.shown), times=4),
        Row(f"{what} PIL images decoded, s", **both(lambda a: a.in_hand)),
        Row("bytes to the page for them, MB", **both(lambda a: a.megabytes), times=250),
    ]


if __name__ == "__main__":
    hand_over(rows())

"""10 images of 10 MB from a page, through a real Jupyter server's websocket.

The page is driven through the protocol, without a browser, as js/src/files/sending.ts and
transfer.ts send: chunks of 1 MiB, several unanswered at a time (eight here, three there), a file
while those before it are checked. Today: `ipywidgets.FileUpload`, and what people write where it
dies: base64 in JSON, the next part once the last is confirmed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.bench.jupyter_page import SECONDS, Page, jupyter_page
from tests.bench.photos import KEPT, photo
from tests.bench.rows import Row, hand_over, median

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

FILES = 10
EDGE = 2368  # a PNG of it has 10 MB
CHUNK = 1 << 20
WINDOW = 8
IN_KERNEL = 3
RUNS = 3
CHECKED = (
    "0.9 s of the two cores' time go into decoding each image once, to check it, which base64 is "
    "spared here; while the page waits for answers the wire rests 45 ms in each 8 MiB"
)
BASE64 = """
import base64, ipywidgets, traitlets
class Plain(ipywidgets.DOMWidget):
    pass
plain, data = Plain(), bytearray()
def take(widget, content, buffers):
    data.extend(base64.b64decode(content["data"]))
    plain.send({"received": len(data)})
plain.on_msg(take)
plain.comm.comm_id
"""


def images() -> list[bytes]:
    """Return ten different files of 10 MB."""
    found = []
    for number in range(FILES):
        path = KEPT / f"upload-{number}.png"
        if not path.exists():
            part = path.with_suffix(".part")
            cut = (number * 64, number * 64, number * 64 + EDGE, number * 64 + EDGE)
            Image.open(photo(4096)).crop(cut).save(part, "PNG", compress_level=1)
            part.replace(path)
        found.append(path.read_bytes())
    return found


async def ours(page: Page, files: Sequence[bytes], run: int) -> float:
    """Return how long until every picture is there, checked and a reference of the form."""
    comm = await page.run("studio = sd.Studio()\nstudio.comm.comm_id")
    before, began = page.buffers, time.perf_counter()
    await Sender(page, comm).send({f"{run}-{number}": data for number, data in enumerate(files)})
    took = time.perf_counter() - began
    assert await page.run("[image.sha256 for image in studio.references]") == [
        hashlib.sha256(data).hexdigest() for data in files
    ]
    assert page.buffers == before, "image bytes came back"
    return took


class Sender:
    """Send files as js/src/files/sending.ts does."""

    def __init__(self, page: Page, comm: str) -> None:
        self._page, self._comm = page, comm
        self._room = asyncio.Semaphore(IN_KERNEL)
        self._next, self._wire = asyncio.Semaphore(1), asyncio.Semaphore(1)
        self._window = asyncio.Semaphore(WINDOW)
        self._told: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def send(self, files: Mapping[str, bytes]) -> None:
        """Return once the kernel has taken them all, in this order."""
        listening = asyncio.create_task(self._listen())
        before = _done(None)
        sending = []
        for name, data in files.items():
            whole: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            sending.append(self._file(name, data, before, whole))
            before = whole
        await asyncio.wait_for(asyncio.gather(*sending), SECONDS)
        listening.cancel()
        await asyncio.wait([listening])

    async def _listen(self) -> None:
        while True:
            said = await self._page.told(self._comm, lambda content: True)
            self._answer(said.get("id") or said["upload_id"]).set_result(said)

    def _answer(self, name: str) -> asyncio.Future[dict[str, Any]]:
        return self._told.setdefault(name, asyncio.get_running_loop().create_future())

    async def _ask(self, content: dict[str, Any], *buffers: bytes) -> None:
        await self._page.custom(self._comm, content, *buffers)
        said = await self._answer(content["id"])
        assert said["kind"] == "reply", said

    async def _file(
        self, name: str, data: bytes, before: asyncio.Future[None], whole: asyncio.Future[None]
    ) -> None:
        about = {"upload_id": name, "name": "a.png", "size": len(data), "media_type": "image/png"}
        async with self._next:
            await self._ask({"kind": "upload", "id": f"{name}-start", **about})
            await self._room.acquire()
        async with self._wire:
            answers = [part async for part in self._parts(name, data, before)]
        await asyncio.gather(*answers)
        whole.set_result(None)
        assert (await self._answer(name))["kind"] == "uploaded"
        self._room.release()

    async def _parts(
        self, name: str, data: bytes, before: asyncio.Future[None]
    ) -> AsyncIterator[asyncio.Task[None]]:
        for offset in range(0, len(data), CHUNK):
            part = data[offset : offset + CHUNK]
            if offset + CHUNK >= len(data):
                await before  # the kernel takes files in the order in which they become whole
            await self._window.acquire()
            about = {"kind": "chunk", "id": f"{name}-{offset}", "upload_id": name}
            answer = asyncio.create_task(self._ask({**about, "offset": offset}, part))
            answer.add_done_callback(lambda _: self._window.release())
            yield answer


def _done(value: None) -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


async def in_base64(page: Page, files: Sequence[bytes]) -> float:
    comm = await page.run(BASE64)
    began = time.perf_counter()
    for data in files:
        for offset in range(0, len(data), CHUNK):
            part = data[offset : offset + CHUNK]
            await page.custom(comm, {"data": base64.b64encode(part).decode()})
            await page.told(comm, lambda content: "received" in content)
    return time.perf_counter() - began


async def file_upload(page: Page, files: Sequence[bytes]) -> None:
    """Set the value of a `FileUpload` as its view does."""
    comm = await page.run(
        "import ipywidgets\nupload = ipywidgets.FileUpload(multiple=True)\nupload.comm.comm_id"
    )
    about = {"name": "a.png", "type": "image/png", "last_modified": 0}
    data = {
        "method": "update",
        "state": {"value": [{**about, "size": len(each)} for each in files]},
        "buffer_paths": [["value", number, "content"] for number in range(len(files))],
    }
    await page.send("shell", "comm_msg", {"comm_id": comm, "data": data}, *files)
    assert await page.run("len(upload.value)") == len(files)


async def measure() -> list[Row]:
    files = images()
    with TemporaryDirectory() as folder:
        async with jupyter_page(Path(folder), {}) as page:
            await page.run("import seedream_widgets as sd\n0")
            pairs = [
                (await ours(page, files, n), await in_base64(page, files)) for n in range(RUNS)
            ]
            await file_upload(page, [each[: CHUNK // 2] for each in files])  # it takes small ones
            began = time.perf_counter()
            try:
                await file_upload(page, files)
                died: float | str = time.perf_counter() - began
            except ConnectionError as error:
                died = f"{error}: nothing arrives"
    took, plain = (median(each) for each in zip(*pairs, strict=True))
    what = f"{FILES} images of 10 MB from the page to references, s"
    return [
        Row(f"{what} (today: `ipywidgets.FileUpload`)", took, died),
        Row(f"{what} (today: base64, part by part, unchecked)", took, plain, times=5, why=CHECKED),
    ]


def rows() -> list[Row]:
    return asyncio.run(measure())


if __name__ == "__main__":
    hand_over(rows())

"""10 images of 10 MB from a page, through a real Jupyter server's websocket.

The page is driven through the protocol, without a browser: chunks of 1 MiB, four on their way,
as js/src/transfer.ts sends them. Today: `ipywidgets.FileUpload`, and what people write where it
dies: base64 in JSON, the next part once the last is confirmed.
"""

from __future__ import annotations

import asyncio
import base64
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image

from tests.bench.jupyter_page import Page, jupyter_page
from tests.bench.photos import KEPT, photo
from tests.bench.rows import Row, hand_over, median

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FILES = 10
EDGE = 2368  # a PNG of it has 10 MB
CHUNK = 1 << 20
WINDOW = 4
RUNS = 3
SERIAL = (
    "an image is announced, sent and checked before the next one is announced, so that their "
    "order holds: two waits of 48 ms and 50 ms of decoding each, which base64 is spared here"
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
    for number, data in enumerate(files):
        await _send(page, comm, f"{run}-{number}", data)
    took = time.perf_counter() - began
    assert await page.run("len(studio.references)") == FILES
    assert page.buffers == before, "image bytes came back"
    return took


async def _send(page: Page, comm: str, name: str, data: bytes) -> None:
    start = {"kind": "upload", "id": name, "upload_id": name, "name": "a.png", "size": len(data)}
    await page.custom(comm, start)
    await _reply(page, comm, name)
    parts = _parts(data)
    for _ in range(WINDOW):
        await _chunk(page, comm, name, parts)
    for _ in range(0, len(data), CHUNK):
        await _reply(page, comm, name)
        await _chunk(page, comm, name, parts)
    end = await page.told(comm, lambda content: content.get("upload_id") == name)
    assert end["kind"] == "uploaded", end


async def _reply(page: Page, comm: str, name: str) -> None:
    content = await page.told(comm, lambda content: content.get("id", "").startswith(name))
    assert content["kind"] == "reply", content


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    for offset in range(0, len(data), CHUNK):
        yield offset, data[offset : offset + CHUNK]


async def _chunk(page: Page, comm: str, name: str, parts: Iterator[tuple[int, bytes]]) -> None:
    offset, part = next(parts, (0, b""))
    if part:
        asked = {"kind": "chunk", "id": f"{name}-{offset}", "upload_id": name, "offset": offset}
        await page.custom(comm, asked, part)


async def in_base64(page: Page, files: Sequence[bytes]) -> float:
    comm = await page.run(BASE64)
    began = time.perf_counter()
    for data in files:
        for _, part in _parts(data):
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
        Row(f"{what} (today: base64, part by part, unchecked)", took, plain, times=5, why=SERIAL),
    ]


def rows() -> list[Row]:
    return asyncio.run(measure())


if __name__ == "__main__":
    hand_over(rows())

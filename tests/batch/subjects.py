"""What is measured, each in a process of its own: our batch, and the loop people write by hand.

    python -m tests.batch.subjects ours|loop|driver COUNT FOLDER [SHARED]

The last line that it prints is what it measured, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

SIZE = (1024, 1024)
TRIES = 3
UNDER_WAY = 20


def prompts(count: int) -> list[str]:
    return [f"fox {number}" for number in range(count)]


def ours(count: int, folder: str) -> dict[str, object]:
    """Run a batch, and once more what failed; end times by request id."""
    from seedream_widgets.batch.batch import make
    from seedream_widgets.jobs.client import Client

    ends: dict[str, float] = {}
    batch = make(Client(library=folder), prompt=prompts(count), seed=[1], image_size=SIZE)

    def note(cell: object) -> None:
        if cell.state == "done" and cell.job.request_id not in ends:
            ends[cell.job.request_id] = time.monotonic()

    for _ in range(3):
        batch.run(progress=False, on_update=note)
        if not [cell for cell in batch.missing if cell.state != "uncertain"]:
            break
    return {"ends": ends, "kept": len(batch.results), "uncertain": len(batch.missing)}


def loop(count: int, folder: str) -> dict[str, object]:
    """Do what people write: a semaphore, `fal_client.subscribe`, and three tries each."""
    import fal_client
    import httpx

    ends: dict[str, float] = {}

    async def main() -> None:
        client, files = fal_client.AsyncClient(), httpx.AsyncClient()
        few = asyncio.Semaphore(UNDER_WAY)

        async def one(number: int, prompt: str) -> None:
            async with few:
                for tried in range(TRIES):
                    ids: list[str] = []
                    try:
                        result = await client.subscribe(
                            "fal-ai/bytedance/seedream/v4/text-to-image",
                            {
                                "prompt": prompt,
                                "seed": 1,
                                "image_size": {"width": SIZE[0], "height": SIZE[1]},
                            },
                            on_enqueue=ids.append,
                        )
                        reply = await files.get(result["images"][0]["url"])
                        reply.raise_for_status()
                        Path(folder, f"{number}.png").write_bytes(reply.content)
                    except Exception:
                        if tried == TRIES - 1:
                            return
                    else:
                        ends[ids[0]] = time.monotonic()
                        return

        await asyncio.gather(*(one(n, prompt) for n, prompt in enumerate(prompts(count))))
        await files.aclose()

    Path(folder).mkdir(parents=True, exist_ok=True)
    asyncio.run(main())
    whole = [path for path in Path(folder).glob("*.png") if is_whole(path)]
    return {"ends": ends, "kept": len(whole), "uncertain": 0}


def is_whole(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError):
        return False
    return True


def driver(count: int, folder: str, shared: str | None = None) -> dict[str, object]:
    """Run the batch that several drivers share; it may be killed at any moment."""
    from seedream_widgets.batch.batch import make
    from seedream_widgets.jobs.client import Client

    client = Client(library=folder)
    batch = make(client, name="foxes", prompt=prompts(count), seed=[1], image_size=SIZE)
    batch.run(progress=False, shared=shared)
    return {"done": len(batch) - len(batch.missing)}


def main() -> None:
    what, count, folder, *more = sys.argv[1:]
    wall, cpu = time.monotonic(), time.process_time()
    told = globals()[what](int(count), folder, *more)
    told |= {"began": wall, "wall": time.monotonic() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()

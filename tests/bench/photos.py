"""Photographs with grain, as large as Seedream's, made once and kept under build/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

KEPT = Path(__file__).parents[2] / "build" / "bench"
_OPTIONS: dict[str, dict[str, int]] = {
    "png": {"compress_level": 1},
    "jpeg": {"quality": 92},
    "webp": {"quality": 90, "method": 0},
}


def photo(edge: int, format_name: str = "png") -> Path:
    """Return the file of a square photograph."""
    path = KEPT / f"{edge}.{format_name}"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        _drawn(edge).save(part, format_name.upper(), **_OPTIONS[format_name])
        part.replace(path)
    return path


def _drawn(edge: int) -> Image:
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (24, 24, 3), dtype=np.uint8)
    # Bands repeat, columns do not: a PNG looks no further back than 32 KB.
    band = Image.fromarray(coarse).resize((edge, 1024), Image.Resampling.BICUBIC)
    grain = random.standard_normal((1024, edge, 3), dtype=np.float32) * 2.5
    band = Image.fromarray((np.asarray(band) + grain).clip(0, 255).astype(np.uint8))
    image = Image.new("RGB", (edge, edge))
    for top in range(0, edge, 1024):
        image.paste(band, (0, top))
    return image

"""Aligns two pictures: finds shift and scale between them to fractions of a pixel; needs numpy.

First it tries a few scales, each with the shift that phase correlation finds; then it refines the
best by least squares on grey values, from coarse to fine, giving less weight to pixels that do not
fit. Only pixels outside the region count, as those inside were changed on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image as Picture

    Array = np.ndarray[Any, Any]

_COARSE = 256
_LEVELS = (128, 256, 512, 1024)
_STEPS = 8
_SCALES = (0.92, 0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06, 1.08)
_MOST_SCALE = 0.12
_MOST_SHIFT = 0.15
"""As a share of the picture's side. With a larger shift the answer is another picture."""
LEAST_AGREEMENT = 0.5
"""The least correlation (-1 to 1) outside the region at which an alignment is trusted."""
_LEAST_OUTSIDE = 0.03


@dataclass(frozen=True)
class Alignment:
    """Where the pixels of the original are found in the answer.

    The point (x, y) of the original is at ``(x * scale[0] + shift[0], y * scale[1] + shift[1])``
    of the answer, both of the original's size, in pixels from the upper left corner.

    Attributes:
        scale: Horizontally and vertically.
        shift: Likewise, in pixels.
        agreement: Correlation of both outside the region once aligned, up to 1.
        aligned: Whether an alignment was found; if not, the answer is used as it came.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)
    agreement: float = 0.0
    aligned: bool = False

    @property
    def moves(self) -> bool:
        """Whether anything is to be moved."""
        return self.aligned and (self.scale, self.shift) != ((1.0, 1.0), (0.0, 0.0))

    def undo(self, answer: Picture) -> tuple[Picture, Picture]:
        """Return the answer moved onto the original, and the area it covers, as mode L."""
        matrix = (self.scale[0], 0.0, self.shift[0], 0.0, self.scale[1], self.shift[1])
        moved = answer.transform(
            answer.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
        )
        reach = Image.new("L", answer.size, 255).transform(
            answer.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST
        )
        return moved, reach.filter(ImageFilter.MinFilter(5))


def align(answer: Picture, original: Picture, outside: Picture) -> Alignment:
    """Return how `answer` lies on `original`.

    Args:
        answer: Mode RGB, of the original's size.
        original: Mode RGB.
        outside: Mode L: 255 where both should be the same, 0 inside the region.
    """
    levels = [*_levels(answer, original, outside)]
    if float((levels[0][2] > 0.5).mean()) < _LEAST_OUTSIDE:
        return Alignment()
    width, height = original.size
    # Horizontal scale and shift, then vertical ones; shifts in shares of the side.
    unmoved = np.array([1.0, 0.0, 1.0, 0.0])
    place = _search_coarsely(*_coarse_level(answer, original, outside))
    for came, wanted, weight in levels:
        place = _refine(came, wanted, weight, place)
    came, wanted, weight = levels[-1]
    before, after = (_agreement(came, wanted, weight, each) for each in (unmoved, place))
    far = max(abs(place[0] - 1), abs(place[2] - 1)) > _MOST_SCALE
    far = far or max(abs(place[1]), abs(place[3])) > _MOST_SHIFT
    if far or after < LEAST_AGREEMENT or after < before:
        if before < LEAST_AGREEMENT:
            return Alignment(agreement=before)
        place, after = unmoved, before
    return Alignment(
        (float(place[0]), float(place[2])),
        (float(place[1] * width), float(place[3] * height)),
        after,
        aligned=True,
    )


def _levels(
    answer: Picture, original: Picture, outside: Picture
) -> Iterator[tuple[Picture, Array, Array]]:
    """Yield both pictures from small to large, grey, with the weight of each pixel."""
    longest = max(original.size)
    for side in _LEVELS:
        factor = min(1.0, side / longest)
        size = max(8, round(original.width * factor)), max(8, round(original.height * factor))
        came, wanted = (_to_grey(each, size) for each in (answer, original))
        # The answer blends into the surroundings of the region, so a rim is left out.
        weight = outside.resize(size, Image.Resampling.BOX).filter(ImageFilter.MinFilter(5))
        yield came, np.asarray(wanted), np.asarray(weight, np.float32) / 255
        if factor == 1.0:
            return


def _to_grey(picture: Picture, size: Any) -> Picture:
    """Return a picture's grey values, slightly blurred to reduce noise and JPEG blocks."""
    small = picture.resize(size, Image.Resampling.BOX, reducing_gap=3.0).convert("L")
    return small.filter(ImageFilter.GaussianBlur(0.7)).convert("F")


def _coarse_level(
    answer: Picture, original: Picture, outside: Picture
) -> tuple[Picture, Array, Array]:
    size = (_COARSE, _COARSE)
    came, wanted = (_to_grey(each, size) for each in (answer, original))
    weight = np.asarray(outside.resize(size, Image.Resampling.BOX), np.float32) / 255
    return came, np.asarray(wanted), weight


def _search_coarsely(came: Picture, wanted: Array, weight: Array) -> Array:
    """Return the best of a few scales, with the shift that phase correlation finds for each."""
    window = np.outer(np.hanning(_COARSE), np.hanning(_COARSE)) * weight
    target = np.fft.rfft2(_subtract_mean(wanted, window))
    best, found = -2.0, np.array([1.0, 0.0, 1.0, 0.0])
    for scale in _SCALES:
        middle = (1 - scale) / 2
        place = np.array([scale, middle, scale, middle])
        scaled = np.fft.rfft2(_subtract_mean(_move(came, place), window))
        power = target.conj() * scaled
        peaks = np.fft.irfft2(power / np.maximum(np.abs(power), 1e-6), (_COARSE, _COARSE))
        down, right = np.unravel_index(int(peaks.argmax()), peaks.shape)
        shifts = [(at + _COARSE // 2) % _COARSE - _COARSE // 2 for at in (right, down)]
        for across, along in ((0, 0), shifts):
            shifted = place + np.array([0, scale * across, 0, scale * along]) / _COARSE
            agreement = _agreement(came, wanted, weight, shifted)
            if agreement > best:
                best, found = agreement, shifted
    return found


def _subtract_mean(grey: Array, window: Array) -> Array:
    mean = float((grey * window).sum() / max(float(window.sum()), 1e-6))
    centred: Array = (grey - mean) * window
    return centred


def _move(came: Picture, place: Array) -> Array:
    """Return the answer moved onto the original; NaN where it does not reach."""
    width, height = came.size
    matrix = (place[0], 0.0, place[1] * width, 0.0, place[2], place[3] * height)
    moved = came.transform(
        came.size,
        Image.Transform.AFFINE,
        tuple(float(each) for each in matrix),
        Image.Resampling.BICUBIC,
    )
    grey: Array = np.array(moved, np.float32)
    return grey


def _reach_mask(size: tuple[int, int], place: Array) -> Array:
    """Return 1 where the answer reaches, except for a rim of two pixels."""
    width, height = size
    across = (np.arange(width) + 0.5) * place[0] + place[1] * width
    along = (np.arange(height) + 0.5) * place[2] + place[3] * height
    inside: Array = np.outer(
        (along > 2) & (along < height - 2), (across > 2) & (across < width - 2)
    ).astype(np.float32)
    return inside


def _agreement(came: Picture, wanted: Array, weight: Array, place: Array) -> float:
    """Return the correlation of both outside the region, from -1 to 1; 0 where it is flat."""
    grey, used = _move(came, place), weight * _reach_mask(came.size, place)
    total = max(float(used.sum()), 1e-6)
    one, two = (each - float((each * used).sum()) / total for each in (grey, wanted))
    power = float((one * one * used).sum()) * float((two * two * used).sum())
    return float((one * two * used).sum()) / power**0.5 if power > 1e-3 else 0.0


def _refine(came: Picture, wanted: Array, weight: Array, place: Array) -> Array:
    """Refine an alignment by least squares (Gauss-Newton), with brightness and contrast."""
    height, width = wanted.shape
    across = ((np.arange(width) + 0.5) / width - 0.5).astype(np.float32)[None, :]
    along = ((np.arange(height) + 0.5) / height - 0.5).astype(np.float32)[:, None]
    best, least = place, _agreement(came, wanted, weight, place)
    for _ in range(_STEPS):
        grey, used = _move(came, place), weight * _reach_mask((width, height), place)
        down, right = np.gradient(grey)
        right, down = right * width, down * height
        columns = [right * across, right, down * along, down, grey, np.ones_like(grey)]
        # Some 65,000 pixels tell as much as a million of them.
        every = slice(None, None, max(1, max(width, height) // 256))
        some = [each[every, every] for each in (*columns, wanted - grey, used)]
        step = _solve_weighted(some[:-2], some[-2], some[-1])
        # `across` counts from the middle and places from the corner.
        place = place + np.array([step[0], step[1] - step[0] / 2, step[2], step[3] - step[2] / 2])
        agreement = _agreement(came, wanted, weight, place)
        if agreement > least:
            best, least = place, agreement
        if np.abs(step[:4]).max() < 0.005 / max(width, height):
            break
    return best


def _solve_weighted(columns: list[Array], wanted: Array, used: Array) -> Array:
    """Solve weighted least squares twice, with less weight for pixels that did not fit at first."""
    chosen = used > 0
    rows = np.stack([each[chosen] for each in columns], axis=1).astype(np.float64)
    target, weight = wanted[chosen].astype(np.float64), used[chosen].astype(np.float64)
    solution: Array = np.zeros(len(columns))
    if len(target) < 10 * len(columns):
        return solution
    for _ in range(2):
        left = rows * weight[:, None]
        solution = np.linalg.lstsq(left.T @ rows, left.T @ target, rcond=1e-9)[0]
        rest = np.abs(target - rows @ solution)
        spread = max(float(np.median(rest)) * 3, 1.0)
        weight = used[chosen] / (1 + (rest / spread) ** 2)
    return solution

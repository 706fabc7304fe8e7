"""Makes ICC profiles for the colours that PNG files describe in other chunks than ``iCCP``.

Pillow passes on ``iCCP`` only. Phones and browsers also write ``cICP`` (Display P3, HDR), other
tools ``gAMA`` and ``cHRM``: read as sRGB, such pictures would be too dark or too pale.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import ImageInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Matrix = tuple[tuple[float, float, float], ...]

_D65 = (0.3127, 0.3290)
_SRGB = (_D65, (0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
# The code points of ITU-T H.273: white, red, green, blue.
_PRIMARIES = {
    1: _SRGB,
    9: (_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: (_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_CURVES: dict[int, float | str] = {
    1: "sRGB",
    4: 2.2,
    5: 2.8,
    6: "sRGB",
    8: 1.0,
    13: "sRGB",
    14: "sRGB",
    15: "sRGB",
}
"""Transfer functions; those of video are close to sRGB's, as which viewers show them."""
_HDR = {16, 18}
_USUAL_GAMMA = range(44_000, 47_001)
"""About 1/2.2: what old tools write who mean sRGB."""
_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)


def profile_of(chunks: Mapping[bytes, bytes]) -> bytes | None:
    """Return an ICC profile for the colours that the chunks of a PNG describe.

    Args:
        chunks: The bodies of ``cICP``, ``iCCP``, ``sRGB``, ``gAMA`` and ``cHRM``, those there are.

    Returns:
        ``None`` if they describe sRGB, are not understood, or ``iCCP`` takes precedence.

    Raises:
        ImageInputError: The picture is HDR, which can't be shown on a normal screen as it is.
    """
    coded = chunks.get(b"cICP", b"")
    if len(coded) == 4 and coded[2] == 0:
        if coded[1] in _HDR:
            raise ImageInputError(
                "it is an HDR picture (PQ or HLG), which would look pale; export it as SDR, in "
                "sRGB or Display P3"
            )
        primaries, curve = _PRIMARIES.get(coded[0]), _CURVES.get(coded[1])
        if primaries is not None and curve is not None:
            return _profile(primaries, curve)
    if b"iCCP" in chunks or b"sRGB" in chunks:
        return None
    gamma, corners = chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b"")
    curve = "sRGB"
    if len(gamma) == 4 and (number := int.from_bytes(gamma, "big")) not in _USUAL_GAMMA:
        if not 1_000 <= number <= 1_000_000:
            return None
        curve = 100_000 / number
    primaries = _SRGB
    if len(corners) == 32:
        values = [value / 100_000 for value in struct.unpack(">8I", corners)]
        primaries = tuple(zip(values[::2], values[1::2], strict=True))  # type: ignore[assignment]
    return _profile(primaries, curve)


def profile_of_info(info: Mapping[Any, Any]) -> bytes | None:
    """Return the same for the `info` of a PIL image, where Pillow puts ``gAMA`` and ``cHRM``."""
    gamma, corners = info.get("gamma"), info.get("chromaticity")
    chunks: dict[bytes, bytes] = {b"sRGB": b""} if "srgb" in info else {}
    try:
        if gamma is not None:
            chunks[b"gAMA"] = struct.pack(">I", round(gamma * 100_000))
        if corners is not None:
            chunks[b"cHRM"] = struct.pack(">8I", *(round(each * 100_000) for each in corners))
    except (TypeError, ValueError, OverflowError, struct.error):
        return None  # set by the user's own code
    return profile_of(chunks)


def _profile(primaries: Sequence[tuple[float, float]], curve: float | str) -> bytes | None:
    """Return a matrix profile (ICC version 2); ``None`` for sRGB's, and for what is not a space."""
    near = all(
        abs(ours - theirs) < 0.002
        for mine, other in zip(primaries, _SRGB, strict=True)
        for ours, theirs in zip(mine, other, strict=True)
    )
    if near and curve == "sRGB":
        return None
    try:
        colorants = _colorants(primaries)
    except ZeroDivisionError:
        return None
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 4) + b"PNG\0" + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": _xyz(_D50),
        **{
            name: _xyz(xyz)
            for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)
        },
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(curve)),
    }
    at, table, body = 128 + 4 + 12 * len(tags), [struct.pack(">I", len(tags))], []
    for name, tag in tags.items():
        tag += bytes(-len(tag) % 4)
        table.append(name + struct.pack(">II", at, len(tag)))
        body.append(tag)
        at += len(tag)
    head = struct.pack(">I4sI4s4s4s", at, b"\0" * 4, 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + b"".join(_fixed(value) for value in _D50)
    return head.ljust(128, b"\0") + b"".join(table) + b"".join(body)


def _curve(curve: float | str) -> bytes:
    if not isinstance(curve, str):
        points = [round(65535 * (step / 1023) ** curve) for step in range(1024)]
    else:
        points = [round(65535 * _linear(step / 1023)) for step in range(1024)]
    return b"curv\0\0\0\0" + struct.pack(">I1024H", 1024, *points)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(value: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, value))


def _colorants(primaries: Sequence[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """Return red, green and blue in XYZ, under the white of profiles, D50."""
    white, *corners = [(x / y, 1.0, (1 - x - y) / y) for x, y in primaries]
    columns: Matrix = tuple(zip(*corners, strict=True))
    amounts = _multiply(_invert(columns), white)
    to_cone, from_cone = _BRADFORD, _invert(_BRADFORD)
    seen, wanted = _multiply(to_cone, white), _multiply(to_cone, _D50)

    def adapted(xyz: Sequence[float]) -> tuple[float, float, float]:
        cone = _multiply(to_cone, xyz)
        scaled = [value * want / had for value, want, had in zip(cone, wanted, seen, strict=True)]
        return _multiply(from_cone, scaled)

    return [
        adapted([value * amount for value in corner])
        for corner, amount in zip(corners, amounts, strict=True)
    ]


def _multiply(matrix: Matrix, vector: Sequence[float]) -> tuple[float, float, float]:
    x, y, z = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return x, y, z


def _invert(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    size = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return tuple((x / size, y / size, z / size) for x, y, z in rows)

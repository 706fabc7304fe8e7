"""Reads and writes receipts in XMP packets, as a property in our own namespace."""

from __future__ import annotations

import html
import re
from typing import NamedTuple
from xml.parsers import expat

from seedream_widgets.images.containers import splice

MAX_TEXT = 1024 * 1024
NAMESPACE = "https://seedream-widgets.invalid/ns/1.0/"
MAX_PACKET = 4 * 1024 * 1024

_PROPERTY = f"{NAMESPACE} receipt"
_MARK = NAMESPACE.encode()
_ATTRIBUTE = re.compile(rb"""\s[\w.-]+:receipt\s*=\s*("[^"]*"|'[^']*')""")
_MAX_FOUND = 8
_RDF = b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
_END = b"</rdf:RDF>"
_EMPTY = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ' + _RDF + b">" + _END + b"</x:xmpmeta>\n"
    b'<?xpacket end="w"?>'
)
_OPEN = b"<rdf:Description " + _RDF + b' rdf:about="" xmlns:seedream="' + _MARK + b'">'
_CLOSE = b"</rdf:Description>"


class _Found(NamedTuple):
    text: str
    start: int
    end: int


def read(packet: bytes) -> str | None:
    """Return the packet's receipt, in any of XMP's notations, as other tools may rewrite it."""
    found = _receipts(packet)
    return found[0].text if found and len(found[0].text.encode()) <= MAX_TEXT else None


def first(packets: list[bytes]) -> str | None:
    """Read the first packet that names the namespace, and no other."""
    return next((read(packet) for packet in packets if _MARK in packet), None)


def rewrite(packets: list[bytes], receipt: str, max_size: int) -> tuple[list[bytes], bool]:
    """Remove older receipts from packets, and add a packet with this one if none is left.

    Packets returned empty are to be removed. ``False`` means that the receipt was not added: the
    file has a packet of another tool, which stays as it is, or ours would be too long.
    """
    bare = [_without(packet) for packet in packets]
    value = html.escape(receipt, quote=False).replace("\r", "&#13;").encode()
    block = _OPEN + b"<seedream:receipt>" + value + b"</seedream:receipt>" + _CLOSE
    head, end, tail = _EMPTY.rpartition(_END)
    own = head + block + end + tail
    if any(bare) or len(own) > max_size:
        return bare, False
    return [own, *bare[1:]], True


def _without(packet: bytes) -> bytes:
    cuts = [(start, end, b"") for _, start, end in _receipts(packet)]
    if not cuts:
        return packet
    bare = splice(packet, cuts).replace(_OPEN + _CLOSE, b"")
    return b"" if bare == _EMPTY else bare


def _receipts(packet: bytes) -> list[_Found]:
    """Find the receipts of a packet; none in one that is damaged or has a DTD."""
    if _MARK not in packet or len(packet) > MAX_PACKET:
        return []
    packet = packet.rstrip(b"\x00 ")
    scan = _Scan(packet)
    try:
        scan.parser.Parse(packet, True)
    except (expat.ExpatError, _Refused):
        return []
    return scan.found


class _Refused(Exception):
    pass


class _Scan:
    """Finds receipts and where they are, without building a tree."""

    def __init__(self, packet: bytes) -> None:
        self.packet = packet
        self.found: list[_Found] = []
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._from = 0

    def _refuse(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self.parser.CurrentByteIndex
        if _PROPERTY in attributes:
            place = _ATTRIBUTE.search(self.packet, at)
            self._add(attributes[_PROPERTY], *(place.span() if place else (at, at)))
        if name == _PROPERTY:
            self._from = at
            self._text: list[str] = []
            self.parser.CharacterDataHandler = self._text.append

    def _end(self, name: str) -> None:
        if name == _PROPERTY:
            self.parser.CharacterDataHandler = None
            end = self.packet.find(b">", self.parser.CurrentByteIndex) + 1
            self._add("".join(self._text), self._from, end)

    def _add(self, text: str, start: int, end: int) -> None:
        if len(self.found) >= _MAX_FOUND or (self.found and start < self.found[-1].end):
            raise _Refused
        self.found.append(_Found(text, start, end))

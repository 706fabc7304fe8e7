"""What was asked of a backend and has not ended: one request's life on disk, step by step.

``claimed -> sending -> accepted -> closed``, or ``failed | cancelled | unknown``: the table is in
CONTRIBUTING.md. An entry is a file ``journal/<id>.<number>.json`` that names its step and its
owner. Each step, by whomever, makes the file of the next number and takes the last one away, so
that of two who would go on from the same step one alone can. Who finds the next number there, or
the last one gone, was taken over, and stops.

A request with a seed is claimed by its key, too: ``claims/<key>`` names the entry of the one
request that may be sent. The entry is there before the claim and goes after it, so a claim is
taken over by taking over its entry.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal, get_args

from seedream_widgets.errors import Billing
from seedream_widgets.files import read_json
from seedream_widgets.library.leases import Leases
from seedream_widgets.library.steps import FolderSteps
from seedream_widgets.values.handle import Handle

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from seedream_widgets.library.steps import Steps

Step = Literal["claimed", "planned", "sending", "accepted", "failed", "cancelled", "unknown"]
ENDS = ("failed", "cancelled", "unknown")
UNSENT = ("claimed", "planned")
"""Steps before anything is sent; "planned" is what earlier versions wrote for "claimed"."""
UNSEEN_SECONDS = 30.0
"""How long a network folder may take to show another machine's result."""
_PAUSES = (*(0.01 * 2**n for n in range(8)), *[2.0] * 15)
"""Seconds between tries to take an entry back: as long as a network folder may be late."""
MAX_BYTES = 4 * 1024 * 1024
"""Largest entry that is written or read, in bytes."""
_CLAIM_BYTES = 1 << 20
_OPEN, _CLAIMS, _KEPT = "journal", "claims", "claims/kept"
# <id>.<number>.json; what fell short of room to say that it is sent has ".sent" in it. Earlier
# versions wrote <id>.<owner>.json and <id>.json.
_NAME = re.compile(r"([A-Za-z0-9_-]{1,64})(?:\.([A-Za-z0-9-]{1,80}))?(\.sent)?\.json")
_NUMBER = re.compile(r"[0-9]{1,9}")
_OWNER = re.compile(r"[A-Za-z0-9-]{0,80}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FAR = 1e11


_log = logging.getLogger(__name__)
_UNCLAIMED = (
    "%s can't be written (%s), so the request is sent without a claim: another process that asks "
    "for the same would pay for it, too"
)


class TakenOver(Exception):
    """Tell that another process goes on with an entry."""


@dataclass(frozen=True)
class Pending:
    """One request under way.

    Attributes:
        id: The job's id.
        step: ``"claimed"``: not sent. ``"sending"``: it may have been accepted. ``"accepted"``:
            `handle` finds it again. The others are ends without a result.
        backend: ``"fal"`` or ``"offline"``.
        created: Seconds since the epoch.
        request: The request's JSON, local images by digest.
        endpoint: The endpoint's id.
        key: Digest that equal requests with a seed share.
        low: Least it may cost, US dollars.
        high: Most it may cost, US dollars.
        handle: fal's names for it.
        billing: Whether an ended one is billed.
        message: Why it ended.
        owner: The process that follows it; empty when it was let go.
        account: Which key sent it: a digest with a salt of its own, never the key.
        sent: Digest of exactly what was sent: fal's list of requests is looked through for it.
        touched: When its file was last changed, seconds since the epoch by its disk's clock.
        followed: Whether a process still follows it, as far as can be told.
        name: Its file's name; empty while there is none.
        number: The highest number that a file of it has.
        older: Names of its files that the next step did not take away.
    """

    id: str
    step: Step
    backend: str
    created: float
    request: dict[str, Any]
    endpoint: str
    key: str | None = None
    low: str = "0"
    high: str = "0"
    handle: dict[str, str] | None = None
    billing: Billing = "maybe"
    message: str = ""
    owner: str = ""
    account: str = ""
    sent: str = ""
    touched: float = field(default=0, compare=False)
    followed: bool = field(default=False, compare=False)
    name: str = field(default="", compare=False)
    number: int = field(default=0, compare=False)
    older: tuple[str, ...] = field(default=(), compare=False)


_WRITTEN = [each.name for each in fields(Pending) if each.compare]


class Journal:
    """The requests under way of one library: a small file each.

    Args:
        library: The library's folder; ``journal`` in it is made when first written to.
        steps: Where the entries are; in that folder unless given.
        leases: Who is alive; as that folder says unless given.
        strict: Whether nothing may be sent that can't be written down first: where several
            machines share it, somebody else would send it, too.
    """

    def __init__(
        self,
        library: Path,
        steps: Steps | None = None,
        leases: Leases | None = None,
        *,
        strict: bool = False,
    ) -> None:
        self.strict = strict
        self._steps = steps or FolderSteps(library)
        self.leases = leases or Leases(self._steps)
        self.folder = library / _OPEN

    # One request's life

    def plan(self, entry: Pending) -> Pending:
        """Write a request down as this process's own.

        Raises:
            OSError: It can't be written.
            TakenOver: There is an entry of that id.
        """
        return self._next(replace(entry, owner=self.leases.hold()), lasting=False)

    def claim(self, entry: Pending) -> Pending | None:
        """Write a request down as the one that may send its key.

        Where there is room for the entry and none for the claim, the entry alone tells of it.

        Returns:
            The entry; or ``None`` where another has the claim, and `claimed` tells which.

        Raises:
            OSError: It can't be written.
        """
        ours = self.plan(entry)
        try:
            claimed = self._steps.create(self._claim(ours), ours.id.encode())
        except OSError as error:
            if self.strict:
                self._steps.delete(ours.name)
                raise
            _log.warning(_UNCLAIMED, self.folder.parent / _CLAIMS, error)
            return ours
        if claimed and self._steps.touched(ours.name):
            return ours
        if claimed:  # it was put away as left behind: who asks again is not to be told as ended
            self._steps.delete(self._claim(ours))
            self._steps.delete(self._ended(ours))
        else:
            self._steps.delete(ours.name)
        return None

    def claimed(self, key: str, backend: str) -> Pending | None:
        """Return the entry of the one that may send a key, if one may.

        Raises:
            OSError: It can't be read.
        """
        id = self._claim_on(key, backend)
        return self.find(id) if id else None

    def claim_anew(self, entry: Pending) -> Pending | None:
        """Take the claim on a key whose entry was lost: to a power cut, or by hand.

        Of all who try, the one that writes the lost entry anew has it.

        Returns:
            The entry, with the lost one's id; or ``None``: it was not lost, or others were faster.

        Raises:
            OSError: It can't be written.
        """
        key, backend = entry.key or "", entry.backend
        id = self._claim_on(key, backend)
        if not id or self.find(id):
            return None
        lost = replace(entry, id=id, number=self._highest(id))
        try:
            ours = self.plan(lost)
        except TakenOver:
            return None
        if self._claim_on(key, backend) == id:
            return ours
        self._steps.delete(ours.name)  # it was not lost, but ended just now
        return None

    def step(self, entry: Pending, step: Step, handle: dict[str, str] | None = None) -> Pending:
        """Write down how far it is, whatever of it could be written before.

        Raises:
            OSError: It can't be written; the next step will.
            TakenOver: Another process goes on with it. Not for "accepted": who got fal's reply
                knows what nobody else can, so that step takes the entry back.
        """
        wanted = replace(entry, step=step, handle=handle or entry.handle, owner=self.leases.hold())
        for tried, pause in enumerate(_PAUSES):
            try:
                ours = self._next(wanted)
            except TakenOver:
                if step != "accepted":
                    raise
            except OSError:
                if step == "sending" and entry.name:
                    return self._mark_sent(wanted)
                raise
            else:
                if tried:  # it may have been put away: the reply came after all
                    with suppress(OSError):
                        self._steps.delete(self._ended(entry))
                return ours
            time.sleep(pause)  # who took it over may be at a step, or its file not show yet
            there = self.find(entry.id)
            name, number = (there.name if there else ""), self._highest(entry.id)
            wanted = replace(wanted, name=name, number=number)
        raise OSError(f"the entry of request {entry.id} can't be taken back")

    def take_over(self, entry: Pending) -> Pending | None:
        """Go on with an entry that was left behind; ``None`` when another process was faster.

        Raises:
            OSError: It can't be written.
        """
        try:
            return self._next(replace(entry, owner=self.leases.hold()))
        except TakenOver:
            return None

    def release(self, entry: Pending) -> None:
        """Let go of a request whose result may still be had, for whoever resumes it.

        Raises:
            OSError: It can't be written.
        """
        try:
            self._next(replace(entry, owner=""))
        except TakenOver:
            return

    def close(self, entry: Pending) -> None:
        """Take a request out whose result is in the library.

        Raises:
            OSError: It can't be taken out.
        """
        if entry.key and self._claim_on(entry.key, entry.backend) == entry.id:
            mark = self._mark(entry, self.leases.touch())
            self._steps.delete(mark)
            self._steps.create(mark, self.leases.own().encode())
        self.withdraw(entry)

    def withdraw(self, entry: Pending) -> None:
        """Take a request and its claim out, unless another process goes on with it.

        The claim first: while there is a claim there is its entry.

        Raises:
            OSError: It can't be taken out.
        """
        if not entry.name or not self._steps.touched(entry.name):
            return
        if entry.key and self._claim_on(entry.key, entry.backend) == entry.id:
            self._steps.delete(self._claim(entry))
        for name in (*entry.older, entry.name):
            self._steps.delete(name)

    def unseen(self, entry: Pending) -> float:
        """Return for how many seconds more a result of its key may be there and not show yet.

        Another machine that came to a result a moment ago has left a mark. Listings of a network
        folder can be late; that a name is taken is known at once.

        Args:
            entry: One that has the claim.

        Raises:
            OSError: It can't be told.
        """
        now = self.leases.touch()
        marks = {self._mark(entry, now), self._mark(entry, now - UNSEEN_SECONDS)}
        return max(self._left_of(mark, now) for mark in marks)

    def _left_of(self, mark: str, now: float) -> float:
        if self._steps.create(mark, b""):
            self._steps.delete(mark)
            return 0.0
        found = self._steps.read(mark, _CLAIM_BYTES)
        if found is None:
            return UNSEEN_SECONDS
        owner = found.data.decode("ascii", "replace")
        away = _OWNER.fullmatch(owner) is not None and self.leases.away(owner)
        return max(0.0, UNSEEN_SECONDS - (now - found.touched)) if away else 0.0

    def sweep(self) -> None:
        """Take away the marks of results that show everywhere by now.

        Each lies in a folder of its day, which nobody writes to once it is over: so no mark that
        was made just now can go.
        """
        yesterday = _day(self.leases.touch() - 86_400)
        for day in self._listed(_KEPT):
            if _DAY.fullmatch(day) and day < yesterday:
                with suppress(OSError):  # another process is faster, or it is only read
                    self._steps.clear(f"{_KEPT}/{day}")

    def end(self, entry: Pending, step: Step, billing: Billing, message: str) -> None:
        """Move a request that ended without a result to the ended ones.

        Raises:
            OSError: It can't be written.
        """
        ended = replace(entry, step=step, billing=billing, message=message[:500], owner="")
        try:
            ended = self._next(ended)
        except TakenOver:
            return
        self._steps.create(self._ended(ended), _text(ended), lasting=True)
        if self._steps.touched(ended.name):
            self.withdraw(ended)
            return
        there = self.find(ended.id)  # else another process put it away just now
        if there and there.step not in ENDS:  # taken back: fal's reply came after all
            self._steps.delete(self._ended(ended))

    # What there is

    def pending(self, but: Collection[str] = ()) -> list[Pending]:
        """Return what has not ended, oldest first.

        Args:
            but: Ids whose files are not read, as this process knows about them.
        """
        names = self._names(but=but)
        found = list(self._read_all(names))
        stepped = names.keys() - {entry.id for entry in found}  # between the listing and here
        found += [entry for id in stepped if (entry := self.find(id))]
        return sorted(found, key=lambda entry: entry.created)

    def find(self, id: str) -> Pending | None:
        """Return what has not ended, by its id."""
        while True:
            names = self._names(id)
            found = next(self._read_all(names), None)
            if found or self._names(id) == names:  # else it stepped between listing and reading
                return found

    def ended(self, since: float = 0) -> list[Pending]:
        """Return what was asked from a moment on and ended without a result, oldest first."""
        first = _day(since)
        days = [day for day in self._listed(f"{_OPEN}/ended") if day >= first]
        found = []
        for day in days:
            for name in self._listed(f"{_OPEN}/ended/{day}"):
                entry = self._read(f"{_OPEN}/ended/{day}/{name}")
                if entry and entry.created >= since:
                    found.append(entry)
        return sorted(found, key=lambda entry: entry.created)

    def has_ended(self, entry: Pending) -> bool:
        """Tell whether a request is among the ended ones."""
        return self._read(self._ended(entry)) is not None

    def left_behind(self) -> list[Pending]:
        """Return pending requests that no living process follows."""
        return [entry for entry in self.pending() if not entry.followed]

    def away(self) -> list[Pending]:
        """Return pending requests of other machines, whose end can't be told from here yet."""
        return [
            entry for entry in self.pending() if entry.followed and self.leases.away(entry.owner)
        ]

    # Files

    def _next(self, entry: Pending, *, lasting: bool = True) -> Pending:
        """Write an entry as the next after the one that it was read as, or as the first.

        Raises:
            OSError: It can't be written.
            TakenOver: There is a next one, or that one is gone.
        """
        number = entry.number + 1
        name = f"{_OPEN}/{entry.id}.{number}.json"
        if not self._steps.create(name, _text(entry), lasting=lasting):
            raise TakenOver(entry.id)
        older = entry.older
        try:
            was_there = not entry.name or self._steps.delete(entry.name)
        except OSError:
            was_there, older = True, (*older, entry.name)
        if not was_there:
            self._steps.delete(name)
            raise TakenOver(entry.id)
        return replace(entry, name=name, number=number, older=older)

    def _mark_sent(self, entry: Pending) -> Pending:
        """Say by its file's name that an entry is being sent: that takes no room on a full disk.

        Raises:
            OSError: Not even that can be done.
            TakenOver: Another process goes on with it.
        """
        number = entry.number + 1
        name = f"{_OPEN}/{entry.id}.{number}.sent.json"
        if not self._steps.move(entry.name, name):
            raise TakenOver(entry.id)
        return replace(entry, name=name, number=number)

    def _claim_on(self, key: str, backend: str) -> str:
        """Return the id that a claim names, empty where there is none.

        A damaged claim, such as a power cut leaves, names an id of its own.
        """
        name = _claim_of(key, backend)
        found = self._steps.read(name, _CLAIM_BYTES)
        if found is None:
            return ""
        id = found.data.decode("ascii", "replace")
        return id if _ID.fullmatch(id) else name.rpartition("/")[2]

    def _claim(self, entry: Pending) -> str:
        return _claim_of(entry.key or "", entry.backend)

    def _mark(self, entry: Pending, now: float) -> str:
        return f"{_KEPT}/{_day(now)}/{self._claim(entry).rpartition('/')[2]}"

    def _ended(self, entry: Pending) -> str:
        return f"{_OPEN}/ended/{_day(entry.created)}/{entry.id}.json"

    def _listed(self, folder: str) -> list[str]:
        try:
            return self._steps.names(folder)
        except OSError:
            if self.strict:  # an entry that is not seen would be taken for lost
                raise
            return []

    def _names(self, id: str = "", but: Collection[str] = ()) -> dict[str, list[str]]:
        """Return the names of entries by id, the newest of each first."""
        found: dict[str, list[str]] = {}
        for name in self._listed(_OPEN):
            parts = _NAME.fullmatch(name)
            if parts and parts[1] not in but and (not id or parts[1] == id):
                found.setdefault(parts[1], []).append(f"{_OPEN}/{name}")
        for names in found.values():
            names.sort(key=_order, reverse=True)
        return found

    def _highest(self, id: str) -> int:
        names = self._names(id).get(id)
        return _order(names[0])[0] if names else 0

    def _read_all(self, found: dict[str, list[str]]) -> Iterator[Pending]:
        for names in found.values():
            # The newest may be damaged: written by a process that ended in the middle.
            for name in names:
                if entry := self._read(name):
                    older = tuple(each for each in names if each != name)
                    yield replace(entry, number=_order(names[0])[0], older=older)
                    break

    def _read(self, name: str) -> Pending | None:
        parts = _NAME.fullmatch(name.rpartition("/")[2])
        if parts is None:
            return None
        try:
            found = self._steps.read(name, MAX_BYTES)
        except OSError:
            if self.strict:
                raise
            return None
        if found is None:  # taken away meanwhile
            return None
        try:
            values = read_json(found.data)
            written = {each: values[each] for each in _WRITTEN if each in values}
            if not _NUMBER.fullmatch(parts[2] or ""):
                written["owner"] = parts[2] or ""
            if parts[3] and written["step"] in UNSENT:
                written["step"] = "sending"
            facts = {"id": parts[1], "touched": found.touched, "name": name}
            entry = _checked(Pending(**{**written, **facts}))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None  # no entry of ours
        return replace(entry, followed=self.leases.follows(entry.owner, entry.touched))


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


def claim_name(key: str, backend: str) -> str:
    """Return the name of what equal requests to one backend share, for a file."""
    return hashlib.sha256(f"{backend} {key}".encode()).hexdigest()[:40]


def _claim_of(key: str, backend: str) -> str:
    return f"{_CLAIMS}/{claim_name(key, backend)}"


def _order(name: str) -> tuple[int, str]:
    """Return a name's number, 0 for those of earlier versions, and what else orders it."""
    parts = _NAME.fullmatch(name.rpartition("/")[2])
    counted = parts is not None and _NUMBER.fullmatch(parts[2] or "") is not None
    return (int(parts[2]), parts[3] or "") if parts and counted else (0, name)


def _text(entry: Pending) -> bytes:
    """Return an entry as JSON.

    Raises:
        OSError: It is larger than what would be read again.
    """
    values = {name: getattr(entry, name) for name in _WRITTEN}
    text = json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")
    if len(text) > MAX_BYTES:
        raise OSError(f"a journal entry takes up to {MAX_BYTES:,} bytes, got {len(text):,}")
    return text


def _checked(entry: Pending) -> Pending:
    """Return an entry whose values are of their types; the folder may come from anybody.

    Raises:
        ValueError, TypeError, KeyError: One is not.
    """
    if entry.handle is not None:
        Handle(**entry.handle)
    texts = [entry.backend, entry.endpoint, entry.message, entry.account, entry.sent]
    request = entry.request
    good = (
        entry.step in get_args(Step)
        and entry.billing in get_args(Billing)
        and 0 <= entry.created < _FAR
        and _OWNER.fullmatch(entry.owner) is not None
        and all(isinstance(text, str) for text in (*texts, *(entry.handle or {}).values()))
        and isinstance(entry.key, str | None)
        and isinstance(request["prompt"], str)
        and isinstance(request["settings"], dict)
        and isinstance(request["inputs"], list)
    )
    try:
        good = good and all(0 <= Decimal(usd) < _FAR for usd in (entry.low, entry.high))
    except InvalidOperation:
        good = False
    if not good:
        raise ValueError("it is not an entry of a journal")
    return entry

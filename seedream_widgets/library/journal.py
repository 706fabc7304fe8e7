"""The journal: each request under way as a small file that records how far it has got.

The steps are ``claimed -> sending -> accepted -> closed``, or ``failed | cancelled | unknown``; see
the table in CONTRIBUTING.md. An entry is a file ``journal/<id>.<number>.json`` with its step and
its owner. Each step, by any process, creates the file of the next number and deletes the last one.
Of two processes that go on from the same step only one can create that file; the other, which
finds it there or its own file gone, has been taken over and stops.

A request with a key (a seed or `draw`) also needs a claim: ``claims/<key>`` names the one entry
that may send it. The entry is created before its claim and deleted after it, so whoever takes over
the entry has the claim.
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
"""Steps before anything is sent; early versions wrote "planned" for "claimed"."""
UNSEEN_SECONDS = 30.0
"""How long a network folder may take to show a result of another machine."""
_PAUSES = (*(0.01 * 2**n for n in range(8)), *[2.0] * 15)
"""Seconds between tries to take an entry back; in all as long as a network folder may be late."""
MAX_BYTES = 4 * 1024 * 1024
"""Largest entry that is written or read, in bytes."""
_CLAIM_BYTES = 1 << 20
_OPEN, _CLAIMS, _KEPT = "journal", "claims", "claims/kept"
# <id>.<number>.json, or <id>.<number>.sent.json if the disk was too full to write "sending".
# Early versions wrote <id>.<owner>.json and <id>.json.
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
    """Another process has taken over an entry."""


@dataclass(frozen=True)
class Pending:
    """One request under way.

    Attributes:
        id: The job's id.
        step: ``"claimed"``: not sent. ``"sending"``: it may have been accepted. ``"accepted"``:
            it can be found by `handle`. The others are ends without a result.
        backend: ``"fal"`` or ``"offline"``.
        created: Seconds since the epoch.
        request: The request's JSON, local images by digest.
        endpoint: The endpoint's id.
        key: The digest that equal requests with a seed or `draw` share.
        low: The least it may cost, in US dollars.
        high: The most it may cost, in US dollars.
        handle: fal's id and URLs of it.
        billing: Whether it is billed, once it has ended.
        message: Why it ended.
        owner: The process that works on it; empty if it was released.
        account: A salted digest of the key that sent it, never the key itself.
        sent: A digest of exactly what was sent, to find it in fal's list of requests.
        touched: When its file was last changed, in seconds since the epoch by the disk's clock.
        followed: Whether a process still works on it, as far as is known.
        name: Its file's name; empty while there is none.
        number: The highest number of its files.
        older: Names of older files of it that could not be deleted.
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
        steps: Keeps the files; by default in that folder.
        leases: Knows which processes are alive; by default from that folder.
        strict: Whether a request must not be sent unless it could be written down, as with a
            journal that several machines share, where another machine would send it, too.
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

    def plan(self, entry: Pending) -> Pending:
        """Write a new entry, owned by this process.

        Raises:
            OSError: It can't be written.
            TakenOver: There is an entry of that id already.
        """
        return self._next(replace(entry, owner=self.leases.hold()), lasting=False)

    def claim(self, entry: Pending) -> Pending | None:
        """Write a new entry, and claim its key for it, so that no other request may send it.

        If only the entry can be written, not the claim, the request goes on without one.

        Returns:
            The entry, or ``None`` if another one has the claim; `claimed` returns that.

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
        """Return the entry that has the claim on a key, if there is one.

        Raises:
            OSError: It can't be read.
        """
        id = self._claim_on(key, backend)
        return self.find(id) if id else None

    def claim_anew(self, entry: Pending) -> Pending | None:
        """Take over a claim whose entry is lost, by a power cut or because a user deleted it.

        Of all processes that try, the one that creates the lost entry again has the claim.

        Returns:
            The entry, with the lost one's id, or ``None`` if it is not lost or others were faster.

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
        self._steps.delete(ours.name)  # it was not lost, but has just ended
        return None

    def step(self, entry: Pending, step: Step, handle: dict[str, str] | None = None) -> Pending:
        """Write down a step, even if earlier ones could not be written.

        Raises:
            OSError: It can't be written; the next step then includes it.
            TakenOver: Another process has taken it over. Never for "accepted": only this process
                knows fal's reply, so that step takes the entry back.
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
                if tried:  # the process that took over may have ended it, but the reply did come
                    with suppress(OSError):
                        self._steps.delete(self._ended(entry))
                return ours
            time.sleep(pause)  # the other process may be taking a step, or its file be unseen yet
            there = self.find(entry.id)
            name, number = (there.name if there else ""), self._highest(entry.id)
            wanted = replace(wanted, name=name, number=number)
        raise OSError(f"the entry of request {entry.id} can't be taken back")

    def take_over(self, entry: Pending) -> Pending | None:
        """Make an abandoned entry this process's own; ``None`` if another process was faster.

        Raises:
            OSError: It can't be written.
        """
        try:
            return self._next(replace(entry, owner=self.leases.hold()))
        except TakenOver:
            return None

    def release(self, entry: Pending) -> None:
        """Give up a request whose result may still be had, so that it can be resumed.

        Raises:
            OSError: It can't be written.
        """
        try:
            self._next(replace(entry, owner=""))
        except TakenOver:
            return

    def close(self, entry: Pending) -> None:
        """Remove a request whose result is in the library.

        Raises:
            OSError: It can't be removed.
        """
        if entry.key and self._claim_on(entry.key, entry.backend) == entry.id:
            mark = self._mark(entry, self.leases.touch())
            self._steps.delete(mark)
            self._steps.create(mark, self.leases.own().encode())
        self.withdraw(entry)

    def withdraw(self, entry: Pending) -> None:
        """Remove a request and its claim, unless another process has taken it over.

        The claim goes first, so that there is never a claim without its entry.

        Raises:
            OSError: It can't be removed.
        """
        if not entry.name or not self._steps.touched(entry.name):
            return
        if entry.key and self._claim_on(entry.key, entry.backend) == entry.id:
            self._steps.delete(self._claim(entry))
        for name in (*entry.older, entry.name):
            self._steps.delete(name)

    def unseen(self, entry: Pending) -> float:
        """Return for how many more seconds a result of its key may exist unseen.

        A machine that has just kept a result leaves a mark. Listings of a network folder can be
        late, but creating a file fails at once if its name is taken, and that finds the mark.

        Args:
            entry: The entry that has the claim.

        Raises:
            OSError: The mark can't be looked for.
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
        """Delete the marks of results that are visible everywhere by now.

        Marks are in a folder for each day, and only folders of days that are over are deleted, so
        no mark that was just made can get lost.
        """
        yesterday = _day(self.leases.touch() - 86_400)
        for day in self._listed(_KEPT):
            if _DAY.fullmatch(day) and day < yesterday:
                with suppress(OSError):  # another process was faster, or it is read-only
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
        there = self.find(ended.id)  # None if another process has just moved it
        if there and there.step not in ENDS:  # taken back, as fal's reply did come
            self._steps.delete(self._ended(ended))

    def pending(self, but: Collection[str] = ()) -> list[Pending]:
        """Return the requests under way, oldest first.

        Args:
            but: Ids to leave out, as this process knows of them anyway.
        """
        names = self._names(but=but)
        found = list(self._read_all(names))
        stepped = names.keys() - {entry.id for entry in found}  # changed since they were listed
        found += [entry for id in stepped if (entry := self.find(id))]
        return sorted(found, key=lambda entry: entry.created)

    def find(self, id: str) -> Pending | None:
        """Return the request under way with that id, if there is one."""
        while True:
            names = self._names(id)
            found = next(self._read_all(names), None)
            if found or self._names(id) == names:  # else it changed between listing and reading
                return found

    def ended(self, since: float = 0) -> list[Pending]:
        """Return requests made since a time that ended without a result, oldest first."""
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
        """Return pending requests that no living process works on."""
        return [entry for entry in self.pending() if not entry.followed]

    def away(self) -> list[Pending]:
        """Return pending requests of other machines that may still be working on them."""
        return [
            entry for entry in self.pending() if entry.followed and self.leases.away(entry.owner)
        ]

    def _next(self, entry: Pending, *, lasting: bool = True) -> Pending:
        """Create the entry's next file, or its first, and delete the last one.

        Raises:
            OSError: It can't be written.
            TakenOver: The next file exists already, or the last one is gone.
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
        """Rename an entry's file to say that it is being sent, which works on a full disk.

        Raises:
            OSError: It can't be renamed.
            TakenOver: Another process has taken it over.
        """
        number = entry.number + 1
        name = f"{_OPEN}/{entry.id}.{number}.sent.json"
        if not self._steps.move(entry.name, name):
            raise TakenOver(entry.id)
        return replace(entry, name=name, number=number)

    def _claim_on(self, key: str, backend: str) -> str:
        """Return the id that a claim names, or an empty text if there is no claim.

        For a claim that a power cut has damaged, an id is derived from its name.
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
            if self.strict:  # an unseen entry would be taken for lost
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
            # The newest file may be damaged, if its process died while writing it.
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
        if found is None:  # deleted meanwhile
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
            return None  # not an entry
        return replace(entry, followed=self.leases.follows(entry.owner, entry.touched))


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


def claim_name(key: str, backend: str) -> str:
    """Return a file name for a key and backend, which equal requests share."""
    return hashlib.sha256(f"{backend} {key}".encode()).hexdigest()[:40]


def _claim_of(key: str, backend: str) -> str:
    return f"{_CLAIMS}/{claim_name(key, backend)}"


def _order(name: str) -> tuple[int, str]:
    """Return a sort key for an entry's file names: by number, which is 0 for early versions."""
    parts = _NAME.fullmatch(name.rpartition("/")[2])
    counted = parts is not None and _NUMBER.fullmatch(parts[2] or "") is not None
    return (int(parts[2]), parts[3] or "") if parts and counted else (0, name)


def _text(entry: Pending) -> bytes:
    """Return an entry as JSON.

    Raises:
        OSError: It is larger than `MAX_BYTES`, and so would not be read again.
    """
    values = {name: getattr(entry, name) for name in _WRITTEN}
    text = json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")
    if len(text) > MAX_BYTES:
        raise OSError(f"a journal entry takes up to {MAX_BYTES:,} bytes, got {len(text):,}")
    return text


def _checked(entry: Pending) -> Pending:
    """Return an entry if all its values have the right types, as the folder is untrusted.

    Raises:
        ValueError, TypeError, KeyError: A value has another type.
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

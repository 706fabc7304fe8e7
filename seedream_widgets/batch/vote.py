"""`Vote`: ranks things by asking which of two is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedream_widgets.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Vote:
    """A ranking made from votes between two.

    Votes are transitive: what is better than A is also better than all that A is better than. The
    order is clear once the votes decide for any two which one is better; until then `pair` returns
    two that are undecided. If a vote contradicts earlier ones, the oldest of those is dropped.

    Args:
        names: What is ranked, each once; at most 1,000.

    Raises:
        RequestError: A name is there twice, or there are too many.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        if len(set(self.names)) < len(self.names) or len(self.names) > 1000:
            raise RequestError(
                f"a vote takes up to 1,000 names, each once, got {len(self.names):,}",
                field="names",
            )
        self._votes: list[tuple[str, str]] = []
        self._rank()

    @property
    def votes(self) -> tuple[tuple[str, str], ...]:
        """The votes that count, oldest first: the better one and the other."""
        return tuple(self._votes)

    def prefer(self, better: str, other: str) -> None:
        """Say that one is better than another.

        Raises:
            RequestError: One of them is not ranked, or they are the same.
        """
        for name in (better, other):
            if name not in self.names:
                raise RequestError(f"{name!r:.80} is not in this vote", field="name", value=name)
        if better == other:
            raise RequestError("a vote is between two, got one twice", field="name", value=other)
        self._votes = [vote for vote in self._votes if vote != (better, other)]
        while against := self._path(other, better):
            self._votes.remove(min(against, key=self._votes.index))
        self._votes.append((better, other))
        self._rank()

    @property
    def ranking(self) -> tuple[str, ...]:
        """All names, the best first; in their given order where the votes do not decide."""
        return tuple(sorted(self.names, key=self._score, reverse=True))

    @property
    def clear(self) -> bool:
        """Whether the votes decide the whole order: for any two, which one is better."""
        return self.pair is None

    @property
    def pair(self) -> tuple[str, str] | None:
        """The two to ask about next, or ``None`` once the order is clear.

        Of the undecided pairs it is one whose names rank close together, as that decides the most.
        """
        best: tuple[int, int, str, str] | None = None
        ranked = self.ranking
        for at, one in enumerate(ranked):
            for other in ranked[at + 1 :]:
                if other in self._worse[one] or one in self._worse[other]:
                    continue
                apart = abs(self._score(one) - self._score(other))
                known = self._count_known(one) + self._count_known(other)
                if best is None or (apart, known) < best[:2]:
                    best = apart, known, one, other
        return best and best[2:]

    def _score(self, name: str) -> int:
        return len(self._worse[name]) - len(self._better[name])

    def _count_known(self, name: str) -> int:
        return len(self._worse[name]) + len(self._better[name])

    def _path(self, start: str, end: str) -> list[tuple[str, str]]:
        """Return a chain of votes from one name to another, or an empty list."""
        came: dict[str, tuple[str, str]] = {}
        waiting = [start]
        while waiting:
            here = waiting.pop()
            if here == end:
                path = []
                while here != start:
                    path.append(came[here])
                    here = came[here][0]
                return path
            for vote in self._votes:
                if vote[0] == here and vote[1] != start and vote[1] not in came:
                    came[vote[1]] = vote
                    waiting.append(vote[1])
        return []

    def _rank(self) -> None:
        """Compute for each name which ones it is better than, and which ones are better."""
        right: dict[str, set[str]] = {name: set() for name in self.names}
        for better, other in self._votes:
            right[better].add(other)
        self._worse: dict[str, set[str]] = {}
        self._better: dict[str, set[str]] = {name: set() for name in self.names}
        for name in self.names:
            found: set[str] = set()
            waiting = [*right[name]]
            while waiting:
                each = waiting.pop()
                if each not in found:
                    found.add(each)
                    waiting += right[each]
            self._worse[name] = found
            for each in found:
                self._better[each].add(name)

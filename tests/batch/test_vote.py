"""A vote between two again and again is an order in the end, and says when."""

from __future__ import annotations

import math
import random

import pytest

from seedream_widgets.batch.vote import Vote
from seedream_widgets.errors import RequestError


def asked(vote: Vote, order: list[str]) -> int:
    """Answer by an order until the vote is clear, and return how often that was asked."""
    count = 0
    while pair := vote.pair:
        vote.prefer(*sorted(pair, key=order.index))
        count += 1
        assert count < 500
    return count


@pytest.mark.parametrize("size", [0, 1, 2, 3, 9, 20])
@pytest.mark.parametrize("seed", range(3))
def test_it_comes_to_the_voters_order_with_few_questions(size, seed):
    names = [f"cell {n}" for n in range(size)]
    order = random.Random(seed).sample(names, size)
    vote = Vote(names)
    assert asked(vote, order) <= 1.3 * size * math.log2(max(size, 2))
    assert vote.clear
    assert list(vote.ranking) == order


def test_before_it_is_clear_it_ranks_as_far_as_it_knows():
    vote = Vote(["a", "b", "c"])
    assert (vote.ranking, vote.clear) == (("a", "b", "c"), False)
    vote.prefer("c", "a")
    assert vote.ranking == ("c", "b", "a")
    assert not vote.clear


def test_what_follows_is_not_asked():
    vote = Vote(["a", "b", "c"])
    vote.prefer("a", "b")
    vote.prefer("b", "c")
    assert vote.pair is None
    assert vote.ranking == ("a", "b", "c")


def test_who_changes_their_mind_takes_the_oldest_vote_back():
    vote = Vote(["a", "b", "c"])
    for better, other in ("ab", "bc", "ca"):
        vote.prefer(better, other)
    assert vote.votes == (("b", "c"), ("c", "a"))
    assert vote.ranking == ("b", "c", "a")
    vote.prefer("a", "c")
    assert vote.votes == (("b", "c"), ("a", "c"))


def test_the_same_vote_twice_is_one():
    vote = Vote(["a", "b"])
    vote.prefer("a", "b")
    vote.prefer("a", "b")
    assert vote.votes == (("a", "b"),)


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: Vote(["a", "a"]), "each once"),
        (lambda: Vote(["a", "b"]).prefer("a", "x"), "'x' is not in this vote"),
        (lambda: Vote(["a", "b"]).prefer("a", "a"), "between two"),
    ],
)
def test_what_is_no_vote_is_told(work, words):
    with pytest.raises(RequestError, match=words):
        work()

"""Each row of the fault matrix, as it went."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fal_server.documented import TYPES
from tests.results import results, with_table

from . import table
from .case import Case, cases
from .course import Outcome, run
from .rows import GROUPS

if TYPE_CHECKING:
    from seedream_widgets.errors import Billing
    from tests.fal_server import Authority

pytestmark = pytest.mark.timeout(900)
CASES = tuple(cases(GROUPS))
LEDGER = {"no": "not billed", "maybe": "may be billed", "yes": "may be billed", None: "confirmed"}


@pytest.fixture(scope="session")
def outcomes(
    request: pytest.FixtureRequest,
    fal_authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[Case, Outcome]:
    """What came of the rows that were selected, all run at once."""
    called = (getattr(item, "callspec", None) for item in request.session.items)
    named = (each.params.get("case") for each in called if each)
    wanted = {case.word for case in named if isinstance(case, Case)}
    everything = any(
        "outcomes" in item.fixturenames and not hasattr(item, "callspec")
        for item in request.session.items
    )
    chosen = [case for case in CASES if everything or case.word in wanted]
    return run(chosen, fal_authority, tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_row(case: Case, outcomes: dict[Case, Outcome]) -> None:
    group, outcome = case.group, outcomes[case]
    assert re.fullmatch(case.row.sees, outcome.sentence), outcome.sentence
    assert len(outcome.sentence) < 600
    told = None if outcome.error is None else type(outcome.error).__name__
    assert (told, outcome.kept, outcome.charged) == (group.error, group.kept, group.charged)
    assert outcome.ledger == LEDGER[group.billed if group.error else None]
    billing: Billing | None = getattr(outcome.error, "billing", None)
    assert billing in (None, group.billed)
    assert outcome.accepted <= 1, "it would be paid for twice"
    if group.kept == "resumable":
        comes = group.charged == "yes"
        assert outcome.resumed == "result" if comes else outcome.resumed.endswith("billed it.")
    assert outcome.seconds < 150
    assert min(outcome.timings) >= 0


def test_nothing_is_called_free_that_is_charged() -> None:
    for group in GROUPS:
        assert group.charged == "no" or group.billed != "no", group
        assert group.charged != "yes" or group.billed == "yes" or group.error, group


@pytest.mark.parametrize("where", ["submit", "upload", "model"])
def test_every_documented_type_has_its_row(where: str) -> None:
    named = {case.row.fault for case in CASES if case.group.where == where}
    left = {kind for kind in TYPES if kind not in named}
    expected = {"submit": {"client_cancelled"}, "model": set()}
    if where == "upload":
        assert {kind for kind in left if TYPES[kind][0] in (422, 500, 502, 503, 504)} == set()
    else:
        assert left == expected[where]


def test_the_table_tells_what_came_of_them(outcomes: dict[Case, Outcome]) -> None:
    page = results("faults").read_text()
    assert with_table(page, table.table(outcomes)) == page, "python -m tests.faults.table --write"

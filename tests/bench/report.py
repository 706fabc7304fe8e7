"""The benchmarks' table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.bench.rows import Row

_HEAD = "| measurement | ours | today's way | ratio | target | reached |\n|---|---|---|---|---|---|"


def table(rows: Iterable[Row]) -> str:
    """Write the rows as Markdown."""
    return "\n".join([_HEAD, *map(_line, rows)]) + "\n"


def _line(row: Row) -> str:
    today = row.today if isinstance(row.today, str) else _number(row.today)
    ratio = "" if row.ratio is None else f"{_number(row.ratio)}×"
    cells = [row.what, _number(row.ours), today, ratio, _target(row), _reached(row)]
    return f"| {' | '.join(cells)} |"


def _target(row: Row) -> str:
    if row.times is not None:
        return f"≥ {_number(row.times)}×"
    return "" if row.most is None else f"≤ {_number(row.most)}"


def _reached(row: Row) -> str:
    if row.reached is None:
        return ""
    return "yes" if row.reached else f"no: {row.why or 'the reason is not known'}"


def _number(value: float | None) -> str:
    """Write three digits that count, and thousands in full."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def unexplained(rows: Iterable[Row]) -> list[str]:
    """Name the measurements that miss their target and do not say why."""
    return [row.what for row in rows if row.reached is False and not row.why]


def footer(modules: Sequence[str], seconds: float, machine: str) -> str:
    """Say how the table came about."""
    return (
        f"\nMedians of one run of {len(modules)} benchmarks in {seconds / 60:.1f} minutes on "
        f"{machine}; both ways run in turn, against local servers. Less is better.\n"
    )

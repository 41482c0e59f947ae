"""The kill matrix of a run: which clause saw which planted defect, in panels that fit on a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.verdict.evidence import Evidence, MutantRecord


@dataclass(frozen=True, slots=True)
class Row:
    """One clause and what became of the mutants that it names."""

    clause: str
    """Its id, with `[subject]` where the clause met its mutants differently for different subjects."""
    mutants: dict[str, MutantRecord]


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the matrix: the columns of one contract and role that fit side by side, with every row they touch."""

    contract: str
    role: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def kill_matrix(checks: Iterable[Evidence], columns: int) -> list[Panel]:
    """The matrix of `checks` by contract and role, in panels of at most `columns` mutants."""
    groups: dict[tuple[str, str], list[Evidence]] = {}
    for check in checks:
        if check.mutants:
            groups.setdefault((check.contract, check.role), []).append(check)
    return [
        panel for (contract, role), group in groups.items() for panel in _panels(contract, role, _rows(group), columns)
    ]


def _rows(group: Sequence[Evidence]) -> list[Row]:
    """One row a clause; mutants run on the reference, so that a second subject repeats what the first one has."""
    by_clause: dict[str, list[Evidence]] = {}
    for check in group:
        seen = by_clause.setdefault(check.clause, [])
        if all(check.mutants != other.mutants for other in seen):
            seen.append(check)
    return [
        Row(
            clause if len(distinct) == 1 else f"{clause}[{check.subject}]",
            {mutant.name: mutant for mutant in check.mutants},
        )
        for clause, distinct in by_clause.items()
        for check in distinct
    ]


def _panels(contract: str, role: str, rows: Sequence[Row], width: int) -> list[Panel]:
    names = list(dict.fromkeys(name for row in rows for name in row.mutants))
    panels = []
    for start in range(0, len(names), width):
        columns = tuple(names[start : start + width])
        touched = tuple(row for row in rows if not row.mutants.keys().isdisjoint(columns))
        panels.append(Panel(contract, role, columns, touched))
    return panels

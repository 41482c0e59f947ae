"""Lint: every finding about a set of contracts, from the loader and from what falsifiers declare; runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.contract.lint_check import ArmedClause, check_findings, role_of
from harness.contract.lint_clauses import clause_findings
from harness.contract.lint_contract import contract_findings
from harness.contract.lint_mutants import mutant_findings
from harness.contract.lint_places import Places
from harness.contract.lint_tests import test_findings
from harness.contract.models import Finding, FindingSeverity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harness.contract.declarations import Declarations
    from harness.contract.models import Clause, Contract


def lint(
    contracts: Sequence[Contract], declarations: Declarations | None, further: Iterable[Finding] = ()
) -> tuple[Finding, ...]:
    """All findings about `contracts`, and the `further` ones, sorted by file, line, column and code, each once.

    Without `declarations` nothing is said about the names that check blocks use (FC020 to FC029). `further` are
    findings of no contract, such as those of a binding that cannot be read.
    """
    found = dict.fromkeys(further)
    for contract in contracts:
        found.update(dict.fromkeys(contract.findings))
        told = {(finding.code, finding.span) for finding in contract.findings}
        more = (finding for finding in _semantic(contract, declarations) if (finding.code, finding.span) not in told)
        found.update(dict.fromkeys(more))
    found.update(dict.fromkeys(shared_ids(contracts)))
    return tuple(sorted(found, key=_order))


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.span.file, finding.span.line, finding.span.column, finding.code, finding.message


def _semantic(contract: Contract, declarations: Declarations | None) -> Iterator[Finding]:
    places = Places(contract)
    if contract.spans:
        yield from contract_findings(contract, places)
    for clause in contract.clauses:
        if clause.retired is not None:
            continue
        yield from clause_findings(clause, places)
        yield from test_findings(clause, places)
        if clause.check is not None and declarations is not None:
            armed = ArmedClause(clause, clause.check, places)
            yield from check_findings(armed, declarations)
            yield from mutant_findings(armed, role_of(armed, declarations), declarations)


def shared_ids(contracts: Sequence[Contract]) -> Iterator[Finding]:
    """FC039: later contracts that use the qualified id of an earlier one; doubles in one file are the loader's."""
    first: dict[str, tuple[Contract, Clause]] = {}
    for contract in contracts:
        places = Places(contract)
        for clause in contract.clauses:
            earlier, twin = first.setdefault(clause.qualified, (contract, clause))
            if earlier is not contract:
                yield Finding(
                    "FC039",
                    FindingSeverity.ERROR,
                    f"{clause.qualified} stands in {twin.span} too",
                    places.field(clause, "id"),
                    "remove one of the two contracts, or give it an id of its own",
                )

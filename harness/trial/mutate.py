"""The kill matrix: every mutant that a clause names, planted in the reference, must turn it red by its measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.verdict.evidence import MutantRecord
from harness.verdict.verdicts import MutantOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.contract.models import MutantClaim
    from harness.trial.interface import Case, Operator, Subject
    from harness.trial.search import Attack


@dataclass(frozen=True, slots=True)
class Mutant:
    """A subject with a planted defect; it answers as the planted object does, under a label of its own."""

    planted: Any
    operator: Operator
    of: str
    """Identity of the sound subject."""
    label: str = "mutant"

    @property
    def role(self) -> str:
        """The role of the sound subject."""
        return self.operator.role

    @property
    def identity(self) -> str:
        """The operator and the sound subject."""
        return f"mutant {self.operator.name} of {self.of}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.planted, name)


def kill_matrix(
    attack: Attack, reference: Subject, operators: Sequence[tuple[MutantClaim, Operator]], cases: Sequence[Case]
) -> tuple[MutantRecord, ...]:
    """Show each mutant to the clause on `cases` until it is seen by the measure that the contract names."""
    return tuple(_trial(attack, reference, claim, operator, cases) for claim, operator in operators)


def not_run(operators: Sequence[tuple[MutantClaim, Operator]]) -> tuple[MutantRecord, ...]:
    """The rows of mutants that were not tried."""
    return tuple(_record(claim, operator, MutantOutcome.NOT_RUN, (), 0) for claim, operator in operators)


def _trial(
    attack: Attack, reference: Subject, claim: MutantClaim, operator: Operator, cases: Sequence[Case]
) -> MutantRecord:
    mutant = Mutant(operator.plant(reference), operator, reference.identity)
    tally = attack.on(mutant).search(cases, until=claim.shows)
    seen = tuple(dict.fromkeys(name for failure in tally.failures for name in failure.measures))
    if claim.shows in seen:
        outcome = MutantOutcome.KILLED
    elif tally.cut:
        outcome = MutantOutcome.NOT_RUN
    elif seen:
        outcome = MutantOutcome.OTHER_REASON
    else:
        outcome = MutantOutcome.SURVIVED
    return _record(claim, operator, outcome, seen, tally.valid)


def _record(
    claim: MutantClaim, operator: Operator, outcome: MutantOutcome, seen: tuple[str, ...], examples: int
) -> MutantRecord:
    return MutantRecord(
        name=claim.name,
        outcome=outcome,
        shows=claim.shows,
        seen=", ".join(seen),
        edits=operator.edits,
        where=operator.where,
        what=operator.what,
        examples=examples,
    )

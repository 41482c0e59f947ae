"""The plan: the whole inventory of checks exists before the first one runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from harness.verdict.errors import FalsifyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.contract.models import Clause, Contract, MutantClaim
    from harness.trial.interface import Case, Falsifier, Operator, Parameters, Subject


class Registry(Protocol):
    """Where the composition root keeps what contracts name."""

    def falsifier(self, name: str, home: str) -> Falsifier:
        """The falsifier of this name, as seen from a contract of `home`. Raises UsageError with the nearest name."""

    def operator(self, role: str, name: str, home: str) -> Operator:
        """The mutant operator of this name. Raises UsageError with the nearest name."""

    def reference(self, role: str) -> Subject:
        """The sound subject of a role. Raises UsageError for an unknown role."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished file under judgement, with the source it was made from where that is known."""

    artifact: Path
    source: Path | None


@dataclass(frozen=True, slots=True)
class Check:
    """One clause, one subject, one falsifier: one pytest item."""

    contract: Contract
    clause: Clause
    falsifier: Falsifier | None
    """None for a clause that nothing binds, or whose binding names what is not there."""
    subject: Subject | None
    parameters: Parameters | None
    operators: tuple[tuple[MutantClaim, Operator], ...] = ()
    case: Case | None = None
    """The one case of a finished file; None for a population."""
    unbindable: str = ""
    """Why a check block cannot be armed; a bound clause that was not measured."""

    @property
    def label(self) -> str:
        """Who is on trial, as in the node id."""
        if self.subject is not None:
            return self.subject.label
        if not self.unbindable:
            return "unbound"
        return "stale" if self.clause.armed_by and self.clause.stale else "unbindable"

    @property
    def node(self) -> str:
        """`FALSIFY-005[reference]`."""
        return f"{self.clause.id}[{self.label}]"


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A clause that has nothing to say about a finished file."""

    contract: str
    clause: str
    subject: str
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Every check of a run, in the order of the contracts, and the clauses that do not apply."""

    checks: tuple[Check, ...]
    not_applicable: tuple[NotApplicable, ...] = ()


def plan_checks(
    contracts: Sequence[Contract],
    registry: Registry,
    subjects: Mapping[str, Subject],
    finished: Sequence[tuple[Finished, Mapping[str, Subject]]] = (),
) -> Plan:
    """Plan one check for each clause: on `subjects` (by role; the reference where none is named), or on finished files.

    `finished` pairs a file with the subjects, by role, that stand for it; when there are any, only they are on trial.
    """
    checks: list[Check] = []
    left_out: list[NotApplicable] = []
    for contract in contracts:
        for clause in contract.clauses:
            armed = _arm(contract, clause, registry, subjects)
            if not finished or armed.falsifier is None:
                checks.append(armed)
                continue
            for file, stand_ins in finished:
                found = _on_file(armed, file, stand_ins)
                (checks if isinstance(found, Check) else left_out).append(found)  # type: ignore[arg-type]
    return Plan(tuple(checks), tuple(left_out))


def _arm(contract: Contract, clause: Clause, registry: Registry, subjects: Mapping[str, Subject]) -> Check:
    block = clause.check
    if block is None or clause.retired is not None:
        return Check(contract, clause, None, None, None, unbindable=clause.stale if clause.retired is None else "")
    try:
        falsifier = registry.falsifier(block.falsifier, contract.home)
        if falsifier.role != block.subject:
            raise UsageError(
                f"{block.falsifier} tries subjects of another role", found=block.subject, expected=falsifier.role
            )
        known = {measure.name for measure in falsifier.measures}
        for name in (block.limit.measure, *(mutant.shows for mutant in block.mutants)):
            if name not in known:
                raise UsageError(
                    f"{block.falsifier} produces no such measure", found=name, expected=", ".join(sorted(known))
                )
        _populations_known(falsifier, clause)
        parameters = falsifier.parameters.model_validate(block.parameters)
        operators = tuple(
            (mutant, registry.operator(falsifier.role, mutant.name, contract.home)) for mutant in block.mutants
        )
        subject = subjects.get(falsifier.role) or registry.reference(falsifier.role)
    except FalsifyError as error:
        return Check(contract, clause, None, None, None, unbindable=str(error))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return Check(contract, clause, None, None, None, unbindable=f"parameters.{where}: {first['msg']}")
    return Check(contract, clause, falsifier, subject, parameters, operators)


def _populations_known(falsifier: Falsifier, clause: Clause) -> None:
    population = clause.check.population if clause.check is not None else None
    if population is None:
        return
    experiment = falsifier.experiment
    for name in (*population.partitions, *population.blind):
        if name not in experiment.partitions:
            raise UsageError(
                f"{experiment.name} has no such partition",
                found=name,
                expected=", ".join(sorted(experiment.partitions)),
            )
    for name in population.architectures:
        if name not in experiment.architectures:
            raise UsageError(
                f"{experiment.name} draws no such architecture",
                found=name,
                expected=", ".join(experiment.architectures),
            )


def _on_file(check: Check, file: Finished, stand_ins: Mapping[str, Any]) -> Check | NotApplicable:
    falsifier = check.falsifier
    assert falsifier is not None
    label = file.artifact.name

    def leave_out(why: str) -> NotApplicable:
        return NotApplicable(check.contract.id, check.clause.id, label, why)

    if falsifier.role not in stand_ins:
        return leave_out(f"a finished file cannot play the role {falsifier.role}")
    if not falsifier.finished_file:
        return leave_out("the clause speaks of what a subject does, not of a finished file")
    if falsifier.needs_source and file.source is None:
        return leave_out("the clause compares with the source; name it with --source")
    case = falsifier.experiment.finished(file.artifact, file.source)
    if case is None:
        return leave_out(f"{falsifier.experiment.name} has no case for this file")
    return Check(
        check.contract, check.clause, falsifier, stand_ins[falsifier.role], check.parameters, check.operators, case
    )

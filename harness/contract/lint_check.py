"""Semantic checks of a check block against what falsifiers and mutants declare: FC020 to FC024 and FC027."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from harness.contract.lint_names import nearest_hint
from harness.contract.models import Finding, FindingSeverity
from harness.verdict.verdicts import Direction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.contract.declarations import Declarations, FalsifierDeclaration
    from harness.contract.lint_places import Places
    from harness.contract.models import CheckBlock, Clause, Limit
    from harness.contract.positions import Span


@dataclass(frozen=True, slots=True)
class ArmedClause:
    """A clause with its check block, and where the parts of the block stand."""

    clause: Clause
    block: CheckBlock
    places: Places

    def error(self, code: str, path: tuple[str | int, ...], message: str, hint: str) -> Finding:
        """An error at `path` inside the check block."""
        return Finding(code, FindingSeverity.ERROR, f"{self.clause.id}: {message}", self.span(*path), hint)

    def span(self, *path: str | int) -> Span:
        """Where the value at `path` inside the check block stands."""
        return self.places.check(self.clause, *path)


def check_findings(armed: ArmedClause, declarations: Declarations) -> Iterator[Finding]:
    """What is wrong with the falsifier, its role, parameters, measures, limit and population."""
    declared = declarations.falsifiers.get(armed.block.falsifier)
    yield from _role(armed, declarations, declared)
    if declared is None:
        hint = nearest_hint(armed.block.falsifier, declarations.falsifiers)
        yield armed.error("FC020", ("falsifier",), f"no falsifier is called {armed.block.falsifier}", hint)
        return
    yield from _parameters(armed, declared)
    yield from _measures(armed, declared)
    yield from _sides(armed, declared)
    yield from _population(armed, declared)


def role_of(armed: ArmedClause, declarations: Declarations) -> str | None:
    """The role whose mutants the clause may name; None when neither the falsifier nor the block tells it."""
    declared = declarations.falsifiers.get(armed.block.falsifier)
    if declared is not None:
        return declared.role
    return armed.block.subject if armed.block.subject in declarations.roles else None


def _role(armed: ArmedClause, declarations: Declarations, declared: FalsifierDeclaration | None) -> Iterator[Finding]:
    subject = armed.block.subject
    if declared is not None and subject != declared.role:
        what = f"{declared.name} tries the role {declared.role}, not {subject}"
        yield armed.error("FC021", ("subject",), what, f"write subject: {declared.role}")
    elif subject not in declarations.roles:
        hint = nearest_hint(subject, declarations.roles)
        yield armed.error("FC021", ("subject",), f"there is no role {subject}", hint)


def _parameters(armed: ArmedClause, declared: FalsifierDeclaration) -> Iterator[Finding]:
    given = armed.block.parameters
    properties = declared.parameters_schema.get("properties", {})
    known = tuple(properties) if isinstance(properties, dict) else ()
    for message in declared.check_parameters(given):
        concerned = message.partition(":")[0].split(".")[0].strip()
        path = ("parameters", concerned) if concerned in given else ("parameters",)
        if not known:
            hint = f"{declared.name} takes no parameters"
        elif concerned in given and concerned not in known:
            hint = nearest_hint(concerned, known)
        else:
            hint = f"{declared.name} takes {', '.join(known)}"
        strange = concerned in given and concerned not in known
        what = f"{declared.name} has no parameter {concerned}" if strange else f"wrong parameters: {message}"
        yield armed.error("FC022", path, what, hint)


def _measures(armed: ArmedClause, declared: FalsifierDeclaration) -> Iterator[Finding]:
    named: list[tuple[str, tuple[str | int, ...]]] = [(armed.block.limit.measure, ("limit", "measure"))]
    named += [(mutant.shows, ("mutants", index, "shows")) for index, mutant in enumerate(armed.block.mutants)]
    for measure, path in named:
        if measure not in declared.measures:
            hint = nearest_hint(measure, declared.measures)
            yield armed.error("FC023", path, f"{declared.name} does not measure {measure}", hint)


def _sides(armed: ArmedClause, declared: FalsifierDeclaration) -> Iterator[Finding]:
    limit = armed.block.limit
    direction = declared.measures.get(limit.measure)
    if direction is None:
        return
    needed = _needed(direction)
    missing = [key for key in needed if (limit.high if key == "at_most" else limit.low) is None]
    if not missing:
        return
    what = f"{limit.measure} ({direction.value}) has no bound {' and none '.join(map(_SIDES.__getitem__, missing))}"
    way = "write between: [low, high]" if len(needed) == 2 else f"write {needed[0]} and a number"
    yield armed.error("FC024", ("limit", _written(limit)), what, way)


_SIDES = {"at_most": "above", "at_least": "below"}


def _needed(direction: Direction) -> tuple[str, ...]:
    match direction:
        case Direction.LOWER_IS_BETTER:
            return ("at_most",)
        case Direction.HIGHER_IS_BETTER:
            return ("at_least",)
        case Direction.TWO_SIDED:
            return ("at_least", "at_most")
        case _:
            assert_never(direction)


def _written(limit: Limit) -> str:
    return next(key for key in ("at_most", "at_least", "between") if getattr(limit, key) is not None)


def _population(armed: ArmedClause, declared: FalsifierDeclaration) -> Iterator[Finding]:
    population = armed.block.population
    kinds = (
        ("partitions", "partition", population.partitions, declared.partitions),
        ("blind", "partition", population.blind, declared.partitions),
        ("architectures", "architecture", population.architectures, declared.architectures),
    )
    for key, kind, names, known in kinds:
        for index, name in enumerate(names):
            place = ("population", key, index)
            if name not in known:
                hint = nearest_hint(name, known)
                yield armed.error("FC027", place, f"{declared.name} knows no {kind} {name}", hint)
            elif key == "blind" and name in population.partitions:
                hint = f"keep {name} in one of partitions and blind"
                yield armed.error("FC027", place, f"the partition {name} cannot be blind and telling at once", hint)

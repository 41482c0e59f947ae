"""Semantic checks of the mutants that a clause names: FC025, FC026, FC028 and FC029."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.contract.lint_names import nearest_hint
from harness.contract.models import Finding, FindingSeverity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.contract.declarations import Declarations, MutantDeclaration
    from harness.contract.lint_check import ArmedClause

_ENOUGH = 2


def mutant_findings(armed: ArmedClause, role: str | None, declarations: Declarations) -> Iterator[Finding]:
    """What is wrong with the mutants of a clause whose subject plays `role`; None when the role is not known."""
    yield from _repeated(armed)
    if role is not None:
        known = {name: mutant for (home, name), mutant in declarations.mutants.items() if home == role}
        yield from _unknown(armed, role, known)
        yield from _behaviour_only(armed, role, known)
    distinct = {mutant.name for mutant in armed.block.mutants}
    if len(distinct) < _ENOUGH:
        yield Finding(
            "FC028",
            FindingSeverity.WARNING,
            f"{armed.clause.id}: one mutant shows that the check can fail, not that it fails for more than one reason",
            armed.span("mutants"),
            "add a mutant that breaks the claim in another way",
        )


def _repeated(armed: ArmedClause) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, mutant in enumerate(armed.block.mutants):
        if mutant.name in first:
            line = armed.span("mutants", first[mutant.name], "name").line
            what = f"the mutant {mutant.name} is listed already on line {line}"
            yield armed.error("FC029", ("mutants", index, "name"), what, "drop one, or name another defect")
        first.setdefault(mutant.name, index)


def _unknown(armed: ArmedClause, role: str, known: Mapping[str, MutantDeclaration]) -> Iterator[Finding]:
    for index, mutant in enumerate(armed.block.mutants):
        if mutant.name not in known:
            what = f"no mutant of the role {role} is called {mutant.name}"
            yield armed.error("FC025", ("mutants", index, "name"), what, nearest_hint(mutant.name, known))


def _behaviour_only(armed: ArmedClause, role: str, known: Mapping[str, MutantDeclaration]) -> Iterator[Finding]:
    named = [known[mutant.name] for mutant in armed.block.mutants if mutant.name in known]
    if len(named) < len(armed.block.mutants) or any(mutant.edits != "behaviour" for mutant in named):
        return
    tangible = sorted(name for name, mutant in known.items() if mutant.edits != "behaviour")
    hint = (
        f"add one of {', '.join(tangible)}"
        if tangible
        else f"write a mutant of the role {role} that edits bytes or output"
    )
    yield armed.error("FC026", ("mutants",), "no mutant edits finished bytes or output", hint)

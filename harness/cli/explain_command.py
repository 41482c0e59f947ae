"""`falsify explain`: what a code, a clause, a role, a falsifier or a mutant is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.assembly import contract_paths, load_contracts
from harness.cli.configuration import configuration
from harness.cli.explain_pages import clause_page, falsifier_page, mutant_page, role_page
from harness.cli.options import terminal_width
from harness.cli.registry import registry
from harness.contract.catalogue import CATALOGUE, page
from harness.contract.lint_names import nearest
from harness.subject.roles import ROLES
from harness.verdict.errors import RefusedError, UsageError
from harness.verdict.verdicts import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cli.configuration import Configuration
    from harness.cli.registry import Shelves
    from harness.contract.models import Clause, Contract
    from harness.trial.interface import Falsifier, Operator

_CODE = re.compile(r"FC\d+", re.IGNORECASE)
_SHORT_ID = re.compile(r"FALSIFY-(\d+)")


@click.command(
    "explain",
    epilog="""\b
Examples:
  falsify explain FC012
  falsify explain FALSIFY-005
  falsify explain tensor-layout-v1::F-LAYOUT-CONTRACT-001
  falsify explain importer
""",
)
@click.argument("name", metavar="CODE|CLAUSE|ROLE|FALSIFIER|MUTANT")
@click.option(
    "--in", "paths", multiple=True, metavar="PATH", help="Look for clauses here instead of in the project's contracts."
)
def explain_command(name: str, paths: tuple[str, ...]) -> int:
    """Say what NAME means: a finding code, a clause, a role, a falsifier or a mutant.

    A clause is named by its id, by contract-id::clause-id, or as FALSIFY-NNN by the end of a longer id.
    """
    click.echo(explanation(name, paths, configuration(Path.cwd()), terminal_width()))
    return int(ExitCode.CLEAN)


def explanation(name: str, paths: Sequence[str], settings: Configuration, width: int) -> str:
    """The pages of everything that is called `name`. Raises UsageError with the nearest names when nothing is."""
    if _CODE.fullmatch(name):
        return page(name).text.rstrip("\n")
    shelves = registry(settings.falsifier_folders())
    falsifiers, operators = _declared(shelves)
    pages = [role_page(ROLES[name], width)] if name in ROLES else []
    pages += [
        falsifier_page(tried, tuple(made for made in operators if made.role == tried.role), width)
        for tried in falsifiers
        if tried.name == name
    ]
    if planted := tuple(made for made in operators if made.name == name):
        pages.append(mutant_page(planted, width))
    if pages:
        return "\n\n".join(pages)
    clauses = _clauses(paths, settings)
    pages = [clause_page(contract, clause, shelves, width) for contract, clause in clauses if _is_called(clause, name)]
    if not pages:
        declared = [tried.name for tried in falsifiers] + [made.name for made in operators]
        raise _unknown(name, [*CATALOGUE, *ROLES, *declared, *(clause.id for _, clause in clauses)])
    return "\n\n".join(pages)


def _declared(shelves: Shelves) -> tuple[list[Falsifier], list[Operator]]:
    both = (shelves.project, shelves.builtin)
    falsifiers = [tried for shelf in both for tried in shelf.falsifiers.values()]
    return falsifiers, [made for shelf in both for made in shelf.operators.values()]


def _clauses(paths: Sequence[str], settings: Configuration) -> list[tuple[Contract, Clause]]:
    """Every clause of `paths` or of the project; none where there are no contracts, unless `paths` asked for them."""
    try:
        contracts = load_contracts(contract_paths(paths, settings, fall_back=True), settings)
    except RefusedError:
        if paths:
            raise
        return []
    return [(contract, clause) for contract in contracts for clause in contract.clauses]


def _is_called(clause: Clause, name: str) -> bool:
    if name in {clause.id, clause.qualified}:
        return True
    short = _SHORT_ID.fullmatch(name)
    return short is not None and clause.id.startswith("FALSIFY-") and clause.id.endswith(f"-{short[1]}")


def _unknown(name: str, known: Sequence[str]) -> UsageError:
    near = nearest(name, known, at_most=3) or nearest(name.upper(), known, at_most=3)
    return UsageError(
        f"nothing is called {name!r}",
        expected=", ".join(near) or "a code (FC012), a clause id, a role, a falsifier (module.function) or a mutant",
        way_out="" if near else f"roles: {', '.join(ROLES)}; codes: {min(CATALOGUE)} to {max(CATALOGUE)}",
    )

"""`falsify replay`: a stored counterexample again, as the gate would judge it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import TypeAdapter, ValidationError

from harness.cli.assembly import Assembly, builtin_contracts, contract_paths, load_contracts, parse_subjects
from harness.cli.configuration import configuration
from harness.cli.gate_command import expand, run_and_tell
from harness.cli.options import json_option
from harness.cli.registry import registry
from harness.contract.discovery import find_contracts
from harness.reporting.json_report import to_json
from harness.reporting.terminal import closing
from harness.trial.casefile import CaseFile, read_case
from harness.trial.plan import Check, Plan, plan_checks
from harness.trial.profiles import profile
from harness.trial.session import Session
from harness.verdict.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from harness.cli.configuration import Configuration
    from harness.contract.models import Contract


@click.command(
    "replay",
    epilog="""\b
Examples:
  falsify replay reports/cases/F-LAYOUT-CONTRACT-001-0a1b2c3d4e5f.json
  falsify replay reports/cases                 every stored case
  falsify replay --subject importer='fixed {source} {dest}' case.json
""",
)
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--subject", "subjects", multiple=True, metavar="ROLE=COMMAND", help="Try another subject on the case.")
@click.option("--contracts", "paths", multiple=True, help="Contracts to take the clause from.")
@json_option
def replay_command(*, cases: tuple[Path, ...], subjects: tuple[str, ...], paths: tuple[str, ...], as_json: bool) -> int:
    """Put the subject through stored counterexamples again.

    The clause is taken from the contract as it stands now. Exit 1: it still fails; 0: it no longer does.
    """
    settings = configuration(Path.cwd())
    shelves = registry(settings.falsifier_folders())
    contracts = _contracts(paths, settings)
    checks: list[Check] = []
    for path in _case_files(cases):
        stored = read_case(path)
        contract = _contract_of(stored, contracts, path)
        options = subjects or _stored_subject(stored, path, settings)
        planned = plan_checks([contract], shelves, parse_subjects(options, {}, call_seconds=profile("pr").call_seconds))
        checks += [_on(check, stored, path) for check in planned.checks if check.clause.id == stored.clause]
    used = {check.contract.path: check.contract for check in checks}
    assembly = Assembly(settings, tuple(used.values()), shelves, {}, Plan(tuple(checks)), selection="")
    session = Session.start(shelves, profile("dev"), settings.table.seed)
    discharge = run_and_tell(assembly, session, require_bound=False, to_stderr=as_json, quiet=False)
    click.echo(to_json(discharge) if as_json else closing(discharge), nl=not as_json)
    return int(discharge.exit_code())


def _case_files(entries: tuple[Path, ...]) -> list[Path]:
    """The case files that `entries` name: files, globs, or those in folders. Raises RefusedError when there is none."""
    found: list[Path] = []
    for entry in expand(entries):
        inside = sorted(path for path in entry.glob("*.json") if not path.name.startswith("in-flight-"))
        if entry.is_dir() and not inside:
            raise RefusedError("no case file in this folder", file=str(entry))
        found += inside if entry.is_dir() else [entry]
    return found


def _stored_subject(stored: CaseFile, path: Path, settings: Configuration) -> list[str]:
    """The program that stands in the case, if the case is the project's own; a stranger's is not run unasked."""
    if not stored.subject:
        return []
    option = f"{stored.role}={stored.subject}"
    if not path.resolve().is_relative_to(settings.reports.resolve()):
        raise UsageError(
            "the case asks to run a program, and does not come from this project's reports",
            file=str(path),
            found=stored.subject,
            way_out=f"if it may run: --subject {shlex.quote(option)}",
        )
    click.echo(f"running {stored.subject}", err=True)
    return [option]


def _contracts(paths: tuple[str, ...], settings: Configuration) -> tuple[Contract, ...]:
    try:
        own = contract_paths(paths, settings, fall_back=True)
    except RefusedError:
        own = []
    builtin = [
        file for file in find_contracts([builtin_contracts()]) if file.resolve() not in {p.resolve() for p in own}
    ]
    return load_contracts([*own, *([] if paths else builtin)], settings)


def _contract_of(stored: CaseFile, contracts: tuple[Contract, ...], path: Path) -> Contract:
    for contract in contracts:
        if contract.id == stored.contract and any(clause.id == stored.clause for clause in contract.clauses):
            return contract
    raise RefusedError(
        "no contract here has the clause of this case",
        file=str(path),
        found=f"{stored.contract}::{stored.clause}",
        way_out="name its contract with --contracts",
    )


def _on(check: Check, stored: CaseFile, path: Path) -> Check:
    if check.falsifier is None:
        return check
    try:
        case = TypeAdapter(check.falsifier.experiment.case_type).validate_python(stored.case)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise RefusedError(
            "the case does not fit the experiment as it stands now",
            file=str(path),
            place=".".join(map(str, first["loc"])),
            found=first["msg"],
        ) from None
    return replace(check, case=case)

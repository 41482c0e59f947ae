"""From words on a command line to a planned run: contracts found, loaded and armed, subjects built, checks selected."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import harness
from harness.cli.configuration import Configuration, shown
from harness.cli.registry import Shelves, registry
from harness.contract.bindings import Binding, arm, load_bindings, unplaced
from harness.contract.discovery import find_contracts
from harness.contract.lint import shared_ids
from harness.contract.loader import load_contract, load_text
from harness.contract.selection import Selection
from harness.subject.artifact import ArtifactSubject
from harness.subject.build import build_subject
from harness.subject.limits import Limits
from harness.subject.roles import ROLES
from harness.trial.plan import Check, Finished, Plan, plan_checks
from harness.verdict.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.contract.models import Contract, Finding
    from harness.trial.interface import Subject

_INSTALLED = Path(harness.__file__).parent / "builtin" / "contracts"
_CHECKOUT = Path(harness.__file__).parents[1] / "contracts"

STDIN = Path("-")
"""Standard input, where a contract is expected."""

ARTIFACT_SUFFIXES = (".apr", ".gguf", ".safetensors")


def builtin_contracts() -> Path:
    """Folder of the contracts that come with falsify: beside the package when installed, else of the checkout."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


@dataclass(frozen=True, slots=True)
class Assembly:
    """A run, planned."""

    configuration: Configuration
    contracts: tuple[Contract, ...]
    registry: Shelves
    subjects: Mapping[str, Subject]
    plan: Plan
    selection: str
    strays: tuple[Finding, ...] = ()
    """What no contract can report alone: bindings that arm nothing, and ids that two contracts share."""


def contract_paths(paths: Sequence[str], configuration: Configuration, *, fall_back: bool = False) -> list[Path]:
    """The contract files that `paths` name, or else those of the configuration, or else ./contracts.

    With `fall_back`, a place without contracts of its own gets the built-in ones. Raises RefusedError when there is
    none at all.
    """
    entries: list[Path] = [Path(path) for path in paths]
    if not entries and configuration.table.contracts is not None:
        for entry in configuration.table.contracts:
            entries += [builtin_contracts()] if entry == "builtin" else configuration.resolve([entry])
    elif not entries:
        own = configuration.root / "contracts"
        entries = [builtin_contracts()] if fall_back and not own.is_dir() else [own]
    found = [STDIN] if entries == [STDIN] else find_contracts(entries)
    if not found:
        raise RefusedError(
            "no contracts",
            file=", ".join(map(shown, entries)),
            expected="YAML files",
            way_out="name a file, a folder or a glob of contracts, or set [tool.falsify] contracts",
        )
    return found


def load_contracts(
    files: Iterable[Path], configuration: Configuration, bindings: Sequence[Binding] | None = None
) -> tuple[Contract, ...]:
    """Load the contracts and arm them with `bindings`: those of the configuration, unless they are loaded already."""
    if bindings is None:
        bindings = load_bindings(configuration.binding_folders())
    builtin = builtin_contracts().resolve()

    def read(file: Path) -> Contract:
        if file == STDIN:
            return load_text(sys.stdin.read(), "-")
        return load_contract(
            file, shown=shown(file), home="builtin" if file.resolve().is_relative_to(builtin) else "project"
        )

    return tuple(arm(read(file), bindings) for file in files)


def parse_subjects(options: Iterable[str], configured: Mapping[str, str], *, call_seconds: float) -> dict[str, Subject]:
    """Subjects by role, from `ROLE=COMMAND` options over the configured ones. Raises UsageError.

    `call_seconds` is the wall time that one call of them may take.
    """
    specs = dict(configured)
    for option in options:
        role, equals, command = option.partition("=")
        if not equals or not command.strip():
            raise UsageError(f"--subject takes ROLE=COMMAND, not {option!r}", expected=f"a role: {', '.join(ROLES)}")
        specs[role.strip()] = command
    for role in specs:
        if role not in ROLES:
            near = difflib.get_close_matches(role, ROLES, n=1)
            raise UsageError(f"unknown role {role!r}", expected=near[0] if near else ", ".join(ROLES))
    limits = Limits(wall_s=call_seconds)
    return {role: build_subject(role, spec, limits=limits) for role, spec in specs.items()}


def find_artifacts(entries: Iterable[Path]) -> list[Path]:
    """The model files that `entries` name: files, or those in folders. Raises RefusedError for a missing one."""
    found: list[Path] = []
    for entry in entries:
        if entry.is_dir():
            index = entry / "model.safetensors.index.json"
            inside = sorted(path for path in entry.iterdir() if path.suffix in ARTIFACT_SUFFIXES and path.is_file())
            inside = [index] if index.is_file() else inside  # shards are one model
            if not inside:
                raise RefusedError(
                    "no model file in this folder", file=shown(entry), expected=", ".join(ARTIFACT_SUFFIXES)
                )
            found += inside
        elif entry.exists():
            found.append(entry)
        else:
            raise RefusedError("no such artifact", file=shown(entry))
    return found


def finished_files(artifacts: Iterable[Path], source: Path | None) -> list[tuple[Finished, dict[str, Subject]]]:
    """Each finished file, with the subjects that stand for it. Raises RefusedError for a missing source."""
    if source is not None and not source.exists():
        raise RefusedError("no such source", file=shown(source))
    return [
        (
            Finished(path.absolute(), source.absolute() if source is not None else None),
            {role: ArtifactSubject(role, path.absolute()) for role in ("importer", "reader")},
        )
        for path in artifacts
    ]


def assemble(  # noqa: PLR0913 - the words of a command line
    configuration: Configuration,
    *,
    paths: Sequence[str] = (),
    selection: str = "",
    subjects: Sequence[str] = (),
    artifacts: Sequence[Path] = (),
    source: Path | None = None,
    call_seconds: float,
) -> Assembly:
    """Plan a run; raises the typed errors of its parts."""
    chosen = Selection(selection) if selection else None
    finished = finished_files(find_artifacts(artifacts), source)
    files = contract_paths(paths, configuration, fall_back=bool(finished or subjects))
    bindings = load_bindings(configuration.binding_folders())
    contracts = load_contracts(files, configuration, bindings)
    shelves = registry(configuration.falsifier_folders())
    built = parse_subjects(subjects, configuration.table.subjects, call_seconds=call_seconds)
    plan = plan_checks(contracts, shelves, built, finished)
    if chosen is not None:
        plan = Plan(
            tuple(check for check in plan.checks if chosen.matches(check.clause.id, keywords(check))),
            tuple(
                row
                for row in plan.not_applicable
                if chosen.matches(row.clause, (row.contract, row.clause, row.subject))
            ),
        )
    strays = [] if paths else unplaced(bindings, contracts)
    strays += shared_ids(contracts)
    return Assembly(configuration, contracts, shelves, built, plan, selection, tuple(strays))


def keywords(check: Check) -> tuple[str, ...]:
    """What `-k` finds a check by, besides its clause id: file, node id, severity, role."""
    role = check.falsifier.role if check.falsifier is not None else ""
    return (check.contract.path, check.node, check.clause.severity.value, *([role] if role else []))

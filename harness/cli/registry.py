"""Where contracts' names lead: built-in falsifiers and mutants, a project's own, and the sound subjects."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from harness.cli.modules import BUILTIN, builtin_modules, builtin_package_visible, modules_by_path
from harness.contract.declarations import Declarations, FalsifierDeclaration, MutantDeclaration
from harness.subject.build import build_subject
from harness.subject.roles import ROLES
from harness.trial.interface import Falsifier, Operator
from harness.verdict.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import ModuleType

    from harness.trial.interface import Subject


@dataclass(slots=True)
class Shelf:
    """The falsifiers and operators of one home."""

    falsifiers: dict[str, Falsifier] = field(default_factory=dict)
    operators: dict[tuple[str, str], Operator] = field(default_factory=dict)

    def add(self, module: ModuleType, dotted: str) -> None:
        """Take everything that `module` declares."""
        digest = hashlib.sha256(Path(module.__file__ or "").read_bytes()).hexdigest()
        for attribute, value in vars(module).items():
            if isinstance(value, Falsifier) and value.observe.__module__ == module.__name__:
                name = f"{dotted}.{attribute}"
                self.falsifiers[name] = dataclasses.replace(value, name=name, source_sha256=digest)
            elif isinstance(value, Operator) and value.plant.__module__ == module.__name__:
                self.operators[value.role, value.name] = value


@dataclass(slots=True)
class Shelves:
    """The registry of one run: a project's own names come before the built-in ones, and neither hides the other."""

    builtin: Shelf
    project: Shelf
    _references: dict[str, Subject] = field(default_factory=dict)

    def _order(self, home: str) -> tuple[Shelf, ...]:
        return (self.builtin,) if home == "builtin" else (self.project, self.builtin)

    def falsifier(self, name: str, home: str) -> Falsifier:
        """The falsifier `name` as a contract of `home` sees it."""
        for shelf in self._order(home):
            if name in shelf.falsifiers:
                return shelf.falsifiers[name]
        raise _unknown("falsifier", name, (key for shelf in self._order(home) for key in shelf.falsifiers))

    def operator(self, role: str, name: str, home: str) -> Operator:
        """The mutant operator `name` of `role` as a contract of `home` sees it."""
        for shelf in self._order(home):
            if (role, name) in shelf.operators:
                return shelf.operators[role, name]
        names = (key[1] for shelf in self._order(home) for key in shelf.operators if key[0] == role)
        raise _unknown(f"mutant of the role {role}", name, names)

    def reference(self, role: str) -> Subject:
        """The sound subject of `role`."""
        if role not in ROLES:
            raise _unknown("role", role, ROLES)
        if role not in self._references:
            self._references[role] = build_subject(role, None)
        return self._references[role]

    def declarations(self) -> Declarations:
        """What lint and the schema may know."""
        return Declarations(
            falsifiers={
                name: _declare(falsifier)
                for shelf in (self.builtin, self.project)
                for name, falsifier in shelf.falsifiers.items()
            },
            mutants={
                key: MutantDeclaration(made.name, made.role, made.edits, made.where, made.what)
                for shelf in (self.builtin, self.project)
                for key, made in shelf.operators.items()
            },
            roles=tuple(ROLES),
        )


def registry(folders: Sequence[Path] = ()) -> Shelves:
    """The built-in names, and those of the modules in a project's own `folders`.

    A project's modules may import `falsifiers.…` (ours) and, relatively, each other.
    """
    builtin, project = Shelf(), Shelf()
    with builtin_package_visible():
        for module in builtin_modules():
            builtin.add(module, module.__name__.removeprefix("falsifiers."))
        for folder in folders:
            if folder.resolve() != BUILTIN.resolve():
                for module, dotted in modules_by_path(folder):
                    project.add(module, dotted)
    return Shelves(builtin, project)


def declarations() -> Declarations:
    """What the built-in falsifiers and mutants declare."""
    return registry().declarations()


def _declare(falsifier: Falsifier) -> FalsifierDeclaration:
    return FalsifierDeclaration(
        name=falsifier.name,
        role=falsifier.role,
        claim=falsifier.claim,
        experiment=falsifier.experiment.name,
        measures={measure.name: measure.direction for measure in falsifier.measures},
        measure_meanings={measure.name: f"{measure.unit}: {measure.meaning}" for measure in falsifier.measures},
        partitions=falsifier.experiment.partitions,
        architectures=falsifier.experiment.architectures,
        parameters_schema=falsifier.parameters.model_json_schema(),
        check_parameters=_parameter_check(falsifier),
        finished_file=falsifier.finished_file,
    )


def _parameter_check(falsifier: Falsifier) -> Callable[[Mapping[str, object]], tuple[str, ...]]:
    def check(parameters: Mapping[str, object]) -> tuple[str, ...]:
        try:
            falsifier.parameters.model_validate(parameters)
        except ValidationError as error:
            return tuple(
                f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors(include_url=False)
            )
        return ()

    return check


def _unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=3)
    return UsageError(f"unknown {kind} {name!r}", expected=", ".join(near or names[:12]) or "none is known")

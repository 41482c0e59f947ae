"""What falsifiers and mutants declare about themselves, as lint and the schema see it, without importing any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.verdict.verdicts import Direction


@dataclass(frozen=True, slots=True)
class FalsifierDeclaration:
    """A falsifier that a contract may name."""

    name: str
    """`module.function`."""
    role: str
    claim: str
    experiment: str
    measures: Mapping[str, Direction]
    measure_meanings: Mapping[str, str]
    """Measure -> "unit: meaning"."""
    partitions: Mapping[str, str]
    architectures: tuple[str, ...]
    parameters_schema: Mapping[str, object]
    """JSON Schema of the parameters."""
    check_parameters: Callable[[Mapping[str, object]], tuple[str, ...]]
    """Gives one message for each thing that is wrong with the parameters; none when they are right."""
    finished_file: bool


@dataclass(frozen=True, slots=True)
class MutantDeclaration:
    """A mutant operator that a contract may name."""

    name: str
    role: str
    edits: Literal["bytes", "output", "behaviour"]
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything that contracts may name, by home: a project's own names come before the built-in ones."""

    falsifiers: Mapping[str, FalsifierDeclaration]
    mutants: Mapping[tuple[str, str], MutantDeclaration]
    """By (role, name)."""
    roles: tuple[str, ...]

"""What a falsifier module is written against: cases, experiments, observations, falsifiers and mutant operators.

The machine knows no tensor: subjects, cases and answers are opaque to it but for what stands here.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from harness.trial.witness import Answer, Witness
from harness.verdict.verdicts import Direction

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from hypothesis.strategies import SearchStrategy

    from harness.contract.models import Population


__all__ = [
    "Answer",
    "Case",
    "Context",
    "Experiment",
    "Falsifier",
    "Judge",
    "Measure",
    "NoParameters",
    "Observation",
    "Operator",
    "Parameters",
    "Subject",
    "Witness",
    "falsifier",
    "operator",
]


class Case(BaseModel):
    """One input of an experiment: few choices, from which everything else follows; JSON, so that it travels."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Parameters(BaseModel):
    """Base of a falsifier's parameters; the contract's `parameters` are checked against the subclass."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoParameters(Parameters):
    """For a falsifier that takes none."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a falsifier may know besides the case and the answer."""

    parameters: Any
    """An instance of the falsifier's parameter model."""
    tables: Mapping[str, Any]
    """The contract's tables as plain data: shape templates, thresholds of gates."""
    refusal: str
    """The rule that the subject must name when it refuses; empty when the clause names none."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one case showed: measurement only, no judgement."""

    measures: Mapping[str, float | int]
    """A value for each measure that the falsifier declares and this case could measure."""
    compared: int
    """Comparisons made; an observation that compared nothing measures nothing."""
    message: str = ""
    """For people: what was seen, on which tensor, found and expected."""
    not_measured: str = ""
    """Why this case could not be measured; empty when it was."""
    outside: bool = False
    """Whether the case lies outside what the parameters ask for; it then counts as declined and shows nothing."""
    not_applicable: str = ""
    """Why the clause has nothing to say about a finished file, seen only when it is looked at; else empty."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity that a falsifier produces. Over cases it is summed when `total`, else the worst case counts."""

    name: str
    unit: str
    meaning: str
    direction: Direction = Direction.LOWER_IS_BETTER
    total: bool = True


C = TypeVar("C", bound=Case)


class Experiment(ABC, Generic[C]):
    """A population of cases and the way to put a subject of one role through each.

    Clauses that share an experiment share its cases: they are drawn once per role, profile and seed, and the
    subject is run once for each.
    """

    name: ClassVar[str]
    role: ClassVar[str]
    case_type: ClassVar[Any]
    """The pydantic type (a `Case`, or a union of them) that stored cases are read back with."""
    partitions: ClassVar[Mapping[str, str]]
    """Every class of cases that can occur, with its meaning."""
    architectures: ClassVar[tuple[str, ...]] = ()
    """Families that `population.architectures` may name."""
    uses_tables: ClassVar[bool] = True
    """Whether what a subject is asked depends on the contract's tables; if not, contracts share its answers."""
    uses_sources: ClassVar[bool] = False
    """Whether the project's real model files are among its cases."""

    @abstractmethod
    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[C]:
        """The cases that come before random ones: each partition at least once, limits exactly, small first.

        `sources` are the real model files that the project's configuration names.
        """

    @abstractmethod
    def strategy(self, population: Population) -> SearchStrategy[C]:
        """The Hypothesis strategy of random cases; of `population` it may look at the architectures only.

        Clauses that differ in the rest share what is drawn, so that a subject is run once for a case.
        """

    @abstractmethod
    def partitions_of(self, case: C) -> frozenset[str]:
        """The partitions that `case` belongs to."""

    @abstractmethod
    def exercise(self, subject: Any, case: C, folder: Path, tables: Mapping[str, Any]) -> Answer:
        """Put `subject` through `case` in the empty folder `folder`; what fails is an answer, not an exception."""

    def burden(self, case: C) -> float:  # noqa: ARG002 - for those whose cases drag something along
        """What `case` weighs beyond its own text, such as a model file; the lightest counterexample is reported."""
        return 0.0

    def may_decline(self, case: C) -> bool:  # noqa: ARG002 - for those that can
        """Whether a sound subject may refuse `case`; one that does is no failure and shows nothing of a clause."""
        return False

    def finished(self, artifact: Path, source: Path | None) -> C | None:  # noqa: ARG002 - for those that can
        """The case that stands for a finished file (and its source); None when this experiment has no use for one."""
        return None


Judge = Callable[[Any, Witness, Context], Observation]


@dataclass(frozen=True, slots=True)
class Falsifier:
    """A function that searches for a counterexample to a clause, with what it declares about itself."""

    name: str
    """`module.function`, as contracts write it."""
    experiment: Experiment[Any]
    parameters: type[Parameters]
    measures: tuple[Measure, ...]
    observe: Judge
    claim: str
    """The first line of the function's docstring."""
    judges_failures: bool = False
    """True when a failed call of the subject is itself what the clause is about."""
    finished_file: bool = False
    """True when the clause can be judged on a finished file."""
    needs_source: bool = False
    """True when judging a finished file takes its source too."""
    source_sha256: str = ""

    @property
    def role(self) -> str:
        """The role on trial."""
        return self.experiment.role

    @property
    def reasons(self) -> tuple[str, ...]:
        """The codes that evidence of this falsifier can give as its reason for FALSIFIED."""
        return tuple(measure.name for measure in self.measures)

    def measure(self, name: str) -> Measure:
        """The measure of this name. Raises KeyError."""
        return {measure.name: measure for measure in self.measures}[name]


def falsifier(  # noqa: PLR0913 - a declaration, all by keyword
    *,
    experiment: Experiment[Any],
    measures: Sequence[Measure],
    parameters: type[Parameters] = NoParameters,
    judges_failures: bool = False,
    finished_file: bool = False,
    needs_source: bool = False,
) -> Callable[[Judge], Falsifier]:
    """Declare a function as a falsifier; its name is the claim, its docstring says it in a sentence.

    The function takes (case, witness, context) and returns an Observation. It measures and does not judge: the
    limit stands in the contract.
    """

    def declare(function: Judge) -> Falsifier:
        module = function.__module__.rpartition(".")[2]
        doc = inspect.getdoc(function) or ""
        return Falsifier(
            name=f"{module}.{function.__name__}",
            experiment=experiment,
            parameters=parameters,
            measures=tuple(measures),
            observe=function,
            claim=doc.splitlines()[0] if doc else function.__name__.replace("_", " "),
            judges_failures=judges_failures,
            finished_file=finished_file,
            needs_source=needs_source,
        )

    return declare


@dataclass(frozen=True, slots=True)
class Operator:
    """A planted defect as a record: what it makes of a sound subject, and where, what, from, to."""

    name: str
    role: str
    edits: Literal["bytes", "output", "behaviour"]
    where: str
    what: str
    before: str
    after: str
    plant: Callable[[Any], Any] = field(repr=False)
    """Takes a sound subject of `role`, gives the defective one."""


def operator(  # noqa: PLR0913 - a record, all by keyword
    *, role: str, edits: Literal["bytes", "output", "behaviour"], where: str, what: str, before: str, after: str
) -> Callable[[Callable[[Any], Any]], Operator]:
    """Declare a function (sound subject -> defective subject) as a mutant operator named like the function."""

    def declare(plant: Callable[[Any], Any]) -> Operator:
        return Operator(plant.__name__, role, edits, where, what, before, after, plant)

    return declare


class Subject(Protocol):
    """All that the machine knows about who is on trial."""

    @property
    def role(self) -> str:
        """The role that it plays."""

    @property
    def label(self) -> str:
        """Short name for node ids: `reference`, `command`, a file name."""

    @property
    def identity(self) -> str:
        """Exactly who: changes whenever its answers could."""

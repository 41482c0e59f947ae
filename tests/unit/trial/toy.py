"""A toy role for tests of the machine, which must not need a tensor: subjects that double a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from harness.contract.models import CheckBlock, Clause, Contract, Dialect, Limit, MutantClaim, Population
from harness.contract.positions import Span
from harness.trial.interface import (
    Answer,
    Case,
    Experiment,
    Falsifier,
    Measure,
    Observation,
    Operator,
    falsifier,
    operator,
)
from harness.verdict.errors import ContractError, UsageError
from harness.verdict.verdicts import RunState, Severity


class Number(Case):
    """A number to double."""

    n: int


class Doubling(Experiment[Number]):
    """Numbers from 0 to 1000."""

    name = "doubling"
    role = "doubler"
    case_type = Number
    partitions = {"zero": "n is 0", "small": "n < 10", "large": "n >= 10", "never": "cannot be drawn"}

    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[Number]:
        return [Number(n=0), Number(n=3), Number(n=11)]

    def strategy(self, population: Population) -> st.SearchStrategy[Number]:
        return st.builds(Number, n=st.integers(0, 1000))

    def partitions_of(self, case: Number) -> frozenset[str]:
        return frozenset({"zero"} if case.n == 0 else {"small"} if case.n < 10 else {"large"})

    def exercise(self, subject: Any, case: Number, folder: Path, tables: Any) -> Answer:
        result = subject.double(case.n)
        return result if isinstance(result, Answer) else Answer(state=RunState.RAN, data={"twice": result})


DOUBLING = Doubling()
MEASURES = (Measure("wrong", "cases", "twice n is not 2n"), Measure("odd", "cases", "twice n is odd"))


@falsifier(experiment=DOUBLING, measures=MEASURES, finished_file=True)
def doubles(case, witness, context):
    """Twice n is 2n."""
    twice = witness.data("twice")
    return Observation(
        {"wrong": int(twice != 2 * case.n), "odd": int(twice % 2)}, compared=1, message=f"2*{case.n}={twice}"
    )


@falsifier(experiment=DOUBLING, measures=MEASURES)
def looks_away(case, witness, context):
    """Computes on its own numbers only."""
    return Observation({"wrong": int(2 * case.n != case.n + case.n), "odd": 0}, compared=1)


@falsifier(
    experiment=DOUBLING, measures=(Measure("failed", "calls", "calls that gave no answer"),), judges_failures=True
)
def answers(case, witness, context):
    """Every call gives an answer."""
    return Observation({"failed": int(witness.state.is_failure)}, compared=1, message=witness.message)


@falsifier(experiment=DOUBLING, measures=MEASURES)
def compares_nothing(case, witness, context):
    """Looks and compares nothing."""
    witness.data("twice")
    return Observation({"wrong": 0}, compared=0)


@falsifier(experiment=DOUBLING, measures=MEASURES)
def breaks_down(case, witness, context):
    """Divides by zero."""
    return Observation({"wrong": 1 // 0}, compared=1)


@falsifier(experiment=DOUBLING, measures=MEASURES)
def needs_a_table(case, witness, context):
    """Asks for more than the contract has."""
    raise ContractError("the contract has no table of doubles")


@dataclass
class Doubler:
    """A subject; `rule` says what it makes of a number."""

    rule: Callable[[int], Any] = lambda n: 2 * n
    label: str = "reference"
    identity: str = "sound"
    role: str = "doubler"
    calls: list[int] = field(default_factory=list)

    def double(self, n: int) -> Any:
        self.calls.append(n)
        return self.rule(n)


def _mutant(rule: Callable[[int], Any]) -> Callable[[Any], Doubler]:
    return lambda sound: Doubler(rule, "mutant", "planted")


OPERATORS: dict[str, Operator] = {}
for _name, _rule in {
    "one_more": lambda n: 2 * n + 1,
    "wrong_from_ten": lambda n: 2 * n + 2 * (n >= 10),
    "harmless": lambda n: 2 * n,
    "two_more": lambda n: 2 * n + 2,
}.items():
    _made = operator(role="doubler", edits="output", where="result", what=_name, before="2n", after="?")(_mutant(_rule))
    OPERATORS[_name] = Operator(_name, "doubler", "output", "result", _name, "2n", "?", _made.plant)


class Toys:
    """A registry of toys."""

    def __init__(self, reference: Doubler | None = None) -> None:
        self.sound = reference or Doubler()

    def falsifier(self, name: str, home: str) -> Falsifier:
        found = globals().get(name.removeprefix("toy."))
        if not isinstance(found, Falsifier):
            raise UsageError(f"unknown falsifier {name!r}")
        return found

    def operator(self, role: str, name: str, home: str) -> Operator:
        if name not in OPERATORS:
            raise UsageError(f"unknown mutant {name!r}")
        return OPERATORS[name]

    def reference(self, role: str) -> Doubler:
        return self.sound


def clause(
    function: str = "doubles",
    *,
    id_: str = "TOY-001",
    measure: str = "wrong",
    mutants: Sequence[tuple[str, str]] = (("one_more", "wrong"), ("two_more", "wrong")),
    partitions: Sequence[str] = ("zero", "small", "large"),
    blind: Sequence[str] = (),
    examples: int = 20,
    **changes: Any,
) -> Clause:
    """A clause that a toy falsifier tries."""
    block = CheckBlock(
        falsifier=f"toy.{function}",
        subject=changes.pop("subject", "doubler"),
        parameters=changes.pop("parameters", {}),
        population=Population(partitions=tuple(partitions), blind=tuple(blind), examples=examples),
        limit=Limit(measure=measure, at_most=Decimal(0)),
        mutants=tuple(MutantClaim(name=name, shows=shows) for name, shows in mutants),
    )
    return Clause(
        contract_id="toy-v1",
        id=id_,
        container="falsification_tests",
        dialect=Dialect.STRICT,
        rule="doubling",
        prediction="Twice n is 2n.",
        if_fails="Numbers are wrong.",
        severity=Severity.P0,
        claimed="DRAFT",
        test="",
        span=Span("toy-v1.yaml", 3, 5, 9, 1),
        sha256="0" * 64,
        check=changes.pop("check", block),
        **changes,
    )


def contract(*clauses: Clause) -> Contract:
    """A contract of toy clauses."""
    return Contract(
        "toy-v1", "toy-v1.yaml", "project", "0" * 64, "", Dialect.STRICT, "1.0.0", "", "DRAFT", {}, tuple(clauses)
    )

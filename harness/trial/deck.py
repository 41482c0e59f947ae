"""Decks: the cases of an experiment, boundary values first, then what Hypothesis draws for a seed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.contract.models import Population
    from harness.trial.interface import Case, Experiment

MINIMUM_DECK = 32
"""Decks are drawn in powers of two from here, so that clauses with like needs share one."""


@dataclass(frozen=True, slots=True)
class Deck:
    """Cases in the order in which they are tried."""

    boundary: tuple[Case, ...]
    drawn: tuple[Case, ...]
    rejected: int
    """Draws that the strategy threw away."""
    exhausted: bool = False
    """True when there are no other cases than these."""

    def cases(self, required: int) -> tuple[Case, ...]:
        """All boundary cases, and drawn ones until there are `required` in all."""
        return self.boundary + self.drawn[: max(0, required - len(self.boundary))]


def quiet(examples: int, *phases: Phase) -> settings:
    """Hypothesis settings of this project: no database, no deadline, no health check, nothing printed."""
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=phases,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )


@dataclass(frozen=True, slots=True)
class Draws:
    """What Hypothesis drew for a seed, whatever the boundary cases of a clause are; no case is there twice."""

    cases: tuple[tuple[str, Case], ...]
    """Canonical text and case."""
    size: int
    """Cases that a deck takes of them at most."""
    rejected: int
    exhausted: bool

    def deck(self, boundary: Sequence[Case]) -> Deck:
        """The deck of a clause: its boundary cases, and the drawn ones that are none of them."""
        known = {case.model_dump_json() for case in boundary}
        fresh = [case for text, case in self.cases if text not in known]
        return Deck(tuple(boundary), tuple(fresh[: self.size]), self.rejected, exhausted=self.exhausted)


def draw(experiment: Experiment[Any], population: Population, *, seed_value: int, count: int) -> Draws:
    """Draw for one seed, with at least `count` cases where the strategy has that many."""
    attempts = valid = 0
    size = deck_size(count)
    drawn: dict[str, Case] = {}

    @st.composite
    def counted(draw_from: Callable[[st.SearchStrategy[Case]], Case]) -> Case:
        nonlocal attempts
        attempts += 1
        return draw_from(experiment.strategy(population))

    @seed(seed_value)
    @quiet(2 * size, Phase.generate)
    @given(counted())
    def collect(case: Case) -> None:
        nonlocal valid
        valid += 1
        drawn.setdefault(case.model_dump_json(), case)

    try:
        collect()
    except Unsatisfiable:
        return Draws((), size, attempts, exhausted=False)
    # Hypothesis draws a case twice now and then, and stops early only when it has seen them all.
    return Draws(tuple(drawn.items()), size, attempts - valid, exhausted=valid < 2 * size)


def deck_size(count: int) -> int:
    """The smallest power of two from MINIMUM_DECK on that holds `count` cases."""
    return max(MINIMUM_DECK, 1 << math.ceil(math.log2(max(1, count))))


def weight(case: Case) -> float:
    """How much there is to read in a case: fewer choices and smaller numbers weigh less."""
    return _weigh(json.loads(case.model_dump_json()))


def _weigh(value: object) -> float:
    match value:
        case bool() | None:
            return 0.5 if value else 0.0
        case int() | float():
            return math.log2(1 + abs(value)) if math.isfinite(value) else 64.0
        case str():
            return 1 + len(value) / 16
        case list():
            return 1 + sum(map(_weigh, value))
        case dict():
            return 1 + sum(map(_weigh, value.values()))
    return 1.0

from __future__ import annotations

import pytest
import toy
from hypothesis import strategies as st

from harness.contract.models import Population
from harness.trial.deck import deck_size, draw, weight
from harness.trial.profiles import PROFILES, Budget, profile
from harness.verdict.errors import UsageError

POPULATION = Population(partitions=("zero",), examples=10)


def deck_of(experiment, count):
    """The deck of an experiment on the population of these tests."""
    return draw(experiment, POPULATION, seed_value=0, count=count).deck(experiment.boundary(POPULATION, ()))


class Picky(toy.Doubling):
    """Throws away six numbers of seven."""

    def strategy(self, population):
        return st.builds(toy.Number, n=st.integers(0, 1000).filter(lambda n: n % 7 == 0))


class Few(toy.Doubling):
    """Has five cases."""

    def strategy(self, population):
        return st.builds(toy.Number, n=st.integers(0, 4))


class Impossible(toy.Doubling):
    """Can draw nothing."""

    def strategy(self, population):
        return st.builds(toy.Number, n=st.integers(0, 1000).filter(lambda n: n < 0))


def test_boundary_cases_come_first_and_always():
    """Every boundary case is tried, even when fewer cases are required than there are."""
    deck = deck_of(toy.DOUBLING, 10)
    assert [case.n for case in deck.cases(1)] == [0, 3, 11]
    assert len(deck.cases(10)) == 10


def test_a_longer_deck_begins_like_a_shorter_one():
    """Clauses with different needs see the same cases as far as they go."""
    deck = deck_of(toy.DOUBLING, 30)
    assert deck.cases(30)[:10] == deck.cases(10)


def test_rejected_draws_are_counted():
    """What the strategy throws away is told."""
    deck = deck_of(Picky(), 30)
    assert deck.rejected > 0
    assert all(case.n % 7 == 0 for case in deck.drawn)


def test_no_case_is_drawn_twice():
    """What is counted as an example is another case each time."""
    deck = deck_of(toy.DOUBLING, 100)
    cases = [case.n for case in (*deck.boundary, *deck.drawn)]
    assert len(cases) == len(set(cases))
    assert not deck.exhausted


def test_a_space_of_few_cases_is_known_to_be_exhausted():
    """When there is nothing else to draw, the deck says so."""
    deck = deck_of(Few(), 100)
    assert sorted(case.n for case in (*deck.boundary, *deck.drawn)) == [0, 1, 2, 3, 4, 11]
    assert deck.exhausted


def test_a_strategy_that_can_draw_nothing_gives_an_empty_deck():
    """Unsatisfiable is no counterexample and no pass: there are just no drawn cases."""
    assert deck_of(Impossible(), 10).drawn == ()


@pytest.mark.parametrize(("count", "size"), [(0, 32), (1, 32), (32, 32), (33, 64), (200, 256)])
def test_decks_come_in_powers_of_two(count, size):
    """Sizes are shared between clauses with like needs."""
    assert deck_size(count) == size


@pytest.mark.parametrize(("light", "heavy"), [(0, 1), (1, 2), (10, 1000), (3, -300)])
def test_smaller_numbers_weigh_less(light, heavy):
    """The smallest case is the one with the smallest numbers."""
    assert weight(toy.Number(n=light)) < weight(toy.Number(n=heavy))


def test_profiles_scale_what_the_contract_asks_for():
    """Profile dev takes a tenth, pr all of it, and an external subject is called no oftener than the profile says."""
    assert PROFILES["dev"].required(200, external=False) == 20
    assert PROFILES["dev"].required(3, external=False) == 1
    assert PROFILES["pr"].required(200, external=False) == 200
    assert PROFILES["pr"].required(200, external=True) == 60


def test_an_unknown_profile_is_wrong_usage():
    """The error lists the profiles that there are."""
    with pytest.raises(UsageError, match="nightly"):
        profile("nighly")


def test_a_budget_is_spent_by_time_or_by_interruption():
    """Either reason is told by its code."""
    assert Budget(0.0).spent == "time_budget"
    budget = Budget(1000.0)
    assert budget.spent == ""
    budget.interrupted = "stopped"
    assert budget.spent == "interrupted"

import pytest
from reader_clauses import BOUND, CONTRACTS

from harness.contract.loader import load_contract
from harness.trial.answers import AnswerStore
from harness.trial.interface import Operator
from harness.trial.mutate import kill_matrix
from harness.verdict.verdicts import MutantOutcome, Verdict

PUBLIC = [f"FALSIFY-{number:03}" for number in range(1, 9)] + [f"F-DATA-QUALITY-{number:03}" for number in range(1, 6)]
INIT = [f"FALSIFY-APR-PRETRAIN-INIT-{number:03}" for number in range(1, 11)] + ["INIT-ARCH-MATCH-001"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Answers that the clauses of this module share."""
    return AnswerStore(tmp_path_factory.mktemp("answers"))


def test_every_public_clause_is_bound():
    """The ids of the public contract are there, and each is attacked; of the init contract only 005 is."""
    assert set(PUBLIC) | {"FALSIFY-APR-PRETRAIN-INIT-005"} == set(BOUND)
    contract = load_contract(CONTRACTS / "apr-pretrain-from-init-v1.yaml", home="builtin")
    assert [clause.id for clause in contract.clauses] == INIT
    assert [clause.id for clause in contract.clauses if clause.check] == ["FALSIFY-APR-PRETRAIN-INIT-005"]


@pytest.mark.parametrize("clause", BOUND)
def test_reference_corroborates(clause, store):
    """The reference withstands every boundary case and sixty drawn ones, and each declared partition is reached."""
    bound = BOUND[clause]
    tally = bound.attack(store).search(bound.deck(60))
    assert not tally.failures, tally.failures[0]
    # Some of the drawn cases fall into blind partitions, and those are no valid ones.
    assert tally.verdict(required=40, whole_population=True)[0] is Verdict.CORROBORATED
    assert tally.looked
    assert not any(tally.blind.values())


@pytest.mark.parametrize("clause", BOUND)
def test_boundary_reaches_every_partition(clause, store):
    """The smallest profile draws next to nothing, so boundary cases alone reach what the contract declares."""
    bound = BOUND[clause]
    tally = bound.attack(store).search(bound.boundary())
    assert not tally.unreached
    assert set(tally.blind) == set(bound.check.population.blind)


@pytest.mark.parametrize("clause", BOUND)
def test_mutants_are_killed_for_their_own_reason(clause, store):
    """Boundary cases alone show every mutant by the measure that the contract names."""
    bound = BOUND[clause]
    attack = bound.attack(store)
    named = [(claim, bound.operator(claim.name)) for claim in bound.check.mutants]
    rows = kill_matrix(attack, attack.subject, named, bound.boundary())
    assert {row.name: (row.outcome, row.seen) for row in rows if row.outcome is not MutantOutcome.KILLED} == {}
    assert len(rows) > 1
    assert any(row.edits != "behaviour" for row in rows)


@pytest.mark.parametrize("clause", BOUND)
def test_every_measure_is_shown_by_a_mutant(clause):
    """A measure that no mutant shows could be stuck at 0 without anybody noticing."""
    bound = BOUND[clause]
    shown = {claim.shows for claim in bound.check.mutants}
    assert shown == {measure.name for measure in bound.falsifier.measures}


@pytest.mark.parametrize("clause", BOUND)
def test_cases_travel(clause):
    """A case read back from its JSON is the same case."""
    bound = BOUND[clause]
    case_type = bound.falsifier.experiment.case_type
    from pydantic import TypeAdapter

    for case in bound.deck(60):
        assert TypeAdapter(case_type).validate_json(case.model_dump_json()) == case


def test_operators_say_where_and_what():
    """Each record of a planted defect has all its parts, and before and after differ."""
    for bound in BOUND.values():
        for claim in bound.check.mutants:
            made = bound.operator(claim.name)
            assert isinstance(made, Operator)
            assert all((made.where, made.what, made.before, made.after))
            assert made.before != made.after

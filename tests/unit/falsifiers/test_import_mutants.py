from __future__ import annotations

import pytest
from import_clauses import CLAUSES, OPERATORS
from second_importer import SecondImporter

from falsifiers.strategies.imports import IMPORTS
from harness.contract.models import Population

POPULATION = Population(partitions=("non_square",), examples=60)
NAMED = sorted({mutant.name for clause in CLAUSES for mutant in clause.check.mutants})


def seen_by(importer, clause_ids, folder):
    """Clause -> the measures that were out of their bounds on some boundary case, stopping when all have seen it."""
    seen = {name: set() for name in clause_ids}
    for number, case in enumerate(IMPORTS.boundary(POPULATION, [])):
        place = folder / str(number)
        place.mkdir()
        answer = IMPORTS.exercise(importer, case, place, {})
        for clause in CLAUSES:
            failed = answer.state.is_failure and not clause.falsifier.judges_failures
            if clause.id in seen and not failed and "square" not in IMPORTS.partitions_of(case):
                observation = clause.observe(case, answer, place)
                seen[clause.id] |= set() if observation.not_measured else clause.out(observation)
    return seen


@pytest.mark.parametrize("name", NAMED)
def test_mutant_is_seen_for_its_own_reason(name, tmp_path):
    """Each clause that names the mutant sees it by the measure that the contract states, on boundary cases alone."""
    expected = {c.id: m.shows for c in CLAUSES for m in c.check.mutants if m.name == name}
    seen = seen_by(OPERATORS[name].plant(SecondImporter()), expected, tmp_path)
    for clause, measure in expected.items():
        assert measure in seen[clause], f"{clause} saw {seen[clause] or 'nothing'}"


@pytest.mark.parametrize("name", ["extra_head_random", "empty_head", "wrong_tie_flag", "off_by_one_row"])
def test_mutant_is_seen_on_an_importer_that_stores_tied_heads(name, tmp_path):
    """Whether the reference stores a copy of a tied head makes no difference to the defects of heads."""
    expected = {c.id: m.shows for c in CLAUSES for m in c.check.mutants if m.name == name}
    seen = seen_by(OPERATORS[name].plant(SecondImporter(head_copy="widened")), expected, tmp_path)
    assert all(measure in seen[clause] for clause, measure in expected.items())


def test_every_operator_is_named_by_a_clause():
    """No planted defect lies about that nothing has to see."""
    assert set(OPERATORS) == set(NAMED)


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_clause_declares_enough_mutants(clause):
    """Two mutants at least, one of which edits finished bytes, each shown by a measure that the falsifier has."""
    operators = [OPERATORS[mutant.name] for mutant in clause.check.mutants]
    assert len(operators) >= 2
    assert any(operator.edits == "bytes" for operator in operators)
    assert {mutant.shows for mutant in clause.check.mutants} <= set(clause.falsifier.reasons)
    assert clause.check.limit.measure in clause.falsifier.reasons


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("bf16_tagged_f16", {"F-IMPORT-002", "F-IMPORT-003", "F-IMPORT-009", "F-LAYOUT-CONTRACT-001"}),
        ("labels_reversed", {"F-IMPORT-002", "F-IMPORT-003", "F-IMPORT-009", "F-LAYOUT-CONTRACT-003"}),
        ("true_transpose_with_right_label", {"F-IMPORT-009", "F-LAYOUT-CONTRACT-001", "F-LAYOUT-CONTRACT-005"}),
        ("footer_crc_stale", {clause.id for clause in CLAUSES} - {"F-IMPORT-009"}),
        ("theta_default_10000", {clause.id for clause in CLAUSES} - {"F-IMPORT-006"}),
        ("keeps_gguf_names", {"F-IMPORT-003", "F-IMPORT-004", "F-LAYOUT-CONTRACT-001", "F-LAYOUT-CONTRACT-002"}),
    ],
)
def test_clauses_keep_to_their_own_business(name, clean, tmp_path):
    """Labels, bytes, tags, names, metadata and container are told apart: a defect in one leaves the others green."""
    seen = seen_by(OPERATORS[name].plant(SecondImporter()), clean, tmp_path)
    assert {clause: measures for clause, measures in seen.items() if measures} == {}


def test_logits_are_compared_row_by_row(tmp_path):
    """Where every row of the head has moved and no value is odd, every logit is wrong."""
    case = IMPORTS.boundary(POPULATION, [])[0]
    answer = IMPORTS.exercise(OPERATORS["off_by_one_row"].plant(SecondImporter()), case, tmp_path, {})
    clause = next(clause for clause in CLAUSES if clause.id == "F-LAYOUT-CONTRACT-005")
    assert clause.observe(case, answer, tmp_path).measures == {"wrong_logits": case.vocab}

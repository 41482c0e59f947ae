from unit.reporting.factory import IMPORT, discharge, evidence, mutant, realistic, unbound

from harness.reporting.kill_matrix import kill_matrix
from harness.verdict.verdicts import MutantOutcome


def test_every_mutant_of_every_clause_stands_in_the_matrix_once():
    """No panel is wider than asked, and together they hold each (contract, clause, mutant) exactly once."""
    checks = realistic().checks
    for width in (1, 3, 24):
        panels = kill_matrix(checks, width)
        assert all(1 <= len(panel.columns) <= width for panel in panels)
        cells = [
            (panel.contract, row.clause, name)
            for panel in panels
            for row in panel.rows
            for name in panel.columns
            if name in row.mutants
        ]
        assert len(cells) == len(set(cells))
        assert set(cells) == {(check.contract, check.clause, m.name) for check in checks for m in check.mutants}


def test_a_panel_has_no_empty_row():
    """A clause without a mutant in a panel is left out of that panel."""
    first = evidence("FALSIFY-001", mutants=(mutant("a"),))
    second = evidence("FALSIFY-002", mutants=(mutant("b"),))
    assert [[row.clause for row in panel.rows] for panel in kill_matrix([first, second], 1)] == [
        ["FALSIFY-001"],
        ["FALSIFY-002"],
    ]


def test_a_second_subject_adds_a_row_only_when_it_differs():
    """Mutants run on the reference: the same record is one row; a different one is told apart by its subject."""
    same = [evidence(), evidence(subject="command")]
    assert [row.clause for row in kill_matrix(same, 8)[0].rows] == ["FALSIFY-005"]
    survived = (mutant("size_only", MutantOutcome.SURVIVED),)
    rows = kill_matrix([evidence(), evidence(subject="command", mutants=survived)], 8)[0].rows
    assert [row.clause for row in rows] == ["FALSIFY-005[reference]", "FALSIFY-005[command]"]


def test_contracts_and_roles_have_matrices_of_their_own():
    """Mutants of the same name in two roles or contracts are different mutants."""
    checks = [evidence(), evidence(role="importer"), evidence(contract=IMPORT), unbound()]
    assert len(kill_matrix(discharge(*checks).checks, 8)) == 3

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_clauses import SHELVES, TABLES

from falsifiers.mutants.reader_gates import regated
from falsifiers.oracles.quality import DEAD_ROWS, DEGENERATE, DENSITY, FINITE, SPOT_ROWS, Judge, Thresholds
from falsifiers.strategies.quality_builders import EPSILON, build
from falsifiers.strategies.quality_contents import Plan
from falsifiers.strategies.quality_draws import choices
from falsifiers.strategies.quality_files import QUALITY, QualityCase, contents_of, thresholds_of
from harness.verdict.verdicts import RunState

THRESHOLDS = thresholds_of(TABLES)
JUDGE = Judge(THRESHOLDS)


def failed(place, rows, padding=None):
    """The rules that a matrix given as rows breaks."""
    flat = [float(value) for row in rows for value in row]
    return JUDGE.failed(place, (len(rows), len(rows[0])), flat, padding)


def test_thresholds_are_the_contracts():
    """Percentages become exact shares, and a missing threshold is an error and no default."""
    assert THRESHOLDS.vocabulary_zeros == Fraction(1, 2)
    assert THRESHOLDS.weight_zeros == Fraction(4, 5)
    assert THRESHOLDS.dead_rows == Fraction(1, 4)
    table = {key: value for key, value in TABLES["semantic_validation"].items() if key != "dead_rows"}
    with pytest.raises(KeyError):
        Thresholds.of(table)


def test_density_is_refused_at_half_and_four_fifths():
    """The limit itself is refused, one zero less is not, and both signs of zero count."""
    assert failed("embedding", [[0, 1], [-0.0, 2]]) == {DENSITY}
    assert failed("embedding", [[0, 1, 3], [-0.0, 2, 5]]) == set()
    assert failed("matrix", [[0, 0, 0, 0, 1]]) == {DENSITY}
    assert failed("matrix", [[0, 0, 0, 2, 1]]) == set()
    assert failed("matrix", [[1e-40, 1e-40, 1e-40, 1e-40, 1]]) == set()


def test_nonfinite_values_break_one_rule():
    """A NaN or an infinity is named, and neither hides nor fakes another rule."""
    for strange in (math.nan, math.inf, -math.inf):
        assert failed("matrix", [[strange, 1]]) == failed("matrix", [[1, strange]]) == {FINITE}
        assert JUDGE.failed("vector", (2,), [strange, 1.0]) == {FINITE}
        assert failed("embedding", [[1, 2], [strange, 0], [3, 4], [5, 6]]) == {FINITE}


def test_infinities_that_are_all_equal_do_not_vary():
    """Of infinities one can say that they are equal, of NaN one cannot."""
    assert failed("matrix", [[math.inf, math.inf]]) == {FINITE, DEGENERATE}
    assert failed("matrix", [[math.nan, math.nan]]) == {FINITE}


def test_degenerate_tensors():
    """Empty, tiny and constant matrices are refused; a single element and any vector with values are not."""
    assert JUDGE.failed("vector", (0,), []) == {DEGENERATE}
    assert failed("matrix", [[1e-6, 0.0]]) == {DEGENERATE}
    assert failed("matrix", [[1.0000001e-6, 1e-30]]) == set()
    assert failed("matrix", [[0.5, 0.5]]) == {DEGENERATE}
    assert failed("matrix", [[0.5]]) == set()
    assert JUDGE.failed("vector", (3,), [0.0, 0.0, 0.0]) == set()


@pytest.mark.parametrize("row", [1, 5, 9])
def test_spot_rows_are_at_ten_fifty_and_ninety(row):
    """One dead spot row of ten is seen by no other rule, and is excused as the padding token's."""
    rows = [[1.0, 2.0, 3.0 + number] for number in range(10)]
    rows[row] = [0.0, 0.0, 0.0]
    assert failed("embedding", rows) == {SPOT_ROWS}
    assert failed("head", rows) == {SPOT_ROWS}
    assert failed("matrix", rows) == set()
    assert failed("embedding", rows, padding=row) == set()


def test_dead_rows_are_refused_at_a_quarter():
    """Two dead rows of eight are too many, one is not, and the padding token's is none."""
    rows = [[1.0, 2.0, 3.0 + number] for number in range(8)]
    rows[1], rows[2] = [1e-9, 0.5e-9, 1e-9], [1e-9, 2e-9, 1e-9]
    assert failed("embedding", rows) == {DEAD_ROWS}
    assert failed("embedding", rows, padding=2) == set()


@settings(max_examples=150, deadline=None, database=None)
@given(choices())
def test_oracle_and_construction_agree(chosen):
    """What a tensor was built to break is what the oracle finds in it, and the counts are those of the values."""
    case = QualityCase(**chosen)
    contents = contents_of(case, THRESHOLDS)
    values = contents.values
    flat = values.astype(np.float64).reshape(-1).tolist()
    assert JUDGE.failed(case.kind, values.shape, flat, contents.padding) == contents.rules(case.kind, THRESHOLDS)
    assert contents.zeros == np.count_nonzero(values == 0)
    assert contents.nonfinite == np.count_nonzero(~np.isfinite(values))


@pytest.mark.parametrize("rule", [DENSITY, FINITE, DEGENERATE, SPOT_ROWS, DEAD_ROWS])
def test_each_gate_is_the_only_one_to_see_some_boundary_case(rule):
    """A gate that another one always hides could be missing without anybody noticing."""
    alone = [
        case
        for case in QUALITY.boundary(None, ())
        if contents_of(case, THRESHOLDS).rules(case.kind, THRESHOLDS) == {rule}
    ]
    assert alone
    assert rule != SPOT_ROWS or {case.place for case in alone if case.defect == "spot_row"} == {0, 1, 2}


def test_the_incident_breaks_three_rules():
    """94.5 % leading zeros are sparse, dead in every spot row, and dead in most rows."""
    case = next(case for case in QUALITY.boundary(None, ()) if case.defect == "leading_zeros")
    contents = contents_of(case, THRESHOLDS)
    assert contents.rules(case.kind, THRESHOLDS) == {DENSITY, SPOT_ROWS, DEAD_ROWS}
    assert contents.zeros == 37 * case.columns


@settings(max_examples=60, deadline=None, database=None)
@given(st.integers(2, 60), st.sampled_from((-1, 1)), st.integers(0, 2**32 - 1))
def test_norms_are_built_an_epsilon_from_the_limit(size, step, seed):
    """The exact norm of the values lies within EPSILON of the limit, on the side that was asked for."""
    plan = Plan("matrix", (1, size), "norm", step, 0, None, subnormal=True, seed=seed)
    square = sum(Fraction(float(value)) ** 2 for value in build(plan, THRESHOLDS).values.reshape(-1))
    limit = Fraction(1, 10**6)
    assert (square > limit**2) == (step > 0)
    assert abs(square - limit**2) < limit**2 * Fraction(EPSILON) * 4


@pytest.mark.parametrize("seed", range(12))
def test_mutants_of_the_gates_differ_by_their_defect_only(seed, tmp_path):
    """With a judge that is right, the reader whose gates were replaced says what the sound one says."""
    sound = SHELVES.reference("reader")
    cases = QUALITY.boundary(None, ())
    for number, case in enumerate(cases[seed::12]):
        folder = tmp_path / str(number)
        folder.mkdir()
        first = QUALITY.exercise(sound, case, folder, TABLES)
        second = QUALITY.exercise(regated(sound, Judge), case, folder, TABLES)
        assert first.data["refused"] == second.data["refused"]
        assert first.state == second.state
        assert first.state in {RunState.RAN, RunState.REFUSED}

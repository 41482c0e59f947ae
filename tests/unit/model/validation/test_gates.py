"""Every gate at its limit and one step to either side, and the set of rules as the answer."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from harness.model.validation.gates import Gates, failed_rules
from harness.model.validation.roles import Role

Q1, Q2, Q3, Q4, Q5 = (f"F-DATA-QUALITY-00{number}" for number in range(1, 6))
FLOATS = [np.float16, np.float32, np.float64]
TOKENS = [Role.EMBEDDING, Role.HEAD]


def sound(rows: int, columns: int, dtype: type = np.float32) -> np.ndarray:
    """A dense, varied, finite matrix."""
    return (np.random.default_rng(rows * 1000 + columns).uniform(0.5, 1.5, (rows, columns))).astype(dtype)


def with_zeros(count: int, *, rows: int = 20, columns: int = 10, dtype: type = np.float32) -> np.ndarray:
    """A matrix with exactly `count` zeros, of both signs, column by column so that rows stay alive."""
    values = sound(rows, columns, dtype)
    flat = values.T.reshape(-1).copy()
    flat[:count] = 0.0
    flat[:count:2] = -0.0
    return np.ascontiguousarray(flat.reshape(columns, rows).T)


def with_dead_rows(count: int, rows: int = 40) -> np.ndarray:
    """A matrix with exactly `count` dead rows, none of which is a spot row or row 1."""
    values = sound(rows, 8)
    spots = {rows * percent // 100 for percent in (10, 50, 90)}
    values[[row for row in range(2, rows) if row not in spots][:count]] = 0.0
    return values


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("role", "zeros", "expected"),
    [
        (Role.EMBEDDING, 99, set()),
        (Role.EMBEDDING, 100, {Q1}),
        (Role.EMBEDDING, 101, {Q1}),
        (Role.HEAD, 99, set()),
        (Role.HEAD, 100, {Q1}),
        (Role.MATRIX, 159, set()),
        (Role.MATRIX, 160, {Q1}),
        (Role.MATRIX, 161, {Q1}),
        (Role.VECTOR, 200, set()),
    ],
)
def test_density_refuses_at_the_limit(gates, role, zeros, expected, dtype):
    """Of 200 values, 100 zeros are too many for an embedding or a head and 160 for another matrix; -0.0 is a zero."""
    assert failed_rules(role, with_zeros(zeros, dtype=dtype), gates, padding_row=None) == expected


def test_density_knows_no_tolerance(gates):
    """Subnormals and other tiny values are no zeros."""
    values = with_zeros(150)
    values[values == 0.0] = np.float32(1e-45)
    assert failed_rules(Role.EMBEDDING, values, gates, padding_row=None) == set()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("place", [0, 77, 199])
def test_one_value_that_is_no_number_is_seen_anywhere(gates, odd, role, place):
    """A single NaN or infinity breaks F-DATA-QUALITY-002 in every role, and nothing else."""
    values = sound(20, 10)
    values.reshape(-1)[place] = odd
    assert failed_rules(role, values, gates, padding_row=None) == {Q2}


@pytest.mark.parametrize(("allow", "odd"), [("allow_nan", np.nan), ("allow_inf", np.inf)])
def test_the_contract_says_which_odd_values_may_be(table, allow, odd):
    """Allowing one kind does not allow the other."""
    lenient = copy.deepcopy(table)
    lenient["numeric"][allow] = True
    gates = Gates.read(lenient)
    values = sound(20, 10)
    values[3, 3] = odd
    assert failed_rules(Role.MATRIX, values, gates, padding_row=None) == set()
    values[4, 4] = np.inf if odd != np.inf else np.nan
    assert failed_rules(Role.MATRIX, values, gates, padding_row=None) == {Q2}


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0), (0, 0)])
@pytest.mark.parametrize("role", list(Role))
def test_nothing_is_degenerate(gates, shape, role):
    """A tensor without elements is refused in every role."""
    assert failed_rules(role, np.zeros(shape, np.float32), gates, padding_row=None) == {Q3}


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
@pytest.mark.parametrize("elements", [1, 7])
def test_zero_and_constant_vectors_are_legitimate(gates, value, elements):
    """A fresh bias is zero and a fresh norm is one."""
    assert failed_rules(Role.VECTOR, np.full(elements, value, np.float32), gates, padding_row=None) == set()


def test_a_constant_matrix_is_degenerate_unless_it_is_one_value(gates):
    """Equal values are refused where there are several of them."""
    assert failed_rules(Role.MATRIX, np.full((2, 1), 0.1, np.float32), gates, padding_row=None) == {Q3}
    assert failed_rules(Role.MATRIX, np.full((1, 1), 0.1, np.float32), gates, padding_row=None) == set()
    almost = np.full((4, 4), 0.1, np.float32)
    almost[2, 3] = np.nextafter(np.float32(0.1), np.float32(1))
    assert failed_rules(Role.MATRIX, almost, gates, padding_row=None) == set()


def test_the_contract_says_whether_values_must_differ(table):
    """Without require_variation a constant matrix passes."""
    lenient = copy.deepcopy(table)
    lenient["distribution"]["require_variation"] = False
    values = np.full((4, 4), 0.1, np.float32)
    assert failed_rules(Role.MATRIX, values, Gates.read(lenient), padding_row=None) == set()


def test_norm_at_the_limit(gates):
    """A matrix with the float32 below 1e-6 as its norm is degenerate, one with the float32 above it is not."""
    below = np.float32(1e-6)
    above = np.nextafter(below, np.float32(1))
    assert float(below) < 1e-6 < float(above)
    for value, expected in ((below, {Q3}), (above, set())):
        values = np.zeros((1, 4), np.float32)
        values[0] = (value, 0, 0, 0)
        assert failed_rules(Role.MATRIX, values, gates, padding_row=None) == expected


@pytest.mark.parametrize("role", TOKENS)
@pytest.mark.parametrize("rows", [1, 7, 10, 40, 101])
@pytest.mark.parametrize("percentile", [10, 50, 90])
def test_a_dead_spot_row_is_seen(gates, role, rows, percentile):
    """The row at floor(p * rows / 100) may not be dead; its neighbour may, as far as this rule goes."""
    row = percentile * rows // 100
    values = sound(rows, 8)
    values[row] = 0.0
    assert Q4 in failed_rules(role, values, gates, padding_row=None)
    spots = {rows * percent // 100 for percent in (10, 50, 90)}
    for other in {row - 1, row + 1} - spots:
        if 0 <= other < rows:
            values = sound(rows, 8)
            values[other] = 0.0
            assert Q4 not in failed_rules(role, values, gates, padding_row=None)


def test_only_the_spot_rows_can_see_one_dead_row(gates):
    """FALSIFY-004's second case: few zeros, few dead rows, one of them a spot row."""
    values = with_dead_rows(4)
    values[20] = 0.0
    assert failed_rules(Role.EMBEDDING, values, gates, padding_row=None) == {Q4}


def test_leading_zeros_of_the_public_incident_break_three_rules(gates):
    """With 94.5 % of the rows zero, density, spot rows and dead rows all say so."""
    values = sound(1000, 4)
    values[:945] = 0.0
    assert failed_rules(Role.EMBEDDING, values, gates, padding_row=None) == {Q1, Q4, Q5}


@pytest.mark.parametrize("role", TOKENS)
@pytest.mark.parametrize(("dead", "expected"), [(9, set()), (10, {Q5}), (11, {Q5})])
def test_dead_rows_are_refused_at_the_limit(gates, role, dead, expected):
    """Of 40 rows, 10 dead ones are too many."""
    assert failed_rules(role, with_dead_rows(dead), gates, padding_row=None) == expected


@pytest.mark.parametrize("role", [Role.MATRIX])
def test_other_matrices_may_have_dead_rows(gates, role):
    """Rows of a projection are no tokens."""
    assert failed_rules(role, with_dead_rows(20), gates, padding_row=None) == set()


def test_the_padding_row_counts_neither_as_dead_nor_as_spot(gates):
    """The row of the padding token is zero by construction; another dead row in its place still counts."""
    values = with_dead_rows(9)
    values[1] = 0.0
    assert failed_rules(Role.EMBEDDING, values, gates, padding_row=1) == set()
    assert failed_rules(Role.EMBEDDING, values, gates, padding_row=0) == {Q5}
    assert failed_rules(Role.EMBEDDING, values, gates, padding_row=None) == {Q5}
    spot = sound(40, 8)
    spot[20] = 0.0
    assert failed_rules(Role.EMBEDDING, spot, gates, padding_row=20) == set()
    assert failed_rules(Role.EMBEDDING, spot, gates, padding_row=21) == {Q4}


@pytest.mark.parametrize("row", [-1, 40, 10**12])
def test_a_padding_row_outside_excuses_nothing(gates, row):
    """A padding id that is no row is as good as none, and no index error."""
    values = with_dead_rows(9)
    values[39] = 0.0
    assert failed_rules(Role.EMBEDDING, values, gates, padding_row=row) == {Q5}


def test_a_row_of_the_limit_is_dead_and_the_next_is_not(gates):
    """Row norms are compared exactly, whatever the number of values that make them up."""
    below = np.float32(1e-6)
    for value, expected in ((below, {Q4}), (np.nextafter(below, np.float32(1)), set())):
        values = sound(20, 3)
        values[2] = (0, value, 0)
        assert failed_rules(Role.HEAD, values, gates, padding_row=None) == expected


def test_integers_are_buffers(gates):
    """Position ids and masks are no weights: only emptiness is refused."""
    assert failed_rules(Role.MATRIX, np.zeros((3, 3), np.int64), gates, padding_row=None) == set()
    assert failed_rules(Role.MATRIX, np.zeros((3, 3), np.bool_), gates, padding_row=None) == set()
    assert failed_rules(Role.MATRIX, np.zeros((0, 3), np.int64), gates, padding_row=None) == {Q3}


def test_large_values_do_not_overflow_the_gates(gates):
    """Squares beyond float64 are no fault of the tensor and no warning of ours."""
    values = sound(20, 10, np.float64) * 1e300
    assert failed_rules(Role.EMBEDDING, values, gates, padding_row=None) == set()


CELLS = st.sampled_from([0.0, -0.0, 1.0, -2.5, 1e-7, 6e-7, 9e-7, 1e-45, np.nan, np.inf])


@settings(max_examples=150, deadline=None)
@given(
    values=npst.arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=CELLS),
    seed=st.integers(0, 2**32 - 1),
    role=st.sampled_from(TOKENS),
)
def test_the_order_of_rows_changes_spot_rows_only(gates, values, seed, role):
    """Permuting rows never changes density, numbers, degeneracy or dead rows."""
    shuffled = np.random.default_rng(seed).permutation(values)
    before = failed_rules(role, values, gates, padding_row=None) - {Q4}
    assert failed_rules(role, shuffled, gates, padding_row=None) - {Q4} == before

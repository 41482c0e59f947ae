"""Norms are compared with their limit exactly, however the values are cut into pieces."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.kernels.statistics import row_norms
from harness.model.validation.norms import rows_at_most, whole_at_most
from harness.model.validation.survey import Values, survey

LIMIT = Fraction(1, 10**6)


def exactly_at_most(row: np.ndarray, limit: Fraction) -> bool:
    """The definition, in rational arithmetic."""
    return sum(Fraction(float(value)) ** 2 for value in row) <= limit * limit


def near_limit(width: int, seed: int, dtype: type) -> np.ndarray:
    """Rows whose norms lie within rounding of 1e-6, on both sides."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(16, width))
    rows *= 1e-6 / np.sqrt((rows**2).sum(axis=1, keepdims=True))
    rows *= 1 + generator.integers(-3, 4, (16, 1)) * 2.0**-52
    return rows.astype(dtype)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from([np.float32, np.float64]),
    cut=st.integers(1, 200),
)
def test_rows_near_the_limit_are_classified_as_rational_arithmetic_does(width, seed, dtype, cut):
    """A float64 sum alone would get some of these wrong."""
    rows = near_limit(width, seed, dtype)
    flat = rows.reshape(-1)
    values = Values(rows.shape, lambda: [flat[start : start + cut] for start in range(0, flat.size, cut)])
    found = rows_at_most(values, row_norms(rows), LIMIT)
    assert found.tolist() == [exactly_at_most(row, LIMIT) for row in rows]


@settings(max_examples=40, deadline=None)
@given(width=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_a_whole_tensor_near_the_limit_is_classified_exactly(width, seed):
    """The same holds for the norm of a tensor."""
    row = near_limit(width, seed, np.float64)[0]
    values = Values.of(row)
    assert whole_at_most(values, survey(values, rows=False).whole.l2, LIMIT) == exactly_at_most(row, LIMIT)


@pytest.mark.parametrize("seed", range(4))
def test_wide_rows_near_the_limit_are_not_left_to_the_float64_sum(seed):
    """Thousands of rounding errors add up to more than the distance from the limit."""
    rows = near_limit(3000, seed, np.float64)
    found = rows_at_most(Values.of(rows), row_norms(rows), LIMIT)
    assert found.tolist() == [exactly_at_most(row, LIMIT) for row in rows]


def test_a_norm_equal_to_the_limit_is_at_most():
    """A limit that a float can hold is met exactly."""
    row = np.array([[0.0, -(2.0**-20)]], np.float32)
    assert rows_at_most(Values.of(row), row_norms(row), Fraction(1, 2**20)).tolist() == [True]
    assert whole_at_most(Values.of(row), 2.0**-20, Fraction(1, 2**20))


def test_plain_float64_would_be_wrong_somewhere():
    """The exact path is needed: among rows near the limit, rounding decides some wrongly."""
    rows = np.vstack([near_limit(24, seed, np.float64) for seed in range(40)])
    plain = [float(norm) <= 1e-6 for norm in row_norms(rows)]
    assert plain != [exactly_at_most(row, LIMIT) for row in rows]


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_row_that_is_no_number_is_not_at_most(odd):
    """NaN and infinities make no row short."""
    rows = np.zeros((2, 3), np.float32)
    rows[0, 1] = odd
    assert rows_at_most(Values.of(rows), row_norms(rows), LIMIT).tolist() == [False, True]


def test_the_limit_zero_means_zero():
    """With a limit of 0 only zeros are at most; subnormals of float32 are more."""
    rows = np.zeros((2, 3), np.float32)
    rows[0, 1] = 1e-45
    assert rows_at_most(Values.of(rows), row_norms(rows), Fraction(0)).tolist() == [False, True]

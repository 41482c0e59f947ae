from __future__ import annotations

import math
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.model.kernels import statistics as module
from harness.model.kernels.statistics import MAX_ROWS, Accumulator, RowNorms, Statistics, describe, row_norms
from harness.verdict.errors import ArtifactError

FLOATS = st.one_of(
    st.floats(width=32),
    st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 1e-45, -1e-38, 3.4e38]),
).filter(lambda value: math.isnan(value) or np.float32(value) == value)


def plain(values):
    """The same figures from the values one by one."""
    numbers = [value for value in values if not math.isnan(value)]
    finite = [value for value in numbers if math.isfinite(value)]
    return {
        "count": len(values),
        "zeros": sum(value == 0 for value in values),
        "nan": len(values) - len(numbers),
        "positive_infinity": numbers.count(math.inf),
        "negative_infinity": numbers.count(-math.inf),
        "minimum": min(numbers, default=None),
        "maximum": max(numbers, default=None),
        "sum": sum(Fraction(value) ** 2 for value in finite),
    }


@settings(deadline=None)
@given(hnp.arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32)), st.integers(1, 7))
def test_figures_equal_a_plain_loop(values, block):
    """Whatever the values and wherever a block ends; the sum is right to a few ulps of float64."""
    wanted = plain([float(value) for value in values])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        found = describe(values)
    for name in ("count", "zeros", "nan", "positive_infinity", "negative_infinity", "minimum", "maximum"):
        assert getattr(found, name) == wanted[name], name
    assert found.sum_of_squares == pytest.approx(float(wanted["sum"]), rel=1e-14)
    assert found.infinite == found.positive_infinity + found.negative_infinity


@settings(deadline=None)
@given(st.lists(FLOATS, max_size=20))
def test_special_values_are_counted(values):
    """Signs of zero, NaN, infinities and subnormals."""
    array = np.array(values, dtype=np.float32)
    found, wanted = describe(array), plain([float(value) for value in array])
    assert (found.zeros, found.nan, found.infinite) == (
        wanted["zeros"],
        wanted["nan"],
        wanted["positive_infinity"] + wanted["negative_infinity"],
    )


def test_nothing_and_nan_have_no_extremes():
    """None instead of a number that nobody measured."""
    assert describe(np.empty((0, 3), np.float32)) == Statistics(0, 0, 0, 0, 0, None, None, 0.0)
    only = describe(np.full(3, np.nan, np.float32))
    assert (only.minimum, only.maximum, only.nan, only.sum_of_squares) == (None, None, 3, 0.0)
    assert describe(np.empty(0)).zero_share == 0.0


def test_sums_are_float64_from_the_first_square_on():
    """Squares that float32 cannot hold, and a million small ones that it would lose."""
    assert describe(np.array([1e-30], np.float32)).l2 == pytest.approx(1e-30, rel=1e-6)
    assert describe(np.array([1e30, 1e30], np.float32)).l2 == pytest.approx(2**0.5 * 1e30, rel=1e-6)
    many = np.full(1 << 20, 1e-3, np.float32)
    assert describe(many).sum_of_squares == pytest.approx(float(np.float32(1e-3)) ** 2 * (1 << 20), rel=1e-15)
    ones = np.ones(3_000_001, np.float16)
    assert describe(ones).sum_of_squares == 3_000_001.0


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.int64, np.uint8, np.bool_])
def test_other_dtypes(dtype):
    """Integers and truth values are values too; a small integer's square does not wrap."""
    values = np.array([[0, 1], [100, 0]]).astype(dtype)
    found = describe(values)
    largest = 1 if dtype is np.bool_ else 100
    assert (found.count, found.zeros, found.minimum, found.maximum) == (4, 2, 0.0, largest)
    assert found.sum_of_squares == 1 + largest**2


def test_an_overflow_of_float64_is_infinite():
    """And not an exception, also beside other sums."""
    assert describe(np.array([1e200, 1.0])).sum_of_squares == math.inf
    accumulator = Accumulator()
    for _ in range(5000):
        accumulator.add(np.array([1e200]))
    assert accumulator.result().sum_of_squares == math.inf


def test_pieces_are_one_tensor():
    """Statistics of pieces equal those of the whole; many pieces are summed without drift."""
    values = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    whole, pieces = describe(values), describe(iter(np.split(values, 5000)))
    assert pieces.sum_of_squares == pytest.approx(whole.sum_of_squares, rel=1e-15)
    assert (pieces.count, pieces.minimum, pieces.maximum) == (whole.count, whole.minimum, whole.maximum)


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(1, 12), st.integers(1, 9), st.integers(0, 2**32))
def test_row_norms_equal_float64_norms_wherever_blocks_end(rows, inner, block, seed):
    """Rows longer and shorter than a block, cut anywhere."""
    values = np.random.default_rng(seed).standard_normal((rows, inner)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        found = row_norms(values)
    wanted = [math.sqrt(sum(Fraction(float(value)) ** 2 for value in row)) for row in values]
    assert found.dtype == np.float64
    assert found.tolist() == pytest.approx(wanted, rel=1e-14)


def test_row_norms_of_pieces_that_begin_inside_a_row():
    """Pieces of a decoded tensor know nothing of rows."""
    values = np.arange(30, dtype=np.float32).reshape(5, 6)
    norms = RowNorms((5, 6))
    for piece in (values.reshape(-1)[:4], values.reshape(-1)[4:20], values.reshape(-1)[20:]):
        norms.add(piece)
    np.testing.assert_allclose(norms.result(), np.linalg.norm(values.astype(np.float64), axis=1), rtol=1e-15)


def test_row_norms_of_special_rows():
    """A NaN or an infinity stays in its row; rows without elements are none; a vector is one row."""
    values = np.array([[1, 0], [np.nan, 1], [np.inf, 1], [0, -0.0]], np.float32)
    norms = row_norms(values)
    assert norms[0] == 1.0
    assert math.isnan(norms[1])
    assert norms[2] == math.inf
    assert norms[3] == 0.0
    assert row_norms(np.empty((7, 0), np.float32)).shape == (0,)
    assert row_norms(np.array([3.0, 4.0])).tolist() == [5.0]


def test_more_rows_than_memory_are_refused():
    """A hostile header must not make us allocate a norm for each of its rows."""
    with pytest.raises(ArtifactError) as caught:
        RowNorms((MAX_ROWS + 1, 1), file="f", tensor="t")
    assert caught.value.rule == "rows-limit"


def test_memory_stays_at_one_block():
    """Statistics and norms of 64 MB take a few megabytes."""
    values = np.zeros((1 << 12, 1 << 12), np.float32)
    tracemalloc.start()
    describe(values)
    row_norms(values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20

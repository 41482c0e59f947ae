"""Exact comparison of L2 norms with a limit: float64 norms where they decide, error-free sums where they do not."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from harness.model.validation.survey import Values

_DOUBT = Fraction(1, 10**6)
"""Relative distance from the limit within which a float64 norm is not believed; its own error stays below 1e-7."""
_CHUNK = 1 << 16
_SPLITTER = float(2**27 + 1)


def whole_at_most(values: Values, norm: float, limit: Fraction) -> bool:
    """Whether the L2 norm of all values is at most `limit`, given its float64 approximation `norm`."""
    low, high = _believed(limit)
    if not low <= norm <= high:
        return norm < low
    total = sum((_square_sum(piece) for piece in values.pieces()), Fraction(0))
    return total <= limit * limit


def rows_at_most(
    values: Values, norms: NDArray[np.float64], limit: Fraction, *, among: Collection[int] | None = None
) -> NDArray[np.bool_]:
    """For each row of a matrix, whether its L2 norm is at most `limit`; `norms` are their float64 approximations.

    A row with NaN or infinities never is. The answer is exact for the rows `among`, or for all.
    """
    low, high = _believed(limit)
    answers = norms < low
    near = np.flatnonzero((norms >= low) & (norms <= high))
    if among is not None:
        near = np.intersect1d(near, list(among))
    if near.size:
        for row, total in _exact_rows(values, near.tolist()).items():
            answers[row] = total <= limit * limit
    return answers


def _believed(limit: Fraction) -> tuple[float, float]:
    """Below the first and above the second, a float64 norm is far enough from `limit` to be believed."""
    return float(limit * (1 - _DOUBT)), float(limit * (1 + _DOUBT))


def _exact_rows(values: Values, rows: Sequence[int]) -> dict[int, Fraction]:
    """Exact sum of squares of each of `rows` (ascending), gathered from pieces that may begin and end inside a row."""
    width = values.dims[-1]
    totals = dict.fromkeys(rows, Fraction(0))
    begin = 0
    for piece in values.pieces():
        end = begin + piece.size
        for row in rows[bisect_left(rows, begin // width) : bisect_right(rows, (end - 1) // width)]:
            start, stop = max(begin, row * width), min(end, (row + 1) * width)
            totals[row] += _square_sum(piece[start - begin : stop - begin])
        begin = end
    return totals


def _square_sum(flat: NDArray[Any]) -> Fraction:
    """Exact sum of squares; squares of float64 values below 1e-154 are the only thing neglected."""
    total = Fraction(0)
    for start in range(0, flat.size, _CHUNK):
        wide = flat[start : start + _CHUNK].astype(np.float64)
        squares = wide * wide
        terms = squares.tolist()
        if flat.dtype.itemsize > 4:
            terms += _square_errors(wide, squares).tolist()
        # math.fsum rounds once; taking away what it found and summing again yields the rest, until none is left.
        while (part := math.fsum(terms)) != 0.0:
            total += Fraction(part)
            terms.append(-part)
    return total


def _square_errors(wide: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """What rounding took from each square: Dekker's product with Veltkamp's splitting."""
    scaled = _SPLITTER * wide
    high = scaled - (scaled - wide)
    low = wide - high
    errors: NDArray[np.float64] = ((high * high - squares) + 2.0 * high * low) + low * low
    return errors

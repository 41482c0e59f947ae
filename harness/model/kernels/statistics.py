"""One-pass statistics of values: counts, extremes, sums of squares in float64; memory stays at one block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

BLOCK = 1 << 17
"""Elements looked at together: one megabyte of float64."""
MAX_ROWS = 1 << 24
"""No vocabulary is larger, and the norms of more rows would not fit in the memory that a scan may take."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one pass over the values of a tensor shows."""

    count: int
    zeros: int
    """Values that are exactly +0.0 or -0.0."""
    nan: int
    positive_infinity: int
    negative_infinity: int
    minimum: float | None
    """Smallest value that is not NaN; None when there is none."""
    maximum: float | None
    sum_of_squares: float
    """Over the finite values, in float64."""

    @property
    def l2(self) -> float:
        """L2 norm of the finite values."""
        return math.sqrt(self.sum_of_squares)

    @property
    def infinite(self) -> int:
        """Infinities of either sign."""
        return self.positive_infinity + self.negative_infinity

    @property
    def zero_share(self) -> float:
        """Share of zeros among all values; 0.0 of nothing."""
        return self.zeros / self.count if self.count else 0.0


class Accumulator:
    """Takes 1-D pieces of a tensor one after the other."""

    def __init__(self) -> None:
        self._count = self._zeros = self._nan = self._positive = self._negative = 0
        self._minimum: float | None = None
        self._maximum: float | None = None
        self._squares: list[float] = []

    def add(self, values: NDArray[Any]) -> None:
        """Take a piece (any shape, any real dtype or bool) into account."""
        for block in _blocks(values):
            self._add_block(block)

    def result(self) -> Statistics:
        """Statistics of all pieces so far."""
        return Statistics(
            count=self._count,
            zeros=self._zeros,
            nan=self._nan,
            positive_infinity=self._positive,
            negative_infinity=self._negative,
            minimum=self._minimum,
            maximum=self._maximum,
            sum_of_squares=math.fsum(self._squares) if math.isfinite(max(self._squares, default=0.0)) else math.inf,
        )

    def _add_block(self, block: NDArray[Any]) -> None:
        self._count += block.size
        self._zeros += block.size - int(np.count_nonzero(block))
        low, high = block.min(), block.max()
        # One look at the extremes clears the common block: NaN would spread into them.
        if block.dtype.kind == "f" and not (np.isfinite(low) and np.isfinite(high)):
            nan = np.isnan(block)
            self._nan += int(np.count_nonzero(nan))
            self._positive += int(np.count_nonzero(np.isposinf(block)))
            self._negative += int(np.count_nonzero(np.isneginf(block)))
            numbers = block[~nan]
            if numbers.size:
                self._extend(numbers.min(), numbers.max())
            block = block[np.isfinite(block)]
        else:
            self._extend(low, high)
        self._squares.append(float(np.add.reduce(_squares(block))))
        if len(self._squares) > 4096:
            self._squares = [math.fsum(self._squares)] if math.isfinite(max(self._squares)) else [math.inf]

    def _extend(self, low: Any, high: Any) -> None:
        self._minimum = float(low) if self._minimum is None else min(self._minimum, float(low))
        self._maximum = float(high) if self._maximum is None else max(self._maximum, float(high))


class RowNorms:
    """L2 norm of each row (the innermost dim), in float64, from consecutive flat pieces of a tensor of `dims`.

    A non-finite value makes the norm of its row NaN or infinite. Rows without elements are none.
    Raises ArtifactError by `rows-limit` for more than 2^24 rows.
    """

    def __init__(self, dims: tuple[int, ...], *, file: str = "", tensor: str = "") -> None:
        self._inner = dims[-1] if dims else 1
        rows = math.prod(dims[:-1]) if self._inner else 0
        if rows > MAX_ROWS:
            raise ArtifactError(
                "more rows than any vocabulary has",
                rule="rows-limit",
                file=file,
                tensor=tensor,
                found=f"{rows} rows",
                expected=f"at most {MAX_ROWS}",
            )
        self._sums = np.zeros(rows, dtype=np.float64)
        self._position = 0

    def add(self, values: NDArray[Any]) -> None:
        """Take the next piece into account; it may begin and end inside a row."""
        for block in _blocks(values):
            first, last = self._position // self._inner, (self._position + block.size - 1) // self._inner
            starts = np.arange(first, last + 1, dtype=np.int64) * self._inner - self._position
            starts[0] = 0
            with np.errstate(all="ignore"):
                self._sums[first : last + 1] += np.add.reduceat(_squares(block), starts)
            self._position += block.size

    def result(self) -> NDArray[np.float64]:
        """Norms, float64 [rows]."""
        return np.sqrt(self._sums)


def describe(values: NDArray[Any] | Iterable[NDArray[Any]]) -> Statistics:
    """Statistics of an array of any shape, or of the pieces of one; beyond them, a few megabytes are used."""
    accumulator = Accumulator()
    for piece in [values] if isinstance(values, np.ndarray) else values:
        accumulator.add(piece)
    return accumulator.result()


def row_norms(values: NDArray[Any]) -> NDArray[np.float64]:
    """L2 norm of each row of a 2-D array, float64 [rows]; see RowNorms."""
    norms = RowNorms(values.shape)
    norms.add(values)
    return norms.result()


def _blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    flat = values.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        yield flat[start : start + BLOCK]


def _squares(block: NDArray[Any]) -> NDArray[np.float64]:
    wide = block.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.square(wide, out=wide)

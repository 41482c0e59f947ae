"""The data-quality gates a second time, in plain Python over plain floats; it shares no code with the model side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Place = Literal["embedding", "head", "matrix", "vector"]
"""What a tensor is to the gates; a vector is a bias or a norm."""

DENSITY = "F-DATA-QUALITY-001"
FINITE = "F-DATA-QUALITY-002"
DEGENERATE = "F-DATA-QUALITY-003"
SPOT_ROWS = "F-DATA-QUALITY-004"
DEAD_ROWS = "F-DATA-QUALITY-005"
RULES = frozenset({DENSITY, FINITE, DEGENERATE, SPOT_ROWS, DEAD_ROWS})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The numbers of the contract's `semantic_validation` table; shares as exact fractions of one."""

    vocabulary_zeros: Fraction
    """Share of zeros from which on an embedding or a head is refused."""
    weight_zeros: Fraction
    """The same for every other matrix."""
    norm: float
    """Largest L2 norm of a tensor that is still refused."""
    percentiles: tuple[int, ...]
    """Where in the vocabulary the spot rows stand, in hundredths."""
    spot_norm: float
    """Largest L2 norm of a spot row that is refused."""
    dead_norm: float
    """Largest L2 norm of a row that still counts as dead."""
    dead_rows: Fraction
    """Share of dead rows from which on an embedding or a head is refused."""

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Thresholds:
        """Read the table. Raises KeyError when a threshold is not there: none is assumed."""
        return cls(
            vocabulary_zeros=_hundredths(table["density"]["embedding_max_zero_pct"]),
            weight_zeros=_hundredths(table["density"]["weight_max_zero_pct"]),
            norm=float(table["distribution"]["min_l2_norm"]),
            percentiles=tuple(int(value) for value in table["spot_check"]["sample_percentiles"]),
            spot_norm=float(table["spot_check"]["min_token_l2"]),
            dead_norm=float(table["dead_rows"]["min_row_l2"]),
            dead_rows=_hundredths(table["dead_rows"]["max_dead_pct"]),
        )


def _hundredths(percent: object) -> Fraction:
    return Fraction(str(percent)) / 100


class Judge:
    """Judges a tensor by the gates and names every rule that it breaks.

    NaN and infinities break one rule of their own. A norm that is no finite number is not at most anything, and a
    tensor of which one value is NaN is not constant.

    Each decision is a method, so that a mutant can get exactly one of them wrong.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds

    def failed(
        self, place: Place, dims: Sequence[int], values: Sequence[float], padding: int | None = None
    ) -> frozenset[str]:
        """The rules that a tensor breaks.

        Args:
            place: what the tensor is.
            dims: outermost first; the product is the length of `values`.
            values: the elements in row-major order, widened to double.
            padding: row of the padding token, or None; it is zero by construction and no defect.
        """
        if not values:
            return frozenset({DEGENERATE} if self.refuses_empty() else ())
        broken = set() if self.all_finite(values) else {FINITE}
        if place == "vector":
            return frozenset(broken | self.vector_rules(values))
        zeros = sum(map(self.is_zero, values))
        if self.is_sparse(zeros, len(values), place):
            broken.add(DENSITY)
        if self.norm(values) <= self.thresholds.norm or self.is_constant(values):
            broken.add(DEGENERATE)
        if place in {"embedding", "head"} and len(dims) == 2:
            broken |= self._row_rules(dims[-1], values, padding)
        return frozenset(broken)

    def _row_rules(self, width: int, values: Sequence[float], padding: int | None) -> set[str]:
        count = len(values) // width
        norms = [self.norm(values[row * width : (row + 1) * width]) for row in range(count)]
        counted = [row for row in range(count) if not self.excuses(row, padding)]
        broken = set()
        if any(row in counted and norms[row] <= self.thresholds.spot_norm for row in self.spot_rows(count)):
            broken.add(SPOT_ROWS)
        if self.has_too_many_dead(sum(norms[row] <= self.thresholds.dead_norm for row in counted), count):
            broken.add(DEAD_ROWS)
        return broken

    def refuses_empty(self) -> bool:
        """Whether a tensor without elements is degenerate: its norm is zero, so it is."""
        return True

    def all_finite(self, values: Sequence[float]) -> bool:
        """Whether no element is NaN or infinite."""
        return all(map(math.isfinite, values))

    def vector_rules(self, values: Sequence[float]) -> set[str]:  # noqa: ARG002 - for mutants, which look
        """What a bias or a norm breaks besides finiteness: nothing, zero and constant ones are legitimate."""
        return set()

    def is_zero(self, value: float) -> bool:
        """Whether an element counts as zero: +0.0 and -0.0, and nothing near them."""
        return value == 0.0

    def is_sparse(self, zeros: int, total: int, place: Place) -> bool:
        """Whether `zeros` of `total` elements are too many: the limit itself is."""
        return zeros >= self.share(place) * total

    def share(self, place: Place) -> Fraction:
        """The share of zeros from which on a tensor of this place is refused."""
        return self.thresholds.weight_zeros if place == "matrix" else self.thresholds.vocabulary_zeros

    def norm(self, values: Sequence[float]) -> float:
        """Correctly rounded L2 norm; infinite or NaN as soon as one value is."""
        return math.sqrt(math.fsum(value * value for value in values))

    def is_constant(self, values: Sequence[float]) -> bool:
        """Whether there are several values and all are equal; NaN equals nothing."""
        return len(values) > 1 and not any(map(math.isnan, values)) and min(values) == max(values)

    def excuses(self, row: int, padding: int | None) -> bool:
        """Whether a dead row is none: the padding token's is zero by construction."""
        return row == padding

    def spot_rows(self, rows: int) -> tuple[int, ...]:
        """The rows that must be alive."""
        return tuple(percent * rows // 100 for percent in self.thresholds.percentiles)

    def has_too_many_dead(self, dead: int, rows: int) -> bool:
        """Whether `dead` of `rows` rows are too many: the limit itself is."""
        return dead >= self.thresholds.dead_rows * rows

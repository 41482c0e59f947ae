"""Tensors built so that their zeros, dead rows and non-finite values are known without measuring any."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from falsifiers.oracles import quality

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from falsifiers.oracles.quality import Place, Thresholds

    F32 = NDArray[np.float32]

Defect = Literal[
    "none", "zeros", "dead_rows", "spot_row", "leading_zeros", "nonfinite", "norm", "spot_norm", "constant",
    "all_zero", "empty", "mixed",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What a tensor is to be like."""

    place: Place
    dims: tuple[int, ...]
    defect: Defect
    step: int
    """Distance from the limit of the defect, in elements, rows or EPSILON; 0 is the limit itself."""
    where: int
    """Which element, spot row or kind of value, taken modulo what there is."""
    padding: int | None
    """Row of the padding token, zero by construction; None when no such token is stated."""
    subnormal: bool
    """Whether the element type holds 1e-40."""
    seed: int


@dataclass(frozen=True, slots=True)
class Contents:
    """A tensor, and how it was made."""

    values: F32
    zeros: int
    dead: frozenset[int] = field(default_factory=frozenset)
    """Rows whose norm is at most the limit, the padding row excepted."""
    nonfinite: int = 0
    degenerate: bool = False
    padding: int | None = None

    def rules(self, place: Place, thresholds: Thresholds) -> frozenset[str]:
        """The rules that these counts break."""
        size = self.values.size
        if not size:
            return frozenset({quality.DEGENERATE})
        broken = {quality.FINITE} if self.nonfinite else set()
        if place == "vector":
            return frozenset(broken)
        if self.degenerate:
            broken.add(quality.DEGENERATE)
        share = thresholds.weight_zeros if place == "matrix" else thresholds.vocabulary_zeros
        if self.zeros >= share * size:
            broken.add(quality.DENSITY)
        if place != "matrix":
            rows = len(self.values)
            if self.dead & set(spot_rows(rows, thresholds)):
                broken.add(quality.SPOT_ROWS)
            if len(self.dead) >= thresholds.dead_rows * rows:
                broken.add(quality.DEAD_ROWS)
        return frozenset(broken)

    def permuted(self, generator: np.random.Generator) -> Contents:
        """The same rows in another order."""
        order = generator.permutation(len(self.values))
        new = {int(old): row for row, old in enumerate(order)}
        return replace(
            self,
            values=np.ascontiguousarray(self.values[order]),
            dead=frozenset(new[row] for row in self.dead),
            padding=None if self.padding is None else new[self.padding],
        )


def spot_rows(rows: int, thresholds: Thresholds) -> list[int]:
    """Rows that must be alive, in order."""
    return sorted({percent * rows // 100 for percent in thresholds.percentiles})

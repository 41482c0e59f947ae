"""A tensor of arbitrary contents, and what an independent checker says of it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from falsifiers.oracles import blocks
from falsifiers.oracles.quality import Judge
from falsifiers.strategies.quality_files import TENSORS, QualityCase, Where
from harness.trial.interface import Case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from falsifiers.oracles.quality import Thresholds

    F32 = NDArray[np.float32]

Palette = Literal["live", "sparse", "tiny", "strange", "bits"]
PALETTES: tuple[Palette, ...] = ("live", "sparse", "tiny", "strange", "bits")

_VALUES: Mapping[Palette, tuple[float, ...]] = {
    "live": (0.5, -0.25, 3.0, 0.0),
    "sparse": (0.0, -0.0, 0.0, 1.0),
    "tiny": (0.0, 1e-7, -3e-7, 1e-8, 6e-8),
    "strange": (np.nan, np.inf, -np.inf, 0.0, 0.75, -1e-30),
}


class AgreementCase(Case):
    """A tensor filled row by row from a few values, or from random bits."""

    where: Where
    palette: Palette
    dead_rows: int = Field(ge=0, le=100)
    """Chance in percent that a row is all zero."""
    dtype: Literal["F32", "F16", "BF16"]
    rows: int = Field(ge=1)
    columns: int = Field(ge=1)
    padding: int | None = Field(default=None, ge=0)
    seed: int

    @property
    def tensor(self) -> str:
        """Name of the tensor in question."""
        return TENSORS[self.where][0]

    @property
    def frame(self) -> QualityCase:
        """The same tensor in the same model, as a quality case: for names, dims and the model around it."""
        return QualityCase(where=self.where, defect="none", dtype=self.dtype, rows=self.rows, columns=self.columns)


@lru_cache(maxsize=256)
def oracle_of(case: AgreementCase, thresholds: Thresholds) -> frozenset[str]:
    """The rules that the tensor breaks, by the independent checker, after its trip through the element type."""
    frame = case.frame
    payload = blocks.encode(filled(case), stored_as(case))
    stored = blocks.decode(payload, stored_as(case), frame.dims)
    assert stored is not None
    with np.errstate(invalid="ignore"):
        values = stored.astype(np.float64).reshape(-1).tolist()
    return Judge(thresholds).failed(frame.kind, frame.dims, values, case.padding)


def stored_as(case: AgreementCase) -> str:
    """The element type of the tensor: vectors stay F32."""
    return "F32" if case.frame.kind == "vector" else case.dtype


def filled(case: AgreementCase) -> F32:
    """The values before they are rounded to their type."""
    generator = np.random.default_rng(case.seed)
    dims = case.frame.dims
    if case.palette == "bits":
        values = generator.integers(0, 2**32, dims, np.uint32).view(np.float32)
    else:
        values = generator.choice(np.array(_VALUES[case.palette], np.float32), dims)
    if len(dims) > 1:
        values[generator.integers(0, 100, dims[0]) < case.dead_rows] = 0.0
    return np.ascontiguousarray(values)

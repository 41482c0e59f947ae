"""Models with one tensor of arbitrary contents, for which only a second checker can say what is right."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from hypothesis import strategies as st
from pydantic import Field

from falsifiers.oracles import blocks
from falsifiers.oracles.apr_bytes import write_plain_apr
from falsifiers.oracles.quality import Judge
from falsifiers.strategies.admissions import admit
from falsifiers.strategies.quality_files import PADDING_KEY, TENSORS, QualityCase, Where
from falsifiers.strategies.small_models import encoded, healthy
from harness.trial.interface import Answer, Case, Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy
    from numpy.typing import NDArray

    from falsifiers.oracles.quality import Thresholds
    from harness.contract.models import Population
    from harness.subject.reader import Reader

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


class AgreementExperiment(Experiment[AgreementCase]):
    """Puts a reader through tensors of arbitrary contents."""

    name: ClassVar[str] = "agreement_files"
    role: ClassVar[str] = "reader"
    case_type: ClassVar[Any] = AgreementCase
    partitions: ClassVar[Mapping[str, str]] = {
        "live": "ordinary values and some zeros",
        "sparse": "mostly zeros of both signs",
        "tiny": "values whose norms are near the limits",
        "strange": "NaN and infinities among others",
        "bits": "any bits at all",
        "padding_row": "a padding token is stated",
    }

    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[AgreementCase]:  # noqa: ARG002
        """Every palette in every tensor."""
        return [
            AgreementCase(
                where=where,
                palette=palette,
                dead_rows=25 * (number % 3),
                dtype=("F32", "F16", "BF16")[number % 3],
                rows=12,
                columns=6,
                padding=3 if where == "embedding" else None,
                seed=number,
            )
            for number, (palette, where) in enumerate((palette, where) for palette in PALETTES for where in TENSORS)
        ]

    def strategy(self, population: Population) -> SearchStrategy[AgreementCase]:  # noqa: ARG002
        """Any palette, tensor and size up to 32 x 12."""
        return st.builds(
            AgreementCase,
            where=st.sampled_from(tuple(TENSORS)),
            palette=st.sampled_from(PALETTES),
            dead_rows=st.integers(0, 60),
            dtype=st.sampled_from(("F32", "F16", "BF16")),
            rows=st.integers(1, 32),
            columns=st.integers(1, 12),
            padding=st.none() | st.integers(0, 31),
            seed=st.integers(0, 2**32 - 1),
        )

    def partitions_of(self, case: AgreementCase) -> frozenset[str]:
        """See `partitions`."""
        return frozenset({case.palette} | ({"padding_row"} if case.padding is not None else set()))

    def exercise(self, subject: Reader, case: AgreementCase, folder: Path, tables: Mapping[str, Any]) -> Answer:
        """Write the model and let the reader look at it."""
        frame = case.frame
        tensors = healthy(frame.shape, case.seed, case.dtype)
        tensors[case.tensor] = encoded(case.tensor, frame.dims, _filled(case), _dtype(case))
        metadata = frame.shape.metadata()
        if case.padding is not None:
            metadata[PADDING_KEY] = case.padding
        artifact = folder / "model.apr"
        write_plain_apr(artifact, metadata, tensors.values())
        return admit(subject, artifact, tables)


@lru_cache(maxsize=256)
def oracle_of(case: AgreementCase, thresholds: Thresholds) -> frozenset[str]:
    """The rules that the tensor breaks, by the independent checker, after its trip through the element type."""
    frame = case.frame
    payload = blocks.encode(_filled(case), _dtype(case))
    stored = blocks.decode(payload, _dtype(case), frame.dims)
    assert stored is not None
    with np.errstate(invalid="ignore"):
        values = stored.astype(np.float64).reshape(-1).tolist()
    return Judge(thresholds).failed(frame.kind, frame.dims, values, case.padding)


def _dtype(case: AgreementCase) -> str:
    return "F32" if case.frame.kind == "vector" else case.dtype


def _filled(case: AgreementCase) -> F32:
    generator = np.random.default_rng(case.seed)
    dims = case.frame.dims
    if case.palette == "bits":
        values = generator.integers(0, 2**32, dims, np.uint32).view(np.float32)
    else:
        values = generator.choice(np.array(_VALUES[case.palette], np.float32), dims)
    if len(dims) > 1:
        values[generator.integers(0, 100, dims[0]) < case.dead_rows] = 0.0
    return np.ascontiguousarray(values)


AGREEMENT = AgreementExperiment()
"""The one instance that clauses share."""

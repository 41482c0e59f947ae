"""Models with one tensor of arbitrary contents, for which only a second checker can say what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st

from falsifiers.oracles.apr_bytes import write_plain_apr
from falsifiers.strategies.admissions import admit
from falsifiers.strategies.agreement_cases import PALETTES, AgreementCase, filled, stored_as
from falsifiers.strategies.quality_files import PADDING_KEY, TENSORS
from falsifiers.strategies.small_models import encoded, healthy
from harness.trial.interface import Answer, Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

    from harness.contract.models import Population
    from harness.subject.reader import Reader


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
        tensors[case.tensor] = encoded(case.tensor, frame.dims, filled(case), stored_as(case))
        metadata = frame.shape.metadata()
        if case.padding is not None:
            metadata[PADDING_KEY] = case.padding
        artifact = folder / "model.apr"
        write_plain_apr(artifact, metadata, tensors.values())
        return admit(subject, artifact, tables)


AGREEMENT = AgreementExperiment()
"""The one instance that clauses share."""

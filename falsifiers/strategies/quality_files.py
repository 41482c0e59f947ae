"""Models with one tensor at the limit of a data-quality gate, an element or a row to either side, or plainly sound."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from falsifiers.oracles.apr_bytes import write_plain_apr
from falsifiers.oracles.quality import Place, Thresholds
from falsifiers.strategies import quality_draws
from falsifiers.strategies.admissions import FinishedFile, admit, gates_of
from falsifiers.strategies.quality_builders import build
from falsifiers.strategies.quality_contents import Contents, Defect, Plan
from falsifiers.strategies.small_models import EMBEDDING, HEAD, Shape, encoded, healthy
from harness.trial.interface import Answer, Case, Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    from harness.contract.models import Population
    from harness.subject.reader import Reader

Where = Literal["embedding", "head", "up", "down", "bias", "norm"]

TENSORS: Mapping[Where, tuple[str, Place]] = {
    "embedding": (EMBEDDING, "embedding"),
    "head": (HEAD, "head"),
    "up": ("model.layers.0.mlp.up_proj.weight", "matrix"),
    "down": ("model.layers.0.mlp.down_proj.weight", "matrix"),
    "bias": ("model.layers.0.self_attn.q_proj.bias", "vector"),
    "norm": ("model.norm.weight", "vector"),
}
"""The tensor that carries the defect, and what it is to the gates."""

PADDING_KEY = "tokenizer.padding_token_id"


class QualityCase(Case):
    """A healthy model but for one tensor, built to have exactly so many zeros, dead rows or strange values."""

    where: Where
    defect: Defect
    step: int = 0
    """Distance from the limit: elements, rows, or EPSILON of a norm; the kind of value for `nonfinite`."""
    place: int = Field(default=0, ge=0)
    """Which element or which spot row."""
    dtype: Literal["F32", "F16", "BF16"] = "F32"
    rows: int = Field(ge=1)
    columns: int = Field(ge=1)
    padding: int | None = Field(default=None, ge=0)
    """The padding token, whose row is zero."""
    permuted: bool = False
    seed: int = 0

    @property
    def tensor(self) -> str:
        """Name of the tensor that carries the defect."""
        return TENSORS[self.where][0]

    @property
    def kind(self) -> Place:
        """What that tensor is to the gates."""
        return TENSORS[self.where][1]

    @property
    def shape(self) -> Shape:
        """The model around it."""
        match self.where:
            case "embedding" | "head":
                vocab, hidden, ffn = self.rows, self.columns, 6
            case "up":
                vocab, hidden, ffn = 24, self.columns, self.rows
            case "down":
                vocab, hidden, ffn = 24, self.rows, self.columns
            case "bias" | "norm":
                vocab, hidden, ffn = 24, self.columns, 20
        return Shape(family="qwen2", vocab=vocab, hidden=hidden, heads=1, kv_heads=1, ffn=ffn)

    @property
    def dims(self) -> tuple[int, ...]:
        """Dims of the tensor, outermost first; an empty one has no rows."""
        dims = (self.columns,) if self.kind == "vector" else (self.rows, self.columns)
        return (0, *dims[1:]) if self.defect == "empty" else dims


class QualityExperiment(Experiment[QualityCase | FinishedFile]):
    """Puts a reader through models that are healthy but for one tensor, or healthy altogether."""

    name: ClassVar[str] = "quality_files"
    role: ClassVar[str] = "reader"
    case_type: ClassVar[Any] = QualityCase | FinishedFile
    partitions: ClassVar[Mapping[str, str]] = quality_draws.PARTITIONS | {"finished": "a file that somebody made"}

    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[QualityCase | FinishedFile]:  # noqa: ARG002
        """Every gate at its limit and one step to either side, every legitimate oddity, and the incident's case."""
        return [QualityCase(**choices) for choices in quality_draws.BOUNDARY]

    def strategy(self, population: Population) -> SearchStrategy[QualityCase | FinishedFile]:  # noqa: ARG002
        """Any defect near its limit, at odd and even sizes."""
        return quality_draws.choices().map(lambda choices: QualityCase(**choices))

    def partitions_of(self, case: QualityCase | FinishedFile) -> frozenset[str]:
        """See `partitions`."""
        if isinstance(case, FinishedFile):
            return frozenset({"finished"})
        return quality_draws.partitions_of(case)

    def exercise(
        self, subject: Reader, case: QualityCase | FinishedFile, folder: Path, tables: Mapping[str, Any]
    ) -> Answer:
        """Write the model and let the reader look at every byte."""
        if isinstance(case, FinishedFile):
            return admit(subject, Path(case.path), tables)
        contents = contents_of(case, thresholds_of(tables))
        tensors = healthy(case.shape, case.seed, case.dtype)
        dtype = "F32" if case.kind == "vector" else case.dtype
        tensors[case.tensor] = encoded(case.tensor, case.dims, contents.values, dtype)
        metadata = case.shape.metadata()
        if contents.padding is not None:
            metadata[PADDING_KEY] = contents.padding
        artifact = folder / "model.apr"
        write_plain_apr(artifact, metadata, tensors.values())
        return admit(subject, artifact, tables)

    def finished(self, artifact: Path, source: Path | None) -> FinishedFile:  # noqa: ARG002 - the gates need no source
        """The file itself: no rule may fail on any of its tensors."""
        return FinishedFile(path=str(artifact))


def thresholds_of(tables: Mapping[str, Any]) -> Thresholds:
    """The contract's thresholds in the form in which contents are built and oracles judge."""
    return Thresholds.of(gates_of(tables))


@lru_cache(maxsize=256)
def contents_of(case: QualityCase, thresholds: Thresholds) -> Contents:
    """The tensor of a case; the clauses that share a case share it."""
    plan = Plan(
        place=case.kind,
        dims=case.dims,
        defect=case.defect,
        step=case.step,
        where=case.place,
        padding=case.padding,
        subnormal=case.dtype != "F16" and case.kind != "vector",
        seed=case.seed,
    )
    contents = build(plan, thresholds)
    return contents.permuted(np.random.default_rng(case.seed + 1)) if case.permuted else contents


QUALITY = QualityExperiment()
"""The one instance that clauses share."""

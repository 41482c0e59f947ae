"""Healthy models whose language-model head stands right, reversed or refactored, under every name that a head has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from hypothesis import strategies as st
from pydantic import Field

from falsifiers.oracles.apr_bytes import write_plain_apr
from falsifiers.strategies.admissions import FinishedFile, admission_answer, gates_if_any
from falsifiers.strategies.small_models import FAMILIES, HEAD, Shape, encoded, healthy, live
from harness.trial.interface import Answer, Case, Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    from harness.contract.models import Population
    from harness.subject.reader import Reader

HEAD_NAMES = (HEAD, "output.weight", "model.lm_head.weight", "embed_out.weight")
"""Names that exporters give the head."""

Order = Literal["right", "reversed", "refactored"]
ORDERS: tuple[Order, ...] = ("right", "reversed", "refactored")
DType = Literal["F32", "F16", "BF16"]
DTYPES: tuple[DType, ...] = ("F32", "F16", "BF16")


class HeadCase(Case):
    """A model whose head has the dims [vocab, hidden], [hidden, vocab], or others with the same product."""

    order: Order
    name: str
    family: str
    dtype: DType
    vocab: int = Field(ge=2, multiple_of=2)
    hidden: int = Field(ge=4, multiple_of=4)
    seed: int

    @property
    def dims(self) -> tuple[int, int]:
        """What the index says of the head, outermost first."""
        match self.order:
            case "right":
                return (self.vocab, self.hidden)
            case "reversed":
                return (self.hidden, self.vocab)
            case "refactored":
                return (self.vocab // 2, self.hidden * 2)

    @property
    def is_right(self) -> bool:
        """Whether these dims are [vocab, hidden]; of a square head nobody can tell more."""
        return self.dims == (self.vocab, self.hidden)


class HeadExperiment(Experiment[HeadCase | FinishedFile]):
    """Puts a reader through models that are healthy but for the dims of their head."""

    name: ClassVar[str] = "heads"
    role: ClassVar[str] = "reader"
    case_type: ClassVar[Any] = HeadCase | FinishedFile
    partitions: ClassVar[Mapping[str, str]] = {
        "sound": "the head is [vocab, hidden]",
        "non_square": "the head is [hidden, vocab], and the two differ",
        "refactored": "other dims with the same product",
        "alternative_name": "the head is not called lm_head.weight",
        "square": "hidden equals vocab, so that the reversed head looks the same",
        "finished": "a file that somebody made",
    }
    architectures: ClassVar[tuple[str, ...]] = FAMILIES

    def boundary(self, population: Population, sources: Sequence[Path]) -> Sequence[HeadCase | FinishedFile]:  # noqa: ARG002
        """Every order under every name, the families and the three types in turn, and the square head both ways."""
        families = _families(population)
        cases = [
            HeadCase(
                order=order,
                name=name,
                family=families[number % len(families)],
                dtype=DTYPES[number % len(DTYPES)],
                vocab=6 + 4 * number,
                hidden=8,
                seed=number,
            )
            for number, name in enumerate(HEAD_NAMES)
            for order in ("reversed", "right")
        ]
        first = cases[0]
        return (
            *cases,
            first.model_copy(update={"order": "refactored"}),
            first.model_copy(update={"vocab": 4, "hidden": 16}),
            first.model_copy(update={"vocab": 8}),
            first.model_copy(update={"vocab": 8, "order": "right"}),
        )

    def strategy(self, population: Population) -> SearchStrategy[HeadCase | FinishedFile]:
        """Any of it at sizes up to 64 x 64."""
        return st.builds(
            HeadCase,
            order=st.sampled_from(ORDERS),
            name=st.sampled_from(HEAD_NAMES),
            family=st.sampled_from(_families(population)),
            dtype=st.sampled_from(DTYPES),
            vocab=st.integers(2, 32).map(lambda half: 2 * half),
            hidden=st.integers(1, 16).map(lambda quarter: 4 * quarter),
            seed=st.integers(0, 2**32 - 1),
        )

    def partitions_of(self, case: HeadCase | FinishedFile) -> frozenset[str]:
        """See `partitions`."""
        if isinstance(case, FinishedFile):
            return frozenset({"finished"})
        if case.vocab == case.hidden:
            return frozenset({"square"})
        kind = {"right": "sound", "reversed": "non_square", "refactored": "refactored"}[case.order]
        return frozenset({kind} | ({"alternative_name"} if case.name != HEAD else set()))

    def exercise(
        self, subject: Reader, case: HeadCase | FinishedFile, folder: Path, tables: Mapping[str, Any]
    ) -> Answer:
        """Write the model and let the reader look at it, under the contract's gates if it has any."""
        gates = gates_if_any(tables)
        if isinstance(case, FinishedFile):
            return admission_answer(subject.admit(Path(case.path), gates))
        shape = Shape(family=case.family, vocab=case.vocab, hidden=case.hidden, heads=2, kv_heads=1)
        tensors = healthy(shape, case.seed, case.dtype)
        del tensors[HEAD]
        data = live(np.random.default_rng(case.seed + 1), (case.vocab, case.hidden))
        head = encoded(case.name, case.dims, data, case.dtype)
        artifact = folder / "model.apr"
        write_plain_apr(artifact, shape.metadata(), [*tensors.values(), head])
        return admission_answer(subject.admit(artifact, gates))

    def finished(self, artifact: Path, source: Path | None) -> FinishedFile:  # noqa: ARG002 - a head needs no source
        """The file itself: its head, if it has one, must not be refused."""
        return FinishedFile(path=str(artifact))


def _families(population: Population) -> tuple[str, ...]:
    return population.architectures or FAMILIES


HEADS = HeadExperiment()
"""The one instance that clauses share."""

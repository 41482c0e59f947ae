"""Readers that get density or finiteness wrong, and readers that do not tell all they saw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.mutants.reader_bent import Rejudging, rules_mapped
from falsifiers.oracles import quality
from falsifiers.oracles.apr_bytes import read_apr
from falsifiers.oracles.dtypes import can_widen, widen
from falsifiers.oracles.quality import Judge, Thresholds
from harness.trial.interface import operator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from falsifiers.mutants.reader_bent import Refused
    from falsifiers.oracles.quality import Place

_PLACES: dict[str, Place] = {"model.embed_tokens.weight": "embedding", "lm_head.weight": "head"}


def regated(sound: Any, judge: type[Judge]) -> Rejudging:
    """The sound reader with its data-quality gates replaced by `judge`; all its other rules stay."""

    def rejudge(artifact: Path, refused: Refused, gates: Mapping[str, Any]) -> Refused:
        apr, wrong = read_apr(artifact), judge(Thresholds.of(gates))
        judged = rules_mapped(refused, lambda _, rules: rules - quality.RULES)
        for tensor in apr.tensors:
            if can_widen(tensor.dtype):
                place: Place = _PLACES.get(tensor.name, "matrix" if len(tensor.dims) > 1 else "vector")
                with np.errstate(all="ignore"):
                    values = widen(tensor.dtype, tensor.payload).astype(np.float64).tolist()
                padding = apr.metadata.get("tokenizer.padding_token_id")
                found = wrong.failed(place, tensor.dims, values, padding)
                judged[tensor.name] = judged.get(tensor.name, frozenset()) | found
        return judged

    return Rejudging(sound, rejudge)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-001", what="lets the limit itself pass",
    before="zeros >= limit", after="zeros > limit",
)  # fmt: skip
def strict_greater_at_density(sound: Any) -> Any:
    """Compare shares of zeros with > instead of >=."""

    class Wrong(Judge):
        def is_sparse(self, zeros: int, total: int, place: Place) -> bool:
            return zeros > self.share(place) * total

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-001", what="holds embeddings to the limit of weights",
    before="50 % for embedding and head", after="80 % for all",
)  # fmt: skip
def one_density_for_all(sound: Any) -> Any:
    """Use the weights' share of zeros for vocabulary matrices too."""

    class Wrong(Judge):
        def is_sparse(self, zeros: int, total: int, place: Place) -> bool:  # noqa: ARG002 - which is the defect
            return zeros >= self.thresholds.weight_zeros * total

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-001", what="counts values near zero as zeros",
    before="x = 0", after="|x| < 1e-10",
)  # fmt: skip
def near_zero_is_zero(sound: Any) -> Any:
    """Count subnormals as zeros, as public checkers do."""

    class Wrong(Judge):
        def is_zero(self, value: float) -> bool:
            return abs(value) < 1e-10

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-001", what="compares bits, so that -0.0 is no zero",
    before="+0.0 and -0.0", after="+0.0 only",
)  # fmt: skip
def negative_zero_not_zero(sound: Any) -> Any:
    """Overlook negative zeros."""

    class Wrong(Judge):
        def is_zero(self, value: float) -> bool:
            return value == 0 and math.copysign(1, value) > 0

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-002", what="tests for NaN only",
    before="NaN and infinities", after="NaN",
)  # fmt: skip
def inf_not_tested(sound: Any) -> Any:
    """Let infinities pass."""

    class Wrong(Judge):
        def all_finite(self, values: Sequence[float]) -> bool:
            return not any(map(math.isnan, values))

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-002", what="looks at the first 32 values only",
    before="every element", after="the first block",
)  # fmt: skip
def nan_only_in_first_block(sound: Any) -> Any:
    """Overlook what stands behind the first 32 values."""

    class Wrong(Judge):
        def all_finite(self, values: Sequence[float]) -> bool:
            return super().all_finite(values[:32])

    return regated(sound, Wrong)


@operator(
    role="reader", edits="output", where="the rules named for a tensor", what="leaves one out",
    before="the set of failed rules", after="all but the last",
)  # fmt: skip
def drops_one_rule(sound: Any) -> Any:
    """Forget the last rule of every set."""
    return Rejudging(
        sound, lambda _, refused, __: rules_mapped(refused, lambda ___, rules: frozenset(sorted(rules)[:-1]))
    )


@operator(
    role="reader", edits="output", where="the rules named for a tensor", what="stops at the first",
    before="the set of failed rules", after="the first rule",
)  # fmt: skip
def first_rule_only(sound: Any) -> Any:
    """Name the first rule of every set only."""
    return Rejudging(
        sound, lambda _, refused, __: rules_mapped(refused, lambda ___, rules: frozenset(sorted(rules)[:1]))
    )

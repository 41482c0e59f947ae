"""Readers that get norms, variation or rows wrong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.mutants.reader_gates import regated
from falsifiers.oracles import quality
from falsifiers.oracles.quality import Judge
from harness.trial.interface import operator

if TYPE_CHECKING:
    from collections.abc import Sequence


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-003", what="adds squares up in float32",
    before="float64 sum", after="float32 sum",
)  # fmt: skip
def l2_in_float32(sound: Any) -> Any:
    """Lose the digits by which a norm differs from its limit."""

    class Wrong(Judge):
        def norm(self, values: Sequence[float]) -> float:
            kept = np.array([value for value in values if math.isfinite(value)], np.float32)
            with np.errstate(all="ignore"):
                return float(np.float32(np.sqrt(np.sum(kept * kept, dtype=np.float32)))) * (1 - 2.0**-24)

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-003", what="does not ask whether values vary",
    before="refused when max = min", after="admitted",
)  # fmt: skip
def constant_accepted(sound: Any) -> Any:
    """Admit constant matrices."""

    class Wrong(Judge):
        def is_constant(self, values: Sequence[float]) -> bool:  # noqa: ARG002 - which is the defect
            return False

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-003", what="admits a tensor without elements",
    before="refused", after="admitted",
)  # fmt: skip
def empty_accepted(sound: Any) -> Any:
    """Take nothing for something."""

    class Wrong(Judge):
        def refuses_empty(self) -> bool:
            return False

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-003", what="holds biases and norms to the matrices' gate",
    before="a zero or constant vector is legitimate", after="refused",
)  # fmt: skip
def accuses_zero_bias(sound: Any) -> Any:
    """Refuse biases of zeros and norms of ones."""

    class Wrong(Judge):
        def vector_rules(self, values: Sequence[float]) -> set[str]:
            plain = self.norm(values) <= self.thresholds.norm or self.is_constant(values)
            return {quality.DEGENERATE} if plain else set()

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-004", what="looks at the middle row only",
    before="rows at 10, 50 and 90 %", after="the row at 50 %",
)  # fmt: skip
def spots_only_middle(sound: Any) -> Any:
    """Sample one row instead of all."""

    class Wrong(Judge):
        def spot_rows(self, rows: int) -> tuple[int, ...]:
            return super().spot_rows(rows)[1:2]

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-004 and 005", what="accuses the padding token's row",
    before="the padding row counts neither as dead nor as a spot row", after="it counts",
)  # fmt: skip
def accuses_padding_row(sound: Any) -> Any:
    """Refuse models whose padding row is zero, as a released tool does to ten of twelve healthy ones."""

    class Wrong(Judge):
        def excuses(self, row: int, padding: int | None) -> bool:  # noqa: ARG002 - which is the defect
            return False

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-005", what="does not count dead rows",
    before="refused from 25 % on", after="never refused",
)  # fmt: skip
def dead_rows_off(sound: Any) -> Any:
    """Drop the gate on dead rows."""

    class Wrong(Judge):
        def has_too_many_dead(self, dead: int, rows: int) -> bool:  # noqa: ARG002 - which is the defect
            return False

    return regated(sound, Wrong)


@operator(
    role="reader", edits="behaviour", where="F-DATA-QUALITY-005", what="lets the limit itself pass",
    before="dead >= 25 %", after="dead > 25 %",
)  # fmt: skip
def strict_greater_at_dead_rows(sound: Any) -> Any:
    """Compare shares of dead rows with > instead of >=."""

    class Wrong(Judge):
        def has_too_many_dead(self, dead: int, rows: int) -> bool:
            return dead > self.thresholds.dead_rows * rows

    return regated(sound, Wrong)

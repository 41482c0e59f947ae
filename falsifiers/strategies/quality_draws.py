"""Which quality cases are tried: the limits first, then anything near them; plain choices, no tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from falsifiers.strategies.quality_files import QualityCase

PARTITIONS: dict[str, str] = {
    "sound": "nothing is wrong, with any tensor",
    "below_limit": "one element, row or EPSILON away from a gate, on the sound side",
    "at_limit": "exactly at a gate, or beyond it",
    "odd_size": "an odd number of elements, so that no share is exact",
    "non_square": "rows and columns differ",
    "embedding": "the embedding carries it",
    "head": "the head carries it",
    "matrix": "another matrix carries it",
    "vector": "a bias or a norm carries it",
    "nonfinite": "one NaN or infinity",
    "lone_spot_row": "one dead spot row, few zeros, few dead rows",
    "leading_zeros": "94.5 % of the rows are zero, from the first one on",
    "padding_row": "the row of the padding token is zero",
    "legitimate_vector": "a bias of zeros, a norm of ones",
    "empty": "a tensor without elements",
    "permuted": "the rows of the tensor in another order",
    "half_precision": "F16 or BF16",
}

MATRICES = ("embedding", "head", "up", "down")
VECTORS = ("bias", "norm")
DTYPES = ("F32", "F16", "BF16")

Choices = dict[str, Any]


def _case(where: str, defect: str, step: int = 0, **more: Any) -> Choices:
    sizes = {"rows": 16, "columns": 6} if where in MATRICES else {"rows": 1, "columns": 8}
    return {"where": where, "defect": defect, "step": step, **sizes, **more}


BOUNDARY: tuple[Choices, ...] = (
    _case("embedding", "none"),
    _case("embedding", "zeros", 0),
    _case("embedding", "zeros", -1),
    _case("embedding", "zeros", 0, rows=15, columns=7),
    _case("embedding", "zeros", -1, rows=15, columns=7),
    _case("head", "zeros", 0, dtype="BF16"),
    _case("head", "zeros", -1, dtype="F16"),
    _case("up", "zeros", 0, rows=15, columns=10),
    _case("up", "zeros", -1, rows=15, columns=10),
    _case("down", "zeros", 0, rows=9, columns=11),
    _case("embedding", "dead_rows", 0),
    _case("embedding", "dead_rows", -1),
    _case("embedding", "dead_rows", 0, rows=21, permuted=True),
    _case("head", "dead_rows", 0),
    _case("head", "dead_rows", -1, rows=21, dtype="BF16"),
    *(_case("embedding", "spot_row", place=place) for place in range(3)),
    _case("head", "spot_row", place=1),
    _case("embedding", "spot_norm", -1),
    _case("embedding", "spot_norm", 1),
    _case("embedding", "leading_zeros", rows=40, columns=3),
    _case("embedding", "nonfinite", 0, place=2),
    _case("embedding", "nonfinite", 1, place=95),
    _case("up", "nonfinite", 2, place=70, dtype="F16"),
    _case("down", "nonfinite", 0, place=95, dtype="BF16"),
    _case("norm", "nonfinite", 1, place=7),
    _case("bias", "nonfinite", 0, place=4),
    _case("up", "norm", -1),
    _case("up", "norm", 1),
    _case("down", "constant"),
    _case("embedding", "constant"),
    _case("up", "constant", rows=1, columns=1),
    _case("down", "all_zero"),
    _case("bias", "all_zero"),
    _case("norm", "constant"),
    _case("norm", "empty"),
    _case("up", "empty"),
    _case("embedding", "none", padding=8),
    _case("embedding", "dead_rows", -1, padding=14),
    _case("embedding", "zeros", -1, padding=3, permuted=True),
)
"""In the order in which they are tried."""


@st.composite
def choices(draw: st.DrawFn) -> Choices:
    """A defect within a few steps of its limit, in a tensor of up to 40 x 12 elements."""
    where = draw(st.sampled_from(MATRICES + VECTORS))
    chosen: Choices = {
        "where": where,
        "defect": draw(st.sampled_from(_defects(where))),
        "rows": draw(st.integers(8, 40)) if where in MATRICES else 1,
        "columns": draw(st.integers(5, 12)),
        "place": draw(st.integers(0, 479)),
        "seed": draw(st.integers(0, 2**32 - 1)),
    }
    exact = chosen["defect"] in {"norm", "spot_norm"}
    chosen["step"] = draw(st.sampled_from((-1, 1)) if exact else st.integers(-2, 2))
    if where in VECTORS:
        return chosen
    chosen["dtype"] = "F32" if exact else draw(st.sampled_from(DTYPES))
    if where == "embedding" and chosen["defect"] in {"none", "zeros", "dead_rows", "spot_row"} and draw(st.booleans()):
        chosen["padding"] = draw(st.integers(0, chosen["rows"] - 1))
    chosen["permuted"] = chosen["defect"] != "empty" and draw(st.booleans())
    return chosen


def _defects(where: str) -> tuple[str, ...]:
    every = ("none", "nonfinite", "constant", "all_zero", "empty", "mixed")
    if where in VECTORS:
        return every
    if where in {"up", "down"}:
        return (*every, "zeros", "norm")
    return (*every, "zeros", "dead_rows", "spot_row", "spot_norm", "leading_zeros")


def partitions_of(case: QualityCase) -> frozenset[str]:
    """See PARTITIONS."""
    found: set[str] = {case.kind}
    if case.dtype != "F32":
        found.add("half_precision")
    if case.rows != case.columns and case.kind != "vector":
        found.add("non_square")
    if case.rows * case.columns % 2:
        found.add("odd_size")
    if case.permuted:
        found.add("permuted")
    if case.padding is not None:
        found.add("padding_row")
    return frozenset(found | _of_defect(case))


def _of_defect(case: QualityCase) -> set[str]:
    below = case.step > 0 if case.defect in {"norm", "spot_norm"} else case.step < 0
    match case.defect:
        case "none":
            return {"sound"}
        case "zeros" | "dead_rows" | "norm" | "spot_norm":
            return {"below_limit" if below else "at_limit"}
        case "constant" | "all_zero" if case.kind == "vector":
            return {"legitimate_vector", "sound"}
        case "spot_row":
            return {"lone_spot_row"}
        case _:
            return {str(case.defect)} & PARTITIONS.keys()

"""Element types: their names, their block geometry, and their numbers in each format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DType:
    """An element type. `block` elements of the innermost dim take `block_bytes` bytes."""

    name: str
    """Upper case: `F32`, `BF16`, `Q4_K`."""
    block: int
    block_bytes: int
    header_bytes: int = 0
    """Bytes once per tensor, before the elements (APR's own Q8 has a scale there)."""
    flat: bool = False
    """True when blocks run over the flattened tensor instead of each row (APR's own Q4)."""

    def nbytes(self, dims: tuple[int, ...]) -> int:
        """Payload bytes of a tensor of `dims`: rows x ceil(innermost / block) x block bytes."""
        elements = 1
        for dim in dims:
            elements *= dim
        if elements == 0:
            return 0
        inner = elements if self.flat or not dims else dims[-1]
        rows = elements // inner
        return self.header_bytes + rows * -(-inner // self.block) * self.block_bytes


F32 = DType("F32", 1, 4)
F16 = DType("F16", 1, 2)
BF16 = DType("BF16", 1, 2)
F64 = DType("F64", 1, 8)
I8 = DType("I8", 1, 1)
I16 = DType("I16", 1, 2)
I32 = DType("I32", 1, 4)
I64 = DType("I64", 1, 8)
U8 = DType("U8", 1, 1)
BOOL = DType("BOOL", 1, 1)
Q4_0 = DType("Q4_0", 32, 18)
Q4_1 = DType("Q4_1", 32, 20)
Q5_0 = DType("Q5_0", 32, 22)
Q5_1 = DType("Q5_1", 32, 24)
Q8_0 = DType("Q8_0", 32, 34)
Q8_1 = DType("Q8_1", 32, 36)
Q4_K = DType("Q4_K", 256, 144)
Q5_K = DType("Q5_K", 256, 176)
Q6_K = DType("Q6_K", 256, 210)
APR_Q4 = DType("APR_Q4", 32, 18, flat=True)
APR_Q8 = DType("APR_Q8", 1, 1, header_bytes=4, flat=True)

BY_NAME: dict[str, DType] = {
    dtype.name: dtype
    for dtype in (
        F32, F16, BF16, F64, I8, I16, I32, I64, U8, BOOL,
        Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q8_1, Q4_K, Q5_K, Q6_K, APR_Q4, APR_Q8,
    )
}  # fmt: skip

APR_IDS: dict[int, DType] = {
    0: F32, 1: F16, 3: F64, 4: I32, 5: I64, 6: I8, 7: U8, 12: Q4_K, 14: Q6_K, 30: BF16, 128: APR_Q4, 129: APR_Q8,
}  # fmt: skip
"""Numbers of APR v2 since GH-438; 2, 8 and 9 of older writers are decided by the payload size, not here."""

GGUF_IDS: dict[int, DType] = {
    0: F32, 1: F16, 2: Q4_0, 3: Q4_1, 6: Q5_0, 7: Q5_1, 8: Q8_0, 9: Q8_1, 12: Q4_K, 13: Q5_K, 14: Q6_K,
    24: I8, 25: I16, 26: I32, 27: I64, 28: F64, 30: BF16,
}  # fmt: skip

SAFETENSORS_NAMES: dict[str, DType] = {
    "F32": F32, "F16": F16, "BF16": BF16, "F64": F64, "I8": I8, "I16": I16, "I32": I32, "I64": I64, "U8": U8,
    "BOOL": BOOL,
}  # fmt: skip

GGML_NAMES: dict[int, str] = {
    **{number: dtype.name for number, dtype in GGUF_IDS.items()},
    4: "Q4_2", 5: "Q4_3", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
    19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 31: "Q4_0_4_4", 32: "Q4_0_4_8",
    33: "Q4_0_8_8", 34: "TQ1_0", 35: "TQ2_0", 36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8", 39: "MXFP4",
    40: "NVFP4", 41: "Q1_0",
}  # fmt: skip
"""What GGML calls its numbers, readable here or not, so that a refusal can name the type."""

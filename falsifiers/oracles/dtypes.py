"""Element types in plain numpy: ids, sizes, and exact widening to float32."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Raw = bytes | bytearray | memoryview

ITEMSIZE: dict[str, int] = {
    "F32": 4, "F16": 2, "BF16": 2, "F64": 8, "I8": 1, "U8": 1, "BOOL": 1, "I16": 2, "I32": 4, "I64": 8,
}  # fmt: skip
"""Bytes per element of the types that have no blocks."""

BLOCKS: dict[str, tuple[int, int]] = {
    "Q4_0": (18, 32), "Q4_1": (20, 32), "Q5_0": (22, 32), "Q5_1": (24, 32), "Q8_0": (34, 32),
    "Q4_K": (144, 256), "Q5_K": (176, 256), "Q6_K": (210, 256),
}  # fmt: skip
"""(bytes per block, elements per block) of GGML's block types, as the formats' own documents give them."""

APR_IDS: dict[int, str] = {
    0: "F32", 1: "F16", 3: "F64", 4: "I32", 5: "I64", 6: "I8", 7: "U8", 12: "Q4_K", 14: "Q6_K", 30: "BF16",
    128: "APR_Q4", 129: "APR_Q8",
}  # fmt: skip
"""Numbers of APR v2; 2, 8 and 9 of older writers are decided by the payload size."""

APR_NUMBERS: dict[str, int] = {name: number for number, name in APR_IDS.items()}

APR_HOLDS = frozenset(APR_NUMBERS)
"""Types that a tensor can keep on its way into APR."""


def blocks_of(table: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """(bytes, elements) per block out of a contract's `quant_dispatch`."""
    return {name: (row["block_bytes"], row["elements_per_block"]) for name, row in table.items()}


def size_of(dtype: str, dims: Sequence[int], blocks: Mapping[str, tuple[int, int]] = BLOCKS) -> int | None:
    """Payload bytes of a tensor of `dims`; None for a type whose size is not known here."""
    elements = prod(dims)
    if dtype in ITEMSIZE:
        return elements * ITEMSIZE[dtype]
    if dtype == "APR_Q8":
        return elements + 4 if elements else 0
    if dtype == "APR_Q4":
        return -(-elements // 32) * 18
    if dtype not in blocks:
        return None
    block_bytes, block = blocks[dtype]
    if not elements:
        return 0
    inner = dims[-1] if dims else 1
    return elements // inner * -(-inner // block) * block_bytes


def apr_dtype(number: int, dims: Sequence[int], nbytes: int) -> str:
    """Name of the type that an index entry means by `number`; `?N` when no known type has this number and size.

    Where two old meanings fit the size, the plain type is taken: rows of nine BF16 are as long as a block of Q4_0.
    """
    if number in APR_IDS:
        return APR_IDS[number]
    legacy = {2: ("BF16", "Q4_0"), 8: ("APR_Q4", "Q8_0"), 9: ("APR_Q8",)}.get(number, ())
    fitting = [name for name in legacy if size_of(name, dims) == nbytes]
    return fitting[0] if fitting else f"?{number}"


def bits(dtype: str, payload: Raw) -> NDArray[Any]:
    """The elements of a plain type as unsigned integers (flat, little-endian): equality of bits, NaN included."""
    return np.frombuffer(payload, dtype=f"<u{ITEMSIZE[dtype]}")


def widen(dtype: str, payload: Raw) -> NDArray[np.float32]:
    """Values of F32, F16 or BF16 as float32, flat; exact, a NaN stays a NaN."""
    if dtype == "F32":
        return np.frombuffer(payload, dtype="<f4")
    if dtype == "F16":
        return np.frombuffer(payload, dtype="<f2").astype(np.float32)
    if dtype == "BF16":
        return (np.frombuffer(payload, dtype="<u2").astype(np.uint32) << 16).view(np.float32)
    raise KeyError(dtype)


def can_widen(dtype: str) -> bool:
    """Whether `widen` knows the type."""
    return dtype in {"F32", "F16", "BF16"}


def round_to_bf16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Finite float32 values as BF16 bit patterns, rounded to nearest even."""
    pattern = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((pattern + 0x7FFF + ((pattern >> 16) & 1)) >> 16).astype(np.uint16)

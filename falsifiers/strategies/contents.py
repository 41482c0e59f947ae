"""What stands in a tensor: addresses that make every move visible, the odd values of each type, ordinary weights."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.oracles.dtypes import BLOCKS, ITEMSIZE, round_to_bf16

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

KINDS = ("address", "edges", "nan", "normal")

_PERIOD = {"F16": 14_327, "BF16": 3_833}
"""Primes below the number of 16-bit patterns in use, so that no two rows of a matrix can be equal."""
_FIRST = {"F16": 0x2000, "BF16": 0x3A00}
"""First positive pattern: 2**-7 in F16 and 2**-11 in BF16; far from subnormals, so that no row reads as dead."""
_PER_SIGN = {"F16": 0x1C00, "BF16": 0x0780}
"""Patterns of one sign: 7 binades of F16 and 15 of BF16, up to 1 and 16."""

_EDGES = {
    "F32": (0x80000000, 0x00000000, 0x00000001, 0x807FFFFF, 0x00800000),
    "F16": (0x8000, 0x0000, 0x0001, 0x83FF, 0x0400),
    "BF16": (0x8000, 0x0000, 0x0001, 0x807F, 0x0080),
}
"""-0, +0, the smallest and the largest subnormal, the smallest normal number."""
_NANS = {
    "F32": (0x7FC12345, 0xFFC00001, 0x7F812345, 0x7F800000, 0xFF800000),
    "F16": (0x7E5A, 0xFE01, 0x7D23, 0x7C00, 0xFC00),
    "BF16": (0x7FD5, 0xFFC1, 0x7F95, 0x7F80, 0xFF80),
}
"""Quiet NaNs with a payload, one of them negative, a signalling one, and the infinities."""


def tensor_bytes(kind: str, seed: int, number: int, dtype: str, dims: Sequence[int]) -> bytes:
    """Payload of tensor `number` of a checkpoint whose contents are of `kind`; the same for the same arguments."""
    generator = np.random.default_rng((seed, number))
    if dtype in BLOCKS:
        return _random_blocks(generator, dtype, dims)
    count = prod(dims)
    if kind == "address":
        return _addresses(seed, number, dtype, count).tobytes()
    pattern = _pattern(generator.standard_normal(count, dtype=np.float32) / np.float32(16), dtype)
    if kind in {"edges", "nan"}:
        _sprinkle(generator, pattern, _EDGES[dtype])
    if kind == "nan":
        _sprinkle(generator, pattern, _NANS[dtype])
    return pattern.tobytes()


def _addresses(seed: int, number: int, dtype: str, count: int) -> NDArray[Any]:
    """Element i holds the number i + a start of its own: as a multiple of 2**-10 in F32, as a bit pattern in 16 bits.

    Starts of different tensors lie apart, so that swapped tensors differ; all values are exact and ordinary in size.
    """
    start = 97 * (seed % 64) + 613 * number
    places = np.arange(start, start + count, dtype=np.int64)
    if dtype == "F32":
        return (places + 1).astype("<f4") * np.float32(2.0**-10)
    places %= _PERIOD[dtype]
    per_sign = _PER_SIGN[dtype]
    signs = (places // per_sign).astype(np.uint16) << 15
    addresses: NDArray[Any] = (places % per_sign + _FIRST[dtype]).astype("<u2") | signs
    return addresses


def _pattern(values: NDArray[np.float32], dtype: str) -> NDArray[Any]:
    if dtype == "F32":
        return values.astype("<f4").view("<u4")
    if dtype == "F16":
        return values.astype("<f2").view("<u2")
    return round_to_bf16(values)


def _sprinkle(generator: np.random.Generator, pattern: NDArray[Any], values: Sequence[int]) -> None:
    """Put each of `values` at a place of its own, where the tensor has that many."""
    chosen = np.asarray(values, dtype=pattern.dtype)[: pattern.size]
    pattern[generator.choice(pattern.size, chosen.size, replace=False)] = chosen


def _random_blocks(generator: np.random.Generator, dtype: str, dims: Sequence[int]) -> bytes:
    """Valid blocks: any bytes are, but for the F16 scales, which are kept finite and of ordinary size."""
    block_bytes, block = BLOCKS[dtype]
    blocks = prod(dims[:-1]) * -(-dims[-1] // block)
    payload = generator.integers(0, 256, (blocks, block_bytes), dtype=np.uint8)
    for at in {"Q4_K": (0, 2), "Q6_K": (208,)}[dtype]:
        scales = generator.uniform(1e-3, 1e-2, blocks).astype("<f2")
        payload[:, at : at + 2] = scales.view(np.uint8).reshape(blocks, ITEMSIZE["F16"])
    return payload.tobytes()


def zero_row(payload: bytes, dims: Sequence[int], row: int) -> bytes:
    """The matrix with one row of positive zeros, as the embedding of a padding token has."""
    width = len(payload) // dims[0]
    return payload[: row * width] + bytes(width) + payload[(row + 1) * width :]

"""Dequantisation of block types: uint8 [blocks, block bytes] in, float32 [blocks, block] out, bit-equal to gguf-py.

Layouts as GGML has them; each multiplies in GGML's order, because another order rounds differently. Scales that are
F16 subnormals keep their value: in a real Q6_K model nine of ten are, and flushing them zeroes the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_NIBBLE = np.uint8(0x0F)
_BITS = np.arange(32, dtype=np.uint32)
_PLANES = np.arange(8, dtype=np.uint8).reshape(1, 8, 1)
_PAIRS = np.array([0, 2, 4, 6], dtype=np.uint8).reshape(1, 1, 4, 1)


def _half(blocks: Bytes, at: int) -> Floats:
    """The F16 at byte `at` of each block, as a float32 column; exact."""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view("<f2").astype(np.float32)


def _split_nibbles(packed: Bytes, run: int) -> Bytes:
    """Low nibbles of each run of `run` bytes, then its high nibbles: [n, bytes] -> [n, 2 * bytes]."""
    runs = packed.reshape(len(packed), -1, 1, run)
    return np.concatenate((runs & _NIBBLE, runs >> np.uint8(4)), axis=2).reshape(len(packed), -1)


def _fifth_bits(blocks: Bytes, at: int) -> Bytes:
    """The 32 bits from byte `at` on, one a value, moved to where a fifth bit stands."""
    word = np.ascontiguousarray(blocks[:, at : at + 4]).view("<u4")
    return ((word >> _BITS & np.uint32(1)) << np.uint32(4)).astype(np.uint8)


def q4_0(blocks: Bytes) -> Floats:
    """F16 scale, 16 bytes: value = scale * (nibble - 8)."""
    return _half(blocks, 0) * (_split_nibbles(blocks[:, 2:], 16).view(np.int8) - np.int8(8)).astype(np.float32)


def q4_1(blocks: Bytes) -> Floats:
    """F16 scale, F16 minimum, 16 bytes: value = scale * nibble + minimum."""
    return _half(blocks, 0) * _split_nibbles(blocks[:, 4:], 16).astype(np.float32) + _half(blocks, 2)


def q5_0(blocks: Bytes) -> Floats:
    """F16 scale, 32 fifth bits, 16 bytes: value = scale * (five bits - 16)."""
    quants = (_split_nibbles(blocks[:, 6:], 16) | _fifth_bits(blocks, 2)).view(np.int8) - np.int8(16)
    return _half(blocks, 0) * quants.astype(np.float32)


def q5_1(blocks: Bytes) -> Floats:
    """F16 scale, F16 minimum, 32 fifth bits, 16 bytes: value = scale * five bits + minimum."""
    quants = _split_nibbles(blocks[:, 8:], 16) | _fifth_bits(blocks, 4)
    return _half(blocks, 0) * quants.astype(np.float32) + _half(blocks, 2)


def q8_0(blocks: Bytes) -> Floats:
    """F16 scale, 32 signed bytes: value = scale * byte."""
    return blocks[:, 2:].view(np.int8).astype(np.float32) * _half(blocks, 0)


def _k_scales(blocks: Bytes) -> tuple[Floats, Floats]:
    """Scales and minima of the eight sub-blocks of Q4_K and Q5_K, each [n, 8, 1]: six bits times the block's F16."""
    packed = blocks[:, 4:16].reshape(len(blocks), 3, 4)
    low, high, rest = packed[:, 0], packed[:, 1], packed[:, 2]
    scales = np.concatenate((low & np.uint8(0x3F), (rest & _NIBBLE) | ((low >> np.uint8(2)) & np.uint8(0x30))), axis=1)
    minima = np.concatenate(
        (high & np.uint8(0x3F), (rest >> np.uint8(4)) | ((high >> np.uint8(2)) & np.uint8(0x30))), axis=1
    )
    d = _half(blocks, 0) * scales.astype(np.float32)
    dmin = _half(blocks, 2) * minima.astype(np.float32)
    return d.reshape(-1, 8, 1), dmin.reshape(-1, 8, 1)


def q4_k(blocks: Bytes) -> Floats:
    """256 values in eight sub-blocks: value = d * scale * nibble - dmin * minimum."""
    d, dmin = _k_scales(blocks)
    quants = _split_nibbles(blocks[:, 16:], 32).reshape(-1, 8, 32).astype(np.float32)
    return (d * quants - dmin).reshape(-1, 256)


def q5_k(blocks: Bytes) -> Floats:
    """As Q4_K, with a fifth bit from 32 bytes whose bit j belongs to sub-block j."""
    d, dmin = _k_scales(blocks)
    fifth = (blocks[:, 16:48].reshape(-1, 1, 32) >> _PLANES & np.uint8(1)) << np.uint8(4)
    quants = _split_nibbles(blocks[:, 48:], 32).reshape(-1, 8, 32) | fifth
    return (d * quants.astype(np.float32) - dmin).reshape(-1, 256)


def q6_k(blocks: Bytes) -> Floats:
    """256 values in sixteen sub-blocks of signed scales: value = d * scale * (six bits - 32)."""
    d = (_half(blocks, 208) * blocks[:, 192:208].view(np.int8).astype(np.float32)).reshape(-1, 16, 1)
    low = _split_nibbles(blocks[:, :128], 64).reshape(-1, 2, 4, 32)
    high = (blocks[:, 128:192].reshape(-1, 2, 1, 32) >> _PAIRS & np.uint8(3)) << np.uint8(4)
    quants = (low | high).view(np.int8) - np.int8(32)
    return (d * quants.reshape(-1, 16, 16).astype(np.float32)).reshape(-1, 256)


def apr_q4(blocks: Bytes) -> Floats:
    """APR's own Q4: F16 scale, 16 bytes that interleave: element 2k in the low nibble of byte k, 2k + 1 in the high.

    Readers in the field disagree about scales below 2^-14: one takes them for zero, one keeps them. They are kept.
    """
    packed = blocks[:, 2:]
    pairs = np.stack((packed & _NIBBLE, packed >> np.uint8(4)), axis=2).reshape(len(blocks), 32)
    return (pairs.view(np.int8) - np.int8(8)).astype(np.float32) * _half(blocks, 0)


KERNELS: dict[str, Callable[[Bytes], Floats]] = {
    "Q4_0": q4_0, "Q4_1": q4_1, "Q5_0": q5_0, "Q5_1": q5_1, "Q8_0": q8_0,
    "Q4_K": q4_k, "Q5_K": q5_k, "Q6_K": q6_k, "APR_Q4": apr_q4,
}  # fmt: skip

"""Element types a second time: numbers and block geometry out of the gguf library, codecs with their error bounds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize

from falsifiers.oracles.dtypes import APR_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    F32 = NDArray[np.float32]
    U8 = NDArray[np.uint8]

GGUF_NAMES: dict[int, str] = {kind.value: kind.name for kind in GGMLQuantizationType}
"""Every number that the gguf library gives a meaning."""

NUMBERS: dict[str, dict[str, int]] = {
    "apr": APR_NUMBERS,
    "gguf": {name: number for number, name in GGUF_NAMES.items()},
}
"""Format -> name of a type -> its number there."""

ENCODED = ("F32", "F16", "BF16", "Q8_0")
"""Types that `encode` writes."""

BLOCKS = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "APR_Q4")
"""Block types that `random_blocks` writes."""

_PLAIN = {
    "F32": "<f4", "F16": "<f2", "F64": "<f8", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "U8": "u1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Geometry:
    """`block` elements of the innermost dim in `block_bytes` bytes."""

    block: int
    block_bytes: int

    def nbytes(self, dims: Sequence[int]) -> int:
        """Right payload size: rows x ceil(innermost / block) x block bytes."""
        return math.prod(dims[:-1]) * -(-dims[-1] // self.block) * self.block_bytes

    def floor_nbytes(self, dims: Sequence[int]) -> int:
        """What rounding down instead of up would give."""
        return math.prod(dims[:-1]) * (dims[-1] // self.block) * self.block_bytes

    def flat_nbytes(self, dims: Sequence[int]) -> int:
        """What out x in / block, blocks running over the whole tensor, would give."""
        return math.prod(dims) // self.block * self.block_bytes


def geometry(dtype: str) -> Geometry:
    """Block geometry of a type by name. Raises KeyError for a name that neither APR nor the gguf library has.

    The library has Q8_1 as ggml had it in 2023; ggml-common.h has two half-precision numbers and 32 bytes.
    """
    own = {"Q8_1": Geometry(32, 36), "APR_Q4": Geometry(32, 18)}
    if dtype in own:
        return own[dtype]
    return Geometry(*GGML_QUANT_SIZES[GGMLQuantizationType[dtype]])


def encode(values: F32, dtype: str) -> bytes:
    """Payload bytes of `values` (innermost dim a multiple of the block) in one of ENCODED."""
    if dtype == "F32":
        return values.astype("<f4").tobytes()
    if dtype == "F16":
        with np.errstate(over="ignore"):
            return values.astype("<f2").tobytes()
    return bytes(quantize(np.ascontiguousarray(values, np.float32), GGMLQuantizationType[dtype]).tobytes())


def decode(payload: bytes, dtype: str, dims: Sequence[int]) -> F32 | None:
    """Values of a payload as float32; None for a type that neither numpy nor the gguf library decodes.

    `dims` outermost first; the payload has the size that they ask for, rows padded to whole blocks.
    """
    with np.errstate(all="ignore"):
        if dtype in _PLAIN:
            plain: F32 = np.frombuffer(payload, _PLAIN[dtype]).astype(np.float32).reshape(dims)
            return plain
        if dtype in _APR_OWN:
            own: F32 = _APR_OWN[dtype](payload, math.prod(dims)).reshape(dims)
            return own
        if dtype not in NUMBERS["gguf"]:
            return None
        try:
            rows = np.frombuffer(payload, np.uint8).reshape(math.prod(dims[:-1]), -1)
            wide: F32 = dequantize(rows, GGMLQuantizationType[dtype])
        except NotImplementedError:
            return None
        whole_rows: F32 = np.ascontiguousarray(wide[:, : dims[-1]]).reshape(dims)
        return whole_rows


def _apr_q8(payload: bytes, elements: int) -> F32:
    """APR's own Q8: one float32 scale, then signed bytes."""
    values: F32 = np.frombuffer(payload, np.int8, elements, 4).astype(np.float32) * np.frombuffer(payload, "<f4", 1)
    return values


def _apr_q4(payload: bytes, elements: int) -> F32:
    """APR's own Q4: 32 elements in 18 bytes, a half-precision scale and nibbles, low before high; tiny scales are 0."""
    raw = np.frombuffer(payload, np.uint8).reshape(-1, 18)
    scale = raw[:, :2].copy().view("<f2").astype(np.float32)
    scale[~np.isfinite(scale) | (np.abs(scale) < 2.0**-14)] = 0.0
    nibbles = np.stack((raw[:, 2:] & 15, raw[:, 2:] >> 4), axis=2).reshape(-1, 32)
    values: F32 = ((nibbles.astype(np.float32) - 8) * scale).reshape(-1)[:elements]
    return values


_APR_OWN = {"APR_Q4": _apr_q4, "APR_Q8": _apr_q8}


def error_bound(values: F32, dtype: str) -> NDArray[np.float64]:
    """Largest absolute error of decode(encode(values)), elementwise; `values` within the normal range of the type.

    F16 keeps 11 significant bits and BF16 8, rounded to nearest. Q8_0 divides a block of 32 by its largest magnitude
    over 127: half a step, and 127 steps of a scale that F16 rounded.
    """
    size = np.abs(values.astype(np.float64))
    if dtype == "F32":
        return np.zeros_like(size)
    if dtype in {"F16", "BF16"}:
        smallest = 2.0**-24 if dtype == "F16" else 0.0
        return np.maximum(size * 2.0 ** (-11 if dtype == "F16" else -8), smallest)
    block = geometry(dtype).block
    step = size.reshape(-1, block).max(axis=1, keepdims=True) / 127
    bound = step * (0.5 + 127 * 2.0**-11) + 127 * 2.0**-25
    return np.broadcast_to(bound, (bound.size, block)).reshape(values.shape)


def random_blocks(dtype: str, rows: int, blocks: int, seed: int) -> bytes:
    """Bytes of a block type: random codes under scales of ordinary size, so that every decoded value is finite."""
    kind = geometry(dtype)
    generator = np.random.default_rng(seed)
    payload: U8 = generator.integers(0, 256, (rows * blocks, kind.block_bytes), np.uint8)
    for start in _SCALES[dtype]:
        scale = generator.uniform(0.01, 0.1, rows * blocks).astype("<f2")
        payload[:, start : start + 2] = scale.view(np.uint8).reshape(-1, 2)
    return payload.tobytes()


_SCALES = {
    "Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,), "Q4_K": (0, 2), "Q5_K": (0, 2),
    "Q6_K": (208,), "APR_Q4": (0,),
}  # fmt: skip
"""Where the F16 scales of a block stand."""


def relative_error(found: F32, right: F32) -> float:
    """L2 norm of the difference over that of the right values; infinite when a found value is not finite."""
    if not np.isfinite(found).all():
        return math.inf
    wide = right.astype(np.float64)
    return float(np.linalg.norm(found.astype(np.float64) - wide) / np.linalg.norm(wide))


def names_type(message: str, number: int, name: str | None) -> bool:
    """Whether a refusal names the type, by its number or by its name."""
    if name is not None and re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", message, re.IGNORECASE):
        return True
    return re.search(rf"(?<![0-9A-Za-z_.]){number}(?![0-9A-Za-z_.]*[0-9A-Za-z_])", message) is not None

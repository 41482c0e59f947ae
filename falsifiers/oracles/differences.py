"""In what way two payloads of one tensor differ: moved, cut, cleared or changed, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

from falsifiers.oracles import blocks
from falsifiers.oracles.dtypes import BLOCKS, ITEMSIZE, can_widen, size_of, widen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Bytes = bytes | memoryview

KINDS = ("transposed", "permuted", "swapped", "shifted", "zeroed", "truncated", "altered")
"""What can have become of a payload; `altered` is what is none of the others."""


_PIECE = 1 << 24
"""Bytes compared at a time, so that memory does not follow the size of the tensor."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How a payload differs from the right one."""

    kind: str
    message: str


def same_bytes(left: Bytes, right: Bytes) -> bool:
    """Whether two payloads are equal byte for byte."""
    if len(left) != len(right):
        return False
    one, other = np.frombuffer(left, dtype=np.uint8), np.frombuffer(right, dtype=np.uint8)
    return all(
        np.array_equal(one[at : at + _PIECE], other[at : at + _PIECE]) for at in range(0, max(len(one), 1), _PIECE)
    )


def decoded(dtype: str, payload: Bytes, dims: Sequence[int]) -> NDArray[np.float32] | None:
    """Values as float32, flat; None when the type is unknown or the payload has not the size that `dims` ask for."""
    if size_of(dtype, dims) != len(payload):
        return None
    if can_widen(dtype):
        return widen(dtype, payload)
    if dtype in BLOCKS and payload:
        rows = np.frombuffer(payload, dtype=np.uint8).reshape(prod(dims[:-1]), -1)
        values = gguf.dequantize(rows, gguf.GGMLQuantizationType[dtype])
        return np.asarray(values[:, : dims[-1]], dtype=np.float32).reshape(-1)
    if dtype in {"APR_Q4", "APR_Q8"} and payload:
        own = blocks.decode(bytes(payload), dtype, dims)
        return None if own is None else own.reshape(-1)
    return _exactly_narrowed(np.frombuffer(payload, dtype="<f8")) if dtype == "F64" else None


def _exactly_narrowed(wide: NDArray[np.float64]) -> NDArray[np.float32] | None:
    with np.errstate(all="ignore"):
        narrow = wide.astype(np.float32)
    return narrow if bool(((narrow == wide) | np.isnan(wide)).all()) else None


def same_values(left: NDArray[np.float32], right: NDArray[np.float32]) -> bool:
    """Equality bit for bit, but that any NaN equals any NaN: widening may quiet one."""
    if left.shape != right.shape:
        return False
    equal = left.view(np.uint32) == right.view(np.uint32)
    return bool((equal | (np.isnan(left) & np.isnan(right))).all())


def difference(  # noqa: PLR0911 - one exit for each kind of difference
    dims: Sequence[int],
    expected: tuple[str, Bytes],
    actual: tuple[str, Bytes],
    whose: Callable[[Bytes], str | None],
) -> Difference | None:
    """What happened to the payload of a tensor of `dims`, each given as (dtype, payload); None when nothing did.

    Where the type has changed, values are compared: exact widening loses nothing, and equal bytes under another tag
    are the tag's business. `whose` tells which other tensor a payload belongs to.
    """
    (right_dtype, right), (found_dtype, found) = expected, actual
    if same_bytes(right, found):
        return None
    if right_dtype != found_dtype:
        return _difference_of_values(dims, right, right_dtype, found, found_dtype)
    if len(found) < len(right):
        return Difference("truncated", f"{len(found)} of {len(right)} bytes are left")
    owner = whose(found)
    if owner is not None:
        return Difference("swapped", f"holds what belongs to {owner}")
    if len(found) > len(right):
        return Difference("altered", f"{len(found)} bytes instead of {len(right)}")
    if not np.frombuffer(found, dtype=np.uint8).any():
        return Difference("zeroed", "every byte is zero")
    return _moved(dims, right, right_dtype, found) or _altered(right, right_dtype, found)


def _moved(dims: Sequence[int], right: Bytes, dtype: str, found: Bytes) -> Difference | None:
    if dtype in ITEMSIZE and len(dims) == 2:
        matrix = _elements(right, dtype).reshape(dims)
        if np.array_equal(np.ascontiguousarray(matrix.T).reshape(-1), _elements(found, dtype)):
            return Difference("transposed", f"the data of {list(dims)} stand transposed, whatever the label says")
    before, after = _rows(dims, right, dtype), _rows(dims, found, dtype)
    for shift in (1, -1):
        if _is_shifted(before, after, shift):
            return Difference(
                "shifted",
                f"begins {'one row' if len(dims) > 1 else 'one element'} too {'late' if shift > 0 else 'early'}",
            )
    if sorted(map(bytes, before)) == sorted(map(bytes, after)):
        moved = int((before != after).any(axis=1).sum())
        return Difference(
            "permuted", f"{moved} of {len(before)} {'rows' if len(dims) > 1 else 'elements'} stand elsewhere"
        )
    return None


def _is_shifted(before: NDArray[Any], after: NDArray[Any], shift: int) -> bool:
    """Whether all rows but the one that fell off, or went round, stand `shift` rows away. Two rows do not tell."""
    if len(before) < 3:
        return False
    kept = slice(shift, None) if shift > 0 else slice(None, shift)
    source = slice(None, -shift) if shift > 0 else slice(-shift, None)
    return bool(np.array_equal(before[source], after[kept]))


def _rows(dims: Sequence[int], payload: Bytes, dtype: str) -> NDArray[Any]:
    """The rows of a matrix, or the elements of a vector, as bytes."""
    count = dims[0] if len(dims) > 1 or dtype not in ITEMSIZE else len(payload) // ITEMSIZE[dtype]
    return np.frombuffer(payload, dtype=np.uint8).reshape(max(count, 1), -1)


def _elements(payload: Bytes, dtype: str) -> NDArray[Any]:
    return np.frombuffer(payload, dtype=f"<u{ITEMSIZE[dtype]}")


def _altered(right: Bytes, dtype: str, found: Bytes) -> Difference:
    if not can_widen(dtype):
        wrong = np.frombuffer(right, dtype=np.uint8) != np.frombuffer(found, dtype=np.uint8)
        return Difference(
            "altered", f"{int(wrong.sum())} of {wrong.size} bytes differ, the first at {int(wrong.argmax())}"
        )
    before, after = _elements(right, dtype), _elements(found, dtype)
    wrong = before != after
    first = int(wrong.argmax())
    digits = ITEMSIZE[dtype] * 2
    return Difference(
        "altered",
        f"{int(wrong.sum())} of {wrong.size} elements differ, the first at {first}: "
        f"found bits {int(after[first]):0{digits}x}, expected {int(before[first]):0{digits}x}",
    )


def _difference_of_values(
    dims: Sequence[int], right: Bytes, right_dtype: str, found: Bytes, found_dtype: str
) -> Difference | None:
    before, after = decoded(right_dtype, right, dims), decoded(found_dtype, found, dims)
    if before is None or after is None:
        wanted = size_of(found_dtype, dims)
        why = f"which takes {wanted} for {list(dims)}" if wanted != len(found) else "whose values are not comparable"
        return Difference("altered", f"{right_dtype} became {len(found)} bytes of {found_dtype}, {why}")
    if same_values(before, after):
        return None
    wrong = before.view(np.uint32) != after.view(np.uint32)
    first = int(wrong.argmax())
    return Difference(
        "altered",
        f"{int(wrong.sum())} of {wrong.size} values differ after {right_dtype} became {found_dtype}, the first at "
        f"{first}: found {after[first]!s}, expected {before[first]!s}",
    )

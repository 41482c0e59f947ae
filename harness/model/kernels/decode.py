"""Payload bytes to values: views where the bytes are values, float32 where they are not, refusal by name otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from harness.model.kernels.blocks import KERNELS
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from harness.model.artifact.dtypes import DType

    Piece = tuple[int, NDArray[np.generic]]

_VIEWS: Final = {
    "F32": "<f4", "F16": "<f2", "F64": "<f8", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "U8": "u1",
}  # fmt: skip
PIECE = 1 << 18
"""Elements of a piece: one megabyte of float32, which stays in the cache."""


def decode(raw: memoryview, dtype: DType, dims: tuple[int, ...], *, file: str, tensor: str) -> NDArray[np.generic]:
    """Values of a tensor in `dims`: F32, F16, F64 and integers as read-only views, BF16 and block types as float32.

    Raises ArtifactError by F-LAYOUT-CONTRACT-004 when `raw` has another size than dtype and dims ask for, by
    `dtype-decode` when the dtype cannot be decoded, by `dims-limit` when numpy cannot hold the dims.
    """
    values: NDArray[Any]
    if dtype.name in _VIEWS:
        _check_size(raw, dtype, dims, file, tensor)
        values = np.frombuffer(raw, dtype=_VIEWS[dtype.name])
    else:
        pieces = decode_pieces(raw, dtype, dims, file=file, tensor=tensor)
        values = np.empty(_elements(dims), dtype=np.bool_ if dtype.name == "BOOL" else np.float32)
        start = 0
        for _, piece in pieces:
            values[start : start + len(piece)] = piece
            start += len(piece)
    try:
        return values.reshape(dims)
    except (ValueError, OverflowError) as error:
        raise ArtifactError(
            "numpy cannot hold these dims",
            rule="dims-limit",
            file=file,
            tensor=tensor,
            found=f"{len(dims)} dims {list(dims)[:8]}",
            way_out="no model has such a tensor: the file is damaged",
        ) from error


def decode_pieces(raw: memoryview, dtype: DType, dims: tuple[int, ...], *, file: str, tensor: str) -> Iterator[Piece]:
    """The same values, flat and in order, as pairs (bytes of `raw` used so far, 1-D piece of about 2^18 elements).

    Raises ArtifactError as `decode`, before the first piece but for a BOOL that is neither 0 nor 1.
    """
    _check_size(raw, dtype, dims, file, tensor)
    if dtype.name in _VIEWS:
        return _plain_pieces(raw, np.dtype(_VIEWS[dtype.name]))
    if dtype.name == "BF16":
        return _mapped_pieces(raw, np.dtype("<u2"), _widen)
    if dtype.name == "APR_Q8":
        return _apr_q8_pieces(raw)
    if dtype.name == "BOOL":
        return _mapped_pieces(raw, np.dtype("u1"), lambda codes: _truth(codes, file, tensor))
    if dtype.name in KERNELS:
        return _block_pieces(raw, dtype, dims)
    raise ArtifactError(
        f"dtype {dtype.name} cannot be decoded",
        rule="dtype-decode",
        file=file,
        tensor=tensor,
        found=dtype.name,
        expected=", ".join([*_VIEWS, "BF16", "BOOL", "APR_Q8", *KERNELS]),
        way_out="convert or quantise the model to one of these types",
    )


def _check_size(raw: memoryview, dtype: DType, dims: tuple[int, ...], file: str, tensor: str) -> None:
    expected = dtype.nbytes(dims)
    if len(raw) != expected:
        raise ArtifactError(
            "the payload has not the size that dims and dtype ask for",
            rule="F-LAYOUT-CONTRACT-004",
            file=file,
            tensor=tensor,
            found=f"{len(raw)} bytes",
            expected=f"{expected} bytes for {dtype.name} {list(dims)}",
            way_out="write the file again with a tool that stores this tensor",
        )


def _elements(dims: tuple[int, ...]) -> int:
    count = 1
    for dim in dims:
        count *= dim
    return count


def _plain_pieces(raw: memoryview, dtype: np.dtype[Any]) -> Iterator[Piece]:
    values = np.frombuffer(raw, dtype=dtype)
    for start in range(0, len(values), PIECE):
        piece = values[start : start + PIECE]
        yield (start + len(piece)) * dtype.itemsize, piece


def _mapped_pieces(
    raw: memoryview, dtype: np.dtype[Any], convert: Callable[[NDArray[Any]], NDArray[np.generic]]
) -> Iterator[Piece]:
    for end, piece in _plain_pieces(raw, dtype):
        yield end, convert(piece)


def _widen(codes: NDArray[Any]) -> NDArray[np.generic]:
    """BF16 is the upper half of a float32, so that widening is exact, NaN payloads included."""
    wide = codes.astype(np.uint32)
    wide <<= np.uint32(16)
    return wide.view(np.float32)


def _truth(codes: NDArray[Any], file: str, tensor: str) -> NDArray[np.generic]:
    if codes.max() > 1:
        raise ArtifactError(
            "a BOOL is neither 0 nor 1",
            rule="dtype-decode",
            file=file,
            tensor=tensor,
            found=str(codes.max()),
            expected="0 or 1",
            way_out="the file is damaged: write it again",
        )
    return codes.view(np.bool_)


def _apr_q8_pieces(raw: memoryview) -> Iterator[Piece]:
    """APR's own Q8: one float32 scale for the whole tensor, then a signed byte an element."""
    if not raw:
        return
    scale = np.frombuffer(raw[:4], dtype="<f4")[0]
    for end, piece in _plain_pieces(raw[4:], np.dtype("i1")):
        with np.errstate(all="ignore"):
            values = piece.astype(np.float32) * scale
        yield 4 + end, values


def _block_pieces(raw: memoryview, dtype: DType, dims: tuple[int, ...]) -> Iterator[Piece]:
    """Whole blocks at a time; where a row ends inside a block, what pads it is dropped."""
    elements = _elements(dims)
    if not elements:
        return
    row = elements if dtype.flat or not dims else dims[-1]
    blocks = np.frombuffer(raw, dtype=np.uint8).reshape(-1, dtype.block_bytes)
    per_row = -(-row // dtype.block)
    step = PIECE // dtype.block
    if row % dtype.block == 0:
        # Rows do not matter: all blocks are full.
        per_row, row = len(blocks), elements
    if per_row <= step:
        step -= step % per_row
        for start in range(0, len(blocks), step):
            values = _dequantise(blocks[start : start + step], dtype)
            yield _used(start + step, blocks), values.reshape(-1, per_row * dtype.block)[:, :row].reshape(-1)
        return
    for first in range(0, len(blocks), per_row):
        for start in range(0, per_row, step):
            stop = min(start + step, per_row)
            values = _dequantise(blocks[first + start : first + stop], dtype).reshape(-1)
            yield _used(first + stop, blocks), values[: row - start * dtype.block]


def _used(stop: int, blocks: NDArray[np.uint8]) -> int:
    return min(stop, len(blocks)) * int(blocks.shape[1])


def _dequantise(blocks: NDArray[np.uint8], dtype: DType) -> NDArray[np.float32]:
    # A damaged scale may overflow; what comes out is for the data-quality gates to see.
    with np.errstate(all="ignore"):
        return KERNELS[dtype.name](blocks)

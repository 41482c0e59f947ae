"""Payload bytes in pieces of bounded size: permuted rows put back, blocks widened to F32, two payloads compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.model.artifact.dtypes import DType
    from harness.model.artifact.view import Artifact

PIECE = 1 << 22
"""Bytes of a piece, more or less: small beside any model, large beside the cost of a call."""


def rows_put_back(artifact: Artifact, name: str, heads: int) -> Iterator[memoryview]:
    """The payload with the rows of each head moved from pairs back to halves, the inverse of `rope_permute`.

    (heads, head_dim/2, 2, row) -> (heads, 2, head_dim/2, row): whole rows move, so that block types stay exact.
    The number of rows must be a multiple of 2 x heads.
    """
    entry = artifact.tensors[name]
    rows, raw = entry.dims[0], np.frombuffer(artifact.raw(name), np.uint8)
    row_bytes = raw.size // rows
    pairs = raw.reshape(heads, rows // heads // 2, 2, row_bytes)
    step = max(1, PIECE // row_bytes)
    for head in range(heads):
        for half in range(2):
            for start in range(0, pairs.shape[1], step):
                yield np.ascontiguousarray(pairs[head, start : start + step, half]).reshape(-1).data
        artifact.forget(name, head * raw.size // heads, raw.size // heads)


def widened(pieces: Iterator[memoryview], dtype: DType) -> Iterator[memoryview]:
    """Values of a block type as little-endian F32, as the `gguf` package has them, bit for bit where they are numbers.

    Pieces may break anywhere; blocks are put together again.
    """
    from gguf import GGMLQuantizationType, dequantize  # noqa: PLC0415 - only for files with such types

    kind = GGMLQuantizationType[dtype.name]
    step = max(1, PIECE // (4 * dtype.block)) * dtype.block_bytes
    rest = b""
    for piece in pieces:
        data = rest + bytes(piece)
        whole = len(data) - len(data) % dtype.block_bytes
        for start in range(0, whole, step):
            blocks = np.frombuffer(data, np.uint8, min(step, whole - start), start)
            # Scales that are NaN or infinite are the file's own; what they make of the values is no fault here.
            with np.errstate(all="ignore"):
                values = dequantize(blocks, kind).astype("<f4", copy=False)
            yield np.ascontiguousarray(values).view(np.uint8).reshape(-1).data
        rest = data[whole:]


def first_difference(artifact: Artifact, one: str, other: str) -> int | None:
    """Offset of the first byte in which the payloads of two tensors of one size differ; None when they are equal."""
    start = 0
    for left, right in zip(artifact.chunks(one, PIECE), artifact.chunks(other, PIECE), strict=True):
        differing = np.flatnonzero(np.frombuffer(left, np.uint8) != np.frombuffer(right, np.uint8))
        if differing.size:
            return start + int(differing[0])
        start += len(left)
    return None

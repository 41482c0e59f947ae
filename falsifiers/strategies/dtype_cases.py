"""A tensor of any dtype number, and a tensor whose payload has the size that some formula gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from falsifiers.oracles import blocks, dtypes
from harness.trial.interface import Case

if TYPE_CHECKING:
    from collections.abc import Mapping

DIMS = (2, 512)
"""Dims of tensors whose dtype number is on trial; every block length divides the innermost."""

Format = Literal["apr", "gguf"]
Size = Literal["right", "floor", "flat", "short", "long"]
SIZES: tuple[Size, ...] = ("right", "floor", "flat", "short", "long")
SIZED = ("F32", "F16", "BF16", "Q4_K", "Q6_K")


class NumberCase(Case):
    """A tensor whose dtype is a number."""

    format: Format
    number: int = Field(ge=0, le=255)
    seed: int

    @property
    def dtype(self) -> str | None:
        """What the number means in the format; None when it means nothing. Old APR numbers: as their writers meant."""
        if self.format == "gguf":
            return blocks.GGUF_NAMES.get(self.number)
        return dtypes.APR_IDS.get(self.number) or {2: "BF16", 8: "APR_Q4", 9: "APR_Q8"}.get(self.number)

    def payload(self) -> bytes:
        """Bytes of the size that the type has; of a number without meaning, as many as F32 would take."""
        if self.dtype in blocks.BLOCKS:
            block = blocks.geometry(self.dtype).block
            return blocks.random_blocks(self.dtype, DIMS[0], DIMS[1] // block, self.seed)
        values = np.random.default_rng(self.seed).uniform(0.5, 2.0, DIMS).astype(np.float32)
        if self.dtype in blocks.ENCODED:
            return blocks.encode(values, self.dtype)
        size = None if self.dtype is None else dtypes.size_of(self.dtype, DIMS)
        if size is None and self.dtype is not None:
            size = blocks.geometry(self.dtype).nbytes(DIMS)
        return (
            values.tobytes() * 2 if size is None and self.format == "gguf" else (values.tobytes() * 2)[: size or 4096]
        )


class SizeCase(Case):
    """An APR tensor whose payload has the right size, or one that a wrong formula gives."""

    dtype: Literal["F32", "F16", "BF16", "Q4_K", "Q6_K"]
    rows: int = Field(ge=1)
    columns: int = Field(ge=1)
    size: Size

    def nbytes(self, quant_dispatch: Mapping[str, Any]) -> int:
        """Payload bytes, by the contract's table of blocks."""
        kind = self.geometry(quant_dispatch)
        dims = (self.rows, self.columns)
        match self.size:
            case "right":
                return kind.nbytes(dims)
            case "floor":
                return kind.floor_nbytes(dims)
            case "flat":
                return kind.flat_nbytes(dims)
            case "short":
                return kind.nbytes(dims) - 1
            case "long":
                return kind.nbytes(dims) + 1

    def geometry(self, quant_dispatch: Mapping[str, Any]) -> blocks.Geometry:
        """Blocks by the contract's table; the types that it does not list have no blocks."""
        row = quant_dispatch.get(self.dtype)
        if row is None:
            return blocks.Geometry(1, dtypes.ITEMSIZE[self.dtype])
        return blocks.Geometry(row["elements_per_block"], row["block_bytes"])

    def is_right(self, quant_dispatch: Mapping[str, Any]) -> bool:
        """Whether the size is right, perhaps in spite of the formula."""
        right = self.geometry(quant_dispatch).nbytes((self.rows, self.columns))
        return self.nbytes(quant_dispatch) == right

"""Readers that compute the size of block types by a wrong formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from falsifiers.mutants.reader_bent import Rejudging
from falsifiers.oracles.apr_bytes import UnreadableError, read_apr
from falsifiers.oracles.dtypes import BLOCKS
from harness.trial.interface import operator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from falsifiers.mutants.reader_bent import Refused

SIZE = "F-LAYOUT-CONTRACT-004"


def _sized(sound: Any, size: Callable[[int, int, str], int]) -> Rejudging:
    """The sound reader, the size of APR's block types computed by `size` (rows, columns, dtype)."""

    def rejudge(artifact: Path, refused: Refused, _: Mapping[str, Any]) -> Refused:
        try:
            apr = read_apr(artifact)
        except UnreadableError:
            return refused
        judged = dict(refused)
        for tensor in apr.tensors:
            if tensor.dtype in BLOCKS and len(tensor.dims) == 2:
                rules = judged.get(tensor.name, frozenset()) - {SIZE}
                wrong = tensor.nbytes != size(*tensor.dims, tensor.dtype)
                judged[tensor.name] = rules | {SIZE} if wrong else rules
        return judged

    return Rejudging(sound, rejudge)


@operator(
    role="reader", edits="behaviour", where=SIZE, what="rounds blocks of a row down",
    before="rows x ceil(columns / block)", after="rows x floor(columns / block)",
)  # fmt: skip
def floor_for_ceil(sound: Any) -> Any:
    """Forget the last, partial block of each row."""
    return _sized(sound, lambda rows, columns, dtype: rows * (columns // BLOCKS[dtype][1]) * BLOCKS[dtype][0])


@operator(
    role="reader", edits="behaviour", where=SIZE, what="lets blocks run over the whole tensor",
    before="rows x ceil(columns / block)", after="rows x columns / block",
)  # fmt: skip
def out_in_over_block(sound: Any) -> Any:
    """Divide the product of the dims by the block."""
    return _sized(sound, lambda rows, columns, dtype: rows * columns // BLOCKS[dtype][1] * BLOCKS[dtype][0])


@operator(
    role="reader", edits="behaviour", where=SIZE, what="exchanges the block bytes of Q5_K and Q6_K",
    before="176 and 210", after="210 and 176",
)  # fmt: skip
def swapped_block_sizes(sound: Any) -> Any:
    """Take a Q6_K block for a Q5_K block."""
    other = {"Q5_K": "Q6_K", "Q6_K": "Q5_K"}

    def size(rows: int, columns: int, dtype: str) -> int:
        block_bytes, block = BLOCKS[other.get(dtype, dtype)]
        return rows * -(-columns // block) * block_bytes

    return _sized(sound, size)

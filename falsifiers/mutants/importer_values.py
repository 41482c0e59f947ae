"""Planted defects of importers in the values: moved, swapped, flushed, rounded, cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.mutants.planting import SpoiltImporter, edits, edits_by_source, elements, fill, having, heads_of, plain
from falsifiers.oracles.dtypes import ITEMSIZE
from falsifiers.strategies.architectures import role_of
from falsifiers.strategies.sources import rope_permute, rope_unpermute
from harness.trial.interface import operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.importer import Importer

_MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_SIGN = {"F32": 0x80000000, "F16": 0x8000, "BF16": 0x8000}
_INFINITY = {"F32": 0x7F800000, "F16": 0x7C00, "BF16": 0x7F80}
_LEAST_NORMAL = {"F32": 0x00800000, "F16": 0x0400, "BF16": 0x0080}
_QUIET = {"F32": 0x7FC00000, "F16": 0x7E00, "BF16": 0x7FC0}


@operator(role="importer", edits="bytes", where="matrices of the layers", what="the payload",
          before="row-major [out, in]", after="transposed under the same label")  # fmt: skip
def true_transpose_with_right_label(reference: Importer) -> SpoiltImporter:
    """The data are really transposed, and the label stays right."""

    def edit(apr: PlainApr) -> None:
        for tensor in having(apr, *_MATRICES):
            if plain(tensor):
                fill(tensor, elements(tensor).T.tobytes())

    return edits(reference, "true_transpose_with_right_label", edit)


@operator(role="importer", edits="bytes", where="imports of llama from GGUF", what="rows of q and k",
          before="halves", after="pairs, as the GGUF has them")  # fmt: skip
def rope_rows_not_undone(reference: Importer) -> SpoiltImporter:
    """The exporter's reordering of q and k is left in."""
    return edits_by_source(reference, "rope_rows_not_undone", lambda apr, source: _reorder(apr, source, gguf=True))


@operator(role="importer", edits="bytes", where="imports of llama from SafeTensors", what="rows of q and k",
          before="as they are", after="as if they had been reordered")  # fmt: skip
def rope_undone_for_safetensors(reference: Importer) -> SpoiltImporter:
    """The reordering is undone where there was none."""
    return edits_by_source(
        reference, "rope_undone_for_safetensors", lambda apr, source: _reorder(apr, source, gguf=False)
    )


def _reorder(apr: PlainApr, source: Path, *, gguf: bool) -> None:
    if apr.metadata.get("architecture") != "llama" or (source.suffix == ".gguf") is not gguf:
        return
    move = rope_permute if gguf else rope_unpermute
    for role in ("q_proj", "k_proj"):
        for tensor in having(apr, role):
            fill(tensor, move(bytes(tensor.payload), tensor.dims[0], heads_of(apr, role)))


@operator(role="importer", edits="bytes", where="every layer", what="the payloads of gate and up",
          before="each its own", after="the other's")  # fmt: skip
def gate_up_swapped(reference: Importer) -> SpoiltImporter:
    """Gate and up change places: their shapes are equal, so that no size tells."""

    def edit(apr: PlainApr) -> None:
        gates, ups = list(having(apr, "gate_proj")), list(having(apr, "up_proj"))
        for gate, up in zip(gates, ups, strict=True):
            gate.payload, up.payload = up.payload, gate.payload
            gate.number, up.number = up.number, gate.number
            gate.nbytes, up.nbytes = up.nbytes, gate.nbytes

    return edits(reference, "gate_up_swapped", edit)


@operator(role="importer", edits="bytes", where="embedding and head", what="the rows",
          before="row i holds token i", after="row i holds token i - 1")  # fmt: skip
def off_by_one_row(reference: Importer) -> SpoiltImporter:
    """Every token has its neighbour's row."""

    def edit(apr: PlainApr) -> None:
        for tensor in having(apr, "embedding", "lm_head"):
            width = len(tensor.payload) // tensor.dims[0]
            payload = bytes(tensor.payload)
            fill(tensor, payload[-width:] + payload[:-width])

    return edits(reference, "off_by_one_row", edit)


@operator(role="importer", edits="bytes", where="the last layer", what="down_proj", before="its values", after="zeros")
def zeroed_matrix(reference: Importer) -> SpoiltImporter:
    """One matrix is never filled."""

    def edit(apr: PlainApr) -> None:
        layers = [
            (place[1], t) for t in having(apr, "down_proj") if (place := role_of(t.name)) and place[1] is not None
        ]
        _, last = max(layers, key=lambda pair: pair[0])
        fill(last, bytes(len(last.payload)))

    return edits(reference, "zeroed_matrix", edit)


def _changes_bits(reference: Importer, defect: str, change: Callable[[str, NDArray[Any]], None]) -> SpoiltImporter:
    """A file in which `change` has edited the bit patterns of every float tensor in place."""

    def edit(apr: PlainApr) -> None:
        for tensor in apr.tensors:
            if tensor.dtype in _SIGN:
                pattern = elements(tensor)
                change(tensor.dtype, pattern)
                fill(tensor, pattern.tobytes())

    return edits(reference, defect, edit)


@operator(role="importer", edits="bytes", where="F16 tensors", what="subnormal values", before="kept", after="zero")
def f16_flushed_subnormals(reference: Importer) -> SpoiltImporter:
    """F16 subnormals are flushed to zero."""

    def flush(dtype: str, pattern: NDArray[Any]) -> None:
        if dtype == "F16":
            pattern[(pattern & 0x7FFF) < _LEAST_NORMAL[dtype]] &= _SIGN[dtype]

    return _changes_bits(reference, "f16_flushed_subnormals", flush)


@operator(role="importer", edits="bytes", where="NaNs", what="payload and sign", before="kept", after="the usual NaN")
def nan_canonicalised(reference: Importer) -> SpoiltImporter:
    """NaNs go through arithmetic and come out alike."""

    def canonicalise(dtype: str, pattern: NDArray[Any]) -> None:
        pattern[(pattern & ~np.array(_SIGN[dtype], pattern.dtype)) > _INFINITY[dtype]] = _QUIET[dtype]

    return _changes_bits(reference, "nan_canonicalised", canonicalise)


@operator(role="importer", edits="bytes", where="negative zeros", what="the sign", before="-0.0", after="+0.0")
def negative_zero_lost(reference: Importer) -> SpoiltImporter:
    """Zeros lose their signs."""

    def lose(dtype: str, pattern: NDArray[Any]) -> None:
        pattern[pattern == _SIGN[dtype]] = 0

    return _changes_bits(reference, "negative_zero_lost", lose)


@operator(role="importer", edits="bytes", where="F32 tensors", what="the low 16 bits", before="kept", after="zero")
def f32_cut_to_bf16(reference: Importer) -> SpoiltImporter:
    """F32 values pass through BF16 on the way."""

    def cut(dtype: str, pattern: NDArray[Any]) -> None:
        if dtype == "F32":
            pattern &= np.array(0xFFFF0000, pattern.dtype)

    return _changes_bits(reference, "f32_cut_to_bf16", cut)


@operator(
    role="importer", edits="bytes", where="v_proj", what="payload and size", before="all rows", after="one row less"
)
def truncated_payload(reference: Importer) -> SpoiltImporter:
    """The last row of a matrix is not written."""

    def edit(apr: PlainApr) -> None:
        for tensor in having(apr, "v_proj"):
            width = len(tensor.payload) // tensor.dims[0]
            fill(tensor, bytes(tensor.payload)[:-width])

    return edits(reference, "truncated_payload", edit)


@operator(role="importer", edits="bytes", where="every tensor of a plain type", what="payload and size",
          before="elements x item size", after="rounded up to 32 elements")  # fmt: skip
def payload_padded_to_block(reference: Importer) -> SpoiltImporter:
    """Plain types are sized as if they had blocks, and the padding is counted."""

    def edit(apr: PlainApr) -> None:
        for tensor in apr.tensors:
            if plain(tensor):
                block = 32 * ITEMSIZE[tensor.dtype]
                fill(tensor, bytes(tensor.payload) + bytes(-len(tensor.payload) % block))

    return edits(reference, "payload_padded_to_block", edit)

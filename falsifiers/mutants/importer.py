"""Planted defects of importers in calls, names and types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from falsifiers.mutants.planting import FailingImporter, SpoiltImporter, edits, edits_by_source, fill, having
from falsifiers.oracles.apr_bytes import plain_tensor
from falsifiers.oracles.dtypes import can_widen, widen
from falsifiers.strategies.architectures import gguf_name, role_of
from harness.trial.interface import operator
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from pathlib import Path

    from falsifiers.oracles.apr_bytes import PlainApr
    from harness.subject.importer import Importer


@operator(role="importer", edits="behaviour", where="every call", what="the exit status",
          before="success", after="failure")  # fmt: skip
def exit_with_failure(reference: Importer) -> FailingImporter:
    """Every call fails."""
    return FailingImporter(reference, "exit_with_failure", lambda _: True, RunState.EXITED)


@operator(role="importer", edits="behaviour", where="calls on an index of shards", what="the exit status",
          before="success", after="failure")  # fmt: skip
def fails_on_shards(reference: Importer) -> FailingImporter:
    """Sharded checkpoints are not read."""
    return FailingImporter(
        reference, "fails_on_shards", lambda path: path.name.endswith(".index.json"), RunState.EXITED
    )


@operator(role="importer", edits="output", where="every call", what="the output file", before="written", after="none")
def writes_nothing(reference: Importer) -> SpoiltImporter:
    """Success is reported, and there is no file."""
    return SpoiltImporter(reference, "writes_nothing", lambda dest, _: dest.unlink())


@operator(role="importer", edits="bytes", where="the source", what="its last byte", before="as it was", after="changed")
def writes_into_its_source(reference: Importer) -> SpoiltImporter:
    """The source is opened for writing, and its last byte is another one afterwards."""

    def spoil(_dest: Path, source: Path) -> None:
        data = source.read_bytes()
        source.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    return SpoiltImporter(reference, "writes_into_its_source", spoil)


@operator(role="importer", edits="output", where="beside the source", what="a cache", before="absent", after="written")
def caches_beside_its_source(reference: Importer) -> SpoiltImporter:
    """Something is left in the folder of the source."""

    def spoil(_dest: Path, source: Path) -> None:
        (source.parent / "model.cache").write_bytes(b"x")

    return SpoiltImporter(reference, "caches_beside_its_source", spoil)


@operator(role="importer", edits="bytes", where="bytes 0 to 4", what="the magic", before="APR\\0", after="APR2")
def wrong_magic(reference: Importer) -> SpoiltImporter:
    """The file begins as no reader expects."""

    def spoil(dest: Path, _source: Path) -> None:
        dest.write_bytes(b"APR2" + dest.read_bytes()[4:])

    return SpoiltImporter(reference, "wrong_magic", spoil)


@operator(role="importer", edits="bytes", where="the first bias", what="the tensor", before="there", after="lost")
def drops_one_bias(reference: Importer) -> SpoiltImporter:
    """One bias is left out."""

    def edit(apr: PlainApr) -> None:
        lost = next(having(apr, "k_bias", "q_bias", "v_bias"), None)
        apr.tensors = [tensor for tensor in apr.tensors if tensor is not lost]

    return edits(reference, "drops_one_bias", edit)


@operator(role="importer", edits="bytes", where="models of more than ten layers", what="which layers are kept",
          before="all", after="the first ten in order of their names")  # fmt: skip
def drops_last_layers(reference: Importer) -> SpoiltImporter:
    """Layers are sorted as words and cut at ten."""

    def edit(apr: PlainApr) -> None:
        layers = {str(place[1]) for t in apr.tensors if (place := role_of(t.name)) and place[1] is not None}
        kept = set(sorted(layers)[:10])
        apr.tensors = [
            t for t in apr.tensors if not (place := role_of(t.name)) or place[1] is None or str(place[1]) in kept
        ]

    return edits(reference, "drops_last_layers", edit)


@operator(role="importer", edits="bytes", where="imports from GGUF", what="tensor names",
          before="model.layers.N…", after="blk.N…")  # fmt: skip
def keeps_gguf_names(reference: Importer) -> SpoiltImporter:
    """GGUF's names stay."""

    def edit(apr: PlainApr, source: Path) -> None:
        for tensor in apr.tensors if source.suffix == ".gguf" else []:
            place = role_of(tensor.name)
            tensor.name = gguf_name(*place) if place else tensor.name

    return edits_by_source(reference, "keeps_gguf_names", edit)


@operator(role="importer", edits="bytes", where="the index", what="a tensor that no source has",
          before="absent", after="rotary_emb.inv_freq")  # fmt: skip
def extra_buffer_kept(reference: Importer) -> SpoiltImporter:
    """A buffer that the checkpoint does not have is written."""

    def edit(apr: PlainApr) -> None:
        payload = np.linspace(1, 0.1, 4, dtype="<f4").tobytes()
        apr.tensors.append(plain_tensor("model.layers.0.self_attn.rotary_emb.inv_freq", "F32", (4,), payload))

    return edits(reference, "extra_buffer_kept", edit)


@operator(role="importer", edits="bytes", where="BF16 tensors", what="the dtype byte", before="BF16", after="F16")
def bf16_tagged_f16(reference: Importer) -> SpoiltImporter:
    """BF16 bits stand under the tag F16."""

    def edit(apr: PlainApr) -> None:
        for tensor in apr.tensors:
            tensor.number = 1 if tensor.dtype == "BF16" else tensor.number

    return edits(reference, "bf16_tagged_f16", edit)


@operator(role="importer", edits="bytes", where="16-bit tensors", what="dtype and payload",
          before="F16 or BF16", after="F32 with the same values")  # fmt: skip
def widens_to_f32(reference: Importer) -> SpoiltImporter:
    """Everything becomes F32, exactly, at twice the size."""

    def edit(apr: PlainApr) -> None:
        for tensor in apr.tensors:
            if can_widen(tensor.dtype):
                values = widen(tensor.dtype, tensor.payload).tobytes()
                tensor.number = 0
                fill(tensor, values)

    return edits(reference, "widens_to_f32", edit)

"""Planted defects of importers in calls, names, types, metadata and ties."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.mutants.planting import FailingImporter, SpoiltImporter, edits, edits_by_source, fill, having
from falsifiers.oracles.apr_bytes import PlainTensor, plain_tensor
from falsifiers.oracles.differences import same_values
from falsifiers.oracles.dtypes import can_widen, widen
from falsifiers.strategies.architectures import EMBEDDING, HEAD, gguf_name, role_of
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


def _sets(reference: Importer, defect: str, key: str, value: Any, *, when_null: bool = False) -> SpoiltImporter:
    """A file whose metadata has `value` for `key`, if the right value is there, or (`when_null`) if it is not."""

    def edit(apr: PlainApr) -> None:
        if (apr.metadata.get(key) is None) is when_null:
            apr.metadata[key] = value(apr.metadata) if callable(value) else value

    return edits(reference, defect, edit)


@operator(role="importer", edits="bytes", where="metadata", what="rope_theta", before="as stated", after="10000")
def theta_default_10000(reference: Importer) -> SpoiltImporter:
    """The base of the rotation is the usual one, whatever the source says."""
    return _sets(reference, "theta_default_10000", "rope_theta", 10000.0)


@operator(role="importer", edits="bytes", where="metadata", what="rms_norm_eps", before="as stated", after="1e-6")
def eps_default(reference: Importer) -> SpoiltImporter:
    """The epsilon of the norms is the usual one, whatever the source says."""
    return _sets(reference, "eps_default", "rms_norm_eps", 1e-6)


@operator(role="importer", edits="bytes", where="metadata", what="num_kv_heads", before="as stated", after="num_heads")
def kv_defaults_to_heads(reference: Importer) -> SpoiltImporter:
    """Grouped attention is forgotten."""
    return _sets(reference, "kv_defaults_to_heads", "num_kv_heads", lambda metadata: metadata.get("num_heads"))


@operator(role="importer", edits="bytes", where="metadata", what="architecture", before="qwen2", after="Qwen2")
def architecture_capitalised(reference: Importer) -> SpoiltImporter:
    """The family is spelt as a class name is."""
    return _sets(
        reference, "architecture_capitalised", "architecture", lambda metadata: str(metadata["architecture"]).title()
    )


@operator(role="importer", edits="bytes", where="metadata", what="max_position_embeddings",
          before="null, as nothing is stated", after="4096")  # fmt: skip
def invented_max_positions(reference: Importer) -> SpoiltImporter:
    """A context length out of thin air."""
    return _sets(reference, "invented_max_positions", "max_position_embeddings", 4096, when_null=True)


@operator(role="importer", edits="bytes", where="metadata", what="rope_theta",
          before="null, as nothing is stated", after="10000")  # fmt: skip
def invented_theta(reference: Importer) -> SpoiltImporter:
    """A base of the rotation out of thin air."""
    return _sets(reference, "invented_theta", "rope_theta", 10000.0, when_null=True)


@operator(role="importer", edits="bytes", where="metadata", what="license",
          before="null, as nothing is stated", after="apache-2.0")  # fmt: skip
def invented_license(reference: Importer) -> SpoiltImporter:
    """A licence that nobody gave."""
    return _sets(reference, "invented_license", "license", "apache-2.0", when_null=True)


@operator(role="importer", edits="bytes", where="tied models", what="the head",
          before="absent, or equal to the embedding", after="random values")  # fmt: skip
def extra_head_random(reference: Importer) -> SpoiltImporter:
    """A tied model gets a head of its own."""

    def edit(apr: PlainApr, _source: Path) -> None:
        embedding, head = apr.tensor(EMBEDDING), _tied_head(apr)
        if embedding is not None and head is not None:
            noise = np.random.default_rng(5).standard_normal(embedding.dims, dtype=np.float32)
            head.number = 0
            fill(head, noise.astype("<f4").tobytes())

    return edits_by_source(reference, "extra_head_random", edit)


@operator(role="importer", edits="bytes", where="tied models", what="the head",
          before="absent, or equal to the embedding", after="F32 [vocab, hidden] in 0 bytes")  # fmt: skip
def empty_head(reference: Importer) -> SpoiltImporter:
    """A tied model gets a head without a byte, as a released tool writes it."""

    def edit(apr: PlainApr, _source: Path) -> None:
        head = _tied_head(apr)
        if head is not None:
            head.number = 0
            fill(head, b"")

    return edits_by_source(reference, "empty_head", edit)


def _tied_head(apr: PlainApr) -> PlainTensor | None:
    """The head of a model that stores none or a copy: a new entry where there is none. None for an untied model."""
    embedding, head = apr.tensor(EMBEDDING), apr.tensor(HEAD)
    if embedding is None or (head is not None and not _alike(head, embedding)):
        return None
    if head is None:
        head = replace(embedding, name=HEAD)
        apr.tensors.append(head)
    return head


def _alike(left: PlainTensor, right: PlainTensor) -> bool:
    if left.dtype == right.dtype or not (can_widen(left.dtype) and can_widen(right.dtype)):
        return bytes(left.payload) == bytes(right.payload)
    return same_values(widen(left.dtype, left.payload), widen(right.dtype, right.payload))


@operator(role="importer", edits="bytes", where="models that are not tied", what="the head",
          before="its own values", after="those of the embedding")  # fmt: skip
def head_copied_from_embedding(reference: Importer) -> SpoiltImporter:
    """An untied model is tied by copying."""

    def edit(apr: PlainApr) -> None:
        embedding, head = apr.tensor(EMBEDDING), apr.tensor(HEAD)
        if embedding is not None and head is not None:
            head.number = embedding.number
            fill(head, bytes(embedding.payload))

    return edits(reference, "head_copied_from_embedding", edit)


@operator(role="importer", edits="bytes", where="metadata", what="tied_embeddings", before="true of the model",
          after="the opposite")  # fmt: skip
def wrong_tie_flag(reference: Importer) -> SpoiltImporter:
    """The flag says the opposite of what the file holds."""

    def edit(apr: PlainApr) -> None:
        embedding, head = apr.tensor(EMBEDDING), apr.tensor(HEAD)
        tied = head is None or (embedding is not None and _alike(head, embedding))
        apr.metadata["tied_embeddings"] = not tied

    return edits(reference, "wrong_tie_flag", edit)

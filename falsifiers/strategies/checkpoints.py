"""Cases for importers: checkpoints that are generated, real ones, and finished files; and the classes they fall in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from falsifiers.strategies.architectures import Architecture
from harness.trial.interface import Case

PARTITIONS: dict[str, str] = {
    "non_square": "at least one matrix has different dims, so that a reversed label shows",
    "square": "every matrix is square: reversed labels cannot be told from right ones",
    "kv_one": "one key-value head for several query heads",
    "kv_between": "more than one key-value head, fewer than query heads",
    "kv_equal": "as many key-value heads as query heads",
    "wide_attention": "heads x head_dim differs from hidden",
    "odd_dims": "dims that are no multiples of 32",
    "many_layers": "more than ten layers, so that order by name is not order by number",
    "one_dimensional": "norms or biases are there",
    "tied": "the embedding is the head",
    "untied": "the head is a matrix of its own",
    "safetensors": "one SafeTensors file and config.json",
    "sharded": "several SafeTensors files and their index",
    "gguf": "a GGUF file",
    "gguf_llama": "a GGUF file whose q and k rows the exporter has reordered",
    "wide_alignment": "a GGUF file with an alignment of its own",
    "f32": "matrices are F32",
    "f16": "matrices are F16",
    "bf16": "matrices are BF16",
    "mixed_dtypes": "tensors of one checkpoint have different types",
    "blocks": "matrices are Q4_K or Q6_K blocks; drawn only for clauses that name this partition",
    "nan_payload": "NaNs with payloads, and infinities",
    "negative_zero": "negative zeros",
    "subnormal": "subnormal numbers of the type",
    "absent_key": "the source leaves out keys that an importer would like to know",
    "nested_theta": "config.json states rope_theta in rope_parameters only",
    "flat_theta": "config.json states rope_theta at the top",
    "padding_token": "the embedding's row of the padding token is zero",
    "real_source": "a model file made by somebody else's tool",
}
"""Every class of cases, with its meaning."""

Dtype = Literal["F32", "F16", "BF16", "MIXED", "Q4_K", "Q6_K"]
Omittable = Literal[
    "max_position_embeddings", "rope_theta", "rms_norm_eps", "num_key_value_heads", "head_dim", "tie_word_embeddings",
]  # fmt: skip


class GeneratedCheckpoint(Case):
    """A checkpoint from which everything follows: sizes, types, container, contents."""

    kind: Literal["generated"] = "generated"
    family: Literal["qwen2", "llama"]
    hidden: int = Field(ge=2, le=1024)
    heads: int = Field(ge=1, le=64)
    kv_heads: int = Field(ge=1, le=64)
    head_dim: int = Field(ge=2, le=128)
    intermediate: int = Field(ge=1, le=2048)
    vocab: int = Field(ge=2, le=4096)
    layers: int = Field(ge=1, le=64)
    tied: bool = False
    dtype: Dtype = "F32"
    container: Literal["safetensors", "sharded", "gguf"] = "safetensors"
    contents: Literal["address", "edges", "nan", "normal"] = "address"
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    schema_version: Literal[4, 5] = 5
    """Which major version of transformers the configuration looks like: where it states rope_theta."""
    omit: tuple[Omittable, ...] = ()
    """Keys that config.json, or their counterparts that the GGUF file, leaves out; rms_norm_eps stays in a GGUF."""
    pad_token: int | None = Field(default=None, ge=0)
    note: bool = False
    """Whether the SafeTensors header carries `__metadata__` beyond the usual."""
    shards: int = Field(default=2, ge=2, le=8)
    alignment: Literal[32, 64, 128] = 32
    theta: float = 10000.0
    eps: float = 1e-6
    positions: int = Field(default=128, ge=1)

    @model_validator(mode="after")
    def _lawful(self) -> GeneratedCheckpoint:
        if self.heads % self.kv_heads or self.head_dim % 2:
            raise ValueError("kv_heads divides heads, and head_dim is even")
        if self.pad_token is not None and self.pad_token >= self.vocab:
            raise ValueError("pad_token is a row of the embedding")
        if self.dtype in {"Q4_K", "Q6_K"} and (self.container != "gguf" or self.hidden % 256):
            raise ValueError("blocks are found in GGUF only, in rows of whole blocks")
        if self.family == "qwen2" and self.heads * self.head_dim != self.hidden:
            raise ValueError("qwen2 has no head_dim of its own")
        if "head_dim" in self.omit and self.heads * self.head_dim != self.hidden:
            raise ValueError("a head_dim that does not follow from hidden and heads must be stated")
        if "num_key_value_heads" in self.omit and self.heads != self.kv_heads:
            raise ValueError("kv_heads unlike heads must be stated")
        if "tie_word_embeddings" in self.omit and self.tied:
            raise ValueError("a tie must be stated")
        return self

    @property
    def unstated(self) -> frozenset[str]:
        """APR's names of the sizes that the source says nothing about, and that nothing else gives away."""
        lost = {"max_position_embeddings", "rope_theta"} | ({"rms_norm_eps"} if self.container != "gguf" else set())
        return frozenset(lost.intersection(self.omit))

    @property
    def architecture(self) -> Architecture:
        """The sizes of the model."""
        return Architecture(
            self.family, self.hidden, self.heads, self.kv_heads, self.head_dim, self.intermediate, self.vocab,
            self.layers,
        )  # fmt: skip


class RealSource(Case):
    """A model file that somebody else's tool made."""

    kind: Literal["real"] = "real"
    path: str
    """The file that a person would name, relative to the folder where the run started, with forward slashes."""
    sha256: str
    """Of everything that is read: see `source_digest`."""


class FinishedPair(Case):
    """An APR file that is there already, and what it was made from."""

    kind: Literal["finished"] = "finished"
    artifact: str
    source: str | None = None


Checkpoint = GeneratedCheckpoint | RealSource | FinishedPair
CheckpointCase = Annotated[Checkpoint, Field(discriminator="kind")]


def partitions_of_generated(case: GeneratedCheckpoint) -> frozenset[str]:
    """The classes that a generated checkpoint belongs to."""
    sizes = (case.hidden, case.heads * case.head_dim, case.kv_heads * case.head_dim, case.intermediate, case.vocab)
    square = len(set(sizes)) == 1
    config = case.container != "gguf"
    theta_stated = config and "rope_theta" not in case.omit
    belongs = {
        "non_square": not square,
        "square": square,
        "kv_one": case.kv_heads == 1 < case.heads,
        "kv_between": 1 < case.kv_heads < case.heads,
        "kv_equal": case.kv_heads == case.heads,
        "wide_attention": case.heads * case.head_dim != case.hidden,
        "odd_dims": all(size % 32 for size in sizes),
        "many_layers": case.layers > 10,
        "one_dimensional": True,
        "tied": case.tied,
        "untied": not case.tied,
        case.container: True,
        "gguf_llama": case.container == "gguf" and case.family == "llama",
        "wide_alignment": case.container == "gguf" and case.alignment > 32,
        "f32": case.dtype == "F32",
        "f16": case.dtype == "F16",
        "bf16": case.dtype == "BF16",
        "mixed_dtypes": case.dtype == "MIXED",
        "blocks": case.dtype in {"Q4_K", "Q6_K"},
        "nan_payload": case.contents == "nan",
        "negative_zero": case.contents in {"edges", "nan"},
        "subnormal": case.contents in {"edges", "nan"},
        "absent_key": bool(case.unstated),
        "nested_theta": theta_stated and case.schema_version == 5,
        "flat_theta": theta_stated and case.schema_version == 4,
        "padding_token": case.pad_token is not None,
    }
    return frozenset(name for name, holds in belongs.items() if holds)

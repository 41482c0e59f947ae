"""What a model is built like, read from config.json, GGUF or APR metadata without a default anywhere."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.model.architecture.families import FAMILIES, SUPPORTED
from harness.model.architecture.stated import Statements

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from harness.model.architecture.stated import Problem


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes and choices of a decoder; None means that the source does not state it, never that it is usual."""

    family: str | None = None
    """Slug of `FAMILIES`."""
    hidden_size: int | None = None
    num_layers: int | None = None
    num_heads: int | None = None
    num_kv_heads: int | None = None
    intermediate_size: int | None = None
    vocab_size: int | None = None
    max_position_embeddings: int | None = None
    rope_theta: float | None = None
    rms_norm_eps: float | None = None
    head_dim: int | None = None
    attention_bias: bool | None = None
    """Whether q, k and v have a bias."""
    tie_word_embeddings: bool | None = None


CONFIG_KEYS = {
    "hidden_size": "hidden_size",
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "num_kv_heads": "num_key_value_heads",
    "intermediate_size": "intermediate_size",
    "vocab_size": "vocab_size",
    "max_position_embeddings": "max_position_embeddings",
    "head_dim": "head_dim",
}
"""Field -> key of config.json, for the integers."""

GGUF_KEYS = {
    "hidden_size": "embedding_length",
    "num_layers": "block_count",
    "num_heads": "attention.head_count",
    "num_kv_heads": "attention.head_count_kv",
    "intermediate_size": "feed_forward_length",
    "vocab_size": "vocab_size",
    "max_position_embeddings": "context_length",
    "head_dim": "attention.key_length",
}
"""Field -> key of GGUF behind `{architecture}.`, for the integers."""

APR_INTEGERS = (
    "hidden_size",
    "num_layers",
    "num_heads",
    "num_kv_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
)
"""Fields that an APR file has to state under their own names, integers all."""

APR_FLOATS = ("rope_theta", "rms_norm_eps")


def from_hf_config(config: Mapping[str, Any], *, file: str = "config.json") -> Architecture:
    """Read a parsed config.json, of transformers 4 (`rope_theta`) or 5 (`rope_parameters.rope_theta`).

    Raises ArchitectureError naming every key that is of a wrong type or contradicts another, and a `model_type`
    that is missing or not supported.
    """
    said = Statements(config, file=file)
    family = _family(said, "model_type")
    said.settle("the configuration")
    integers = {field: said.integer(field, key) for field, key in CONFIG_KEYS.items()}
    activation = said.text("family", "hidden_act")
    if activation not in {None, "silu"}:
        said.refuse("family", "hidden_act", f'"silu", which the families {SUPPORTED} are defined with')
    if said.flag("attention_bias", "mlp_bias"):
        said.refuse("attention_bias", "mlp_bias", "false: no tensor inventory with MLP biases is known")
    if said.real("head_dim", "partial_rotary_factor") not in {None, 1.0}:
        said.refuse("head_dim", "partial_rotary_factor", "1: APR has no place for heads that turn in part")
    bias = _bias(said, family, "attention_bias")
    architecture = Architecture(
        family=family,
        **integers,
        rope_theta=_rope_theta(said, config),
        rms_norm_eps=said.real("rms_norm_eps", "rms_norm_eps"),
        attention_bias=bias,
        tie_word_embeddings=said.flag("tie_word_embeddings", "tie_word_embeddings"),
    )
    said.settle("the configuration")
    return architecture


def from_gguf_metadata(metadata: Mapping[str, Any], tensors: Collection[str], *, file: str = "") -> Architecture:
    """Read the keys of a GGUF file; bias and tie are decided by the names in `tensors`.

    Raises ArchitectureError naming every key that is of a wrong type, and an architecture that is missing or not
    supported (a mixture of experts that calls itself llama included).
    """
    general = Statements(metadata, file=file)
    family = _family(general, "general.architecture")
    general.settle("the GGUF metadata")
    said = Statements(metadata, file=file, prefix=f"{family}.")
    integers = {field: said.integer(field, key) for field, key in GGUF_KEYS.items()}
    if said.stated("expert_count") and metadata[f"{family}.expert_count"] != 0:
        said.refuse("family", "expert_count", "none: mixtures of experts are another family, whatever they call it")
    for key in ("attention.value_length", "rope.dimension_count"):
        width = said.integer("head_dim", key)
        if None not in {width, integers["head_dim"]} and width != integers["head_dim"]:
            said.refuse("head_dim", key, f"{integers['head_dim']}, as attention.key_length says")
    if said.text("rope_theta", "rope.scaling.type") not in {None, "none"}:
        said.refuse("rope_theta", "rope.scaling.type", "none: APR has no place for a scaling of rotary positions")
    tokens = metadata.get("tokenizer.ggml.tokens")
    if integers["vocab_size"] is None and tokens is not None:
        integers["vocab_size"] = len(tokens) or None
    architecture = Architecture(
        family=family,
        **integers,
        rope_theta=_shortest(said.real("rope_theta", "rope.freq_base")),
        rms_norm_eps=_shortest(said.real("rms_norm_eps", "attention.layer_norm_rms_epsilon")),
        attention_bias="blk.0.attn_q.bias" in tensors,
        tie_word_embeddings="output.weight" not in tensors,
    )
    said.settle("the GGUF metadata")
    return architecture


def from_apr_metadata(metadata: Mapping[str, Any], *, file: str = "") -> Architecture:
    """Read the metadata of an APR file, strictly: each field that training needs has to be stated.

    Raises ArchitectureError with every field that is missing, null, of a wrong type, or a family that is not
    supported (`Qwen2` is not `qwen2`).
    """
    said = Statements(metadata, file=file)
    architecture = _read_apr(said)
    said.settle("the APR metadata")
    return architecture


def read_apr_metadata(metadata: Mapping[str, Any]) -> tuple[Architecture, tuple[Problem, ...]]:
    """What APR metadata states, and every problem with it; a field with a problem is None."""
    said = Statements(metadata)
    return _read_apr(said), tuple(said.problems)


def _read_apr(said: Statements) -> Architecture:
    family = _family(said, "architecture")
    for field in (*APR_INTEGERS, *APR_FLOATS):
        if not said.stated(field):
            said.refuse(field, field, "a positive integer" if field in APR_INTEGERS else "a positive number")
    tie = said.flag("tie_word_embeddings", "tie_word_embeddings")
    stored = said.flag("tie_word_embeddings", "tied_embeddings")
    return Architecture(
        family=family,
        **{field: said.integer(field, field) for field in APR_INTEGERS},
        rope_theta=said.real("rope_theta", "rope_theta"),
        rms_norm_eps=said.real("rms_norm_eps", "rms_norm_eps"),
        head_dim=said.integer("head_dim", "head_dim"),
        attention_bias=_bias(said, family, "attention_bias"),
        tie_word_embeddings=stored if tie is None else tie,
    )


def _family(said: Statements, key: str) -> str | None:
    family = said.value(key)
    if isinstance(family, str) and family in FAMILIES:
        return family
    said.refuse("family", key, f"one of {SUPPORTED}, exactly as written here")
    return None


def _bias(said: Statements, family: str | None, key: str) -> bool | None:
    """What is stated, or what the family fixes: a qwen2 has the biases whether or not its metadata mentions them."""
    stated = said.flag("attention_bias", key)
    if family is None:
        return stated
    fixed = FAMILIES[family].qkv_bias
    if stated is not None and stated != fixed:
        said.refuse("attention_bias", key, f"{str(fixed).lower()}, the only {family} with a known tensor inventory")
    return fixed or stated


def _rope_theta(said: Statements, config: Mapping[str, Any]) -> float | None:
    top = said.real("rope_theta", "rope_theta")
    values = config.get("rope_parameters")
    if values is None:
        return top
    if not isinstance(values, dict):
        said.refuse("rope_theta", "rope_parameters", "an object")
        return top
    inner = Statements({f"rope_parameters.{key}": value for key, value in values.items()})
    nested = inner.real("rope_theta", "rope_parameters.rope_theta")
    said.problems.extend(inner.problems)
    if top is not None and nested is not None and top != nested:
        said.refuse("rope_theta", "rope_theta", f"{nested!r}, as rope_parameters.rope_theta says")
    return nested if nested is not None else top


def _shortest(value: float | None) -> float | None:
    """The shortest decimal that is the same float32: 1e-6 is what was meant by 9.999999974752427e-07."""
    if value is None:
        return None
    single = struct.unpack("<f", struct.pack("<f", value))[0]
    if single != value:
        return value
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        if abs(short) <= 3.4028234663852886e38 and struct.unpack("<f", struct.pack("<f", short))[0] == single:
            return short
    return value

"""Metadata of APR v2 in the key order and the number format of the newest `apr`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.model.artifact.rust_json import encode, f32_text
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping

DECLARED = (
    "model_type", "name", "description", "author", "license", "data_source", "data_license", "version", "source",
    "original_format", "created_at", "total_size", "param_count", "quantization", "sharding", "chat_template",
    "chat_format", "special_tokens", "architecture", "hf_architecture", "hf_model_type", "hidden_size", "num_layers",
    "num_heads", "num_kv_heads", "vocab_size", "intermediate_size", "max_position_embeddings", "rope_theta",
    "rope_type", "rms_norm_eps", "head_dim", "num_experts", "num_experts_per_tok", "moe_intermediate_size",
)  # fmt: skip
"""Keys with a place of their own, in that order; custom keys follow, sorted."""

_ALWAYS: dict[str, Any] = {
    "model_type": "", "license": None, "data_source": None, "data_license": None, "total_size": 0, "param_count": 0,
}  # fmt: skip
_F32 = frozenset({"rope_theta", "rms_norm_eps"})
_UNSIGNED = frozenset({
    "total_size", "param_count", "hidden_size", "num_layers", "num_heads", "num_kv_heads", "vocab_size",
    "intermediate_size", "max_position_embeddings", "rope_type", "head_dim", "num_experts", "num_experts_per_tok",
    "moe_intermediate_size",
})  # fmt: skip
_NESTED_ORDER: dict[str, tuple[str, ...]] = {
    "quantization": ("quant_type", "bits", "block_size", "symmetric"),
    "sharding": ("shard_count", "shard_index", "total_size", "pattern"),
    "special_tokens": ("bos_token", "eos_token", "unk_token", "pad_token", "im_start_token", "im_end_token"),
}


def encode_metadata(metadata: Mapping[str, Any], *, file: str) -> bytes:
    """Compact JSON in UTF-8. A declared key whose value is None is left out, but for those that are always there.

    Raises ArtifactError by apr-metadata for a value that the key, or JSON, does not take.
    """
    parts: list[str] = []
    for key in DECLARED:
        value = metadata.get(key)
        if value is None:
            if key not in _ALWAYS:
                continue
            value = _ALWAYS[key]
        parts.append(_pair(key, value, file))
    parts.extend(_pair(key, metadata[key], file) for key in sorted(metadata.keys() - set(DECLARED)))
    text = "{" + ",".join(parts) + "}"
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _refused("half of a surrogate pair, which is no character", "", file) from error


def _pair(key: str, value: Any, file: str) -> str:
    try:
        return f"{encode(key)}:{_value(key, value)}"
    except (ValueError, TypeError, RecursionError) as error:
        raise _refused(f"metadata {key}: {error}", repr(value)[:80], file) from error


def _value(key: str, value: Any) -> str:
    if key in _UNSIGNED and (type(value) is not int or not 0 <= value < 2**64):
        message = "this key takes an unsigned integer"
        raise ValueError(message)
    if key in _F32:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            message = "this key takes a number"
            raise ValueError(message)
        return f32_text(value)
    if key in _NESTED_ORDER and isinstance(value, dict):
        # These have declared fields of their own, which are not sorted.
        order = [*_NESTED_ORDER[key], *sorted(value.keys() - set(_NESTED_ORDER[key]))]
        return "{" + ",".join(f"{encode(name)}:{encode(value[name])}" for name in order if name in value) + "}"
    return encode(value)


def _refused(message: str, found: str, file: str) -> ArtifactError:
    return ArtifactError(
        message,
        rule="apr-metadata",
        file=file,
        found=found,
        expected="what APR's metadata can hold",
        way_out="leave it out",
    )

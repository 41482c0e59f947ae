"""Whether an APR file agrees with itself: its metadata against the names and dims of its tensors, header only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.architecture.families import Role, layer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from harness.model.architecture.configuration import Architecture

    Dims = Mapping[str, tuple[int, ...]]

WITNESSES = (Role.EMBEDDING, Role.Q, Role.K, Role.GATE)
"""Tensors without which the sizes cannot be compared with anything."""

_FAMILY_BY_BIAS = {True: "qwen2", False: "llama"}


def absent_witnesses(tensors: Dims) -> list[str]:
    """Names of the tensors that have to be there, as matrices, for a file to be compared with its metadata."""
    return [role.in_layer() for role in WITNESSES if len(tensors.get(role.in_layer(), ())) != 2]


def has_attention_bias(tensors: Dims) -> bool:
    """Whether any layer has a bias on q: the only name that tells qwen2 from llama."""
    return any(name.endswith(".self_attn.q_proj.bias") for name in tensors)


def family_by_names(tensors: Dims) -> str:
    """The family that the names speak of."""
    if any(name.endswith((".self_attn.q_norm.weight", ".self_attn.k_norm.weight")) for name in tensors):
        return "qwen3"
    return _FAMILY_BY_BIAS[has_attention_bias(tensors)]


def disagreements(metadata: Architecture, tensors: Dims) -> dict[str, tuple[JsonValue, JsonValue]]:
    """Field -> (what the metadata states, what the tensors show) for each field where they disagree.

    `tensors` maps names to dims, and the witnesses must be among them. Where the tensors show no number that could
    be meant, it is None. Fields that the metadata does not state are not compared.
    """
    shown: dict[str, tuple[JsonValue, JsonValue]] = {}
    for field, seen in _seen(metadata, tensors):
        stated = getattr(metadata, field)
        if stated is not None and stated != seen:
            shown.setdefault(field, (stated, seen))
    return shown


def _seen(metadata: Architecture, tensors: Dims) -> Iterator[tuple[str, JsonValue]]:
    embedding = tensors[Role.EMBEDDING.in_layer()]
    yield "family", family_by_names(tensors)
    yield "vocab_size", embedding[0]
    yield "hidden_size", embedding[1]
    head = tensors.get(Role.HEAD.in_layer())
    if head is None:
        yield "tie_word_embeddings", True
    elif len(head) == 2:
        yield "vocab_size", head[0]
        yield "hidden_size", head[1]
    layers = {layer for layer in map(layer_of, tensors) if layer is not None}
    yield "num_layers", len(layers)
    for layer in sorted(layers):
        yield from _seen_in_layer(metadata, tensors, layer)


def _seen_in_layer(metadata: Architecture, tensors: Dims, layer: int) -> Iterator[tuple[str, JsonValue]]:
    q, k, gate = (tensors.get(role.in_layer(layer)) for role in (Role.Q, Role.K, Role.GATE))
    for matrix in (q, k, gate):
        if matrix is not None and len(matrix) == 2:
            yield "hidden_size", matrix[1]
    if gate is not None and len(gate) == 2:
        yield "intermediate_size", gate[0]
    if q is None or k is None or len(q) != 2 or len(k) != 2 or metadata.num_heads is None:
        return
    width = metadata.head_dim or (q[1] // metadata.num_heads if q[1] % metadata.num_heads == 0 else 0)
    if not width:
        yield "num_heads", None
        return
    yield "num_heads", q[0] // width if q[0] % width == 0 else None
    yield "num_kv_heads", k[0] // width if k[0] % width == 0 else None

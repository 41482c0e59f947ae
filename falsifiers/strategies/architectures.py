"""The architectures that importers are tried on: sizes, the roles of their tensors, names in both formats, dims."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FAMILIES = ("qwen2", "llama")
CLASSES = {"qwen2": "Qwen2ForCausalLM", "llama": "LlamaForCausalLM"}
"""Family -> the class name that Hugging Face configurations state."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """The sizes from which the dims of every tensor follow."""

    family: str
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    layers: int

    def symbols(self) -> dict[str, int]:
        """The sizes under the names that shape templates use."""
        return {
            "hidden": self.hidden,
            "heads": self.heads,
            "kv_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "intermediate": self.intermediate,
            "vocab": self.vocab,
        }


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor that an architecture has: what it is for, its names, its dims outermost first."""

    role: str
    layer: int | None
    name: str
    gguf: str
    dims: tuple[int, ...]


_TOP = {
    "embedding": ("model.embed_tokens.weight", "token_embd.weight"),
    "lm_head": ("lm_head.weight", "output.weight"),
    "final_norm": ("model.norm.weight", "output_norm.weight"),
}
_LAYER = {
    "attention_norm": ("input_layernorm.weight", "attn_norm.weight"),
    "q_proj": ("self_attn.q_proj.weight", "attn_q.weight"),
    "k_proj": ("self_attn.k_proj.weight", "attn_k.weight"),
    "v_proj": ("self_attn.v_proj.weight", "attn_v.weight"),
    "o_proj": ("self_attn.o_proj.weight", "attn_output.weight"),
    "q_bias": ("self_attn.q_proj.bias", "attn_q.bias"),
    "k_bias": ("self_attn.k_proj.bias", "attn_k.bias"),
    "v_bias": ("self_attn.v_proj.bias", "attn_v.bias"),
    "ffn_norm": ("post_attention_layernorm.weight", "ffn_norm.weight"),
    "gate_proj": ("mlp.gate_proj.weight", "ffn_gate.weight"),
    "up_proj": ("mlp.up_proj.weight", "ffn_up.weight"),
    "down_proj": ("mlp.down_proj.weight", "ffn_down.weight"),
}
BIASES = frozenset({"q_bias", "k_bias", "v_bias"})
ROPE_ROLES = frozenset({"q_proj", "k_proj"})
"""Matrices whose rows llama.cpp's exporter reorders for the llama family."""

HEAD = _TOP["lm_head"][0]
EMBEDDING = _TOP["embedding"][0]

_NAMED_TOP = {name: role for role, names in _TOP.items() for name in names}
_NAMED_LAYER = {name: role for role, names in _LAYER.items() for name in names}
_IN_LAYER = re.compile(r"(?:model\.layers|blk)\.(0|[1-9][0-9]{0,5})\.(.+)")


def role_of(name: str) -> tuple[str, int | None] | None:
    """(role, layer) of a tensor by either of its names; None when the name means nothing here."""
    if name in _NAMED_TOP:
        return _NAMED_TOP[name], None
    match = _IN_LAYER.fullmatch(name)
    if match is None or match[2] not in _NAMED_LAYER:
        return None
    return _NAMED_LAYER[match[2]], int(match[1])


def checkpoint_name(role: str, layer: int | None) -> str:
    """The name that checkpoints of these families use."""
    return _TOP[role][0] if layer is None else f"model.layers.{layer}.{_LAYER[role][0]}"


def gguf_name(role: str, layer: int | None) -> str:
    """The name that GGUF uses."""
    return _TOP[role][1] if layer is None else f"blk.{layer}.{_LAYER[role][1]}"


def is_matrix(dims: Sequence[int]) -> bool:
    """Whether a layout rule for matrices concerns a tensor of these dims."""
    return len(dims) == 2


def inventory(architecture: Architecture, *, tied: bool) -> Iterator[Slot]:
    """Every tensor of a checkpoint of `architecture`, in the order of the model."""
    sizes = architecture
    queries, keys = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    dims: dict[str, tuple[int, ...]] = {
        "embedding": (sizes.vocab, sizes.hidden),
        "lm_head": (sizes.vocab, sizes.hidden),
        "final_norm": (sizes.hidden,),
        "attention_norm": (sizes.hidden,),
        "ffn_norm": (sizes.hidden,),
        "q_proj": (queries, sizes.hidden),
        "k_proj": (keys, sizes.hidden),
        "v_proj": (keys, sizes.hidden),
        "o_proj": (sizes.hidden, queries),
        "q_bias": (queries,),
        "k_bias": (keys,),
        "v_bias": (keys,),
        "gate_proj": (sizes.intermediate, sizes.hidden),
        "up_proj": (sizes.intermediate, sizes.hidden),
        "down_proj": (sizes.hidden, sizes.intermediate),
    }
    yield _slot("embedding", None, dims)
    for layer in range(sizes.layers):
        for role in _LAYER:
            if role not in BIASES or sizes.family == "qwen2":
                yield _slot(role, layer, dims)
    yield _slot("final_norm", None, dims)
    if not tied:
        yield _slot("lm_head", None, dims)


def _slot(role: str, layer: int | None, dims: Mapping[str, tuple[int, ...]]) -> Slot:
    return Slot(role, layer, checkpoint_name(role, layer), gguf_name(role, layer), dims[role])


def template_dims(templates: Mapping[str, Any], role: str, symbols: Mapping[str, int]) -> tuple[int, ...] | None:
    """Dims of `role` by the contract's shape templates; None when it has none or a size in it is unknown.

    A template is a list of products, such as `[heads*head_dim, hidden]`.
    """
    row = templates.get(role)
    if row is None:
        return None
    factors = [[symbol.strip() for symbol in str(product).split("*")] for product in row["dims"]]
    if any(symbol not in symbols for product in factors for symbol in product):
        return None
    return tuple(prod(symbols[symbol] for symbol in product) for product in factors)

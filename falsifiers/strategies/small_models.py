"""Small whole models, healthy in every respect, as tensors and metadata of an APR file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from falsifiers.oracles import blocks
from falsifiers.oracles.apr_bytes import PlainTensor, plain_tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import JsonValue

    F32 = NDArray[np.float32]

EMBEDDING = "model.embed_tokens.weight"
HEAD = "lm_head.weight"
_HF_CLASSES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "gemma2": "Gemma2ForCausalLM"}
FAMILIES = tuple(_HF_CLASSES)
_ROPE_TYPES = {"llama": 0, "qwen2": 2, "gemma2": 2}
_NORMS = ("input_layernorm", "post_attention_layernorm")
_GEMMA2_NORMS = (*_NORMS, "pre_feedforward_layernorm", "post_feedforward_layernorm")


@dataclass(frozen=True, slots=True)
class Shape:
    """The architecture of a small model; sizes in elements."""

    family: str = "llama"
    vocab: int = 24
    hidden: int = 16
    layers: int = 1
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 20
    positions: int = 64
    tied: bool = False
    theta: float = 10000.0
    eps: float = 1e-6

    @property
    def bias(self) -> bool:
        """Whether the attention projections have biases: of these families only qwen2 has them."""
        return self.family == "qwen2"

    @property
    def norms(self) -> tuple[str, ...]:
        """The norms of a layer: gemma2 has four, the others two."""
        return _GEMMA2_NORMS if self.family == "gemma2" else _NORMS

    def inventory(self) -> dict[str, tuple[int, ...]]:
        """Every tensor by name with its dims, outermost first."""
        head_dim = self.hidden // self.heads
        out = {"q": self.heads * head_dim, "k": self.kv_heads * head_dim, "v": self.kv_heads * head_dim}
        tensors: dict[str, tuple[int, ...]] = {EMBEDDING: (self.vocab, self.hidden)}
        for layer in range(self.layers):
            prefix = f"model.layers.{layer}"
            for name, rows in out.items():
                tensors[f"{prefix}.self_attn.{name}_proj.weight"] = (rows, self.hidden)
                if self.bias:
                    tensors[f"{prefix}.self_attn.{name}_proj.bias"] = (rows,)
            tensors[f"{prefix}.self_attn.o_proj.weight"] = (self.hidden, self.heads * head_dim)
            tensors[f"{prefix}.mlp.gate_proj.weight"] = (self.ffn, self.hidden)
            tensors[f"{prefix}.mlp.up_proj.weight"] = (self.ffn, self.hidden)
            tensors[f"{prefix}.mlp.down_proj.weight"] = (self.hidden, self.ffn)
            for norm in self.norms:
                tensors[f"{prefix}.{norm}.weight"] = (self.hidden,)
        tensors["model.norm.weight"] = (self.hidden,)
        if not self.tied:
            tensors[HEAD] = (self.vocab, self.hidden)
        return tensors

    def metadata(self) -> dict[str, JsonValue]:
        """The metadata of the APR file, complete and true."""
        return {
            "model_type": self.family,
            "name": "small",
            "license": None,
            "data_source": None,
            "data_license": None,
            "total_size": 0,
            "param_count": 0,
            "architecture": self.family,
            "hf_architecture": _HF_CLASSES[self.family],
            "hf_model_type": self.family,
            "hidden_size": self.hidden,
            "num_layers": self.layers,
            "num_heads": self.heads,
            "num_kv_heads": self.kv_heads,
            "vocab_size": self.vocab,
            "intermediate_size": self.ffn,
            "max_position_embeddings": self.positions,
            "rope_theta": self.theta,
            "rope_type": _ROPE_TYPES[self.family],
            "rms_norm_eps": self.eps,
            "tie_word_embeddings": self.tied,
            **({"tied_embeddings": True} if self.tied else {}),
        }


def live(generator: np.random.Generator, dims: tuple[int, ...]) -> F32:
    """Values that no gate can object to: magnitudes of 0.02 to 1 with random signs, exact zeros impossible."""
    values = generator.uniform(0.02, 1.0, dims) * generator.choice((-1.0, 1.0), dims)
    narrow: F32 = values.astype(np.float32)
    return narrow


def encoded(name: str, dims: tuple[int, ...], values: F32, dtype: str) -> PlainTensor:
    """A tensor of an APR file; `dims` are what the index will say, whatever `values` has."""
    return plain_tensor(name, dtype, dims, blocks.encode(values, dtype))


def healthy(shape: Shape, seed: int, dtype: str = "F32") -> dict[str, PlainTensor]:
    """All tensors of a healthy model; vectors stay F32, as exporters leave them."""
    generator = np.random.default_rng(seed)
    return {
        name: encoded(name, dims, live(generator, dims), dtype if len(dims) > 1 else "F32")
        for name, dims in shape.inventory().items()
    }

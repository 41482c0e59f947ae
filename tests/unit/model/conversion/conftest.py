"""Builders of tiny checkpoints, written with the safetensors and gguf libraries."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import safetensors

from harness.model.architecture.configuration import Architecture
from harness.model.architecture.families import FAMILIES, Role, gguf_names
from harness.model.architecture.inventory import expected_tensors

ITEM = {"F32": 4, "F16": 2, "BF16": 2, "F64": 8, "I8": 1, "I64": 8}
RUST = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64", "I8": "int8", "I64": "int64"}
TINY = Architecture("llama", 24, 2, 4, 2, 40, 32, 64, 1e4, 1e-5, 6, attention_bias=False, tie_word_embeddings=False)


@dataclass(frozen=True)
class Stored:
    """A tensor of a checkpoint as bytes."""

    dims: tuple[int, ...]
    dtype: str
    data: bytes


def config_of(architecture: Architecture) -> dict[str, Any]:
    """The config.json of `architecture`, as transformers 5 writes it."""
    family = FAMILIES[architecture.family]
    config = {
        "architectures": [family.hf_architecture],
        "model_type": family.slug,
        "hidden_size": architecture.hidden_size,
        "num_hidden_layers": architecture.num_layers,
        "num_attention_heads": architecture.num_heads,
        "num_key_value_heads": architecture.num_kv_heads,
        "intermediate_size": architecture.intermediate_size,
        "vocab_size": architecture.vocab_size,
        "max_position_embeddings": architecture.max_position_embeddings,
        "rope_parameters": {"rope_theta": architecture.rope_theta, "rope_type": "default"},
        "rms_norm_eps": architecture.rms_norm_eps,
        "tie_word_embeddings": architecture.tie_word_embeddings,
        "head_dim": architecture.head_dim,
    }
    return {key: value for key, value in config.items() if value is not None}


def random_tensors(architecture: Architecture, dtypes: list[str], seed: int = 0) -> dict[str, Stored]:
    """Every tensor of `architecture` with random bytes, NaN payloads and all; dtypes taken in turn."""
    random = np.random.default_rng(seed)
    return {
        name: Stored(tensor.dims, dtype, random.bytes(int(np.prod(tensor.dims)) * ITEM[dtype]))
        for index, (name, tensor) in enumerate(expected_tensors(architecture).items())
        for dtype in [dtypes[index % len(dtypes)]]
    }


def write_checkpoint(
    folder: Path, config: dict[str, Any] | None, tensors: dict[str, Stored], metadata: dict[str, str] | None = None
) -> Path:
    """Write model.safetensors and config.json into `folder`; gives the path of the former."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.safetensors"
    kept = {name: np.frombuffer(one.data, np.uint8) for name, one in tensors.items()}
    content: dict[str, Any] = {}
    for name, one in tensors.items():
        if hasattr(safetensors, "TensorSpec"):  # since 0.8 tensors are given by address
            content[name] = safetensors.TensorSpec(
                dtype=RUST[one.dtype], shape=one.dims, data_ptr=kept[name].ctypes.data, data_len=len(one.data)
            )
        else:
            content[name] = {"dtype": RUST[one.dtype], "shape": one.dims, "data": one.data}
    path.write_bytes(bytes(safetensors.serialize(content, metadata)))
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return path


def permuted(data: np.ndarray, heads: int) -> np.ndarray:
    """What the exporter does to q and k: rows of each head from halves to pairs."""
    rows = data.shape[0]
    return data.reshape(heads, 2, rows // heads // 2, *data.shape[1:]).swapaxes(1, 2).reshape(data.shape)


def write_gguf(path: Path, architecture: Architecture, tensors: dict[str, np.ndarray]) -> Path:
    """Write a GGUF file of float32 or float16 `tensors` (checkpoint names), q and k permuted as the family has it."""
    writer = gguf.GGUFWriter(path, architecture.family)
    writer.add_vocab_size(architecture.vocab_size)
    writer.add_context_length(architecture.max_position_embeddings)
    writer.add_embedding_length(architecture.hidden_size)
    writer.add_block_count(architecture.num_layers)
    writer.add_feed_forward_length(architecture.intermediate_size)
    writer.add_head_count(architecture.num_heads)
    writer.add_head_count_kv(architecture.num_kv_heads)
    writer.add_rope_freq_base(architecture.rope_theta)
    writer.add_layer_norm_rms_eps(architecture.rms_norm_eps)
    if architecture.head_dim is not None:
        writer.add_key_length(architecture.head_dim)
        writer.add_value_length(architecture.head_dim)
    back = {hf: name for name, hf in gguf_names(architecture.family, architecture.num_layers).items()}
    for name, data in tensors.items():
        values = data
        for role, heads in ((Role.Q, architecture.num_heads), (Role.K, architecture.num_kv_heads)):
            moved = role in FAMILIES[architecture.family].permuted
            if moved and any(name == role.in_layer(layer) for layer in range(architecture.num_layers)):
                values = permuted(data, heads)
        writer.add_tensor(back.get(name, name), np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@dataclass(frozen=True)
class Builders:
    """The builders, as one fixture."""

    tiny: Architecture
    config_of: Callable[..., dict[str, Any]]
    random_tensors: Callable[..., dict[str, Stored]]
    write_checkpoint: Callable[..., Path]
    write_gguf: Callable[..., Path]
    permuted: Callable[[np.ndarray, int], np.ndarray]
    stored: type[Stored]

    def checkpoint(self, folder: Path, config: dict[str, Any] | None = None, **tensors: Stored | None) -> Path:
        """A tiny untied llama with changed config keys and tensors (`head`, `q`, `extra`), None takes one away."""
        names = {"head": "lm_head.weight", "q": "model.layers.1.self_attn.q_proj.weight", "extra": "extra.weight"}
        found = self.random_tensors(self.tiny, ["F16"])
        for key, tensor in tensors.items():
            found.pop(names[key], None)
            if tensor is not None:
                found[names[key]] = tensor
        whole = {**self.config_of(self.tiny), **(config or {})}
        return self.write_checkpoint(folder, whole, found)


@pytest.fixture(scope="session")
def build() -> Builders:
    """Builders of tiny checkpoints."""
    return Builders(TINY, config_of, random_tensors, write_checkpoint, write_gguf, permuted, Stored)

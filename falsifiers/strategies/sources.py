"""Source files of generated checkpoints, written by the formats' own libraries as the usual exporters write them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np
import safetensors

from falsifiers.oracles.dtypes import BLOCKS
from falsifiers.strategies.architectures import CLASSES, ROPE_ROLES, Slot, inventory
from falsifiers.strategies.contents import tensor_bytes, zero_row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from falsifiers.strategies.checkpoints import GeneratedCheckpoint

_NUMPY = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_SAFETENSORS = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True, slots=True)
class Weight:
    """A tensor of the checkpoint as a right import holds it: checkpoint name, dims, rows in their own order."""

    slot: Slot
    dtype: str
    payload: bytes


@lru_cache(maxsize=64)
def weights_of(case: GeneratedCheckpoint) -> tuple[Weight, ...]:
    """Every tensor of `case`, in the order of the model."""
    weights = []
    for number, slot in enumerate(inventory(case.architecture, tied=case.tied)):
        dtype = _dtype_of(case, slot, number)
        payload = tensor_bytes(case.contents, case.seed, number, dtype, slot.dims)
        if slot.role == "embedding" and case.pad_token is not None:
            payload = zero_row(payload, slot.dims, case.pad_token)
        weights.append(Weight(slot, dtype, payload))
    return tuple(weights)


def _dtype_of(case: GeneratedCheckpoint, slot: Slot, number: int) -> str:
    """Type of a tensor: vectors are F32 in GGUF whatever the file, and rows that fill no block are F16 there."""
    if case.container == "gguf" and len(slot.dims) == 1:
        return "F32"
    if case.dtype == "MIXED":
        return ("BF16", "F32", "F16")[(number + case.seed) % 3]
    if case.dtype in BLOCKS and slot.dims[-1] % BLOCKS[case.dtype][1]:
        return "F16"
    return case.dtype


def config_of(case: GeneratedCheckpoint) -> dict[str, Any]:
    """The config.json of `case`, as transformers 4 or 5 writes it, less the keys that the case leaves out."""
    config: dict[str, Any] = {
        "architectures": [CLASSES[case.family]],
        "bos_token_id": 0,
        "eos_token_id": 1,
        "head_dim": case.head_dim,
        "hidden_act": "silu",
        "hidden_size": case.hidden,
        "initializer_range": 0.02,
        "intermediate_size": case.intermediate,
        "max_position_embeddings": case.positions,
        "model_type": case.family,
        "num_attention_heads": case.heads,
        "num_hidden_layers": case.layers,
        "num_key_value_heads": case.kv_heads,
        "rms_norm_eps": case.eps,
        "rope_theta": case.theta,
        "tie_word_embeddings": case.tied,
        "use_cache": True,
        "vocab_size": case.vocab,
    }
    if case.family == "qwen2":
        del config["head_dim"]
    if case.pad_token is not None:
        config["pad_token_id"] = case.pad_token
    for key in case.omit:
        config.pop(key, None)
    if case.schema_version == 5 and "rope_theta" in config:
        config["rope_parameters"] = {"rope_theta": config.pop("rope_theta"), "rope_type": "default"}
    config["transformers_version"] = "5.23.0" if case.schema_version == 5 else "4.57.6"
    return config


def write_source(case: GeneratedCheckpoint, folder: Path) -> Path:
    """Write the files of `case` into the existing `folder`; gives the one that a person would name."""
    if case.container == "gguf":
        return _write_gguf(case, folder / "model.gguf")
    (folder / "config.json").write_text(json.dumps(config_of(case), indent=1), encoding="utf-8")
    notes = {"format": "pt"} | (
        {"trained on": 'ünïcode, "quotes", {braces}', "model.norm.weight": "F64"} if case.note else {}
    )
    weights = weights_of(case)
    if case.container == "safetensors":
        _write_safetensors(folder / "model.safetensors", weights, notes)
        return folder / "model.safetensors"
    return _write_shards(case, folder, weights, notes)


def _write_shards(case: GeneratedCheckpoint, folder: Path, weights: tuple[Weight, ...], notes: dict[str, str]) -> Path:
    """Deal the tensors out to shards, so that a layer is spread over several files."""
    count = min(case.shards, len(weights))
    places: dict[str, str] = {}
    for number in range(count):
        name = f"model-{number + 1:05d}-of-{count:05d}.safetensors"
        shard = weights[number::count]
        places |= {weight.slot.name: name for weight in shard}
        _write_safetensors(folder / name, shard, notes)
    total = sum(len(weight.payload) for weight in weights)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=1), encoding="utf-8")
    return index


def _write_safetensors(path: Path, weights: Iterable[Weight], notes: dict[str, str]) -> None:
    arrays = {
        weight.slot.name: (weight, np.frombuffer(weight.payload, dtype=_NUMPY[weight.dtype])) for weight in weights
    }
    describe = getattr(safetensors, "TensorSpec", None)
    specs: dict[str, Any] = {}
    for name, (weight, array) in arrays.items():
        dtype, shape = _SAFETENSORS[weight.dtype], list(weight.slot.dims)
        if describe is None:  # before safetensors 0.7 a description was a plain dictionary
            specs[name] = {"dtype": dtype, "shape": shape, "data": weight.payload}
        else:
            specs[name] = describe(dtype=dtype, shape=shape, data_ptr=array.ctypes.data, data_len=array.nbytes)
    safetensors.serialize_file(specs, path, notes)
    path.chmod(0o644)  # the library makes it private, and a subject may run as somebody else


def _write_gguf(case: GeneratedCheckpoint, path: Path) -> Path:
    writer = gguf.GGUFWriter(path, case.family)
    if case.alignment != 32:
        writer.add_custom_alignment(case.alignment)
    _add_sizes(writer, case)
    _add_vocabulary(writer, case)
    for weight in weights_of(case):
        _add_tensor(writer, case, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_sizes(writer: gguf.GGUFWriter, case: GeneratedCheckpoint) -> None:
    writer.add_block_count(case.layers)
    if "max_position_embeddings" not in case.omit:
        writer.add_context_length(case.positions)
    writer.add_embedding_length(case.hidden)
    writer.add_feed_forward_length(case.intermediate)
    writer.add_head_count(case.heads)
    if "num_key_value_heads" not in case.omit:
        writer.add_head_count_kv(case.kv_heads)
    if "rope_theta" not in case.omit:
        writer.add_rope_freq_base(case.theta)
    writer.add_layer_norm_rms_eps(case.eps)
    if case.family == "llama":
        writer.add_vocab_size(case.vocab)
        writer.add_rope_dimension_count(case.head_dim)
        if "head_dim" not in case.omit:
            writer.add_key_length(case.head_dim)
            writer.add_value_length(case.head_dim)


def vocabulary_of(case: GeneratedCheckpoint) -> list[str]:
    """The tokens of a generated GGUF, one for each row of the embedding."""
    return ["<s>", "</s>"] + [f"t{number}" for number in range(2, case.vocab)]


def _add_vocabulary(writer: gguf.GGUFWriter, case: GeneratedCheckpoint) -> None:
    tokens = vocabulary_of(case)
    writer.add_tokenizer_model("gpt2" if case.family == "qwen2" else "llama")
    writer.add_tokenizer_pre("qwen2" if case.family == "qwen2" else "default")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3] + [1] * (len(tokens) - 2))
    if case.family == "qwen2":
        writer.add_token_merges(["t 2"])
    else:
        writer.add_token_scores([-float(number) for number in range(len(tokens))])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    if case.pad_token is not None:
        writer.add_pad_token_id(case.pad_token)


def _add_tensor(writer: gguf.GGUFWriter, case: GeneratedCheckpoint, weight: Weight) -> None:
    dims, payload = weight.slot.dims, weight.payload
    if case.family == "llama" and weight.slot.role in ROPE_ROLES:
        heads = case.heads if weight.slot.role == "q_proj" else case.kv_heads
        payload = rope_permute(payload, dims[0], heads)
    name = weight.slot.gguf
    if weight.dtype in {"F32", "F16"}:
        writer.add_tensor(name, np.frombuffer(payload, dtype=_NUMPY[weight.dtype]).reshape(dims))
        return
    rows = np.frombuffer(payload, dtype=np.uint8).reshape(dims[0], -1)
    writer.add_tensor(name, rows, raw_dtype=gguf.GGMLQuantizationType[weight.dtype])


def rope_permute(payload: bytes, rows: int, heads: int) -> bytes:
    """Rows of every head from halves to pairs, as llama.cpp's exporter stores q and k of the llama family."""
    table = np.frombuffer(payload, dtype=np.uint8).reshape(heads, 2, rows // heads // 2, -1)
    return table.swapaxes(1, 2).tobytes()


def rope_unpermute(payload: bytes, rows: int, heads: int) -> bytes:
    """The inverse of `rope_permute`."""
    table = np.frombuffer(payload, dtype=np.uint8).reshape(heads, rows // heads // 2, 2, -1)
    return table.swapaxes(1, 2).tobytes()

"""A small importer of its own making: correct in several ways at will, and no relative of the one under test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

from falsifiers.oracles.apr_bytes import PlainTensor, write_plain_apr
from falsifiers.oracles.source_bytes import read_gguf, read_safetensors
from harness.subject.importer import Conversion
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = {"F32": 0, "F16": 1, "BF16": 30, "Q4_K": 12, "Q6_K": 14}
NULLS = (
    "name", "description", "author", "license", "version", "source", "original_format", "created_at", "quantization",
    "sharding", "chat_template", "chat_format", "special_tokens", "rope_theta", "max_position_embeddings",
    "rms_norm_eps", "hf_architecture", "head_dim", "tied_embeddings",
)  # fmt: skip


@dataclass(frozen=True)
class SecondImporter:
    """Reads a source and writes an APR file; every option changes something that no contract forbids."""

    nulls: bool = False
    """Write absent keys as null, as older writers do."""
    head_copy: str = ""
    """Store the head of a tied model: `kept` in the embedding's type, `widened` as F32."""
    arrival: bool = False
    """Keep payloads in the order of arrival, so that offsets do not grow along the index."""
    custom: bool = False
    """Write keys that nobody asked for, and those asked for in reverse order."""
    old_bf16: bool = False
    """Tag BF16 with the number that writers used before GH-438."""
    role: str = "importer"
    label: str = "reference"

    @property
    def identity(self) -> str:
        """Changes with the options."""
        return f"second importer {self!r}"

    def convert(self, source: Path, dest: Path) -> Conversion:
        """Read `source` and write `dest`."""
        metadata, tensors = self._from_gguf(source) if source.suffix == ".gguf" else self._from_folder(source)
        tied = "lm_head.weight" not in tensors
        if tied and self.head_copy:
            dtype, dims, payload = tensors["model.embed_tokens.weight"]
            if self.head_copy == "widened":
                dtype, payload = "F32", _to_f32(dtype, payload, dims)
            tensors["lm_head.weight"] = (dtype, dims, payload)
            metadata["tied_embeddings"] = True
        if self.custom:
            metadata |= {"zeta": [1, {"b": None}], "tensor_shapes": {key: list(row[1]) for key, row in tensors.items()}}
            metadata = dict(reversed(metadata.items()))
        if self.nulls:
            metadata = dict.fromkeys(NULLS) | metadata
        numbers = NUMBERS | ({"BF16": 2} if self.old_bf16 else {})
        rows = [
            PlainTensor(name, dims, numbers[dtype], payload, len(payload))
            for name, (dtype, dims, payload) in tensors.items()
        ]
        if not self.arrival:
            rows.sort(key=lambda row: row.name)
        else:
            rows.reverse()
        write_plain_apr(dest, metadata, rows)
        return Conversion(RunState.RAN, "", 0.0)

    def _from_folder(self, source: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        config = json.loads((source.parent / "config.json").read_text(encoding="utf-8"))
        theta = config.get("rope_parameters", config).get("rope_theta")
        metadata = {
            "model_type": "auto", "total_size": 0, "param_count": 0, "license": None,
            "architecture": config["model_type"],
            "hf_architecture": config["architectures"][0],
            "hidden_size": config["hidden_size"],
            "num_layers": config["num_hidden_layers"],
            "num_heads": config["num_attention_heads"],
            "num_kv_heads": config.get("num_key_value_heads", config["num_attention_heads"]),
            "vocab_size": config["vocab_size"],
            "intermediate_size": config["intermediate_size"],
            "max_position_embeddings": config.get("max_position_embeddings"),
            "rope_theta": theta,
            "rms_norm_eps": config.get("rms_norm_eps"),
        }  # fmt: skip
        tensors = {name: (t.dtype, t.dims, bytes(t.payload)) for name, t in read_safetensors(source).items()}
        return {key: value for key, value in metadata.items() if value is not None}, tensors

    def _from_gguf(self, source: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        pairs, listed = read_gguf(source)
        family = pairs["general.architecture"]
        get = lambda key, default=None: pairs.get(f"{family}.{key}", default)  # noqa: E731 - a short-hand
        metadata = {
            "model_type": family, "architecture": family,
            "hidden_size": get("embedding_length"),
            "num_layers": get("block_count"),
            "num_heads": get("attention.head_count"),
            "num_kv_heads": get("attention.head_count_kv", get("attention.head_count")),
            "vocab_size": get("vocab_size", len(pairs["tokenizer.ggml.tokens"])),
            "intermediate_size": get("feed_forward_length"),
            "max_position_embeddings": get("context_length"),
            "rope_theta": get("rope.freq_base"),
            "rms_norm_eps": get("attention.layer_norm_rms_epsilon"),
            "tokenizer.vocabulary": pairs["tokenizer.ggml.tokens"],
        }  # fmt: skip
        tensors = {}
        for name, tensor in listed.items():
            payload = bytes(tensor.payload)
            if family == "llama" and name.endswith(("attn_q.weight", "attn_k.weight")):
                heads = metadata["num_heads" if name.endswith("attn_q.weight") else "num_kv_heads"]
                payload = _pairs_to_halves(payload, tensor.dims[0], heads)
            tensors[_checkpoint_name(name)] = (tensor.dtype, tensor.dims, payload)
        return {key: value for key, value in metadata.items() if value is not None}, tensors


def _pairs_to_halves(payload: bytes, rows: int, heads: int) -> bytes:
    """Row by row: in each head, even rows are the first half and odd rows the second."""
    width, size = len(payload) // rows, rows // heads
    order = [head * size + row for head in range(heads) for row in (*range(0, size, 2), *range(1, size, 2))]
    return b"".join(payload[row * width : (row + 1) * width] for row in order)


_PARTS = {
    "token_embd": "model.embed_tokens", "output": "lm_head", "output_norm": "model.norm",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip


def _checkpoint_name(name: str) -> str:
    parts = name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{_PARTS[parts[2]]}.{parts[3]}"
    return f"{_PARTS[parts[0]]}.{parts[1]}"


def _to_f32(dtype: str, payload: bytes, dims: tuple[int, ...]) -> bytes:
    if dtype == "F32":
        return payload
    kind = gguf.GGMLQuantizationType[dtype]
    rows = np.frombuffer(payload, np.uint8 if dtype != "F16" else np.float16).reshape(dims[0], -1)
    return gguf.dequantize(rows, kind).astype("<f4").tobytes()

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.architecture.inventory import expected_tensors
from harness.model.artifact.open import open_artifact
from harness.model.conversion.convert import convert
from harness.verdict.errors import ArtifactError

NANO = ["llama-nano.f16.gguf", "llama-nano.bf16.gguf", "llama-nano.f32.gguf"]
KEPT = ["F32", "F16", "BF16", "Q4_K", "Q6_K"]


def written(path: Path) -> dict[str, tuple]:
    """Name -> (dims, dtype, bytes) of an APR file."""
    with open_artifact(path) as artifact:
        return {
            name: (entry.dims, entry.dtype.name, bytes(artifact.raw(name))) for name, entry in artifact.tensors.items()
        }


def metadata(path: Path) -> dict:
    """Metadata of an APR file, without the three keys that are always there."""
    with open_artifact(path) as artifact:
        found = dict(artifact.metadata)
    assert [found.pop(key) for key in ("license", "data_source", "data_license")] == [None] * 3
    return found


def check_against_mapping(source: Path, dest: Path, rows: list[dict], permuted) -> None:
    """Compare with the gguf library's reader: what was traced through the exporter is undone, all else is the same."""
    found = written(dest)
    reader = {tensor.name: tensor for tensor in gguf.GGUFReader(source).tensors}
    assert len(found) == len(reader) == len(rows)
    for row in rows:
        dims, dtype, data = found[row["hf"][0]]
        tensor = reader[row["gguf"]]
        assert dims == tuple(row["shape_rowmajor"]) == tuple(int(dim) for dim in reversed(tensor.shape))
        stored, kind = tensor.data.tobytes(), tensor.tensor_type
        if kind.name not in KEPT:
            stored = gguf.dequantize(tensor.data, kind).astype("<f4").tobytes()
        assert dtype == (kind.name if kind.name in KEPT else "F32")
        if row["transform"].startswith("rope_permute"):
            heads = int(row["transform"].partition("heads=")[2].rstrip(")"))
            matrix = np.frombuffer(data, np.uint8).reshape(dims[0], -1)
            data = permuted(matrix, heads).tobytes()
        assert data == stored, row["gguf"]


@pytest.fixture(scope="session")
def mapping(shared) -> dict:
    """What each tensor of the real GGUF files was made of."""
    return json.loads((shared / "artifacts" / "mapping.json").read_text())


@pytest.mark.parametrize("file", NANO)
def test_rows_are_put_back(root, tmp_path, file) -> None:
    """Every tensor of a real export, q and k included, has the values of the checkpoint that it was made of."""
    folder = root / "tests" / "artifacts"
    convert(folder / file, tmp_path / "x.apr")
    content = (folder / "llama-nano" / "model.safetensors").read_bytes()
    found = written(tmp_path / "x.apr")
    assert len(found) == 12
    for name, one in safetensors.deserialize(content):
        dims, dtype, data = found[name]
        halves = np.frombuffer(one["data"], "<f2").astype("<f4")
        as_dtype = {"F16": halves.astype("<f2").tobytes(), "F32": halves.tobytes(), "BF16": to_bf16(halves)}
        assert dims == tuple(one["shape"])
        assert dtype == ("F32" if len(dims) == 1 else file.split(".")[1].upper())
        assert data == as_dtype[dtype], name


def to_bf16(values: np.ndarray) -> bytes:
    """Round float32 to BF16, to nearest, ties to even."""
    bits = values.view("<u4").astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


@pytest.mark.parametrize(
    "file",
    [
        *NANO,
        "llama-nano.q8_0.gguf",
        "llama-nano.libllama-Q4_K_M.gguf",
        "llama-gqa4-sharded.q8_0.gguf",
        "llama-gqa4-sharded.libllama-Q4_K_M.gguf",
        "qwen2-h224.q8_0.gguf",
        "qwen2-h224.libllama-Q4_K_M.gguf",
        "qwen2-trained.q8_0.gguf",
        "qwen2-trained.libllama-Q4_0.gguf",
        "qwen2-trained.libllama-Q4_K_M.gguf",
        "qwen2-trained.libllama-Q6_K.gguf",
    ],
)
def test_real_files_against_the_traced_mapping(shared, mapping, build, tmp_path, file) -> None:
    """Every real llama and qwen2 GGUF: kept types byte for byte, others widened exactly and recorded by name."""
    source = shared / "artifacts" / "gguf" / file
    convert(source, tmp_path / "x.apr", dequantize=True)
    rows = mapping[file.split(".")[0]]["tensors"]
    check_against_mapping(source, tmp_path / "x.apr", rows, build.permuted)
    names = {row["gguf"]: row["hf"][0] for row in rows}
    widened = {
        names[tensor.name]: tensor.tensor_type.name
        for tensor in gguf.GGUFReader(source).tensors
        if tensor.tensor_type.name not in KEPT
    }
    assert metadata(tmp_path / "x.apr").get("dequantized", {}) == widened
    if widened:
        with pytest.raises(ArtifactError, match="--dequantize") as caught:
            convert(source, tmp_path / "y.apr")
        assert caught.value.found == widened[names[caught.value.tensor]]
        assert [path.name for path in tmp_path.iterdir()] == ["x.apr"]


def test_metadata_of_a_real_file(root, tmp_path) -> None:
    """Keys of GGUF arrive under the names of APR, the tie decided by the tensors, floats as they were meant."""
    convert(root / "tests" / "artifacts" / "llama-nano.f16.gguf", tmp_path / "x.apr")
    found = metadata(tmp_path / "x.apr")
    tokens = found.pop("tokenizer.vocabulary")
    assert len(tokens) == found.pop("tokenizer.vocab_size") == 512
    assert tokens[:4] == ["<unk>", "<s>", "</s>", "<0x00>"]
    assert len(found.pop("tokenizer.scores")) == len(found.pop("tokenizer.token_type")) == 512
    assert found == {
        "model_type": "llama",
        "name": "llama-nano.f16",
        "original_format": "gguf",
        "total_size": 0,
        "param_count": 42_080,
        "architecture": "llama",
        "hf_architecture": "LlamaForCausalLM",
        "hf_model_type": "llama",
        "hidden_size": 32,
        "num_layers": 1,
        "num_heads": 4,
        "num_kv_heads": 2,
        "vocab_size": 512,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
        "rope_theta": 10000.0,
        "rope_type": 0,
        "rms_norm_eps": 1e-6,
        "head_dim": 8,
        "tie_word_embeddings": False,
        "tokenizer.model": "llama",
        "tokenizer.pre_type": "default",
        "tokenizer.bos_token_id": 1,
        "tokenizer.eos_token_id": 2,
        "tokenizer.padding_token_id": 0,
        "tokenizer.add_bos_token": True,
        "tokenizer.add_eos_token": False,
    }


@settings(max_examples=20, deadline=None)
@given(
    kv=st.integers(1, 3),
    group=st.integers(1, 3),
    width=st.sampled_from([2, 6, 8]),
    sizes=st.tuples(st.integers(1, 2), st.integers(1, 33), st.integers(1, 33)),
    qwen=st.booleans(),
    tied=st.booleans(),
    half=st.booleans(),
)
def test_any_export_is_undone(build, kv, group, width, sizes, qwen, tied, half) -> None:  # noqa: PLR0917 - what Hypothesis draws
    """Address-valued tensors of random architectures come back where they were before the export."""
    heads, (layers, ffn, vocab) = kv * group, sizes
    architecture = replace(
        build.tiny, family="qwen2" if qwen else "llama", attention_bias=qwen, num_heads=heads, num_kv_heads=kv,
        hidden_size=heads * width, head_dim=width, num_layers=layers, intermediate_size=ffn, vocab_size=vocab,
        tie_word_embeddings=tied,
    )  # fmt: skip
    tensors = {
        name: np.arange(index, index + int(np.prod(one.dims)), dtype="<f4")
        .reshape(one.dims)
        .astype("<f2" if half and len(one.dims) == 2 else "<f4")
        for index, (name, one) in enumerate(expected_tensors(architecture).items())
    }
    with tempfile.TemporaryDirectory() as name:
        source = build.write_gguf(Path(name) / "x.gguf", architecture, tensors)
        convert(source, Path(name) / "x.apr")
        found = written(Path(name) / "x.apr")
        stated = metadata(Path(name) / "x.apr")
    assert {key: (dims, data) for key, (dims, _, data) in found.items()} == {
        key: (data.shape, data.tobytes()) for key, data in tensors.items()
    }
    assert stated["hf_architecture"] == ("Qwen2ForCausalLM" if qwen else "LlamaForCausalLM")
    assert stated.get("tied_embeddings", False) is stated["tie_word_embeddings"] is tied


def test_odd_heads_are_refused(build, tmp_path) -> None:
    """Rows that cannot have been permuted by heads are refused, not moved somehow."""
    architecture = replace(build.tiny, head_dim=3)
    tensors = {name: np.zeros(one.dims, "<f4") for name, one in expected_tensors(architecture).items()}
    with pytest.raises(ValueError, match="reshape"):
        build.permuted(tensors["model.layers.0.self_attn.q_proj.weight"], architecture.num_heads)
    source = build.write_gguf(tmp_path / "x.gguf", replace(architecture, family="qwen2"), tensors)
    content = source.read_bytes().replace(b"qwen2", b"llama")
    source.write_bytes(content)
    with pytest.raises(ArtifactError, match="pairs") as caught:
        convert(source, tmp_path / "x.apr")
    assert caught.value.rule == "rope-rows"


@pytest.mark.parametrize(
    ("change", "rule", "tensor"),
    [
        ({"output.weight": None}, "", ""),
        ({"blk.0.attn_q.weight": None}, "inventory-missing", "blk.0.attn_q.weight"),
        ({"rope_freqs.weight": (3,)}, "inventory-extra", "rope_freqs.weight"),
        ({"output.weight": (24, 32)}, "F-LAYOUT-CONTRACT-002", "output.weight"),
        ({"blk.1.ffn_up.weight": (24, 40)}, "inventory-dims", "blk.1.ffn_up.weight"),
    ],
    ids=["tied", "missing", "extra", "reversed-head", "reversed-matrix"],
)
def test_tensors_that_contradict_the_metadata(build, tmp_path, change, rule, tensor) -> None:
    """A missing, additional or reversed tensor is refused under the name that the file has for it."""
    back = {"output.weight": "lm_head.weight", "blk.0.attn_q.weight": "model.layers.0.self_attn.q_proj.weight",
            "blk.1.ffn_up.weight": "model.layers.1.mlp.up_proj.weight"}  # fmt: skip
    tensors = {name: np.zeros(one.dims, "<f4") for name, one in expected_tensors(build.tiny).items()}
    for name, dims in change.items():
        tensors.pop(back.get(name, name), None)
        if dims is not None:
            tensors[back.get(name, name)] = np.zeros(dims, "<f4")
    source = build.write_gguf(tmp_path / "x.gguf", build.tiny, tensors)
    if not rule:
        convert(source, tmp_path / "x.apr")
        assert metadata(tmp_path / "x.apr")["tie_word_embeddings"] is True
        return
    with pytest.raises(ArtifactError) as caught:
        convert(source, tmp_path / "x.apr")
    assert (caught.value.rule, caught.value.tensor) == (rule, tensor)
    assert not (tmp_path / "x.apr").exists()


@pytest.mark.parametrize(
    "file", ["llama-nano.vocab-only.gguf", "bert-tiny.f32.gguf", "phi3-tiny.q8_0.gguf", "gpt2-tiny.f16.gguf"]
)
def test_files_that_are_no_source(shared, tmp_path, file) -> None:
    """A file without tensors and families that are not supported are refused by name, without a trace on disk."""
    from harness.verdict.errors import RefusedError

    word = "vocabulary" if "vocab" in file else file.split("-")[0]
    with pytest.raises(RefusedError, match=word):
        convert(shared / "artifacts" / "gguf" / file, tmp_path / "x.apr", dequantize=True)
    assert list(tmp_path.iterdir()) == []

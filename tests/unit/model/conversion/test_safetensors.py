from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.artifact.open import open_artifact
from harness.model.conversion.convert import convert

DTYPES = ["F32", "F16", "BF16", "F64", "I8", "I64"]


def stored(folder: Path) -> dict[str, tuple]:
    """Name -> (dims, dtype, bytes) of a checkpoint, as the safetensors library reads it."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        for name, one in safetensors.deserialize(file.read_bytes()):
            found[name] = (tuple(one["shape"]), one["dtype"], bytes(one["data"]))
    return found


def written(path: Path) -> dict[str, tuple]:
    """The same of an APR file."""
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


@pytest.mark.parametrize("name", ["llama-nano", "qwen2-h224"])
def test_committed_checkpoints_arrive_byte_for_byte(root, tmp_path, name) -> None:
    """Names, dims, dtypes and bytes of real checkpoints are those that the safetensors library reads."""
    source = root / "tests" / "artifacts" / name
    report = convert(source, tmp_path / "x.apr")
    assert written(tmp_path / "x.apr") == stored(source)
    assert report.tensors == len(stored(source))
    assert report.bytes == (tmp_path / "x.apr").stat().st_size


@pytest.mark.parametrize("name", ["llama-gqa4-sharded", "qwen2-trained"])
def test_shared_checkpoints_arrive_byte_for_byte(shared, tmp_path, name) -> None:
    """A sharded checkpoint and one in BF16 arrive whole, whichever way they are named."""
    source = shared / "artifacts" / "ckpt" / name
    convert(source, tmp_path / "folder.apr")
    assert written(tmp_path / "folder.apr") == stored(source)
    file = next(iter(source.glob("*.index.json")), source / "model.safetensors")
    convert(file, tmp_path / "file.apr")
    assert (tmp_path / "file.apr").read_bytes() == (tmp_path / "folder.apr").read_bytes()


def test_metadata_of_a_real_checkpoint(root, tmp_path) -> None:
    """Every key is what the source states, under the name that APR has for it, and there is no other key."""
    convert(root / "tests" / "artifacts" / "llama-nano", tmp_path / "x.apr")
    found = metadata(tmp_path / "x.apr")
    lists = {key: found.pop(f"tokenizer.{key}") for key in ("vocabulary", "scores", "token_type")}
    assert {len(one) for one in lists.values()} == {found.pop("tokenizer.vocab_size")} == {507}
    assert found == {
        "model_type": "llama",
        "name": "llama-nano",
        "original_format": "safetensors",
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
        "source_metadata": {"format": "pt"},
        "tokenizer.bos_token_id": 1,
        "tokenizer.eos_token_id": 2,
        "tokenizer.padding_token_id": 0,
        "tokenizer.model_type": "bpe",
    }


def test_pieces_of_a_real_checkpoint(root, tmp_path) -> None:
    """Pieces, scores and types of tokenizer.model are those that a real exporter read out of it."""
    folder = root / "tests" / "artifacts"
    convert(folder / "llama-nano", tmp_path / "x.apr")
    convert(folder / "llama-nano.f16.gguf", tmp_path / "y.apr")
    ours, theirs = metadata(tmp_path / "x.apr"), metadata(tmp_path / "y.apr")
    for key in ("tokenizer.vocabulary", "tokenizer.scores", "tokenizer.token_type"):
        assert ours[key] == theirs[key][:507]


def test_tokenizer_of_a_real_checkpoint(root, tmp_path) -> None:
    """Vocabulary and merges of tokenizer.json arrive in order, pairs of pieces as texts."""
    source = root / "tests" / "artifacts" / "qwen2-h224"
    convert(source, tmp_path / "x.apr")
    found = metadata(tmp_path / "x.apr")
    model = json.loads((source / "tokenizer.json").read_text())["model"]
    assert found["tokenizer.model_type"] == "BPE"
    assert found["tokenizer.merges"] == [" ".join(pair) for pair in model["merges"]]
    assert found["tokenizer.vocab_size"] == len(found["tokenizer.vocabulary"]) == 512
    assert all(found["tokenizer.vocabulary"][index] == token for token, index in model["vocab"].items())
    assert found["tokenizer.vocabulary"][507:] == ["<unk>"] * 5
    assert found["rope_type"] == 2
    assert found["rope_theta"] == 1e6
    assert found["tied_embeddings"] is found["tie_word_embeddings"] is True


@pytest.mark.parametrize("name", ["llama-gqa4-sharded", "qwen2-h224"])
def test_old_configurations_give_the_same_file(shared, tmp_path, name) -> None:
    """The form of config.json that transformers 4 writes changes no byte of the result."""
    shutil.copytree(shared / "artifacts" / "ckpt" / name, tmp_path / name, copy_function=shutil.copyfile)
    convert(tmp_path / name, tmp_path / "new.apr")
    shutil.copyfile(shared / "artifacts" / "config_v4" / f"{name}.config.json", tmp_path / "old.json")
    (tmp_path / "old.json").replace(tmp_path / name / "config.json")
    convert(tmp_path / name, tmp_path / "old.apr")
    assert (tmp_path / "old.apr").read_bytes() == (tmp_path / "new.apr").read_bytes()


@settings(max_examples=25, deadline=None)
@given(
    kv=st.integers(1, 3),
    group=st.integers(1, 3),
    width=st.sampled_from([2, 6]),
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 33), st.integers(1, 33)),
    qwen=st.booleans(),
    tied=st.booleans(),
    dtypes=st.lists(st.sampled_from(DTYPES), min_size=1, max_size=4),
    seed=st.integers(0, 2**16),
)
def test_any_checkpoint_arrives_byte_for_byte(build, kv, group, width, sizes, qwen, tied, dtypes, seed) -> None:  # noqa: PLR0917 - what Hypothesis draws
    """Random architectures, mixed dtypes and random bytes (NaN payloads, -0, subnormals) arrive unchanged."""
    heads, (layers, ffn, vocab) = kv * group, sizes
    architecture = replace(
        build.tiny, family="qwen2" if qwen else "llama", attention_bias=qwen, num_heads=heads, num_kv_heads=kv,
        hidden_size=heads * width, head_dim=None, num_layers=layers, intermediate_size=ffn, vocab_size=vocab,
        tie_word_embeddings=tied,
    )  # fmt: skip
    tensors = build.random_tensors(architecture, dtypes, seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build.write_checkpoint(folder / "source", build.config_of(architecture), tensors, {"format": "np"})
        convert(folder / "source" / "model.safetensors", folder / "x.apr")
        assert written(folder / "x.apr") == {key: (one.dims, one.dtype, one.data) for key, one in tensors.items()}
        found = metadata(folder / "x.apr")
    assert found["source_metadata"] == {"format": "np"}
    assert found.get("tied_embeddings", False) is found["tie_word_embeddings"] is tied
    assert "head_dim" not in found


@pytest.mark.parametrize(
    "key",
    [
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "intermediate_size",
        "vocab_size",
        "max_position_embeddings",
        "rope_parameters",
        "rms_norm_eps",
        "tie_word_embeddings",
        "architectures",
    ],
)
def test_nothing_is_invented(build, tmp_path, key) -> None:
    """Taking a key out of config.json takes its key out of the APR file, and changes no other one."""
    apr = {
        "num_hidden_layers": "num_layers",
        "num_attention_heads": "num_heads",
        "num_key_value_heads": "num_kv_heads",
        "rope_parameters": "rope_theta",
        "architectures": "hf_architecture",
    }
    convert(build.checkpoint(tmp_path / "model"), tmp_path / "whole.apr")
    config = build.config_of(build.tiny)
    del config[key]
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    report = convert(tmp_path / "model", tmp_path / "less.apr")
    whole = metadata(tmp_path / "whole.apr")
    del whole[apr.get(key, key)]
    assert metadata(tmp_path / "less.apr") == whole
    assert (key in {"tie_word_embeddings", "architectures"}) or any(apr.get(key, key) in note for note in report.notes)


def test_a_tied_head_that_is_stored_all_the_same(build, tmp_path) -> None:
    """A stored copy of the embedding is kept under a tied configuration; no head is ever made up."""
    tensors = build.random_tensors(build.tiny, ["BF16"])
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    config = build.config_of(build.tiny) | {"tie_word_embeddings": True}
    build.write_checkpoint(tmp_path / "model", config, tensors)
    convert(tmp_path / "model", tmp_path / "x.apr")
    assert written(tmp_path / "x.apr").keys() == tensors.keys()
    assert metadata(tmp_path / "x.apr")["tied_embeddings"] is True


def test_scaled_positions_and_windows_travel(build, tmp_path) -> None:
    """Choices that change what the model computes are carried over word for word."""
    scaling = {"rope_theta": 1e4, "rope_type": "llama3", "factor": 8.0}
    build.checkpoint(tmp_path / "model", {"rope_parameters": scaling, "use_sliding_window": True, "sliding_window": 9})
    convert(tmp_path / "model", tmp_path / "x.apr")
    found = metadata(tmp_path / "x.apr")
    assert found["rope_scaling"] == {"rope_type": "llama3", "factor": 8.0}
    assert (found["use_sliding_window"], found["sliding_window"]) == (True, 9)


def test_special_ids_of_both_configurations(build, tmp_path) -> None:
    """Ids stand in config.json or generation_config.json; several end tokens are not made one."""
    build.checkpoint(tmp_path / "model", {"eos_token_id": [7, 8], "bos_token_id": 3})
    (tmp_path / "model" / "generation_config.json").write_text('{"pad_token_id": 5, "bos_token_id": 4}')
    convert(tmp_path / "model", tmp_path / "x.apr")
    found = {key: value for key, value in metadata(tmp_path / "x.apr").items() if key.startswith("tokenizer.")}
    assert found == {
        "tokenizer.bos_token_id": 3,
        "tokenizer.eos_token_ids": [7, 8],
        "tokenizer.padding_token_id": 5,
    }

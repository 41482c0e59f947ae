from __future__ import annotations

import json
import struct
import warnings

import numpy as np
import pytest
from gguf import GGUFReader, dequantize
from safetensors import deserialize

from harness.model.artifact.open import open_artifact
from harness.model.artifact.summary import summarise
from harness.verdict.errors import ArtifactError

HEADS_OF_NO_BYTES = {"qwen2-h224.apr", "qwen2-trained.apr"}
"""Tied checkpoints whose head the released CLI lists in F32 with a payload of 0 bytes."""


def test_safetensors_agree_with_the_library(shared):
    """Names, dims, dtypes and every payload byte of every file, shards included."""
    files = sorted((shared / "artifacts").rglob("*.safetensors"))
    assert len(files) >= 11
    for path in files:
        listed = dict(deserialize(path.read_bytes()))
        with open_artifact(path) as artifact:
            assert artifact.tensors.keys() == listed.keys()
            for name, entry in artifact.tensors.items():
                assert (entry.dtype.name, list(entry.dims)) == (listed[name]["dtype"], listed[name]["shape"])
                assert bytes(artifact.raw(name)) == bytes(listed[name]["data"])


def test_the_sharded_checkpoint_is_its_shards(shared):
    """All tensors of the five shards, in the order of the index."""
    folder = shared / "artifacts" / "ckpt" / "llama-gqa4-sharded"
    weight_map = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
    with open_artifact(folder) as artifact:
        assert list(artifact.tensors) == list(weight_map)
        for name, shard in weight_map.items():
            with open_artifact(folder / shard) as single:
                assert bytes(artifact.raw(name)) == bytes(single.raw(name))


def test_gguf_agrees_with_the_library(shared):
    """Names, dims, types, payload bytes, decoded values bit for bit, and all metadata of every little-endian file."""
    files = [path for path in sorted((shared / "artifacts").rglob("*.gguf")) if "bigendian" not in path.name]
    assert len(files) >= 17
    for path in files:
        oracle = GGUFReader(path)
        with open_artifact(path) as artifact:
            assert len(artifact.tensors) == len(oracle.tensors)
            for tensor in oracle.tensors:
                entry = artifact.tensors[tensor.name]
                assert entry.dims == tuple(int(dim) for dim in tensor.shape[::-1])
                assert entry.dtype.name == tensor.tensor_type.name
                assert bytes(artifact.raw(tensor.name)) == tensor.data.tobytes()
                wanted = dequantize(tensor.data, tensor.tensor_type)
                values = artifact.values(tensor.name).astype(np.float32)
                assert values.tobytes() == np.ascontiguousarray(wanted).tobytes(), (path.name, tensor.name)
            for name, value in artifact.metadata.items():
                wanted = oracle.fields[name].contents()
                assert (list(value) if isinstance(wanted, list) else value) == wanted, (path.name, name)
            assert {name for name in oracle.fields if not name.startswith("GGUF.")} == artifact.metadata.keys()


def test_the_big_endian_file_is_refused_by_name(shared):
    """With the tool that converts it."""
    with pytest.raises(ArtifactError, match="big-endian"):
        open_artifact(shared / "artifacts" / "gguf" / "llama-nano.bigendian-f32.gguf")


def test_apr_agrees_with_a_second_reading(shared):
    """Header, index and payloads as a few lines of struct read them; both checksums hold; broken heads are listed."""
    files = sorted((shared / "artifacts" / "apr").glob("*.apr"))
    assert len(files) >= 13
    for path in files:
        data = path.read_bytes()
        with open_artifact(path) as artifact:
            assert artifact.verify_checksum()
            listed = _second_reading(data)
            assert list(artifact.tensors) == list(listed)
            for name, (dims, offset, size) in listed.items():
                entry = artifact.tensors[name]
                assert (entry.dims, entry.offset, entry.nbytes) == (dims, offset, size)
                if path.name in HEADS_OF_NO_BYTES and name == "lm_head.weight":
                    with pytest.raises(ArtifactError) as caught:
                        artifact.raw(name)
                    assert (caught.value.rule, caught.value.tensor) == ("F-LAYOUT-CONTRACT-004", name)
                else:
                    assert bytes(artifact.raw(name)) == data[offset : offset + size]
                    assert artifact.values(name).shape == dims


def _second_reading(data):
    count, metadata_at, metadata_size, index_at, data_at = struct.unpack_from("<IQIQQ", data, 8)
    json.loads(data[metadata_at : metadata_at + metadata_size])
    listed, at = {}, index_at
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        rank = data[at + 3 + length]
        *dims, offset, size = struct.unpack_from(f"<{rank + 2}Q", data, at + 4 + length)
        listed[name] = (tuple(dims), data_at + offset, size)
        at += 20 + length + 8 * rank
    return listed


def test_quantised_apr_files_are_close_to_their_source(shared):
    """APR's own Q8 and Q4, as the released CLI packed them, decode to the checkpoint within half a step."""
    with open_artifact(shared / "artifacts" / "ckpt" / "qwen2-h224") as source:
        for file, steps in (("qwen2-h224.int8.apr", 127), ("qwen2-h224.int4.apr", 7)):
            with open_artifact(shared / "artifacts" / "apr" / file) as packed:
                quantised = [entry.name for entry in packed.tensors.values() if entry.dtype.name.startswith("APR_Q")]
                assert quantised
                for name in quantised:
                    if name not in source.tensors:
                        continue
                    wanted = source.values(name).astype(np.float64)
                    error = np.abs(packed.values(name).astype(np.float64) - wanted).max()
                    # Half a step of the largest scale, and the rounding of that scale to F16.
                    assert error <= np.abs(wanted).max() / steps * (0.5 + steps * 2**-11), (file, name)


def test_every_file_is_summed_up_as_json(shared):
    """Inspect's document is strict JSON whatever the file, vocabulary included."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for folder in ("apr", "gguf"):
            for path in sorted((shared / "artifacts" / folder).glob("llama-nano*")):
                if "bigendian" in path.name:
                    continue
                with open_artifact(path) as artifact:
                    summary = json.loads(json.dumps(summarise(artifact), allow_nan=False))
                assert summary["format"] == artifact.format
                assert [tensor["name"] for tensor in summary["tensors"]] == list(artifact.tensors)
                tokens = summary["metadata"].get("tokenizer.ggml.tokens", ["x"] * 512)
                assert len(tokens) == 512

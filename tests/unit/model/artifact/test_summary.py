from __future__ import annotations

import json
import struct

from artifact_samples import gguf_bytes, gguf_key, tiny_gguf, tiny_safetensors, write

from harness.model.artifact.open import open_artifact
from harness.model.artifact.summary import summarise


def test_a_summary_has_the_keys_that_others_read(tmp_path):
    """Format, version, metadata and tensors with dims outermost first, offsets that point at the payload."""
    path = write(tmp_path, tiny_gguf())
    with open_artifact(path) as artifact:
        summary = summarise(artifact)
    assert summary["format"] == "gguf"
    assert summary["version"] == "3"
    assert summary["metadata"]["test.tokens"] == ["ab", "é"]
    assert summary["metadata"]["test.nested"] == [[1, -2, 3]]
    first = summary["tensors"][0]
    assert {key: first[key] for key in ("name", "dims", "dtype", "nbytes")} == {
        "name": "a.weight",
        "dims": [2, 3],
        "dtype": "F32",
        "nbytes": 24,
    }
    assert path.read_bytes()[first["offset"] :][:24] == struct.pack("<6f", *range(6))


def test_numbers_that_json_has_not_become_texts(tmp_path):
    """A NaN in a GGUF header is shown and does not break the document."""
    keys = [
        gguf_key(f"k{n}".encode(), 6, struct.pack("<f", value))
        for n, value in enumerate([float("nan"), float("inf"), float("-inf"), 0.5])
    ]
    with open_artifact(write(tmp_path, gguf_bytes(keys))) as artifact:
        text = json.dumps(summarise(artifact)["metadata"], allow_nan=False)
    assert json.loads(text) == {"k0": "NaN", "k1": "Infinity", "k2": "-Infinity", "k3": 0.5}


def test_tensors_of_shards_say_their_file(tmp_path):
    """Offsets of a sharded checkpoint mean nothing without it; a single file does not repeat itself."""
    write(tmp_path, tiny_safetensors(), "1.safetensors")
    write(
        tmp_path,
        b'{"weight_map":{"a.weight":"1.safetensors","b.bias":"1.safetensors"}}',
        "model.safetensors.index.json",
    )
    with open_artifact(tmp_path) as artifact:
        assert [tensor["file"] for tensor in summarise(artifact)["tensors"]] == ["1.safetensors"] * 2
    with open_artifact(tmp_path / "1.safetensors") as artifact:
        assert "file" not in summarise(artifact)["tensors"][0]

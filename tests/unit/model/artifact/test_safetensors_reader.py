from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from artifact_samples import safetensors_bytes, st_entry, tiny_safetensors, write
from safetensors import deserialize
from safetensors.numpy import save

from harness.model.artifact.safetensors import SafetensorsArtifact
from harness.verdict.errors import ArtifactError


def test_a_tiny_file_is_listed_and_read(tmp_path):
    """Metadata, dims and values come out as they were put in, in the order of the header."""
    with SafetensorsArtifact.open(write(tmp_path, tiny_safetensors())) as artifact:
        assert artifact.metadata == {"format": "pt"}
        assert [(e.name, e.dims, e.dtype.name) for e in artifact.tensors.values()] == [
            ("a.weight", (2, 2), "F32"),
            ("b.bias", (3,), "F16"),
        ]
        assert artifact.values("a.weight").tolist() == [[1.0, -2.0], [3.5, -0.0]]
        assert artifact.values("b.bias").tolist() == [1.0, 2.0, 3.0]
        assert artifact.verify_checksum() is False


def test_the_library_is_the_oracle(tmp_path):
    """Every dtype that numpy has and we read, scalars and empty tensors included, as the library writes them."""
    tensors = {
        f"{kind}.{number}": np.arange(np.prod(dims), dtype=np.float64).reshape(dims).astype(kind)
        for kind in ("f4", "f2", "f8", "i1", "i2", "i4", "i8", "u1", "?")
        for number, dims in enumerate([(), (0,), (3, 0, 2), (5,), (2, 3), (2, 1, 2, 2)])
    }
    data = save(tensors, metadata={"a": "b"})
    with SafetensorsArtifact.open(write(tmp_path, data)) as artifact:
        assert artifact.metadata == {"a": "b"}
        assert artifact.tensors.keys() == tensors.keys()
        for name, wanted in tensors.items():
            values = artifact.values(name)
            assert values.dtype == wanted.dtype
            np.testing.assert_array_equal(values, wanted)
    listed = dict(deserialize(data))
    assert {name: tuple(entry["shape"]) for name, entry in listed.items()} == {
        name: entry.dims for name, entry in artifact.tensors.items()
    }


GOOD = st_entry("F32", (1,), 0, 4)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "safetensors-truncated"),
        (b"\2\0\0\0", "safetensors-truncated"),
        (struct.pack("<Q", 0), "safetensors-header"),
        (struct.pack("<Q", 2**64 - 1) + b"{}", "safetensors-header"),
        (struct.pack("<Q", 100_000_001) + b"{}", "safetensors-header"),
        (struct.pack("<Q", 3) + b"{}", "safetensors-truncated"),
        (safetensors_bytes(b" {}"), "safetensors-header"),
        (safetensors_bytes(b"[]"), "safetensors-header"),
        (safetensors_bytes(b"{}x"), "safetensors-header"),
        (safetensors_bytes(b'{"a":' + b"[" * 200_000), "safetensors-header"),
        (safetensors_bytes(b'{"a":%b,"a":%b}' % ((json.dumps(GOOD).encode(),) * 2), bytes(4)), "safetensors-header"),
        (safetensors_bytes({"__metadata__": {"a": 1}}), "safetensors-metadata"),
        (safetensors_bytes({"__metadata__": []}), "safetensors-metadata"),
        (safetensors_bytes({"a": []}), "safetensors-entry"),
        (safetensors_bytes({"a": {"dtype": "F32", "shape": [1]}}, bytes(4)), "safetensors-entry"),
        (safetensors_bytes({"a": GOOD | {"extra": 1}}, bytes(4)), "safetensors-entry"),
        (safetensors_bytes({"a": GOOD | {"shape": [1.0]}}, bytes(4)), "safetensors-entry"),
        (safetensors_bytes({"a": GOOD | {"shape": [True]}}, bytes(4)), "safetensors-entry"),
        (safetensors_bytes({"a": GOOD | {"shape": [-1]}}, bytes(4)), "safetensors-entry"),
        (safetensors_bytes({"a": GOOD | {"shape": 1}}, bytes(4)), "safetensors-entry"),
        (safetensors_bytes({"a": GOOD | {"data_offsets": [4, 0]}}, bytes(4)), "safetensors-entry"),
        (safetensors_bytes({"a": GOOD | {"data_offsets": [0, 4, 8]}}, bytes(4)), "safetensors-entry"),
        (safetensors_bytes({"a": st_entry("F32", (2**62, 8), 0, 4)}, bytes(4)), "safetensors-dims"),
        (safetensors_bytes({"a": st_entry("F32", (2,), 0, 4)}, bytes(4)), "safetensors-size"),
        (safetensors_bytes({"a": st_entry("F32", (0,), 0, 4)}, bytes(4)), "safetensors-size"),
        (safetensors_bytes({"a": st_entry("F32", (2**40,), 0, 2**42)}, bytes(4)), "safetensors-range"),
        (safetensors_bytes({"a": GOOD}, bytes(3)), "safetensors-range"),
        (safetensors_bytes({"a": GOOD}, bytes(5)), "safetensors-trailing"),
        (safetensors_bytes({}, bytes(1)), "safetensors-trailing"),
        (safetensors_bytes({"a": GOOD, "b": GOOD}, bytes(4)), "safetensors-overlap"),
        (safetensors_bytes({"a": GOOD, "b": st_entry("F32", (1,), 2, 6)}, bytes(6)), "safetensors-overlap"),
        (safetensors_bytes({"a": GOOD, "b": st_entry("F32", (1,), 5, 9)}, bytes(9)), "safetensors-gap"),
        (safetensors_bytes({"b": st_entry("F32", (1,), 1, 5)}, bytes(5)), "safetensors-gap"),
        (safetensors_bytes({"a": st_entry("F32", (0,), 2, 2), "b": GOOD}, bytes(4)), "safetensors-overlap"),
    ],
)
def test_malformed_files_are_refused(tmp_path, data, rule):
    """Each defect by its own rule."""
    with pytest.raises(ArtifactError) as caught:
        SafetensorsArtifact.open(write(tmp_path, data))
    assert caught.value.rule == rule


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2", "U16", "U32", "U64", "C64", "f32", "", None, ["F32"]])
def test_other_dtypes_are_refused_by_name(tmp_path, dtype):
    """The refusal names the dtype and the tensor."""
    data = safetensors_bytes({"odd": GOOD | {"dtype": dtype}}, bytes(4))
    with pytest.raises(ArtifactError) as caught:
        SafetensorsArtifact.open(write(tmp_path, data))
    assert (caught.value.rule, caught.value.tensor) == ("safetensors-dtype", "odd")
    assert str(dtype) in str(caught.value)


def test_offsets_need_not_follow_the_header(tmp_path):
    """The header may list tensors in another order than their payloads, and be padded with blanks."""
    text = json.dumps({"z": st_entry("U8", (1,), 1, 2), "a": st_entry("U8", (1,), 0, 1)}).encode() + b"   "
    with SafetensorsArtifact.open(write(tmp_path, safetensors_bytes(text, b"\1\2"))) as artifact:
        assert list(artifact.tensors) == ["z", "a"]
        assert (artifact.values("z").tolist(), artifact.values("a").tolist()) == ([2], [1])


def test_an_unaligned_payload_is_read(tmp_path):
    """Nothing in the format aligns payloads; values are right all the same."""
    header = {"a": st_entry("U8", (1,), 0, 1), "b": st_entry("F32", (2,), 1, 9)}
    with SafetensorsArtifact.open(
        write(tmp_path, safetensors_bytes(header, b"\7" + struct.pack("<2f", 1.5, -2)))
    ) as one:
        assert one.values("b").tolist() == [1.5, -2.0]

from __future__ import annotations

import struct

import numpy as np
import pytest
from artifact_samples import gguf_bytes, gguf_key, gguf_string, gguf_tensor, tiny_gguf, write
from gguf import GGUFReader, GGUFWriter

from harness.model.artifact.gguf import GgufArtifact
from harness.verdict.errors import ArtifactError

ONE = [gguf_tensor(b"a", (2,), 0, 0)]
DATA = bytes(32)


def rule_of(folder, data):
    """Rule by which the file is refused on opening."""
    with pytest.raises(ArtifactError) as caught:
        GgufArtifact.open(write(folder, data))
    return caught.value.rule


@pytest.mark.parametrize("version", [2, 3])
def test_a_tiny_file_is_listed_and_read(tmp_path, version):
    """Dims are turned round, metadata of every kind comes out, and the types of the file are kept."""
    data = bytearray(tiny_gguf())
    data[4] = version
    with GgufArtifact.open(write(tmp_path, bytes(data))) as artifact:
        assert artifact.version == str(version)
        assert [(e.name, e.dims, e.dtype.name) for e in artifact.tensors.values()] == [
            ("a.weight", (2, 3), "F32"),
            ("b.weight", (1, 32), "Q8_0"),
        ]
        assert artifact.values("a.weight").tolist() == [[0, 1, 2], [3, 4, 5]]
        assert artifact.values("b.weight").tolist() == [[0.5 * value for value in range(-16, 16)]]
        metadata = artifact.metadata
        assert (metadata["test.count"], metadata["test.flag"]) == (7, True)
        assert list(metadata["test.tokens"]) == ["ab", "é"]
        assert [list(inner) for inner in metadata["test.nested"]] == [[1, -2, 3]]
        assert artifact.value_types["test.tokens"] == "ARRAY[STRING]"
        assert artifact.value_types["test.eps"] == "FLOAT32"


def test_the_library_is_the_oracle(tmp_path):
    """Every value type and three tensor types, as gguf writes them and as its reader gives them back."""
    path = tmp_path / "model.gguf"
    writer = GGUFWriter(path, "test")
    for kind, value in [
        ("uint8", 200), ("int8", -100), ("uint16", 60000), ("int16", -30000), ("uint32", 2**32 - 1),
        ("int32", -(2**31)), ("float32", 0.25), ("uint64", 2**64 - 1), ("int64", -(2**63)), ("float64", 1e-300),
        ("bool", True), ("string", "zwölf"),
    ]:  # fmt: skip
        getattr(writer, f"add_{kind}")(f"v.{kind}", value)
    writer.add_array("v.ints", [1, -2, 3])
    writer.add_array("v.floats", [0.5, 1.5])
    writer.add_array("v.texts", ["a", "", "日本"])
    writer.add_custom_alignment(64)
    rng = np.random.default_rng(1)
    writer.add_tensor("f32", rng.standard_normal((3, 5), dtype=np.float32))
    writer.add_tensor("f16", rng.standard_normal((2, 3, 4)).astype(np.float16))
    writer.add_tensor("i32", np.arange(7, dtype=np.int32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    oracle = GGUFReader(path)
    with GgufArtifact.open(path) as artifact:
        assert artifact.alignment == 64
        for name, value in artifact.metadata.items():
            wanted = oracle.fields[name].contents()
            assert (list(value) if isinstance(wanted, list) else value) == wanted, name
        for tensor in oracle.tensors:
            assert artifact.tensors[tensor.name].dims == tuple(int(dim) for dim in tensor.shape[::-1])
            np.testing.assert_array_equal(artifact.values(tensor.name), tensor.data)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"GGU", "gguf-truncated"),
        (b"GGML" + bytes(20), "gguf-magic"),
        (gguf_bytes(version=1), "gguf-version"),
        (gguf_bytes(version=4), "gguf-version"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "gguf-big-endian"),
        (gguf_bytes(counts=(2**64 - 1, 0)), "gguf-truncated"),
        (gguf_bytes(counts=(0, 2**64 - 1)), "gguf-truncated"),
        (gguf_bytes(ONE, counts=(1, 1)), "gguf-truncated"),
        (gguf_bytes([struct.pack("<Q", 2**64 - 1) + bytes(20)]), "gguf-name"),
        (gguf_bytes([gguf_key(b"\xff", 0, b"1")]), "gguf-name"),
        (gguf_bytes([gguf_key(b"k", 0, b"1"), gguf_key(b"k", 0, b"1")]), "gguf-duplicate"),
        (gguf_bytes([gguf_key(b"k", 13, b"1")]), "gguf-value-type"),
        (gguf_bytes([gguf_key(b"k", 7, b"\2")]), "gguf-value"),
        (gguf_bytes([gguf_key(b"k", 8, struct.pack("<Q", 2**64 - 1))]), "gguf-truncated"),
        (gguf_bytes([gguf_key(b"k", 8, gguf_string(b"\xc3"))]), "gguf-name"),
        (gguf_bytes([gguf_key(b"k", 9, struct.pack("<IQ", 13, 0))]), "gguf-value-type"),
        (gguf_bytes([gguf_key(b"k", 9, struct.pack("<IQ", 4, 2**62))]), "gguf-truncated"),
        (gguf_bytes([gguf_key(b"k", 9, struct.pack("<IQ", 8, 2**64 - 1))]), "gguf-truncated"),
        (gguf_bytes([gguf_key(b"k", 9, struct.pack("<IQQ", 8, 1, 2**64 - 1))]), "gguf-truncated"),
        (gguf_bytes([gguf_key(b"k", 9, struct.pack("<IQQ", 8, 1, 2**63 - 9))]), "gguf-truncated"),
        (gguf_bytes([gguf_key(b"k", 9, struct.pack("<IQQ8x", 8, 2, 2**64 - 1))]), "gguf-truncated"),
        (gguf_bytes([gguf_key(b"k", 9, struct.pack("<IQ", 9, 1) * 40)]), "gguf-value"),
        (gguf_bytes([gguf_key(b"k", 9, struct.pack("<IQ", 7, 2) + b"\1\3")]), "gguf-value"),
        (gguf_bytes([gguf_key(b"general.alignment", 4, struct.pack("<I", 0))]), "gguf-alignment"),
        (gguf_bytes([gguf_key(b"general.alignment", 4, struct.pack("<I", 48))]), "gguf-alignment"),
        (gguf_bytes([gguf_key(b"general.alignment", 8, gguf_string(b"32"))]), "gguf-alignment"),
        (gguf_bytes([gguf_key(b"split.count", 2, struct.pack("<H", 3))]), "gguf-split"),
        (gguf_bytes([gguf_key(b"split.count", 8, gguf_string(b"3"))]), "gguf-split"),
        (gguf_bytes([gguf_key(b"split.count", 9, struct.pack("<IQ", 4, 0))]), "gguf-split"),
        (gguf_bytes((), ONE * 2, DATA * 2), "gguf-duplicate"),
        (gguf_bytes((), [gguf_tensor(b"a", (1,) * 5, 0, 0)], DATA), "gguf-dims"),
        (gguf_bytes((), [gguf_tensor(b"a", (2**40, 2**40), 0, 0)], DATA), "gguf-dims"),
        (gguf_bytes((), [gguf_tensor(b"a", (33,), 8, 0)], DATA * 3), "gguf-dims"),
        (gguf_bytes((), [gguf_tensor(b"a", (2**40,), 0, 0)], DATA), "gguf-range"),
        (gguf_bytes((), [gguf_tensor(b"a", (2,), 0, 8)], DATA), "gguf-alignment"),
        (gguf_bytes((), [gguf_tensor(b"a", (2,), 0, 2**64 - 32)], DATA), "gguf-range"),
        (gguf_bytes((), [gguf_tensor(b"a", (2,), 0, 0), gguf_tensor(b"b", (2,), 0, 0)], DATA * 2), "gguf-overlap"),
        (gguf_bytes((), [gguf_tensor(b"a", (2,), 0, 32)], DATA * 2), "gguf-gap"),
        (gguf_bytes((), ONE, DATA + b"\0"), "gguf-trailing"),
        (gguf_bytes((), ONE, bytes(7)), "gguf-range"),
    ],
)
def test_malformed_files_are_refused(tmp_path, data, rule):
    """Each defect by its own rule, and no count is believed."""
    assert rule_of(tmp_path, data) == rule


@pytest.mark.parametrize(("counts", "words"), [((2**20, 0), "more tensors"), ((0, 2**20), "more metadata keys")])
def test_counts_are_compared_with_the_file_before_anything_is_read(tmp_path, counts, words):
    """Not when the file ends: a count that cannot be true is called that."""
    with pytest.raises(ArtifactError, match=words):
        GgufArtifact.open(write(tmp_path, gguf_bytes([gguf_key(b"k", 0, b"1")], ONE, DATA, counts=counts)))


@pytest.mark.parametrize(("number", "words"), [(10, "Q2_K"), (39, "MXFP4"), (16, "IQ2_XXS"), (77, "no known type")])
def test_other_types_are_refused_by_number_and_name(tmp_path, number, words):
    """Types of GGML that are not read are called by their names."""
    with pytest.raises(ArtifactError, match=words) as caught:
        GgufArtifact.open(write(tmp_path, gguf_bytes((), [gguf_tensor(b"a", (256,), number, 0)], bytes(256))))
    assert caught.value.rule == "gguf-dtype"
    assert f"type {number}" in str(caught.value)


def test_alignment_moves_the_data(tmp_path):
    """A file aligned to 256 is read from where it says."""
    keys = [gguf_key(b"general.alignment", 4, struct.pack("<I", 256))]
    tensors = [gguf_tensor(b"a", (1,), 0, 0), gguf_tensor(b"b", (1,), 0, 256)]
    data = struct.pack("<f", 1.0).ljust(256, b"\0") + struct.pack("<f", 2.0)
    with GgufArtifact.open(write(tmp_path, gguf_bytes(keys, tensors, data, alignment=256))) as artifact:
        assert (artifact.values("a").tolist(), artifact.values("b").tolist()) == ([1.0], [2.0])


def test_a_broken_token_is_refused_when_it_is_read(tmp_path):
    """Arrays are lazy: the file lists, and the array that is asked for says where it is broken."""
    tokens = struct.pack("<IQ", 8, 2) + gguf_string(b"ok") + gguf_string(b"\xff")
    with GgufArtifact.open(write(tmp_path, gguf_bytes([gguf_key(b"tokens", 9, tokens)]))) as artifact:
        assert len(artifact.metadata["tokens"]) == 2
        with pytest.raises(ArtifactError, match="string 1") as caught:
            list(artifact.metadata["tokens"])
        assert caught.value.rule == "gguf-name"
        assert caught.value.offset == artifact.path.stat().st_size - 1


def test_a_whole_file_that_says_split_count_one_is_read(tmp_path):
    """Only more than one part is a split file."""
    keys = [gguf_key(b"split.count", 2, struct.pack("<H", 1))]
    GgufArtifact.open(write(tmp_path, gguf_bytes(keys))).close()


def test_a_large_vocabulary_lists_at_once(tmp_path):
    """152,000 tokens cost a step each on opening and no object: twenty times less than decoding them."""
    import time

    tokens = struct.pack("<IQ", 8, 152_000) + b"".join(gguf_string(b"token%d" % n) for n in range(152_000))
    path = write(tmp_path, gguf_bytes([gguf_key(b"tokens", 9, tokens)]))
    best = min(_seconds_to_open(path, time.perf_counter) for _ in range(3))
    assert best < 0.15
    with GgufArtifact.open(path) as artifact:
        assert artifact.metadata["tokens"][-1] == "token151999"


def _seconds_to_open(path, clock):
    start = clock()
    GgufArtifact.open(path).close()
    return clock() - start

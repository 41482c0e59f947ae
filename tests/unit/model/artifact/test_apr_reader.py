from __future__ import annotations

import struct

import numpy as np
import pytest
from artifact_samples import Raw, apr_bytes, tiny_apr, with_apr_header, write

from harness.model.artifact.apr import AprArtifact
from harness.verdict.errors import ArtifactError

F32_PAYLOAD = struct.pack("<2f", 1, 2)


def rule_of(folder, data):
    """Rule by which the file is refused on opening."""
    with pytest.raises(ArtifactError) as caught:
        AprArtifact.open(write(folder, data))
    return caught.value.rule


def test_a_tiny_file_is_listed_and_read(tmp_path):
    """Dims, dtypes, metadata and values come out as they were put in."""
    with AprArtifact.open(write(tmp_path, tiny_apr())) as artifact:
        assert (artifact.format, artifact.version, artifact.flags) == ("apr", "2.0", 0x0400)
        assert artifact.metadata == {"model_type": "test", "hidden_size": 3}
        assert [(e.name, e.dims, e.dtype.name, e.nbytes) for e in artifact.tensors.values()] == [
            ("a.weight", (2, 3), "F32", 24),
            ("b.bias", (4,), "BF16", 8),
        ]
        np.testing.assert_array_equal(artifact.values("a.weight"), np.arange(6, dtype=np.float32).reshape(2, 3))
        assert artifact.values("b.bias").tolist() == [1.0, 2.0, -3.0, -0.0]
        assert artifact.verify_checksum() is True


def test_no_tensors_is_a_file(tmp_path):
    """The smallest file has 132 bytes, lists nothing and is whole."""
    data = apr_bytes()
    assert len(data) == 132
    with AprArtifact.open(write(tmp_path, data)) as artifact:
        assert dict(artifact.tensors) == {}
        assert artifact.verify_checksum()


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"magic": b"APRN"}, "apr-magic"),
        ({"major": 1}, "apr-version"),
        ({"minor": 1}, "apr-version"),
        ({"flags": 0x0C00}, "apr-column-major"),
        ({"flags": 0x0401}, "apr-compressed"),
        ({"flags": 0x0402}, "apr-compressed"),
        ({"flags": 0x0404}, "apr-encrypted"),
        ({"flags": 0x1400}, "apr-flags"),
        ({"metadata_at": 0}, "apr-range"),
        ({"metadata_size": 2**32 - 1}, "apr-metadata"),
        ({"metadata_size": 3}, "apr-metadata"),
        ({"index_at": 2**64 - 64}, "apr-range"),
        ({"data_at": 2**64 - 64}, "apr-range"),
        ({"data_at": 64}, "apr-range"),
        ({"count": 1}, "apr-truncated"),
        ({"count": 2**32 - 1}, "apr-truncated"),
    ],
)
def test_header_fields_are_not_believed(tmp_path, fields, rule):
    """A field that lies, under checksums that hold, is refused by its rule."""
    assert rule_of(tmp_path, apr_bytes(**fields)) == rule


def test_header_checksum_is_verified(tmp_path):
    """A reserved byte that changed is noticed, at the place of the checksum."""
    data = bytearray(tiny_apr())
    data[50] = 1
    with pytest.raises(ArtifactError) as caught:
        AprArtifact.open(write(tmp_path, bytes(data)))
    assert (caught.value.rule, caught.value.offset) == ("apr-header-crc", 40)
    assert "expected" in str(caught.value)


@pytest.mark.parametrize(
    "metadata",
    [
        b"[]",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' + b"[" * 70 + b"]" * 70 + b"}",
        b"{}\0",
        "{}".encode("utf-16"),
    ],
)
def test_metadata_is_strict_json(tmp_path, metadata):
    """What JSON forbids, or a machine should not be asked to hold, is refused by apr-metadata."""
    assert rule_of(tmp_path, apr_bytes(metadata=metadata)) == "apr-metadata"


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ([Raw(b"b", 0, (2,), F32_PAYLOAD), Raw(b"a", 0, (2,), F32_PAYLOAD)], "apr-index-sorted"),
        ([Raw(b"a", 0, (2,), F32_PAYLOAD), Raw(b"a", 0, (2,), F32_PAYLOAD)], "apr-index-sorted"),
        ([Raw(b"\xff", 0, (2,), F32_PAYLOAD)], "apr-name"),
        ([Raw(b"n" * 257, 0, (2,), F32_PAYLOAD)], "apr-name"),
        ([Raw(b"a", 0, (1,) * 9, F32_PAYLOAD[:4])], "apr-dims"),
        ([Raw(b"a", 0, (2**32, 2**32), F32_PAYLOAD)], "apr-dims"),
        ([Raw(b"a", 0, (2,), F32_PAYLOAD, offset=8)], "apr-alignment"),
        ([Raw(b"a", 0, (2,), F32_PAYLOAD, offset=2**64 - 64)], "apr-range"),
        ([Raw(b"a", 0, (2,), F32_PAYLOAD, size=2**63)], "apr-range"),
        ([Raw(b"a", 0, (2,), F32_PAYLOAD), Raw(b"b", 0, (2,), F32_PAYLOAD, offset=0)], "apr-overlap"),
        ([Raw(b"a", 0, (17,), bytes(68)), Raw(b"b", 0, (2,), F32_PAYLOAD, offset=64)], "apr-overlap"),
        ([Raw(b"a", 0, (2,), F32_PAYLOAD + bytes(64), size=8), Raw(b"b", 0, (2,), F32_PAYLOAD)], "apr-gap"),
    ],
)
def test_index_entries_are_not_believed(tmp_path, entries, rule):
    """Order, names, dims and ranges of the index are checked one by one."""
    assert rule_of(tmp_path, apr_bytes(entries)) == rule


def test_payloads_may_stand_in_another_order_than_names(tmp_path):
    """A streaming writer keeps payloads as they arrive; only the index is sorted."""
    entries = [Raw(b"a", 0, (1,), struct.pack("<f", 2), offset=64), Raw(b"b", 0, (1,), struct.pack("<f", 1), offset=0)]
    data = apr_bytes(entries)
    with AprArtifact.open(write(tmp_path, data)) as artifact:
        # The builder lays payloads down in index order: `a` names the second, `b` the first.
        assert artifact.values("a").tolist() == [1.0]
        assert artifact.values("b").tolist() == [2.0]


def test_a_missing_footer_and_a_tail_are_told_apart(tmp_path):
    """A file without its footer, one cut within the payload and one with a tail get three rules."""
    whole = tiny_apr()
    assert rule_of(tmp_path, whole[:-4]) == "apr-footer-missing"
    assert rule_of(tmp_path, whole[:-1]) == "apr-footer-missing"
    assert rule_of(tmp_path, whole + b"\0") == "apr-trailing"
    assert rule_of(tmp_path, whole[:-100]) == "apr-range"
    assert rule_of(tmp_path, whole[:63]) == "apr-truncated"


def test_the_preserve_q4k_dialect_is_named(tmp_path):
    """Flags 0x0020 without a footer are refused by name, before its GGML dtype numbers can be."""
    entry = Raw(b"blk.0.ffn_up.weight", 13, (256,), bytes(176))
    assert rule_of(tmp_path, apr_bytes([entry], flags=0x0020, footer=False)) == "apr-dialect-q4k"
    quantised = apr_bytes([Raw(b"a", 0, (2,), F32_PAYLOAD)], flags=0x0420)
    AprArtifact.open(write(tmp_path, quantised)).close()


@pytest.mark.parametrize("size", [0, 4, 12])
def test_a_payload_of_the_wrong_size_is_listed_and_not_read(tmp_path, size):
    """Such a file opens, its other tensors are read, and only the broken one is refused, by the layout rule."""
    entries = [Raw(b"a", 0, (2,), bytes(size)), Raw(b"b", 0, (2,), F32_PAYLOAD)]
    with AprArtifact.open(write(tmp_path, apr_bytes(entries))) as artifact:
        assert artifact.values("b").tolist() == [1.0, 2.0]
        for read in (artifact.raw, artifact.values, lambda name: list(artifact.chunks(name))):
            with pytest.raises(ArtifactError) as caught:
                read("a")
            assert (caught.value.rule, caught.value.tensor) == ("F-LAYOUT-CONTRACT-004", "a")


@pytest.mark.parametrize(
    ("number", "dims", "size", "name"),
    [
        (2, (3, 5), 30, "BF16"),
        (8, (3, 32), 54, "APR_Q4"),
        (8, (3, 5), 18, "APR_Q4"),
        (9, (3, 5), 19, "APR_Q8"),
        (2, (3, 5), 0, "BF16"),
        (30, (3, 5), 30, "BF16"),
        (128, (40,), 36, "APR_Q4"),
        (129, (40,), 44, "APR_Q8"),
    ],
)
def test_both_numberings_are_read(tmp_path, number, dims, size, name):
    """Numbers of old writers are decided by the size of the payload, those of new ones by themselves."""
    with AprArtifact.open(write(tmp_path, apr_bytes([Raw(b"a", number, dims, bytes(size))]))) as artifact:
        assert artifact.tensors["a"].dtype.name == name


@pytest.mark.parametrize(
    ("number", "dims", "size", "words"),
    [
        (2, (4, 32), 72, "Q4_0 of GGML"),
        (8, (4, 32), 136, "Q8_0 of GGML"),
        (2, (4, 9), 72, "fits both"),
        (9, (32,), 36, "fits both"),
        (13, (256,), 176, "Q5_K of GGML"),
        (10, (256,), 84, "Q2_K of GGML"),
        (77, (4,), 16, "no known type"),
    ],
)
def test_other_dtypes_are_refused_by_number_and_name(tmp_path, number, dims, size, words):
    """GGML's numbers are called by GGML's names, and a size that fits two readings decides nothing."""
    with pytest.raises(ArtifactError, match=words) as caught:
        AprArtifact.open(write(tmp_path, apr_bytes([Raw(b"a", number, dims, bytes(size))])))
    assert caught.value.rule == "apr-dtype"
    assert str(number) in str(caught.value)


def test_the_footer_checksum_is_not_needed_to_open_but_is_verified_on_request(tmp_path):
    """A changed payload byte opens, and does not pass the checksum."""
    data = bytearray(tiny_apr())
    data[-100] ^= 1
    with AprArtifact.open(write(tmp_path, bytes(data))) as artifact:
        with pytest.raises(ArtifactError) as caught:
            artifact.verify_checksum()
        assert (caught.value.rule, caught.value.offset) == ("apr-footer-crc", len(data) - 4)


def test_a_right_header_with_a_wrong_field_is_what_the_helper_makes(tmp_path):
    """The builder of these tests keeps both checksums right, so that the rules above are met for their own reason."""
    same = with_apr_header(tiny_apr(), 6, struct.pack("<H", 0x0400))
    assert same == tiny_apr()
    AprArtifact.open(write(tmp_path, same)).close()

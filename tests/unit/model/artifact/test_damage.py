"""Damage of every byte of a small file of each format: refused by a typed error, or provably harmless."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from artifact_samples import (
    gguf_bytes,
    gguf_key,
    gguf_tensor,
    safetensors_bytes,
    st_entry,
    tiny_apr,
    tiny_gguf,
    tiny_safetensors,
    with_apr_header,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.artifact.open import open_artifact
from harness.model.artifact.summary import summarise
from harness.verdict.errors import RefusedError

SAMPLES = {"apr": tiny_apr, "safetensors": tiny_safetensors, "gguf": tiny_gguf}


def survives(path):
    """True when the file opens, passes its checksum and every tensor is read; a refusal has a rule and is typed.

    What survives is harmless for the machine: each payload lies in the file and has the size of its dims and dtype.
    """
    try:
        with open_artifact(path) as artifact:
            artifact.verify_checksum()
            summarise(artifact)
            size = path.stat().st_size
            taken = sorted((e.offset, e.offset + e.nbytes) for e in artifact.tensors.values() if e.nbytes)
            assert all(end <= size for _, end in taken)
            assert all(first[1] <= second[0] for first, second in pairwise(taken))
            for entry in artifact.tensors.values():
                assert artifact.values(entry.name).shape == entry.dims
                assert entry.nbytes == entry.expected_nbytes
            return True
    except RefusedError as error:
        return not error.rule  # a refusal without a rule counts as damage that was let through


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_truncation_is_refused(tmp_path, kind):
    """But for the padding behind the last payload of a GGUF file, in which nothing stands."""
    whole, path = SAMPLES[kind](), tmp_path / f"model.{kind}"
    path.write_bytes(whole)
    assert survives(path)
    lengths = []
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        if survives(path):
            lengths.append(length)
    padding = 30 if kind == "gguf" else 0
    assert lengths == list(range(len(whole) - padding, len(whole)))


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_every_changed_byte_is_refused_or_harmless(tmp_path, kind, mask):
    """APR notices every one by its checksums; the others have none, and what they let pass is listed here."""
    whole, path = SAMPLES[kind](), tmp_path / f"model.{kind}"
    passed = set()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= mask
        path.write_bytes(bytes(changed))
        if survives(path):
            passed.add(place)
    if kind == "apr":
        assert passed == set()
        return
    # Payloads, paddings, names, texts and numbers of the metadata have no redundancy; counts, sizes and places do.
    structure = set(range(24)) if kind == "gguf" else set(range(8))
    version = {4} if kind == "gguf" and mask == 0x01 else set()
    assert passed & structure == version


@pytest.mark.parametrize("place", range(64))
def test_every_header_byte_of_apr_in_every_value(tmp_path, place):
    """All 255 other values of each of the 64 header bytes are refused, most by the header's own checksum."""
    whole, path = tiny_apr(), tmp_path / "model.apr"
    for value in set(range(0, 256, 5)) - {whole[place]}:
        changed = bytearray(whole)
        changed[place] = value
        path.write_bytes(bytes(changed))
        assert not survives(path)


HUGE = st.one_of(
    st.integers(0, 2**64 - 1),
    st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 64, 2**64 - 1]),
    st.integers(0, 300),
)


@settings(deadline=None)
@given(st.sampled_from([8, 12, 20, 24, 32]), HUGE)
def test_apr_headers_with_right_checksums_and_wrong_numbers(tmp_path_factory, at, number):
    """Counts, offsets and sizes near 2^64, under checksums that hold, never get past the typed errors."""
    width = 4 if at in {8, 20} else 8
    path = tmp_path_factory.getbasetemp() / "fuzz.apr"
    field = (number % 2 ** (8 * width)).to_bytes(width, "little")
    path.write_bytes(with_apr_header(tiny_apr(), at, field))
    assert survives(path) == (path.read_bytes() == tiny_apr())


@settings(deadline=None)
@given(st.integers(0, 255), st.lists(HUGE, max_size=6), st.tuples(HUGE, HUGE), st.binary(max_size=80))
def test_gguf_tables_with_wrong_numbers(tmp_path_factory, kind, ne, numbers, data):
    """Any type, dims, offset and array length: a typed refusal, or a table that fits its file."""
    offset, count = numbers
    path = tmp_path_factory.getbasetemp() / "fuzz.gguf"
    keys = [gguf_key(b"k", 9, struct.pack("<IQ", kind % 14, count) + data)]
    path.write_bytes(gguf_bytes(keys, [gguf_tensor(b"a", ne, kind, offset)], data))
    survives(path)
    path.write_bytes(gguf_bytes((), [gguf_tensor(b"a", ne, kind, offset)], data, counts=(1 + count % 3, 0)))
    survives(path)


@settings(deadline=None)
@given(st.sampled_from(["F32", "U8", "X"]), st.lists(HUGE, max_size=4), st.tuples(HUGE, HUGE, HUGE), st.binary())
def test_safetensors_headers_with_wrong_numbers(tmp_path_factory, dtype, shape, numbers, data):
    """Any shape, offsets and header length: a typed refusal, or entries that cover their file."""
    begin, end, length = numbers
    path = tmp_path_factory.getbasetemp() / "fuzz.safetensors"
    whole = safetensors_bytes({"a": st_entry(dtype, shape, begin, end)}, data)
    path.write_bytes(whole)
    survives(path)
    path.write_bytes(length.to_bytes(8, "little") + whole[8:])
    survives(path)


@settings(deadline=None)
@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=300))
def test_noise_behind_a_magic(tmp_path_factory, kind, noise):
    """Whatever follows the first bytes of a format, nothing but a typed refusal comes out."""
    path = tmp_path_factory.getbasetemp() / f"noise.{kind}"
    path.write_bytes(SAMPLES[kind]()[:5] + noise)
    survives(path)

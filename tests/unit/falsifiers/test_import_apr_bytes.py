from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from import_clauses import CLAUSES
from second_importer import SecondImporter

from falsifiers.oracles.apr_bytes import (
    UnreadableError,
    plain_tensor,
    read_apr,
    restore_checksums,
    rewrite,
    write_plain_apr,
)
from falsifiers.oracles.differences import KINDS, difference
from falsifiers.oracles.dtypes import apr_dtype, size_of
from falsifiers.strategies.contents import KINDS as CONTENTS
from falsifiers.strategies.contents import tensor_bytes
from falsifiers.strategies.imports import IMPORTS
from falsifiers.strategies.populations import boundary_checkpoints
from harness.trial.interface import Answer
from harness.verdict.verdicts import RunState

KEYS = (
    "name", "description", "author", "license", "version", "source", "original_format", "created_at", "total_size",
    "param_count", "quantization", "sharding", "chat_template", "chat_format", "special_tokens", "architecture",
    "hidden_size", "num_layers", "num_heads", "num_kv_heads", "vocab_size", "intermediate_size",
    "max_position_embeddings", "rope_theta", "rope_type", "rms_norm_eps",
)  # fmt: skip


def test_golden_file(tmp_path):
    """The writer reproduces, byte for byte, the file whose digest the format's description gives."""
    values = np.array([0.01, -0.02, 0.03, -0.01], dtype="<f4").tobytes()
    metadata = {"model_type": "test"} | dict.fromkeys(KEYS) | {"total_size": 0, "param_count": 0}
    path = tmp_path / "golden.apr"
    write_plain_apr(path, metadata, [plain_tensor("test.bias", "F32", (4,), values)])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest == "77bce741a9c5dcb1207f46920cf203ae7ee06aef1dc5aeb0dd05cc19ad84ca6d"
    assert read_apr(path).problems == []


@pytest.fixture
def small(tmp_path):
    """A sound file of three tensors."""
    path = tmp_path / "small.apr"
    tensors = [plain_tensor(name, "F32", (20,), bytes(range(80))) for name in ("a", "b", "c")]
    write_plain_apr(path, {"architecture": "llama"}, tensors)
    return path


def patched(path, edit, *, restore=True):
    """Codes of the problems after `edit` of the bytes."""
    data = bytearray(path.read_bytes())
    edit(data)
    if restore:
        restore_checksums(data)
    path.write_bytes(data)
    return {problem.code for problem in read_apr(path).problems}


def entry(data, number):
    """Offsets of (name, dtype, offset, size) of an index entry with a one-letter name and one dim."""
    at = struct.unpack_from("<Q", data, 24)[0] + number * 29
    return at + 2, at + 3, at + 13, at + 21


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("column_major", lambda data: data.__setitem__(7, data[7] | 0x08)),
        ("metadata", lambda data: data.__setitem__(64, ord("x"))),
        ("unsorted", lambda data: data.__setitem__(entry(data, 0)[0], ord("z"))),
        ("duplicate", lambda data: data.__setitem__(entry(data, 0)[0], ord("b"))),
        ("unknown_dtype", lambda data: data.__setitem__(entry(data, 0)[1], 99)),
        ("misaligned", lambda data: data.__setitem__(entry(data, 0)[2], 1)),
        ("overlap", lambda data: struct.pack_into("<Q", data, entry(data, 1)[2], 0)),
        ("out_of_range", lambda data: struct.pack_into("<Q", data, entry(data, 2)[2], 1 << 63)),
        ("out_of_range", lambda data: struct.pack_into("<Q", data, entry(data, 2)[3], 1 << 40)),
        ("trailing_bytes", lambda data: data.__iadd__(bytes(64))),
    ],
)
def test_problem_is_named(code, edit, small):
    """Each breach of the container's rules is found by its code, under right checksums."""
    assert code in patched(small, edit)


@pytest.mark.parametrize(("code", "place"), [("header_crc", 50), ("footer_crc", -70)])
def test_stale_checksum_is_named(code, place, small):
    """A flipped bit that only one checksum covers is found by that checksum."""

    def flip(data):
        data[place] ^= 4

    assert code in patched(small, flip, restore=False)


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data.__setitem__(slice(0, 4), b"APRN"),
        lambda data: data.__setitem__(4, 1),
        lambda data: data.__setitem__(6, 1),
        lambda data: struct.pack_into("<I", data, 8, 4_000_000_000),
        lambda data: struct.pack_into("<I", data, 8, 900),
        lambda data: struct.pack_into("<Q", data, 24, 1 << 62),
        lambda data: data.__delitem__(slice(40, None)),
    ],
)
def test_unreadable_file_is_told(edit, small):
    """Where no index can be found the reader says so, quickly and by one kind of error."""
    data = bytearray(small.read_bytes())
    edit(data)
    small.write_bytes(data)
    with pytest.raises(UnreadableError):
        read_apr(small)


def test_rewrite_changes_what_it_was_asked_to(small):
    """An edit of metadata and payload arrives, with both checksums right."""

    def edit(apr):
        apr.metadata["extra"] = 1
        apr.tensors[0].payload = bytes(80)

    rewrite(small, edit)
    apr = read_apr(small)
    assert apr.problems == []
    assert apr.metadata == {"architecture": "llama", "extra": 1}
    assert bytes(apr.tensors[0].payload) == bytes(80)
    assert bytes(apr.tensors[1].payload) == bytes(range(80))


@pytest.mark.parametrize(
    ("number", "dims", "nbytes", "name"),
    [(2, (4, 9), 72, "BF16"), (2, (4, 32), 72, "Q4_0"), (2, (4, 9), 71, "?2"), (8, (64,), 36, "APR_Q4"),
     (8, (2, 32), 68, "Q8_0"), (9, (10,), 14, "APR_Q8"), (30, (1,), 2, "BF16"), (13, (256,), 176, "?13")],
)  # fmt: skip
def test_old_numbers_are_decided_by_size(number, dims, nbytes, name):
    """Numbers that changed their meaning are read by the size of the payload, and otherwise not at all."""
    assert apr_dtype(number, dims, nbytes) == name


def test_sizes_round_up_row_by_row():
    """Two rows of 33 elements take four blocks of 32, not three."""
    assert size_of("Q8_0", (2, 33)) == 4 * 34
    assert size_of("Q6_K", (3, 257)) == 6 * 210
    assert size_of("F16", (3, 5)) == 30
    assert size_of("?5", (3, 5)) is None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_damage_makes_a_falsifier_fail(data, tmp_path_factory):
    """Whatever bytes a subject leaves, every clause gives an observation."""
    folder = tmp_path_factory.mktemp("damaged")
    case = data.draw(st.sampled_from(boundary_checkpoints(("qwen2", "llama"), blocks=True)))
    answer = IMPORTS.exercise(SecondImporter(), case, folder, {})
    path = folder / answer.files["dest"]
    content = bytearray(path.read_bytes())
    (data_at,) = struct.unpack_from("<Q", content, 32)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(4, len(content) - 1 if data.draw(st.booleans()) else data_at))
        content[place] = data.draw(st.sampled_from((0, 1, 64, 127, 255)))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(64, len(content) - 1)) :]
    path.write_bytes(content)
    for clause in CLAUSES:
        seen = clause.observe(case, Answer(state=RunState.RAN, files=answer.files), folder)
        assert seen.not_measured or set(seen.measures) <= set(clause.falsifier.reasons)


ROWS, COLUMNS = 5, 7
KINDS_IN_ORDER = ("transposed", "permuted", "shifted", "swapped", "zeroed", "truncated", "altered")
RIGHT = tensor_bytes("address", 1, 0, "F16", (ROWS, COLUMNS))
TABLE = np.frombuffer(RIGHT, dtype="<u2").reshape(ROWS, COLUMNS)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("transposed", TABLE.T.tobytes()),
        ("permuted", TABLE[[0, 2, 1, 4, 3]].tobytes()),
        ("shifted", np.roll(TABLE, 1, axis=0).tobytes()),
        ("swapped", bytes(2 * ROWS * COLUMNS - 2) + b"ab"),
        ("zeroed", bytes(2 * ROWS * COLUMNS)),
        ("truncated", RIGHT[:-2]),
        ("altered", RIGHT[:-1] + bytes([RIGHT[-1] ^ 1])),
    ],
    ids=KINDS_IN_ORDER,
)
def test_difference_is_named(kind, found):
    """What happened to a payload is told apart."""
    seen = difference(
        (ROWS, COLUMNS),
        ("F16", RIGHT),
        ("F16", found),
        lambda payload: "other" if bytes(payload[-2:]) == b"ab" else None,
    )
    assert seen is not None
    assert seen.kind == kind
    assert kind in KINDS


def test_exact_widening_is_no_difference_and_narrowing_is():
    """F16 as F32 loses nothing; F32 as BF16 does; equal bytes under another tag are left to the tag's clause."""
    wide = np.frombuffer(RIGHT, dtype="<f2").astype("<f4").tobytes()
    assert difference((ROWS, COLUMNS), ("F16", RIGHT), ("F32", wide), lambda _: None) is None
    assert difference((ROWS, COLUMNS), ("F16", RIGHT), ("BF16", RIGHT), lambda _: None) is None
    cut = (np.frombuffer(wide, dtype="<u4") >> 16).astype("<u2").tobytes()
    assert difference((ROWS, COLUMNS), ("F32", wide), ("BF16", cut), lambda _: None).kind == "altered"


def test_values_of_apr_s_own_block_types_are_compared():
    """A tensor that was quantised on its way is told by a value that changed, and by its size when that is wrong."""
    values = np.full((2, 32), 0.5, dtype="<f4")
    halves = (struct.pack("<e", 0.5) + b"\x99" * 16) * 2
    same = ("F32", values.tobytes())
    assert difference((2, 32), same, ("APR_Q4", halves), lambda _: None) is None
    assert difference((2, 32), same, ("APR_Q8", struct.pack("<f", 0.25) + b"\x02" * 64), lambda _: None) is None
    changed = difference((2, 32), same, ("APR_Q4", halves[:-1] + b"\x98"), lambda _: None)
    assert "1 of 64 values differ after F32 became APR_Q4, the first at 62: found 0.0, expected 0.5" in changed.message
    short = difference((2, 32), same, ("APR_Q4", halves[:-1]), lambda _: None)
    assert short.message == "F32 became 35 bytes of APR_Q4, which takes 36 for [2, 32]"
    doubles = values.astype("<f8")
    assert difference((2, 32), same, ("F64", doubles.tobytes()), lambda _: None) is None
    doubles[1, 1] += 1e-12
    wide = difference((2, 32), same, ("F64", doubles.tobytes()), lambda _: None)
    assert wide.message == "F32 became 512 bytes of F64, whose values are not comparable"


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("kind", CONTENTS)
def test_contents_make_moves_visible(kind, dtype):
    """No two rows of a matrix, no two tensors, and no matrix and its transpose hold the same bytes."""
    first, second = (np.frombuffer(tensor_bytes(kind, 9, n, dtype, (90, 90)), np.uint8) for n in (0, 1))
    rows = {row.tobytes() for row in first.reshape(90, -1)}
    assert len(rows) == 90
    assert not np.array_equal(first, second)
    matrix = first.reshape(90, 90, -1)
    assert not np.array_equal(matrix, matrix.swapaxes(0, 1))

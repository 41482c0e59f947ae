import numpy as np
import pytest
from gguf.constants import GGMLQuantizationType
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_clauses import BOUND, SHELVES, TABLES

from falsifiers.oracles import blocks
from falsifiers.strategies.dtype_cases import NumberCase, SizeCase
from falsifiers.strategies.dtype_files import DTYPES
from falsifiers.strategies.dtype_values import PAIRS, ValueCase
from harness.trial.answers import AnswerStore


@pytest.mark.parametrize("form", ["apr", "gguf"])
def test_every_number_is_read_or_refused_by_the_reference(form, tmp_path):
    """All 256 numbers of a format, one after the other."""
    bound = BOUND["FALSIFY-007"]
    tally = bound.attack(AnswerStore(tmp_path)).search(
        NumberCase(format=form, number=number, seed=number) for number in range(256)
    )
    assert not tally.failures, tally.failures[0]
    assert tally.valid == 256


def test_sizes_follow_the_contracts_table():
    """Right, floored and flat sizes of a partial block by hand, and a formula may be right by chance."""
    table = TABLES["quant_dispatch"]
    sizes = {
        size: SizeCase(dtype="Q6_K", rows=3, columns=300, size=size).nbytes(table)
        for size in ("right", "floor", "flat", "short", "long")
    }
    assert sizes == {"right": 1260, "floor": 630, "flat": 630, "short": 1259, "long": 1261}
    assert SizeCase(dtype="Q4_K", rows=3, columns=512, size="floor").is_right(table)
    assert not SizeCase(dtype="Q4_K", rows=3, columns=300, size="floor").is_right(table)


@pytest.mark.parametrize("dtype", sorted(TABLES["quant_dispatch"]))
def test_contract_and_library_agree_on_blocks(dtype):
    """The contract's table has the block sizes that the gguf library has."""
    row = TABLES["quant_dispatch"][dtype]
    assert blocks.geometry(dtype) == blocks.Geometry(row["elements_per_block"], row["block_bytes"])


@settings(max_examples=40, deadline=None, database=None)
@given(st.sampled_from(blocks.ENCODED), st.integers(-12, 3), st.integers(0, 2**32 - 1))
def test_encoders_stay_within_their_bound(dtype, exponent, seed):
    """Encoding and decoding by the library moves no value further than the bound, and the bound is not generous."""
    values = np.random.default_rng(seed).uniform(-1, 1, (2, 64)).astype(np.float32) * np.float32(2.0**exponent)
    decoded = blocks.decode(blocks.encode(values, dtype), dtype, values.shape)
    error, bound = np.abs(decoded - values.astype(np.float64)), blocks.error_bound(values, dtype)
    assert (error <= bound).all()
    assert dtype == "F32" or error.max() > bound.max() / 16


@pytest.mark.parametrize("dtype", blocks.BLOCKS)
def test_random_blocks_decode_to_finite_values(dtype):
    """Scales of ordinary size keep every decoded value finite, and codes make them vary."""
    kind = blocks.geometry(dtype)
    payload = blocks.random_blocks(dtype, 2, 2, seed=1)
    assert len(payload) == 4 * kind.block_bytes
    decoded = blocks.decode(payload, dtype, (2, 2 * kind.block))
    assert np.isfinite(decoded).all()
    assert len(np.unique(decoded)) > 8


def test_partial_blocks_are_cut():
    """A row that ends inside a block decodes to as many values as it has columns."""
    whole = blocks.random_blocks("Q4_K", 2, 2, seed=3)
    wide = blocks.decode(whole, "Q4_K", (2, 512))
    assert np.array_equal(blocks.decode(whole, "Q4_K", (2, 300)), wide[:, :300])


@pytest.mark.parametrize(("form", "dtype", "other"), PAIRS)
def test_wrong_labels_are_plainly_wrong(form, dtype, other):
    """By the library alone, every pair's bytes read as the other type are off by more than half."""
    case = ValueCase(format=form, dtype=dtype, read_as=other, rows=3, blocks=2, exponent=-4, seed=9)
    dims, payload = case.mislabelled()
    wrong, right = blocks.decode(payload, other, dims).reshape(-1), case.values().reshape(-1)
    overlap = min(wrong.size, right.size)
    assert overlap >= 64
    assert blocks.relative_error(wrong[:overlap], right[:overlap]) > 0.5


@pytest.mark.parametrize(
    ("message", "number", "name", "named"),
    [
        ("dtype 13 is unknown", 13, "Q5_K", True),
        ("type Q5_K is not read", 13, "Q5_K", True),
        ("type q5_k", 13, "Q5_K", True),
        ("type 131", 13, "Q5_K", False),
        ("offset 0x13", 13, None, False),
        ("Q5_KM", 13, "Q5_K", False),
        ("1.13", 13, None, False),
        ("type 13.", 13, None, True),
        ("invalid", 13, "Q5_K", False),
    ],
)
def test_a_refusal_names_a_type(message, number, name, named):
    """The number or the name as a word of its own, and nothing that only contains it."""
    assert blocks.names_type(message, number, name) is named


def test_old_apr_numbers_mean_what_their_writers_meant():
    """2, 8 and 9 of old writers, and no meaning for numbers that nobody gave one."""
    meanings = {number: NumberCase(format="apr", number=number, seed=0).dtype for number in (2, 8, 9, 13, 255)}
    assert meanings == {2: "BF16", 8: "APR_Q4", 9: "APR_Q8", 13: None, 255: None}
    assert NumberCase(format="gguf", number=13, seed=0).dtype == GGMLQuantizationType(13).name


def test_paths_do_not_name_types(tmp_path):
    """The path of the file, which has the number in it, is taken out of the message before it is searched."""
    case = NumberCase(format="apr", number=77, seed=0)
    answer = DTYPES.exercise(SHELVES.reference("reader"), case, tmp_path, TABLES)
    assert "tensor-77" not in answer.data["decoding_message"]
    assert "77" in answer.data["decoding_message"]

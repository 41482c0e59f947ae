from __future__ import annotations

import struct

import numpy as np
import pytest
from gguf import GGMLQuantizationType
from gguf.quants import dequantize
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.model.artifact.dtypes import APR_Q4, APR_Q8, BF16, BOOL, BY_NAME, F32, Q8_0, Q8_1, U8, DType
from harness.model.kernels import decode as module
from harness.model.kernels.decode import decode, decode_pieces
from harness.verdict.errors import ArtifactError

GGML_BLOCKS = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"]


def values_of(raw, dtype, dims):
    """Decoded values."""
    return decode(memoryview(raw), dtype, dims, file="f", tensor="t")


def flat_of(raw, dtype, dims):
    """The same, put together from pieces, whose byte counts have to add up."""
    pieces = list(decode_pieces(memoryview(raw), dtype, dims, file="f", tensor="t"))
    ends = [end for end, _ in pieces]
    assert ends == sorted(ends)
    assert (ends or [len(raw)])[-1] == len(raw)
    return np.concatenate([piece for _, piece in pieces] or [np.empty(0)])


@pytest.mark.parametrize("name", GGML_BLOCKS)
@settings(deadline=None)
@given(seed=st.integers(0, 2**32), blocks=st.integers(1, 9), rows=st.integers(1, 3))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_blocks_are_bit_equal_to_gguf(name, seed, blocks, rows):
    """Any bytes: NaN and infinite scales, subnormal scales and every quant included."""
    dtype = BY_NAME[name]
    raw = np.random.default_rng(seed).bytes(rows * blocks * dtype.block_bytes)
    wanted = dequantize(np.frombuffer(raw, np.uint8).reshape(rows, -1), GGMLQuantizationType[name])
    values = values_of(raw, dtype, (rows, blocks * dtype.block))
    assert values.dtype == np.float32
    numbers = ~np.isnan(wanted)
    assert (np.isnan(values) == ~numbers).all()
    assert values[numbers].tobytes() == wanted[numbers].tobytes()


@pytest.mark.parametrize("name", [*GGML_BLOCKS, "APR_Q4"])
def test_subnormal_scales_keep_their_value(name):
    """The smallest F16 scale is no zero: flushing it would blank most of a real Q6_K model."""
    dtype = BY_NAME[name]
    block = bytearray(b"\x11" * dtype.block_bytes)
    at = 208 if name == "Q6_K" else 0
    block[at : at + 2] = b"\x01\x00"
    assert np.count_nonzero(values_of(bytes(block), dtype, (dtype.block,))) > 0


@pytest.mark.parametrize("name", ["Q8_0", "Q4_K", "Q6_K"])
@pytest.mark.parametrize("piece", [256, 1024, 1 << 18])
def test_rows_that_end_inside_a_block_drop_what_pads_them(monkeypatch, name, piece):
    """Row by row, whatever the size of a piece: the same values as of whole rows, cut."""
    monkeypatch.setattr(module, "PIECE", piece)
    dtype = BY_NAME[name]
    inner, rows = 5 * dtype.block + 7, 3
    raw = np.random.default_rng(3).integers(0, 60, rows * 6 * dtype.block_bytes, dtype=np.uint8).tobytes()
    whole = values_of(raw, dtype, (rows, 6 * dtype.block))
    values = values_of(raw, dtype, (rows, inner))
    assert values.tobytes() == np.ascontiguousarray(whole[:, :inner]).tobytes()
    assert flat_of(raw, dtype, (rows, inner)).tobytes() == values.tobytes()


def test_bf16_is_the_upper_half_of_f32():
    """All 65,536 codes, NaN payloads and signs of zero included."""
    codes = np.arange(65536, dtype="<u2")
    values = values_of(codes.tobytes(), BF16, (256, 256))
    assert (values.reshape(-1).view(np.uint32) == codes.astype(np.uint32) << 16).all()


@pytest.mark.parametrize(("name", "kind"), list(module._VIEWS.items()))
def test_plain_values_are_views(name, kind):
    """No byte is copied, nothing can be written, and every bit pattern stays what it is."""
    dtype = BY_NAME[name]
    raw = np.random.default_rng(5).bytes(24 * dtype.block_bytes)
    values = values_of(raw, dtype, (2, 3, 4))
    assert values.dtype == np.dtype(kind)
    assert values.tobytes() == raw
    assert not values.flags.owndata
    assert not values.flags.writeable
    assert np.shares_memory(values, np.frombuffer(raw, np.uint8))
    assert flat_of(raw, dtype, (2, 3, 4)).tobytes() == raw


def test_apr_q4_interleaves_nibbles_over_the_flat_stream():
    """Element 2k in the low nibble of byte k, 2k + 1 in the high one; rows do not matter; the tail is dropped."""
    first = struct.pack("<e", 0.5) + bytes(range(16))
    second = struct.pack("<e", 2.0) + b"\xf0" * 16
    values = values_of(first + second, APR_Q4, (2, 17))
    wanted = [value for k in range(16) for value in ((k & 15) - 8, (k >> 4) - 8)]
    assert values.reshape(-1).tolist() == [0.5 * value for value in wanted] + [2.0 * -8, 2.0 * 7]


def test_apr_q8_has_one_scale():
    """In front of the signed bytes; an empty tensor has no scale either."""
    values = values_of(struct.pack("<f3b", 0.25, -128, 0, 127), APR_Q8, (3,))
    assert values.tolist() == [-32.0, 0.0, 31.75]
    assert values_of(b"", APR_Q8, (0, 3)).shape == (0, 3)


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - {"Q8_1"}))
@pytest.mark.parametrize("dims", [(), (0,), (3, 0), (0, 256), (1,), (2, 256), (3, 5)])
def test_every_dtype_and_rank_has_its_dims(name, dims):
    """Scalars, empty tensors and odd rows have the dims that they were given, in one go and in pieces."""
    dtype = BY_NAME[name]
    raw = bytes(dtype.nbytes(dims))
    values = values_of(raw, dtype, dims)
    assert values.shape == dims
    assert not values.any()
    assert flat_of(raw, dtype, dims).size == values.size


def test_sizes_are_checked():
    """A byte too few or too many is the layout rule's business, in one go and in pieces."""
    for raw in (bytes(7), bytes(9), b""):
        for read in (decode, decode_pieces):
            with pytest.raises(ArtifactError) as caught:
                read(memoryview(raw), F32, (2,), file="f", tensor="t")
            assert caught.value.rule == "F-LAYOUT-CONTRACT-004"


@pytest.mark.parametrize("dtype", [Q8_1, DType("Q2_K", 256, 84)])
def test_other_dtypes_are_refused_by_name(dtype):
    """There is no default arm."""
    with pytest.raises(ArtifactError, match=dtype.name) as caught:
        values_of(bytes(dtype.block_bytes), dtype, (dtype.block,))
    assert caught.value.rule == "dtype-decode"


def test_a_bool_is_0_or_1():
    """Any other byte has no meaning."""
    assert values_of(b"\0\1", BOOL, (2,)).tolist() == [False, True]
    with pytest.raises(ArtifactError, match="neither 0 nor 1"):
        values_of(b"\0\2", BOOL, (2,))


@pytest.mark.parametrize("dims", [(0, 2**62), (1,) * 70, (0, 2**70)])
def test_dims_beyond_numpy_are_a_typed_error(dims):
    """A hostile header can name them without a byte of payload."""
    with pytest.raises(ArtifactError) as caught:
        values_of(bytes(U8.nbytes(dims)), F32 if 0 in dims else U8, dims)
    assert caught.value.rule == "dims-limit"


def test_decoding_in_pieces_takes_little_memory():
    """16 MB of Q8_0 give 60 MB of float32, of which a piece at a time exists."""
    import tracemalloc

    elements = 1 << 24
    raw = bytes(Q8_0.nbytes((elements,)))
    tracemalloc.start()
    count = sum(piece.size for _, piece in decode_pieces(memoryview(raw), Q8_0, (elements,), file="f", tensor="t"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == elements
    assert peak < 8 << 20

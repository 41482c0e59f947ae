from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.artifact.dtypes import BF16, BOOL, BY_NAME, F32, I16, Q4_K, Q8_1, DType
from harness.model.artifact.open import open_artifact
from harness.model.artifact.view import Artifact, TensorEntry
from harness.model.conversion import streaming
from harness.model.conversion.plan import HELD, WIDENED, payload
from harness.model.conversion.streaming import first_difference, rows_put_back, widened
from harness.model.conversion.tokenizers import from_tokenizer_json
from harness.verdict.errors import ArtifactError


@given(st.data(), st.sampled_from(sorted(one.name for one in WIDENED)), st.integers(1, 5), st.integers(0, 9))
def test_widening_does_not_care_where_pieces_break(data, name, blocks, seed) -> None:
    """Blocks that come in pieces of any size are put together again, and decode as the gguf package has them."""
    dtype = BY_NAME[name]
    raw = np.random.default_rng(seed).integers(0, 256, blocks * dtype.block_bytes).astype(np.uint8)
    with np.errstate(all="ignore"):
        expected = gguf.dequantize(raw, gguf.GGMLQuantizationType[name]).astype("<f4")
    cuts = sorted(data.draw(st.lists(st.integers(0, raw.size), max_size=6)))
    pieces = [memoryview(raw[start:stop]) for start, stop in zip([0, *cuts], [*cuts, raw.size], strict=True)]
    found = np.frombuffer(b"".join(widened(iter(pieces), dtype)), "<f4")
    assert found.size == expected.size
    numbers = ~np.isnan(expected)
    assert np.isnan(found[~numbers]).all()  # which NaN it is depends on the processor's order of operands
    assert found[numbers].tobytes() == expected[numbers].tobytes()


@pytest.fixture
def nano(root) -> Artifact:
    """A real export with permuted rows."""
    with open_artifact(root / "tests" / "artifacts" / "llama-nano.f16.gguf") as artifact:
        yield artifact


@pytest.mark.parametrize("piece", [1, 100, 1 << 22])
def test_rows_are_put_back_in_pieces(nano, build, monkeypatch, piece) -> None:
    """However small the pieces are, the rows end where they belong, and every page is given back once."""
    name, given_back = "blk.0.attn_q.weight", []
    monkeypatch.setattr(streaming, "PIECE", piece)
    monkeypatch.setattr(nano, "forget", lambda _, start, length: given_back.append((start, start + length)))
    chunks = [bytes(chunk) for chunk in rows_put_back(nano, name, 4)]
    assert max(map(len, chunks)) <= max(piece, 64)
    rows = np.frombuffer(b"".join(chunks), np.uint8).reshape(32, -1)
    assert build.permuted(rows, 4).tobytes() == bytes(nano.raw(name))
    assert given_back == [(start, start + 512) for start in range(0, 2048, 512)]


def test_first_difference(nano, monkeypatch) -> None:
    """The offset counts from the start of the payload, beyond the first piece too."""
    monkeypatch.setattr(streaming, "PIECE", 64)
    one, other = (bytes(nano.raw(f"blk.0.ffn_{kind}.weight")) for kind in ("gate", "up"))
    expected = next(index for index, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
    assert first_difference(nano, "blk.0.ffn_gate.weight", "blk.0.ffn_up.weight") == expected
    changed = bytearray(one)
    changed[1000] ^= 1
    served = {"a": one, "b": bytes(changed)}
    monkeypatch.setattr(nano, "chunks", lambda name, size: iter([served[name][:size], served[name][size:]]))
    assert first_difference(nano, "a", "b") == 1000
    assert first_difference(nano, "a", "a") is None


def entry(dims: tuple[int, ...], dtype: DType) -> TensorEntry:
    """A tensor that a file could list."""
    return TensorEntry("t", dims, dtype, 0, dtype.nbytes(dims), Path("x"))


@pytest.mark.parametrize("dtype", sorted(BY_NAME.values(), key=lambda one: one.name), ids=lambda one: one.name)
@pytest.mark.parametrize("dequantize", [False, True])
def test_every_dtype_is_kept_widened_or_refused(dtype, dequantize) -> None:
    """There is no default arm: a dtype is held, or widened when asked, or refused by its name."""
    tensor = entry((3, 2 * dtype.block), dtype)
    if dtype in HELD:
        assert payload(tensor, list, dequantize=dequantize).dtype is dtype
    elif dtype in WIDENED and dequantize:
        kept = payload(tensor, list, dequantize=True)
        assert (kept.dtype, kept.was) == (F32, dtype.name)
    else:
        with pytest.raises(ArtifactError, match=f"cannot hold {dtype.name}") as caught:
            payload(tensor, list, dequantize=dequantize)
        assert bool(caught.value.way_out) is (dtype in WIDENED)
    assert {Q8_1, BOOL, I16}.isdisjoint(HELD | WIDENED)


def test_rows_of_parts_of_blocks_are_refused() -> None:
    """Readers of APR disagree where such rows start, so they are not written."""
    with pytest.raises(ArtifactError, match="whole blocks") as caught:
        payload(entry((2, 300), Q4_K), list, dequantize=True)
    assert caught.value.rule == "F-LAYOUT-CONTRACT-004"
    assert payload(entry((), BF16), list, dequantize=False).dtype is BF16


def test_vocabulary_with_added_tokens_and_holes(tmp_path) -> None:
    """Added tokens win over the vocabulary, holes are filled as other writers fill them, both forms of merges read."""
    (tmp_path / "tokenizer.json").write_text(
        '{"model": {"type": "BPE", "vocab": {"a": 0, "b": 2, "x": 3}, "merges": [["a", "b"], "b a"]},'
        ' "added_tokens": [{"id": 3, "content": "<end>"}, {"id": 5, "content": "<pad>"}]}'
    )
    keys, notes = from_tokenizer_json(tmp_path / "tokenizer.json", 4)
    assert notes == []
    assert keys == {
        "tokenizer.vocabulary": ["a", "<unk>", "b", "<end>", "<unk>", "<pad>"],
        "tokenizer.vocab_size": 6,
        "tokenizer.merges": ["a b", "b a"],
        "tokenizer.model_type": "BPE",
    }

"""Roles by name, dims by comparison, sizes by the rule of the dtype."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.artifact.dtypes import BY_NAME
from harness.model.artifact.view import TensorEntry
from harness.model.validation.layout import ModelDims, wrong_dims, wrong_size
from harness.model.validation.roles import Role, role_of

MODEL = ModelDims(vocab=96, hidden=40)
EMBEDDINGS = [
    "model.embed_tokens.weight",
    "token_embd.weight",
    "transformer.wte.weight",
    "tok_embeddings.weight",
    "gpt_neox.embed_in.weight",
    "bert.embeddings.word_embeddings.weight",
    "model.language_model.embed_tokens.weight",
]
HEADS = [
    "lm_head.weight",
    "output.weight",
    "model.lm_head.weight",
    "embed_out.weight",
    "language_model.lm_head.weight",
    "transformer.output_layer.weight",
]
VECTORS = [
    ("model.norm.weight", (40,)),
    ("output_norm.weight", (40,)),
    ("blk.0.attn_norm.weight", (40,)),
    ("model.layers.0.self_attn.q_proj.bias", (40,)),
    ("model.layers.0.input_layernorm.weight", (1, 40)),
    ("h.0.ln_1.weight", (1, 40)),
    ("model.layers.0.self_attn.q_norm.weight", (4, 10)),
    ("blk.0.ffn_gate_exps.bias", (8, 40)),
    ("anything", ()),
]
MATRICES = [
    ("model.layers.0.self_attn.o_proj.weight", (40, 40)),
    ("blk.0.attn_output.weight", (40, 40)),
    ("blk.0.ffn_down.weight", (40, 96)),
    ("encoder.layer.0.attention.output.dense.weight", (40, 40)),
    ("transformer.wpe.weight", (64, 40)),
    ("blk.0.ffn_gate_exps.weight", (8, 96, 40)),
]


@pytest.mark.parametrize("name", EMBEDDINGS)
@pytest.mark.parametrize("dims", [(96, 40), (40, 96), (3840,)])
def test_embeddings_are_known_by_name_whatever_their_dims(name, dims):
    """A misshapen embedding is an embedding."""
    assert role_of(name, dims) is Role.EMBEDDING


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("dims", [(96, 40), (40, 96), (3840,)])
def test_heads_are_known_by_name_whatever_their_dims(name, dims):
    """A misshapen head is a head."""
    assert role_of(name, dims) is Role.HEAD


@pytest.mark.parametrize(("name", "dims"), VECTORS)
def test_biases_norms_and_scalars_are_vectors(name, dims):
    """By name where they are stacked, by dims where the name says nothing."""
    assert role_of(name, dims) is Role.VECTOR


@pytest.mark.parametrize(("name", "dims"), MATRICES)
def test_everything_else_is_a_matrix(name, dims):
    """An attention output is no language-model head."""
    assert role_of(name, dims) is Role.MATRIX


@pytest.mark.parametrize("name", [*EMBEDDINGS, *HEADS])
@pytest.mark.parametrize("dims", [(40, 96), (48, 80), (96, 41), (95, 40), (3840,), (1, 96, 40), (96,), ()])
def test_dims_other_than_vocab_by_hidden_are_wrong(name, dims):
    """Reversed, refactored, off by one, flattened: the product does not matter."""
    assert "[vocab, hidden] is [96, 40]" in wrong_dims(name, dims, MODEL)


@pytest.mark.parametrize("name", [*EMBEDDINGS, *HEADS])
def test_vocab_by_hidden_is_right(name):
    """The same tensor as it should be."""
    assert wrong_dims(name, (96, 40), MODEL) == ""


@pytest.mark.parametrize("name", ["final_projection.weight", "to_tokens", "score.kernel"])
def test_a_reversed_head_is_known_by_its_dims_under_any_name(name):
    """Outside the layers nothing but a reversed head is [hidden, vocab]."""
    assert wrong_dims(name, (40, 96), MODEL)
    assert wrong_dims(name, (96, 40), MODEL) == ""
    assert wrong_dims(name, (40, 40), MODEL) == ""


@pytest.mark.parametrize("name", ["model.layers.3.mlp.down_proj.weight", "blk.3.ffn_down.weight"])
def test_a_layer_may_be_as_wide_as_the_vocabulary(name):
    """A down projection of a model whose intermediate size equals its vocabulary is no reversed head."""
    assert wrong_dims(name, (40, 96), MODEL) == ""


def test_a_square_head_looks_the_same_either_way():
    """Where vocab equals hidden there is nothing to see, and nothing is claimed."""
    square = ModelDims(vocab=40, hidden=40)
    assert wrong_dims("lm_head.weight", (40, 40), square) == ""
    assert wrong_dims("anything", (40, 40), square) == ""


@pytest.mark.parametrize(
    ("model", "dims", "wrong"),
    [
        (ModelDims(vocab=None, hidden=40), (7, 40), False),
        (ModelDims(vocab=None, hidden=40), (40, 7), True),
        (ModelDims(vocab=96, hidden=None), (96, 7), False),
        (ModelDims(vocab=96, hidden=None), (7, 96), True),
        (ModelDims(vocab=None, hidden=None), (7, 96), False),
        (ModelDims(vocab=None, hidden=None), (7,), True),
    ],
)
def test_what_is_not_stated_is_not_compared(model, dims, wrong):
    """A missing size accepts any dim in its place; two dims it has to be."""
    assert bool(wrong_dims("lm_head.weight", dims, model)) is wrong


@pytest.mark.parametrize(
    ("dtype", "dims", "size"),
    [
        ("F32", (3, 5), 60),
        ("BF16", (3, 5), 30),
        ("Q8_0", (3, 33), 3 * 2 * 34),
        ("Q4_K", (2, 257), 2 * 2 * 144),
        ("Q6_K", (2, 256), 2 * 210),
        ("F32", (), 4),
        ("F32", (0, 5), 0),
    ],
)
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_payload_has_the_size_of_its_dims(dtype, dims, size, off):
    """One byte more or less is wrong; rows of blocks are padded to whole blocks."""
    entry = TensorEntry("t", dims, BY_NAME[dtype], 0, size + off, Path("model.apr"))
    assert bool(wrong_size(entry)) is bool(off)

"""Sizes and the padding token, as each format states them; what nobody states is None."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from harness.model.validation.layout import ModelDims
from harness.model.validation.padding import padding_row
from harness.model.validation.stated import stated_about
from harness.verdict.errors import ArtifactError


def about(file_format, metadata=None, path=None):
    """What is stated about a file of this format."""
    return stated_about(SimpleNamespace(format=file_format, metadata=metadata or {}, path=path))


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ({"pad_token_id": 7}, 7),
        ({"pad_token_id": 0}, 0),
        ({"tokenizer.padding_token_id": 3}, 3),
        ({"tokenizer.ggml.padding_token_id": 4}, 4),
        ({"text_config": {"pad_token_id": 5}}, 5),
        ({"pad_token": "<p>", "added_tokens_decoder": {"9": {"content": "<p>"}, "1": {"content": "<s>"}}}, 9),
        ({"pad_token": {"content": "<p>"}, "added_tokens_decoder": {"9": {"content": "<p>"}}}, 9),
        ({"special_tokens": {"pad_token": "b"}, "tokenizer.vocabulary": ["a", "b"]}, 1),
        ({"pad_token_id": None}, None),
        ({"pad_token_id": -1}, None),
        ({"pad_token_id": True}, None),
        ({"pad_token_id": "7"}, None),
        ({"pad_token_id": [7]}, None),
        ({"pad_token": "<p>"}, None),
        ({"pad_token": "<p>", "added_tokens_decoder": {"x": {"content": "<p>"}, "9": "<p>"}}, None),
        ({"special_tokens": {"pad_token": "z"}, "tokenizer.vocabulary": ["a", "b"]}, None),
        ({"special_tokens": None, "text_config": 3}, None),
        ({}, None),
    ],
)
def test_the_padding_row_of_one_statement(said, row):
    """Every spelling that is known, and every value that is none."""
    assert padding_row(said) == row


def test_the_first_statement_with_a_padding_token_counts():
    """The configuration of the model goes before that of its generation and of its tokenizer."""
    assert padding_row({"pad_token_id": None}, {"pad_token_id": 2}, {"pad_token_id": 3}) == 2
    assert padding_row() is None


@pytest.mark.parametrize(
    ("metadata", "dims"),
    [
        ({"vocab_size": 96, "hidden_size": 40}, ModelDims(96, 40)),
        ({"vocab_size": 96, "d_model": 40}, ModelDims(96, 40)),
        ({"vocab_size": None, "hidden_size": 40.0}, ModelDims(None, None)),
        ({"vocab_size": 0, "hidden_size": True}, ModelDims(None, None)),
        ({}, ModelDims(None, None)),
    ],
)
def test_apr_states_its_own_sizes(metadata, dims):
    """Positive integers only."""
    assert about("apr", metadata)[0] == dims


def test_gguf_states_sizes_under_its_architecture():
    """A vocabulary size that is not stated is the number of tokens."""
    said = {"general.architecture": "llama", "llama.embedding_length": 40, "qwen2.embedding_length": 41}
    assert about("gguf", said)[0] == ModelDims(None, 40)
    tokens = {"tokenizer.ggml.tokens": ["a"] * 96}
    assert about("gguf", said | tokens)[0] == ModelDims(96, 40)
    assert about("gguf", said | tokens | {"llama.vocab_size": 97})[0] == ModelDims(97, 40)


def test_safetensors_is_described_by_its_siblings(tmp_path):
    """config.json gives the sizes; generation and tokenizer configuration may give the padding token."""
    path = tmp_path / "model.safetensors"
    assert about("safetensors", path=path) == (ModelDims(None, None), None)
    (tmp_path / "config.json").write_text(json.dumps({"text_config": {"vocab_size": 96, "hidden_size": 40}}))
    assert about("safetensors", path=path) == (ModelDims(96, 40), None)
    (tmp_path / "generation_config.json").write_text(json.dumps({"pad_token_id": 2}))
    assert about("safetensors", path=path) == (ModelDims(96, 40), 2)


@pytest.mark.parametrize("text", ["{", "[]", "3", "\xff", "[" * 100_000])
def test_a_sibling_that_is_no_object_is_refused_by_name(tmp_path, text):
    """Broken, hostile or of another kind: a typed error that names the file."""
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ArtifactError, match=r"config\.json") as refused:
        about("safetensors", path=tmp_path / "model.safetensors")
    assert refused.value.rule == "sibling-config"


def test_a_giant_sibling_is_not_read(tmp_path):
    """Memory does not follow what lies beside the weights."""
    with (tmp_path / "config.json").open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(ArtifactError, match="more than"):
        about("safetensors", path=tmp_path / "model.safetensors")

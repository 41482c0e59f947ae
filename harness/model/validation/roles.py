"""What a tensor is for, told by its name and its number of dims: embedding, head, matrix or vector."""

from __future__ import annotations

import re
from enum import StrEnum, unique


@unique
class Role(StrEnum):
    """The kinds of tensors that data-quality gates treat differently."""

    EMBEDDING = "embedding"
    HEAD = "head"
    MATRIX = "matrix"
    VECTOR = "vector"
    """A bias, a norm, a scale or any other tensor of at most one dim; zero or constant ones are legitimate."""


# Hugging Face, GGUF, Meta's own checkpoints, GPT-2, GPT-NeoX, BERT, ChatGLM, Mamba.
_EMBEDDINGS = frozenset(
    {
        "embed_tokens", "token_embd", "tok_embeddings", "wte", "embed_in", "word_embeddings",
        "embeddings.word_embeddings", "embedding.word_embeddings", "word_embedding", "shared", "embeddings",
    }
)  # fmt: skip
_HEADS = frozenset(
    {
        "lm_head", "output", "embed_out", "output_layer", "head", "lm_head.linear", "cls.predictions.decoder",
        "predictions.decoder", "unembed", "logits",
    }
)  # fmt: skip
_WRAPPERS = frozenset(
    {
        "model", "transformer", "language_model", "text_model", "module", "base_model", "backbone", "gpt_neox",
        "bert", "roberta", "decoder", "encoder", "llm", "_orig_mod",
    }
)  # fmt: skip
_NORM = re.compile(r"(^|[._])(\w*layer_?norm|\w*_?norm|ln_\w+|ln\d?|norm\d)(\.|_\d|$)", re.IGNORECASE)
_DIGITS = re.compile(r"(^|\.)\d+(\.|$)")


def role_of(name: str, dims: tuple[int, ...]) -> Role:
    """The role of a tensor called `name`; `dims` outermost first.

    The name decides for the embedding, the head, biases and norms, whatever their dims, so that a misshapen head is
    still held to what a head must be. For everything else the number of dims decides.
    """
    stem = _stem(name)
    if stem in _EMBEDDINGS:
        return Role.EMBEDDING
    if stem in _HEADS:
        return Role.HEAD
    if len(dims) <= 1 or name.endswith((".bias", "_bias")) or _NORM.search(name.removesuffix(".weight")):
        return Role.VECTOR
    return Role.MATRIX


def inside_a_layer(name: str) -> bool:
    """True when the name counts layers, as `model.layers.3.mlp.down_proj.weight` and `blk.3.ffn_down.weight` do."""
    return _DIGITS.search(name) is not None


def _stem(name: str) -> str:
    """`name` without `.weight` and without the modules that only wrap a model."""
    parts = name.removesuffix(".weight").split(".")
    while len(parts) > 1 and parts[0] in _WRAPPERS:
        parts = parts[1:]
    return ".".join(parts)

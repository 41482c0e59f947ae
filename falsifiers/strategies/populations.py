"""Which checkpoints are tried: the boundary cases, small first, and the Hypothesis strategy of random ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from falsifiers.strategies.architectures import FAMILIES
from falsifiers.strategies.checkpoints import GeneratedCheckpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CASES: tuple[dict[str, Any], ...] = (
    {"family": "qwen2", "hidden": 12, "heads": 3, "kv_heads": 1, "head_dim": 4, "intermediate": 20, "vocab": 17,
     "layers": 2, "dtype": "BF16", "tied": True},
    {"family": "llama", "hidden": 12, "heads": 4, "kv_heads": 2, "head_dim": 4, "intermediate": 10, "vocab": 22,
     "layers": 2, "dtype": "F16", "container": "gguf", "contents": "address", "theta": 500000.0, "eps": 1e-5},
    {"family": "qwen2", "hidden": 24, "heads": 6, "kv_heads": 2, "head_dim": 4, "intermediate": 37, "vocab": 41,
     "layers": 2, "dtype": "F32", "schema_version": 4, "theta": 1000000.0, "note": True, "pad_token": 3},
    {"family": "llama", "hidden": 16, "heads": 2, "kv_heads": 2, "head_dim": 8, "intermediate": 16, "vocab": 16,
     "layers": 1},
    {"family": "llama", "hidden": 20, "heads": 4, "kv_heads": 1, "head_dim": 6, "intermediate": 28, "vocab": 30,
     "layers": 3, "dtype": "MIXED", "container": "sharded", "shards": 3, "contents": "edges", "eps": 1e-5,
     "theta": 123456.75},
    {"family": "qwen2", "hidden": 16, "heads": 4, "kv_heads": 2, "head_dim": 4, "intermediate": 23, "vocab": 34,
     "layers": 2, "dtype": "MIXED", "container": "gguf", "contents": "edges", "alignment": 64, "tied": True},
    {"family": "llama", "hidden": 18, "heads": 3, "kv_heads": 3, "head_dim": 6, "intermediate": 25, "vocab": 19,
     "layers": 2, "dtype": "F16", "contents": "edges", "tied": True,
     "omit": ("max_position_embeddings", "rope_theta", "rms_norm_eps", "num_key_value_heads", "head_dim")},
    {"family": "qwen2", "hidden": 8, "heads": 2, "kv_heads": 1, "head_dim": 4, "intermediate": 12, "vocab": 15,
     "layers": 12, "dtype": "BF16", "contents": "address", "positions": 4096},
    {"family": "llama", "hidden": 16, "heads": 4, "kv_heads": 2, "head_dim": 6, "intermediate": 36, "vocab": 45,
     "layers": 2, "dtype": "BF16", "container": "gguf", "contents": "nan", "theta": 10000.5, "tied": True,
     "omit": ("max_position_embeddings", "rope_theta")},
    {"family": "qwen2", "hidden": 20, "heads": 2, "kv_heads": 2, "head_dim": 10, "intermediate": 31, "vocab": 33,
     "layers": 1, "dtype": "MIXED", "contents": "nan", "tied": True, "omit": ("max_position_embeddings",),
     "pad_token": 0},
    {"family": "llama", "hidden": 28, "heads": 4, "kv_heads": 4, "head_dim": 8, "intermediate": 44, "vocab": 53,
     "layers": 11, "dtype": "F32", "container": "gguf", "alignment": 128, "contents": "address", "eps": 3e-7,
     "omit": ("num_key_value_heads",)},
    {"family": "llama", "hidden": 32, "heads": 2, "kv_heads": 1, "head_dim": 16, "intermediate": 64, "vocab": 96,
     "layers": 1, "dtype": "BF16", "contents": "normal", "schema_version": 4, "omit": ("tie_word_embeddings",)},
)  # fmt: skip

_BLOCK_CASES: tuple[dict[str, Any], ...] = (
    {"family": "llama", "hidden": 256, "heads": 2, "kv_heads": 1, "head_dim": 8, "intermediate": 6, "vocab": 9,
     "layers": 1, "dtype": "Q4_K", "container": "gguf"},
    {"family": "qwen2", "hidden": 256, "heads": 4, "kv_heads": 1, "head_dim": 64, "intermediate": 5, "vocab": 7,
     "layers": 1, "dtype": "Q6_K", "container": "gguf", "tied": True},
)  # fmt: skip

SMALL_FIRST = 4
"""Boundary cases that come before the real sources."""


def boundary_checkpoints(families: Sequence[str], *, blocks: bool) -> list[GeneratedCheckpoint]:
    """The cases that reach every partition, for the families wanted; with block types where they are asked for."""
    chosen = _CASES + (_BLOCK_CASES if blocks else ())
    return [GeneratedCheckpoint(**case) for case in chosen if case["family"] in families]


@st.composite
def checkpoints(
    draw: Callable[[st.SearchStrategy[Any]], Any], families: Sequence[str] = FAMILIES
) -> GeneratedCheckpoint:
    """Random checkpoints: few choices each; contents follow from a seed."""
    family = draw(st.sampled_from(tuple(families)))
    kv_heads = draw(st.integers(1, 3))
    heads = kv_heads * draw(st.integers(1, 3))
    head_dim = 2 * draw(st.integers(1, 5))
    wide = family == "llama" and draw(st.booleans())
    hidden = draw(st.integers(4, 64)) if wide else heads * head_dim
    dtype = draw(st.sampled_from(("F32", "F16", "BF16", "MIXED")))
    vocab = draw(st.integers(8, 96))
    tied = draw(st.booleans())
    container = draw(st.sampled_from(("safetensors", "gguf", "sharded")))
    return GeneratedCheckpoint(
        family=family,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        intermediate=draw(st.integers(4, 80)),
        vocab=vocab,
        layers=draw(st.sampled_from((1, 2, 3, 11) if hidden <= 24 else (1, 2, 3))),
        tied=tied,
        dtype=dtype,
        container=container,
        contents=draw(st.sampled_from(("address", "edges", "nan", "normal"))),
        seed=draw(st.integers(0, 2**16)),
        schema_version=draw(st.sampled_from((5, 4))),
        omit=draw(_omitted(kv_equal=heads == kv_heads, plain=hidden == heads * head_dim, tied=tied)),
        pad_token=draw(st.one_of(st.none(), st.integers(0, vocab - 1))),
        note=draw(st.booleans()),
        shards=draw(st.integers(2, 4)),
        alignment=draw(st.sampled_from((32, 64, 128))),
        theta=draw(st.sampled_from((10000.0, 500000.0, 1000000.0, 12345.5))),
        eps=draw(st.sampled_from((1e-6, 1e-5, 2.5e-7))),
        positions=draw(st.sampled_from((128, 2048, 32768, 77))),
    )


@st.composite
def _omitted(
    draw: Callable[[st.SearchStrategy[Any]], Any], *, kv_equal: bool, plain: bool, tied: bool
) -> tuple[str, ...]:
    lawful = ["max_position_embeddings", "rope_theta", "rms_norm_eps"]
    lawful += ["num_key_value_heads"] * kv_equal + ["head_dim"] * plain + ["tie_word_embeddings"] * (not tied)
    return tuple(name for name in lawful if draw(st.integers(0, 3)) == 3)

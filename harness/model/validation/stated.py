"""What stands beside or inside a model file about its vocabulary, its width and its padding token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.model.validation.layout import ModelDims
from harness.model.validation.padding import padding_row
from harness.verdict.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.model.artifact.view import Artifact

_VOCAB_KEYS = ("vocab_size", "n_vocab")
_HIDDEN_KEYS = ("hidden_size", "n_embd", "d_model", "hidden_dim", "dim")
_SIBLINGS = ("config.json", "generation_config.json", "tokenizer_config.json")
_LARGEST_SIBLING = 16 << 20
"""Bytes; real ones have kilobytes, and a tokenizer_config.json with every added token a few megabytes."""


def stated_about(artifact: Artifact) -> tuple[ModelDims, int | None]:
    """The model's dims and the padding row, by the metadata of GGUF and APR, by the siblings of SafeTensors.

    What is not stated is None. Raises ArtifactError when a sibling is there and cannot be read.
    """
    if artifact.format == "safetensors":
        config, *others = (_sibling(artifact.path.parent / name) for name in _SIBLINGS)
        return _dims(config), padding_row(config, *others)
    metadata = artifact.metadata
    return (_gguf_dims(metadata) if artifact.format == "gguf" else _dims(metadata)), padding_row(metadata)


def _dims(said: Mapping[str, Any]) -> ModelDims:
    nested = said.get("text_config")
    holders = (said, nested) if isinstance(nested, dict) else (said,)
    return ModelDims(_first(holders, _VOCAB_KEYS), _first(holders, _HIDDEN_KEYS))


def _gguf_dims(said: Mapping[str, Any]) -> ModelDims:
    prefix = said.get("general.architecture")
    vocab = _first((said,), (f"{prefix}.vocab_size",))
    tokens = said.get("tokenizer.ggml.tokens")
    if vocab is None and tokens is not None:
        vocab = len(tokens) or None
    return ModelDims(vocab, _first((said,), (f"{prefix}.embedding_length",)))


def _first(holders: tuple[Mapping[str, Any], ...], keys: tuple[str, ...]) -> int | None:
    for holder in holders:
        for key in keys:
            value = holder.get(key)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return None


def _sibling(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; empty when there is no such file."""
    if not path.is_file():
        return {}
    if path.stat().st_size > _LARGEST_SIBLING:
        raise _unreadable(path, f"more than {_LARGEST_SIBLING} bytes")
    try:
        said = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(said, dict):
        raise _unreadable(path, type(said).__name__)
    return said


def _unreadable(path: Path, found: str) -> ArtifactError:
    return ArtifactError(
        "the configuration beside the weights cannot be read",
        rule="sibling-config",
        file=str(path),
        found=found,
        expected="a JSON object",
        way_out="repair or remove it",
    )

"""Tokenizers as APR metadata: out of tokenizer.json, out of GGUF keys; what a source does not say is not written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.model.conversion.documents import TOKENIZER_LIMIT, read_object
from harness.verdict.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

IDS = {
    "bos_token_id": "tokenizer.bos_token_id",
    "eos_token_id": "tokenizer.eos_token_id",
    "pad_token_id": "tokenizer.padding_token_id",
}
"""Key of config.json -> key of APR."""

HOLE = "<unk>"
"""What stands in the list of tokens at an id that has none, as other writers of APR have it."""

GGUF_KEYS = {
    "tokenizer.ggml.model": "tokenizer.model",
    "tokenizer.ggml.pre": "tokenizer.pre_type",
    "tokenizer.ggml.tokens": "tokenizer.vocabulary",
    "tokenizer.ggml.merges": "tokenizer.merges",
    "tokenizer.ggml.scores": "tokenizer.scores",
    "tokenizer.ggml.token_type": "tokenizer.token_type",
    "tokenizer.ggml.bos_token_id": "tokenizer.bos_token_id",
    "tokenizer.ggml.eos_token_id": "tokenizer.eos_token_id",
    "tokenizer.ggml.unknown_token_id": "tokenizer.unknown_token_id",
    "tokenizer.ggml.padding_token_id": "tokenizer.padding_token_id",
    "tokenizer.ggml.add_bos_token": "tokenizer.add_bos_token",
    "tokenizer.ggml.add_eos_token": "tokenizer.add_eos_token",
    "tokenizer.chat_template": "chat_template",
}
"""Key of GGUF -> key of APR."""


def from_gguf(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The tokenizer keys of a GGUF file under their APR names."""
    keys = {apr: _plain(metadata[key]) for key, apr in GGUF_KEYS.items() if metadata.get(key) is not None}
    if "tokenizer.vocabulary" in keys:
        keys["tokenizer.vocab_size"] = len(keys["tokenizer.vocabulary"])
    return keys


def special_ids(*configs: Mapping[str, Any]) -> dict[str, Any]:
    """Ids of the beginning, end and padding tokens, each from the first of `configs` that states it.

    A list of several end tokens keeps its own key, `tokenizer.eos_token_ids`: readers take one integer.
    """
    keys: dict[str, Any] = {}
    for name, apr in IDS.items():
        value = next((config[name] for config in configs if config.get(name) is not None), None)
        several = value if isinstance(value, list) else [value]
        ids = [one for one in several if isinstance(one, int) and not isinstance(one, bool) and one >= 0]
        if len(ids) != len(several):
            continue
        if len(ids) == 1:
            keys[apr] = ids[0]
        elif ids:
            keys[f"{apr}s"] = ids
    return keys


def from_tokenizer_json(path: Path, vocab_size: int | None) -> tuple[dict[str, Any], list[str]]:
    """Vocabulary, merges and model type of a tokenizer.json, and notes about what is not carried over.

    The list of tokens has `vocab_size` entries, or more where ids go beyond it; added tokens win over the
    vocabulary's own. Raises RefusedError for ids and merges that are not what the file format has.
    """
    document = read_object(path, limit=TOKENIZER_LIMIT)
    model = document.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(model, dict) or not isinstance(vocabulary, dict):
        return {}, [f"{path.name} holds no vocabulary by token; it is not carried over"]
    tokens: dict[int, str] = {}
    for token, index in vocabulary.items():
        tokens[_id(index, path)] = token
    added = document.get("added_tokens") or []
    if not isinstance(added, list) or not all(
        isinstance(one, dict) and isinstance(one.get("content"), str) for one in added
    ):
        raise RefusedError("added_tokens is no list of tokens", file=str(path))
    for one in added:
        tokens[_id(one.get("id"), path)] = one["content"]
    length = max([vocab_size or 0, *(index + 1 for index in tokens)])
    if length > (vocab_size or 0) + 4 * len(tokens) + 1024:
        raise RefusedError("the ids leave more holes than tokens", file=str(path), found=f"id {length - 1}")
    keys: dict[str, Any] = {
        "tokenizer.vocabulary": [tokens.get(index, HOLE) for index in range(length)],
        "tokenizer.vocab_size": length,
        "tokenizer.merges": _merges(model.get("merges"), path),
        "tokenizer.model_type": model.get("type") if isinstance(model.get("type"), str) else None,
    }
    return {key: value for key, value in keys.items() if value is not None}, []


def _id(value: object, path: Path) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise RefusedError("a token's id is no small integer", file=str(path), found=repr(value)[:80])
    return value


def _merges(merges: object, path: Path) -> list[str] | None:
    """Merges as "left right", from the old form (such texts) and the new one (pairs)."""
    if merges is None:
        return None
    if not isinstance(merges, list):
        raise RefusedError("merges is no list", file=str(path), found=type(merges).__name__)
    plain: list[str] = []
    for merge in merges:
        parts = merge if isinstance(merge, list) else [merge]
        if not all(isinstance(part, str) for part in parts) or len(parts) not in {1, 2}:
            raise RefusedError("a merge is neither a text nor a pair of texts", file=str(path), found=repr(merge)[:80])
        plain.append(" ".join(parts))
    return plain


def _plain(value: Any) -> Any:
    """A value of a GGUF file as JSON has it: sequences of any kind as lists."""
    if isinstance(value, (str, bool, int, float)):
        return value
    return value.tolist() if hasattr(value, "tolist") else list(value)

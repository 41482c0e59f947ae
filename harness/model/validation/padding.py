"""Which row of the vocabulary belongs to the padding token: zero by construction, and no defect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID_KEYS = ("pad_token_id", "tokenizer.padding_token_id", "tokenizer.pad_token_id", "tokenizer.ggml.padding_token_id")
"""Hugging Face configs, APR metadata of two writers, GGUF."""


def padding_row(*statements: Mapping[str, Any]) -> int | None:
    """The padding token's id by the first of `statements` that has one; None when nobody states it.

    Each is a mapping of metadata: config.json, generation_config.json, tokenizer_config.json (which may give the
    token and its number in `added_tokens_decoder`), GGUF or APR metadata. -1 and null mean that there is none.
    """
    for said in statements:
        for holder in (said, said.get("text_config")):
            if not isinstance(holder, dict) and holder is not said:
                continue
            for key in _ID_KEYS:
                if (row := _row(holder.get(key))) is not None:
                    return row
        if (row := _row_of_token(said)) is not None:
            return row
    return None


def _row(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _row_of_token(said: Mapping[str, Any]) -> int | None:
    """Number of the token that is named as padding, where the same statement lists tokens with their numbers."""
    special = said.get("special_tokens")
    token = said.get("pad_token", special.get("pad_token") if isinstance(special, dict) else None)
    token = token.get("content") if isinstance(token, dict) else token
    if not isinstance(token, str):
        return None
    added = said.get("added_tokens_decoder")
    if isinstance(added, dict):
        for number, entry in added.items():
            if isinstance(entry, dict) and entry.get("content") == token and number.isascii() and number.isdigit():
                return int(number)
    vocabulary = said.get("tokenizer.vocabulary")
    return vocabulary.index(token) if isinstance(vocabulary, list) and token in vocabulary else None

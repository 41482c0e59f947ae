"""Vocabularies of SentencePiece (tokenizer.model): the few fields of its protocol buffer that APR has keys for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from harness.model.conversion.documents import TOKENIZER_LIMIT, read_limited
from harness.verdict.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECES, TRAINER = 1, 2
"""Fields of ModelProto."""

MODEL_TYPES = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}
"""TrainerSpec.model_type; 1 where it is not written."""

Field = tuple[int, int | bytes]


def from_tokenizer_model(path: Path) -> dict[str, Any]:
    """Pieces, scores and piece types of a tokenizer.model under their APR names.

    Raises RefusedError when the file is no SentencePiece model.
    """
    pieces: list[tuple[str, float, int]] = []
    model_type = 1
    try:
        for number, value in _fields(read_limited(path, TOKENIZER_LIMIT)):
            if number == PIECES and isinstance(value, bytes):
                pieces.append(_piece(value))
            elif number == TRAINER and isinstance(value, bytes):
                types = [one for inner, one in _fields(value) if inner == 3 and isinstance(one, int)]
                model_type = types[-1] if types else model_type
    except (ValueError, IndexError, struct.error) as error:
        raise RefusedError("this is no SentencePiece model", file=str(path), found=str(error)) from error
    if not pieces or model_type not in MODEL_TYPES:
        found = f"{len(pieces)} pieces, model type {model_type}"
        raise RefusedError("this is no SentencePiece model", file=str(path), found=found)
    return {
        "tokenizer.vocabulary": [text for text, _, _ in pieces],
        "tokenizer.vocab_size": len(pieces),
        "tokenizer.scores": [score for _, score, _ in pieces],
        "tokenizer.token_type": [kind for _, _, kind in pieces],
        "tokenizer.model_type": MODEL_TYPES[model_type],
    }


def _piece(data: bytes) -> tuple[str, float, int]:
    text, score, kind = "", 0.0, 1
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            text = value.decode("utf-8")
        elif number == 2 and isinstance(value, bytes):
            (score,) = struct.unpack("<f", value)
        elif number == 3 and isinstance(value, int):
            kind = value
    return text, score, kind


def _fields(data: bytes) -> Iterator[Field]:
    """Field number and value of each field: an integer for a varint, bytes for everything else."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        kind = key & 7
        if kind == 0:
            value, position = _varint(data, position)
            yield key >> 3, value
            continue
        if kind == 2:
            length, position = _varint(data, position)
        else:
            length = {1: 8, 5: 4}.get(kind, -1)
        if length < 0 or position + length > len(data):
            raise ValueError(f"field of kind {kind} ends beyond its message")
        yield key >> 3, data[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("integer of more than ten bytes")

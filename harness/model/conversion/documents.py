"""JSON files that stand beside a checkpoint, read with limits on size and depth and without duplicate keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.verdict.errors import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

CONFIG_LIMIT = 1 << 24
"""Largest config.json that is read, in bytes; real ones have a few thousand."""

TOKENIZER_LIMIT = 1 << 28
"""Largest tokenizer file that is read, in bytes; vocabularies of 256 000 entries have some 35 million."""


def read_object(path: Path, *, limit: int = CONFIG_LIMIT) -> dict[str, Any]:
    """The JSON object in `path`. Raises RefusedError when it is too large, not UTF-8, not JSON, or not an object."""
    data = read_limited(path, limit)
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_without_duplicates)
    except UnicodeDecodeError as error:
        raise RefusedError("the file is not UTF-8", file=str(path), found=f"byte {error.start}") from error
    except RecursionError as error:
        raise RefusedError("the file nests too deeply", file=str(path)) from error
    except ValueError as error:
        raise RefusedError("the file is not JSON that can be trusted", file=str(path), found=str(error)) from error
    if not isinstance(value, dict):
        raise RefusedError("the file holds no JSON object", file=str(path), found=type(value).__name__)
    return value


def read_limited(path: Path, limit: int) -> bytes:
    """The bytes of `path`, at most `limit` of them. Raises RefusedError beyond that and when it cannot be read."""
    try:
        if not path.is_file():
            raise RefusedError("this is no regular file", file=str(path))
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise RefusedError("the file cannot be read", file=str(path), found=error.strerror or str(error)) from error
    if len(data) > limit:
        raise RefusedError("the file is too large", file=str(path), expected=f"at most {limit} bytes")
    return data


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"key {twice!r} stands there twice")
    return value

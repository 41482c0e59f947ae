"""JSON from a stranger: limits on size and depth, no duplicate key, no number and no text that JSON does not have."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from harness.verdict.errors import ArtifactError

MAX_DEPTH = 64
MAX_VALUES = 4_000_000
"""A vocabulary of 262,000 tokens with merges and scores has about a million; each value costs some 60 bytes."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class _RefusedError(ValueError):
    """What a hook of the parser found."""


def parse_object(data: bytes | memoryview, *, file: str, offset: int, rule: str, what: str) -> dict[str, Any]:
    """Parse `data`, which begins at `offset` of `file`, as one JSON object.

    Raises ArtifactError by `rule` for anything that is not strict JSON in UTF-8, a duplicate key, a number that is
    not finite as a double, a lone surrogate, more than 64 levels or more than 4 million values.
    """

    def refuse(message: str, *, at: int = 0, found: str = "") -> ArtifactError:
        return ArtifactError(
            f"{what}: {message}",
            rule=rule,
            file=file,
            offset=offset + at,
            found=found,
            expected="one JSON object in UTF-8",
            way_out="the file is damaged or was written by a faulty tool: write it again",
        )

    raw = bytes(data)
    if raw.count(b",") > MAX_VALUES:
        raise refuse(f"more than {MAX_VALUES} values")
    try:
        text = raw.decode("utf-8")
        parsed = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer
        )
    except UnicodeDecodeError as error:
        raise refuse("not UTF-8", at=error.start, found=f"byte 0x{raw[error.start]:02x}") from error
    except json.JSONDecodeError as error:
        at = len(text[: error.pos].encode("utf-8"))
        raise refuse(f"not JSON: {error.msg}", at=at) from error
    except _RefusedError as error:
        raise refuse(str(error)) from error
    except RecursionError as error:
        raise refuse(f"nested deeper than {MAX_DEPTH} levels") from error
    if not isinstance(parsed, dict):
        raise refuse("not an object", found=type(parsed).__name__)
    if _depth_exceeds(parsed, MAX_DEPTH):
        raise refuse(f"nested deeper than {MAX_DEPTH} levels")
    if _SURROGATE.search(raw) and not _encodable(parsed):
        raise refuse("half of a surrogate pair, which is no character")
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                message = f"the key {key!r} stands twice"
                raise _RefusedError(message)
            seen.add(key)
    return unique


def _no_constant(text: str) -> Any:
    message = f"{text} is no JSON number"
    raise _RefusedError(message)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        message = f"the number {text[:40]} is beyond the doubles"
        raise _RefusedError(message)
    return value


def _integer(text: str) -> int:
    # 2**64 has 20 digits; no count, id or size needs more, and long ones cost quadratic time.
    if len(text) > 40:
        message = f"an integer of {len(text)} digits"
        raise _RefusedError(message)
    return int(text)


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def _encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

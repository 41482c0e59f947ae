"""What a plain YAML scalar means: the core schema of YAML 1.2, and whether other readers would take it for text."""

from __future__ import annotations

import json
import math
import re
import sys
from decimal import Decimal, InvalidOperation

Scalar = str | int | float | bool | None

LONGEST_NUMBER = 400
"""Digits in one number; longer ones stay text, because no quantity needs them and conversion takes quadratic time."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_SPECIAL_FLOATS = {
    sign + dot_name: value
    for sign, infinity in (("", math.inf), ("+", math.inf), ("-", -math.inf))
    for dot_name, value in ((".inf", infinity), (".Inf", infinity), (".INF", infinity))
} | dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan)
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_PREFIXED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")

_WORDS_1_1 = frozenset(
    spelling for word in ("y", "n", "yes", "no", "on", "off") for spelling in (word, word.capitalize(), word.upper())
) | {"<<", "="}
_NUMBERS_1_1 = re.compile(
    r"""[-+]?(?:
        0b[01_]+                                      # binary
      | 0[0-7_]+                                      # octal
      | 0x[0-9a-fA-F_]+
      | (?:0|[1-9][0-9_]*)
      | [1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?   # base 60: 12:30:45
      | (?:[0-9][0-9_]*)?\.[0-9_]+(?:[eE][-+]?[0-9]+)?
      | [0-9][0-9_]*\.(?:[eE][-+]?[0-9]+)?
      )\Z
    """,
    re.VERBOSE,
)
_DATE_1_1 = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)?\Z"
)
_NUMBER_START = frozenset("0123456789+-.")


def resolve(lexeme: str) -> Scalar:
    """The value of a plain scalar by the YAML 1.2 core schema (chapter 10.3 of the specification).

    A number of more than `LONGEST_NUMBER` characters stays text.
    """
    if lexeme in _NULLS:
        return None
    if lexeme in _BOOLEANS:
        return _BOOLEANS[lexeme]
    if lexeme[0] not in _NUMBER_START or len(lexeme) > LONGEST_NUMBER:
        return lexeme
    return _number(lexeme)


def _number(lexeme: str) -> int | float | str:
    if _INTEGER.match(lexeme):
        return int(lexeme)
    if _PREFIXED.match(lexeme):
        return int(lexeme[2:], 8 if lexeme[1] == "o" else 16)
    if lexeme in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[lexeme]
    return float(lexeme) if _FLOAT.match(lexeme) else lexeme


def is_overlong_number(lexeme: str) -> bool:
    """Whether `lexeme` would be a number, were it not longer than `LONGEST_NUMBER`."""
    return len(lexeme) > LONGEST_NUMBER and any(form.match(lexeme) for form in (_INTEGER, _PREFIXED, _FLOAT))


def other_reading(lexeme: str) -> str:
    """What a plain scalar would be instead of text under YAML 1.2 or 1.1: `a number`, `a date` …; empty for text."""
    if lexeme in _NULLS:
        return "null"
    if lexeme in _BOOLEANS or (lexeme in _WORDS_1_1 and lexeme not in {"<<", "="}):
        return "a boolean"
    if lexeme in _WORDS_1_1:
        return "a merge or default key"
    if lexeme[0] not in _NUMBER_START or len(lexeme) > LONGEST_NUMBER:
        return ""
    if _DATE_1_1.match(lexeme):
        return "a date"
    numeric = (_INTEGER, _PREFIXED, _FLOAT, _NUMBERS_1_1)
    return "a number" if lexeme in _SPECIAL_FLOATS or any(form.match(lexeme) for form in numeric) else ""


def quoted(lexeme: str) -> str:
    """`lexeme` as a double-quoted scalar that every YAML reader takes for this text."""
    return json.dumps(lexeme, ensure_ascii=False)


def exact(lexeme: str) -> Decimal | None:
    """The number that a plain scalar writes, with all its digits; None when it is none or a double cannot reach it.

    A magnitude beyond a double's range (`1e999`, `1e-999`) is None too: no measured value can be compared with it.
    """
    value = resolve(lexeme)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return Decimal(value) if abs(value) <= sys.float_info.max else None
    try:
        number = Decimal(lexeme)
    except InvalidOperation:  # .inf and .nan
        return None
    return None if math.isinf(value) or (value == 0.0 and number != 0) else number

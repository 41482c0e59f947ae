"""JSON text as the `apr` CLI writes it: compact, UTF-8 unescaped, numbers in Rust's shortest form."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

# Digits before the point up to which, and zeros behind it up to which, a number is written without an exponent.
# Read off files that apr 0.72.3 wrote: 0.000001 and 1e-12 for f32, 9.999999747378752e-6 for f64.
_F32_PLAIN = (-6, 13)
_F64_PLAIN = (-5, 16)


def f32_text(value: float) -> str:
    """Shortest text that reads back as the float32 nearest to `value`, always with a point or an exponent.

    Raises ValueError for what no finite float32 is.
    """
    wanted = _as_f32(value)
    if not math.isfinite(wanted):
        message = f"{value} is no finite float32"
        raise ValueError(message)
    for precision in range(1, 10):
        shortest = float(f"{wanted:.{precision}g}")
        if _as_f32(shortest) == wanted:
            return _layout(shortest, *_F32_PLAIN)
    raise AssertionError  # nine digits tell any two float32 apart


def f64_text(value: float) -> str:
    """Shortest text that reads back as `value`, always with a point or an exponent.

    Raises ValueError for infinities and NaN.
    """
    text = repr(value)
    # Where Python needs no exponent Rust needs none either; scores of a vocabulary are 10^5 such numbers.
    return text if "e" not in text and "n" not in text else _layout(value, *_F64_PLAIN)


def encode(value: Any) -> str:
    """JSON text of `value`; keys of objects within are sorted, floats are doubles.

    Raises ValueError for what JSON cannot hold: non-finite numbers, keys that are no text, other types.
    """
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value)
    if isinstance(value, float):
        return f64_text(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            message = "a key is no text"
            raise ValueError(message)
        return "{" + ",".join(f"{encode_basestring(key)}:{encode(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        items = list(value)
        # A vocabulary has 10^5 texts: leave lists without floats and objects to the C encoder.
        if all(type(item) in {str, int, bool} for item in items):
            return json.dumps(items, ensure_ascii=False, separators=(",", ":"))
        return "[" + ",".join(map(encode, items)) + "]"
    message = f"JSON has no {type(value).__name__}"
    raise ValueError(message)


def _as_f32(value: float) -> float:
    """The float32 nearest to `value`; infinite beyond them (fewer digits of the largest one round up to there)."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def _layout(value: float, smallest: int, largest: int) -> str:
    """Text of the shortest digits of a double; plain when its point falls in smallest < place <= largest."""
    if not math.isfinite(value):
        message = f"JSON has no {value}"
        raise ValueError(message)
    sign, digit_tuple, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    digits = "".join(map(str, digit_tuple)).lstrip("0")
    if not digits:
        return "-0.0" if sign else "0.0"
    stripped = digits.rstrip("0")
    exponent += len(digits) - len(stripped)
    place = len(stripped) + exponent
    if exponent >= 0 and place <= largest:
        text = stripped + "0" * exponent + ".0"
    elif 0 < place <= largest:
        text = f"{stripped[:place]}.{stripped[place:]}"
    elif smallest < place <= 0:
        text = "0." + "0" * -place + stripped
    else:
        fraction = f".{stripped[1:]}" if len(stripped) > 1 else ""
        text = f"{stripped[0]}{fraction}e{place - 1}"
    return "-" + text if sign else text

"""Two architectures side by side: the complete set of fields that differ, with both values."""

from __future__ import annotations

from ctypes import c_float
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.model.architecture.configuration import Architecture

FIELDS = (
    "family",
    "vocab_size",
    "hidden_size",
    "num_layers",
    "num_heads",
    "num_kv_heads",
    "intermediate_size",
    "max_position_embeddings",
    "attention_bias",
    "rope_theta",
    "rms_norm_eps",
    "tie_word_embeddings",
)
"""The fields of an `Architecture` that are compared. head_dim is not: where it differs, hidden or heads do."""

Value = str | int | float | bool | None


def mismatches(target: Architecture, found: Architecture) -> dict[str, tuple[Value, Value]]:
    """Field -> (value of `target`, value of `found`) for every field that differs, never the first one only.

    Fields that the target does not state are not compared; one that it states and `found` does not is a mismatch.
    Floats are compared as the float32 that APR and GGUF hold.
    """
    pairs = {field: (getattr(target, field), getattr(found, field)) for field in FIELDS}
    return {field: pair for field, pair in pairs.items() if pair[0] is not None and not same(*pair)}


def same(target: Value, found: Value) -> bool:
    """Whether two values of a field say the same; True and 1 do not."""
    if isinstance(target, float) and isinstance(found, (int, float)) and not isinstance(found, bool):
        return c_float(target).value == c_float(found).value
    return type(target) is type(found) and target == found

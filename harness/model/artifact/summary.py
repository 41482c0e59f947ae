"""The header of a model file as plain JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.model.artifact.view import Artifact


def summarise(artifact: Artifact) -> dict[str, Any]:
    """Format, version, metadata and tensors of `artifact`, ready for JSON; dims outermost first, offsets in bytes.

    Arrays stay whole. Numbers that JSON cannot hold become the texts `NaN`, `Infinity` and `-Infinity`.
    A tensor of a sharded checkpoint also says which `file` holds it.
    Raises ArtifactError when a text of the metadata that is decoded only now is not UTF-8.
    """
    tensors: list[dict[str, Any]] = []
    for entry in artifact.tensors.values():
        listed: dict[str, Any] = {
            "name": entry.name,
            "dims": list(entry.dims),
            "dtype": entry.dtype.name,
            "offset": entry.offset,
            "nbytes": entry.nbytes,
        }
        if entry.path != artifact.path:
            listed["file"] = entry.path.name
        tensors.append(listed)
    return {
        "format": artifact.format,
        "version": artifact.version,
        "metadata": _plain(artifact.metadata),
        "tensors": tensors,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value

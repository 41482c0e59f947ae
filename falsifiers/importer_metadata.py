"""Falsifiers of importer-v1 about metadata: what the source states is there, and what it does not state is not."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.strategies.imported import on_import, shown, tell
from falsifiers.strategies.imports import IMPORTS
from harness.trial.interface import Context, Measure, Observation, falsifier

if TYPE_CHECKING:
    from falsifiers.strategies.imported import Import


def _equal(key: str, found: object, expected: Any) -> bool:
    """Integers as integers, the two reals as float32 (APR keeps no more), words as written."""
    if key not in {"rope_theta", "rms_norm_eps"}:
        return type(found) is type(expected) and found == expected
    if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > np.finfo(np.float32).max:
        return False
    return bool(np.float32(found) == np.float32(expected))


@falsifier(
    experiment=IMPORTS,
    measures=[Measure("wrong_fields", "fields", "metadata fields that are missing or contradict the source")],
    finished_file=True,
    needs_source=True,
)
@on_import
def metadata_states_the_source(seen: Import, context: Context) -> Observation:
    """Every size and constant that the source states stands in the metadata, and what follows from it is right."""
    del context
    truth = seen.required
    metadata = seen.metadata
    findings = [
        f"{key}: found {shown(metadata.get(key))}, the source says {shown(value)}"
        for key, value in truth.stated.items()
        if not _equal(key, metadata.get(key), value)
    ]
    derived = {**truth.derivable, **{f"model.{key}": value for key, value in truth.stated.items()}}
    written = [key for key in derived if metadata.get(key) is not None]
    findings += [
        f"{key}: found {shown(metadata[key])}, from the source follows {shown(derived[key])}"
        for key in written
        if not _equal(key.removeprefix("model."), metadata[key], derived[key])
    ]
    findings += _wrong_count(seen)
    return Observation({"wrong_fields": len(findings)}, len(truth.stated) + len(written), tell(findings))


def _wrong_count(seen: Import) -> list[str]:
    """A number of parameters, where one is written, counts what the file holds or what the source does."""
    count = seen.apr.metadata.get("param_count")
    held = sum(prod(tensor.dims) for tensor in seen.apr.tensors)
    stated = sum(prod(tensor.dims) for tensor in seen.required.tensors.values())
    if count in (None, 0, held, stated):
        return []
    return [f"param_count: found {shown(count)}, the file holds {held} elements, the source {stated}"]


@falsifier(
    experiment=IMPORTS,
    measures=[Measure("invented_fields", "fields", "metadata fields with a value that the source does not state")],
    finished_file=True,
    needs_source=True,
)
@on_import
def nothing_is_invented(seen: Import, context: Context) -> Observation:
    """What the source does not state is absent or null in the metadata."""
    del context
    truth = seen.required
    metadata = seen.metadata
    findings = [
        f"{key}: found {shown(metadata[key])}, the source says nothing"
        for key in sorted(truth.unstated)
        if metadata.get(key) is not None
    ]
    return Observation({"invented_fields": len(findings)}, len(truth.unstated), tell(findings))

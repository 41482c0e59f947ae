"""Falsifiers of importer-v1: a sound checkpoint becomes an APR file that says the same, all of it and nothing more."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from falsifiers.oracles.differences import KINDS, decoded, same_bytes, same_values
from falsifiers.strategies.architectures import EMBEDDING, HEAD, role_of
from falsifiers.strategies.imported import UnjudgeableError, imported, tell, unmeasured
from falsifiers.strategies.imports import IMPORTS
from harness.trial.interface import Context, Measure, Observation, Witness, falsifier
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from falsifiers.oracles.apr_bytes import PlainTensor
    from falsifiers.strategies.checkpoints import Checkpoint
    from falsifiers.strategies.imported import Import


@falsifier(
    experiment=IMPORTS,
    measures=[Measure("failed_calls", "calls", "calls on a sound source that did not end in a readable APR file")],
    judges_failures=True,
)
def sound_sources_are_converted(case: Checkpoint, witness: Witness, context: Context) -> Observation:
    """Every call on a sound source succeeds and leaves an APR file that can be opened."""
    del case, context
    if witness.state.is_failure or witness.state is RunState.REFUSED:
        return Observation({"failed_calls": 1}, 1, f"{witness.state}: {witness.message}")
    return Observation({"failed_calls": 0 if witness.file("dest").is_file() else 1}, 1, witness.message)


@falsifier(
    experiment=IMPORTS,
    measures=[
        Measure("wrong_names", "tensors", "names that are lost and names that nothing in the source stands behind"),
        Measure("lost_tensors", "tensors", "tensors of the source that the import lacks"),
        Measure("invented_tensors", "tensors", "tensors of the import that the source lacks, misnamed ones included"),
    ],
    finished_file=True,
    needs_source=True,
)
def names_are_a_bijection(case: Checkpoint, witness: Witness, context: Context) -> Observation:
    """Every tensor of the source is there under its checkpoint name, and no other; a tied head may be stored too."""
    del context
    try:
        seen = imported(case, witness)
        truth = seen.required
    except UnjudgeableError as error:
        return unmeasured(str(error))
    stored = [tensor.name for tensor in seen.apr.tensors]
    allowed = set(truth.tensors) | ({HEAD} if truth.tied else set())
    lost = [name for name in truth.tensors if name not in stored]
    extra = [name for number, name in enumerate(stored) if name not in allowed or name in stored[:number]]
    measures = {"wrong_names": len(lost) + len(extra), "lost_tensors": len(lost), "invented_tensors": len(extra)}
    findings = [f"{name} is lost{_elsewhere(name, seen)}" for name in lost]
    findings += [
        f"{name} is in no source" for name in extra if role_of(name) is None or name == HEAD or name in allowed
    ]
    findings += [
        f"{name} is not what checkpoints call it"
        for name in extra
        if role_of(name) and name != HEAD and name not in allowed
    ]
    return Observation(measures, len(truth.tensors) + len(stored), tell(findings))


def _elsewhere(name: str, seen: Import) -> str:
    found = seen.found.get(name)
    return f" (the import has {found.name})" if found is not None else ""


_KIND_MEANINGS = {
    "transposed": "matrices whose data were really transposed",
    "permuted": "tensors whose rows stand in another order, such as rope pairs that were not undone",
    "swapped": "tensors that hold what belongs to another",
    "shifted": "tensors that begin a row or an element too late or too early",
    "zeroed": "tensors of zeros only",
    "truncated": "tensors of which bytes are missing",
    "altered": "tensors with changed values: flushed subnormals, lost signs of zero, other NaNs, rounding",
}


@falsifier(
    experiment=IMPORTS,
    measures=[
        Measure("wrong_tensors", "tensors", "tensors whose values did not all survive in their places"),
        *(Measure(f"{kind}_tensors", "tensors", _KIND_MEANINGS[kind]) for kind in KINDS),
    ],
    finished_file=True,
    needs_source=True,
)
def values_survive_in_place(case: Checkpoint, witness: Witness, context: Context) -> Observation:
    """Every tensor holds the source's values bit for bit, each in its place."""
    del context
    try:
        seen = imported(case, witness)
        truth = seen.required
    except UnjudgeableError as error:
        return unmeasured(str(error))
    wrong = seen.differences()
    measures = {"wrong_tensors": len(wrong)} | {f"{kind}_tensors": 0 for kind in KINDS}
    for difference in wrong.values():
        measures[f"{difference.kind}_tensors"] += 1
    findings = [f"{name}: {difference.message}" for name, difference in wrong.items()]
    return Observation(measures, sum(name in seen.found for name in truth.tensors), tell(findings))


@falsifier(
    experiment=IMPORTS,
    measures=[
        Measure("wrong_dtypes", "tensors", "tensors tagged with another element type than the source gives them")
    ],
    finished_file=True,
    needs_source=True,
)
def dtypes_are_kept(case: Checkpoint, witness: Witness, context: Context) -> Observation:
    """Every tensor keeps the element type of the source, where APR has a number for it."""
    del context
    try:
        seen = imported(case, witness)
        truth = seen.required
    except UnjudgeableError as error:
        return unmeasured(str(error))
    findings, compared = [], 0
    for name, tensor in truth.tensors.items():
        found = seen.found.get(name)
        if found is not None:
            compared += 1
            if found.dtype != tensor.dtype and not (truth.widened and found.dtype == "F32"):
                findings.append(f"{name}: found {found.dtype}, expected {tensor.dtype}")
    return Observation({"wrong_dtypes": len(findings)}, compared, tell(findings))


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
def metadata_states_the_source(case: Checkpoint, witness: Witness, context: Context) -> Observation:
    """Every size and constant that the source states stands in the metadata, and what follows from it is right."""
    del context
    try:
        seen = imported(case, witness)
        truth = seen.required
    except UnjudgeableError as error:
        return unmeasured(str(error))
    metadata = seen.apr.metadata
    findings = [
        f"{key}: found {_shown(metadata.get(key))}, the source says {_shown(value)}"
        for key, value in truth.stated.items()
        if not _equal(key, metadata.get(key), value)
    ]
    derived = {**truth.derivable, **{f"model.{key}": value for key, value in truth.stated.items()}}
    written = [key for key in derived if metadata.get(key) is not None]
    findings += [
        f"{key}: found {_shown(metadata[key])}, from the source follows {_shown(derived[key])}"
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
    return [f"param_count: found {_shown(count)}, the file holds {held} elements, the source {stated}"]


def _shown(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@falsifier(
    experiment=IMPORTS,
    measures=[Measure("invented_fields", "fields", "metadata fields with a value that the source does not state")],
    finished_file=True,
    needs_source=True,
)
def nothing_is_invented(case: Checkpoint, witness: Witness, context: Context) -> Observation:
    """What the source does not state is absent or null in the metadata."""
    del context
    try:
        seen = imported(case, witness)
        truth = seen.required
    except UnjudgeableError as error:
        return unmeasured(str(error))
    metadata = seen.apr.metadata
    findings = [
        f"{key}: found {_shown(metadata[key])}, the source says nothing"
        for key in sorted(truth.unstated)
        if metadata.get(key) is not None
    ]
    return Observation({"invented_fields": len(findings)}, len(truth.unstated), tell(findings))


@falsifier(
    experiment=IMPORTS,
    measures=[
        Measure("wrong_ties", "statements", "ways in which head, embedding and flags contradict the source"),
        Measure("differing_heads", "tensors", "tied heads unlike the embedding, and untied ones that are lost or tied"),
        Measure("false_flags", "flags", "written flags that say something else than the source"),
    ],
    finished_file=True,
)
def ties_tell_the_truth(case: Checkpoint, witness: Witness, context: Context) -> Observation:
    """A tied model has no head or the embedding's equal, an untied one has its own; a flag tells which."""
    del context
    try:
        seen = imported(case, witness)
    except UnjudgeableError as error:
        return unmeasured(str(error))
    flags = {key: seen.apr.metadata.get(key) for key in ("tied_embeddings", "tie_word_embeddings")}
    written = {key: value for key, value in flags.items() if value is not None}
    tied = seen.truth.tied if seen.truth is not None else next(iter(written.values()), None)
    if tied is None:
        return unmeasured("without a source, and without a flag in the metadata, nothing says whether it is tied")
    false = [
        f"{key} says {_shown(value)}, the model is {'' if tied else 'not '}tied"
        for key, value in written.items()
        if value is not tied
    ]
    wrong = _wrong_head(seen, tied=bool(tied))
    measures = {"wrong_ties": len(false) + bool(wrong), "differing_heads": int(bool(wrong)), "false_flags": len(false)}
    return Observation(measures, 1 + len(written), tell([*([wrong] if wrong else []), *false]))


def _wrong_head(seen: Import, *, tied: bool) -> str:
    """What is wrong with the stored head; empty when nothing is."""
    head, embedding = seen.head, seen.found.get(EMBEDDING)
    if head is None:
        return "" if tied else f"the model is not tied, and {HEAD} is lost"
    if embedding is None:
        return ""
    equal = _equal_tensors(head, embedding)
    if tied:
        return "" if equal else f"{head.name} of a tied model is not equal to {embedding.name}"
    own = seen.truth.tensors.get(HEAD) if seen.truth is not None else None
    theirs = seen.truth.embedding if seen.truth is not None else None
    alike = own is not None and theirs is not None and same_bytes(own.payload, theirs.payload)
    return (
        f"{head.name} of a model that is not tied is a copy of {embedding.name}" if equal and own and not alike else ""
    )


def _equal_tensors(left: PlainTensor, right: PlainTensor) -> bool:
    if left.dtype == right.dtype:
        return same_bytes(left.payload, right.payload)
    values = [decoded(tensor.dtype, tensor.payload, tensor.dims) for tensor in (left, right)]
    return values[0] is not None and values[1] is not None and same_values(values[0], values[1])


@falsifier(
    experiment=IMPORTS,
    measures=[
        Measure("container_problems", "problems", "breaches of the rules of the APR v2 container"),
        Measure("wrong_checksums", "problems", "header or footer checksums that are not those of the bytes"),
        Measure("disordered_index", "problems", "names out of order, repeated, or of an unknown type"),
        Measure(
            "misplaced_bytes", "problems", "payloads out of range, overlapping or misaligned, bytes behind the last"
        ),
    ],
    finished_file=True,
)
def the_container_is_sound(case: Checkpoint, witness: Witness, context: Context) -> Observation:
    """Both checksums hold, the index is sorted, payloads are aligned and in range, and nothing stands behind them."""
    del context
    try:
        seen = imported(case, witness)
    except UnjudgeableError as error:
        return unmeasured(str(error))
    problems = seen.apr.problems
    measures = {"container_problems": len(problems)} | {
        name: sum(problem.code in codes for problem in problems) for name, codes in _PROBLEMS.items()
    }
    return Observation(measures, 8 + 4 * len(seen.apr.tensors), tell([problem.message for problem in problems]))


_PROBLEMS: Mapping[str, frozenset[str]] = {
    "wrong_checksums": frozenset({"header_crc", "footer_crc"}),
    "disordered_index": frozenset({"unsorted", "duplicate", "unknown_dtype"}),
    "misplaced_bytes": frozenset({"out_of_range", "overlap", "misaligned", "trailing_bytes"}),
}

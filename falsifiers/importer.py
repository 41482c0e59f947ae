"""Falsifiers of importer-v1: a sound checkpoint becomes an APR file that says the same, all of it and nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falsifiers.oracles.differences import KINDS
from falsifiers.strategies.architectures import HEAD, role_of
from falsifiers.strategies.imported import on_import, tell
from falsifiers.strategies.imports import IMPORTS
from harness.trial.interface import Context, Measure, Observation, Witness, falsifier
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    measures=[Measure("changed_sources", "files", "files of the source that were changed, added or taken away")],
)
def sources_are_left_alone(case: Checkpoint, witness: Witness, context: Context) -> Observation:
    """An import reads its source and leaves every byte of it as it was, with nothing beside it that was not there."""
    del case, context
    changes = witness.data("source_changes")
    if witness.state.is_failure or not isinstance(changes, list):
        return Observation({}, 0, not_measured=f"the call failed ({witness.state}): {witness.message}")
    return Observation({"changed_sources": len(changes)}, 1, "; ".join(map(str, changes)))


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
@on_import
def names_are_a_bijection(seen: Import, context: Context) -> Observation:
    """Every tensor of the source is there under its checkpoint name, and no other; a tied head may be stored too."""
    del context
    truth = seen.required
    stored = [tensor.name for tensor in seen.apr.tensors]
    allowed = set(truth.tensors) | ({HEAD} if truth.tied else set())
    lost = [name for name in truth.tensors if name not in stored]
    extra = [name for number, name in enumerate(stored) if name not in allowed or name in stored[:number]]
    measures = {"wrong_names": len(lost) + len(extra), "lost_tensors": len(lost), "invented_tensors": len(extra)}
    findings = [f"{name} is lost{_elsewhere(name, seen)}" for name in lost]
    findings += [f"{name} stands there more than once" for name in dict.fromkeys(extra) if name in allowed]
    findings += [
        f"{name} is in no source" for name in extra if name not in allowed and (role_of(name) is None or name == HEAD)
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
@on_import
def values_survive_in_place(seen: Import, context: Context) -> Observation:
    """Every tensor holds the source's values bit for bit, each in its place."""
    del context
    truth = seen.required
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
@on_import
def dtypes_are_kept(seen: Import, context: Context) -> Observation:
    """Every tensor keeps the element type of the source, where APR has a number for it."""
    del context
    truth = seen.required
    findings, compared = [], 0
    for name, tensor in truth.tensors.items():
        found = seen.found.get(name)
        if found is not None:
            compared += 1
            if found.dtype != tensor.dtype and not (truth.widened and found.dtype == "F32"):
                findings.append(f"{name}: found {found.dtype}, expected {tensor.dtype}")
    return Observation({"wrong_dtypes": len(findings)}, compared, tell(findings))


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
@on_import
def the_container_is_sound(seen: Import, context: Context) -> Observation:
    """Both checksums hold, the index is sorted, payloads are aligned and in range, and nothing stands behind them."""
    del context
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

"""What `pretrain --init` checks before the first step: cheap before dear, every fault named, nothing run behind one."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from harness.model.architecture.configuration import Architecture, read_apr_metadata
from harness.model.architecture.families import Role
from harness.model.architecture.mismatch import FIELDS, mismatches
from harness.model.artifact.open import open_artifact
from harness.model.training.consistency import absent_witnesses, disagreements, has_attention_bias
from harness.verdict.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pydantic import JsonValue

    from harness.model.architecture.stated import Problem

    Mismatches = dict[str, tuple[JsonValue, JsonValue]]

MAGIC = b"APR\0"


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """What the stages before the first training step said."""

    stage: str
    """The stage that refused: open, magic, metadata, architecture; empty when all passed and the probe ran."""
    mismatches: Mapping[str, tuple[JsonValue, JsonValue]] = field(default_factory=dict)
    """Field -> (what the target asks for, what the file holds); the complete set."""
    message: str = ""

    @property
    def passed(self) -> bool:
        """Whether every stage passed."""
        return not self.stage


def preflight(init: Path, target: Mapping[str, JsonValue], probe: Callable[[], None]) -> PreflightResult:
    """Run the stages open, magic, metadata and architecture on `init`, and `probe` only when all of them pass.

    `target` states the architecture of the run, with the field names of `mismatch.FIELDS`; fields that it leaves out
    are compared with the file's own tensors only. A refusal is a result, never an exception.

    Raises UsageError when `target` states nothing, an unknown field, or a value of a wrong type.
    """
    wanted = _target(target)
    # 1. open and 2. magic: four bytes, before anything is mapped or parsed. A pipe would wait for a writer.
    try:
        if not init.is_file():
            reason = "it is not a regular file" if init.exists() else "there is no such file"
            return PreflightResult("open", message=f"{init}: {reason}")
        with init.open("rb") as file:
            magic = file.read(len(MAGIC))
    except (OSError, ValueError) as error:
        return PreflightResult("open", message=f"{init}: the file cannot be opened: {error}")
    if magic != MAGIC:
        return PreflightResult("magic", message=f"{init}: found magic {magic!r}, expected {MAGIC!r}")
    # 3. metadata: header, index and metadata, checked by the reader; no payload is touched.
    try:
        with open_artifact(init) as artifact:
            metadata = dict(artifact.metadata)
            tensors = {name: entry.dims for name, entry in artifact.tensors.items()}
    except RefusedError as error:
        return PreflightResult("metadata", message=str(error))
    # 4. architecture: the file against the target, then against itself.
    refusal = _architecture(wanted, metadata, tensors)
    if refusal is not None:
        return replace(refusal, message=f"{init}: {refusal.message}")
    probe()
    return PreflightResult("")


def _architecture(
    target: Architecture, metadata: Mapping[str, Any], tensors: Mapping[str, tuple[int, ...]]
) -> PreflightResult | None:
    stated, problems = read_apr_metadata(metadata)
    absent = absent_witnesses(tensors)
    if absent:
        # Without tensors nothing shows whether there is a bias or a head; only what is stated is compared.
        found = stated
        target = replace(target, attention_bias=None)
        if stated.tie_word_embeddings is None:
            target = replace(target, tie_word_embeddings=None)
    else:
        tie = _effective_tie(stated, problems, tensors)
        found = replace(stated, attention_bias=has_attention_bias(tensors), tie_word_embeddings=tie)
    differing: Mismatches = {}
    messages: list[str] = []
    for problem in problems:
        differing[problem.field] = (getattr(target, problem.field), problem.found)
        messages.append(str(problem))
    for name, pair in mismatches(target, found).items():
        if name not in differing:
            differing[name] = pair
            messages.append(f"{name}: the target asks for {pair[0]}, the file holds {pair[1]}")
    if absent:
        messages.append(f"these tensors are missing or no matrices, so nothing can be compared: {', '.join(absent)}")
    else:
        for name, (said, seen) in _own_faults(target, stated, tensors, differing).items():
            differing[name] = (said, seen)
            messages.append(f"{name}: the file contradicts itself, its metadata says {said}, its tensors show {seen}")
    return PreflightResult("architecture", differing, "; ".join(messages)) if messages else None


def _effective_tie(
    stated: Architecture, problems: tuple[Problem, ...], tensors: Mapping[str, tuple[int, ...]]
) -> bool | None:
    if any(problem.field == "tie_word_embeddings" for problem in problems):
        return None
    said = stated.tie_word_embeddings
    return said if said is not None else Role.HEAD.in_layer() not in tensors


def _own_faults(
    target: Architecture, stated: Architecture, tensors: Mapping[str, tuple[int, ...]], known: Mismatches
) -> Mismatches:
    """Fields where metadata and tensors disagree and that a mismatch with the target does not already explain.

    A fault in one field shows in others: eight heads instead of four make the kv heads look wrong too. So a field
    counts only when it disagrees both as the file states it and with the mismatched fields set as the target has
    them; and names that lack a bias speak of another family, which is one fault and not two.
    """
    asked = {name: getattr(target, name) for name in known if getattr(target, name) is not None}
    as_asked = disagreements(replace(stated, **asked), tensors)
    explained = {*known, "family"} if "attention_bias" in known else set(known)
    own = disagreements(stated, tensors)
    return {name: pair for name, pair in own.items() if name in as_asked and name not in explained}


def _target(target: Mapping[str, JsonValue]) -> Architecture:
    types = get_type_hints(Architecture)
    known = {one.name for one in fields(Architecture) if one.name in FIELDS}
    values: dict[str, Any] = {}
    for name, value in target.items():
        if value is None:
            continue
        if name not in known:
            raise UsageError("the target states an unknown field", found=name, expected=f"one of {', '.join(FIELDS)}")
        kinds = get_args(types[name])
        if float in kinds and isinstance(value, int) and not isinstance(value, bool):
            values[name] = float(value)
        elif type(value) in kinds:
            values[name] = value
        else:
            kind = next(one.__name__ for one in kinds if one is not type(None))
            raise UsageError("the target states a value of a wrong type", place=name, found=repr(value), expected=kind)
    if not values:
        raise UsageError("the target states no field, so there is nothing to compare", expected=", ".join(FIELDS))
    return Architecture(**values)

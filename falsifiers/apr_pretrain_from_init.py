"""Attacks on apr-pretrain-from-init-v1: an init file of another architecture must not reach the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falsifiers.strategies.preflight_cases import STAGES, PreflightCase
from falsifiers.strategies.preflight_files import PREFLIGHT
from harness.trial.interface import Measure, Observation, falsifier
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from pydantic import JsonValue

    from harness.trial.interface import Context, Witness

WRONG_SETS = Measure("wrong_sets", "fields", "reported and not injected, or injected and not reported")
WRONG_VALUES = Measure("wrong_values", "fields", "reported with other values than (target, file), exchanged ones too")
WRONG_STAGES = Measure("wrong_stages", "refusals", "by another stage than the one that could see the fault")
PROBE_REACHED = Measure("probe_reached_after_refusal", "runs", "that went on behind a fault")
REFUSED_SOUND = Measure("refused_sound", "runs", "that were refused, or did not reach the probe, without a fault")

UNKNOWN_STAGE = "unknown"
"""The stage of a refusal by a program from outside, which does not say."""


@falsifier(experiment=PREFLIGHT, measures=(WRONG_SETS, WRONG_VALUES, WRONG_STAGES, PROBE_REACHED, REFUSED_SOUND))
def architecture_mismatch_is_reported_whole(case: PreflightCase, witness: Witness, context: Context) -> Observation:  # noqa: ARG001
    """The fields reported are exactly those in which target and file differ, and nothing runs behind a refusal."""
    mismatches = witness.data("mismatches")
    reached = bool(witness.data("probe_reached"))
    stage = str(witness.data("stage"))
    assert isinstance(mismatches, dict)
    refuses = witness.state is RunState.REFUSED
    injected = case.injected()
    differing = frozenset(mismatches) ^ injected if STAGES[case.damage] == "architecture" else frozenset()
    if case.hides_family and _told_in_prose(stage, mismatches):
        differing -= {"family"}
    foreign = refuses and not case.is_sound and stage not in {STAGES[case.damage], UNKNOWN_STAGE}
    return Observation(
        measures={
            WRONG_SETS.name: len(differing),
            WRONG_VALUES.name: _wrong_values(case, mismatches),
            WRONG_STAGES.name: int(foreign),
            PROBE_REACHED.name: int(not case.is_sound and (reached or not refuses)),
            REFUSED_SOUND.name: int(case.is_sound and (refuses or not reached)),
        },
        compared=len(case.target()),
        message=_message(case, stage, mismatches, reached, witness.message),
    )


def _told_in_prose(stage: str, mismatches: dict[str, JsonValue]) -> bool:
    """Whether fields were read out of a program's words, which may say `architecture`, the key, for the family."""
    pairs = [pair for pair in mismatches.values() if isinstance(pair, list)]
    return stage == UNKNOWN_STAGE or (bool(pairs) and all(held is None for _, held in pairs))


def _wrong_values(case: PreflightCase, mismatches: dict[str, JsonValue]) -> int:
    """Injected fields that were reported with other values; a second value of None is not told, and not judged."""
    target, stated, wrong = case.target(), case.stated(), 0
    for field in case.injected():
        pair = mismatches.get(field)
        if isinstance(pair, list):
            asked, found = pair
            wrong += int(asked != target[field] or (found is not None and found != stated[field]))
    return wrong


def _message(case: PreflightCase, stage: str, mismatches: dict[str, JsonValue], reached: bool, said: str) -> str:  # noqa: FBT001
    reported = ", ".join(sorted(mismatches)) or "no field"
    injected = ", ".join(sorted(case.injected())) or "no field"
    return (
        f"damage {case.damage}, injected {injected}; reported {reported} at stage {stage or 'none'}, "
        f"probe {'reached' if reached else 'not reached'}: {said}"
    )

"""From a trial to its evidence: the verdict with the kill matrix weighed in, and everything that makes it checkable."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.trial.about import about
from harness.trial.casefile import CaseFile, write_case
from harness.verdict.evidence import Evidence, Examples
from harness.verdict.verdicts import MutantOutcome, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from harness.trial.plan import Check
    from harness.trial.session import Session
    from harness.trial.tally import Failure, Tally
    from harness.verdict.evidence import MutantRecord


@dataclass(frozen=True, slots=True)
class Trial:
    """What the attack on a subject and on its mutants came to."""

    tally: Tally
    failure: Failure | None
    twin: Verdict
    mutants: tuple[MutantRecord, ...]
    required: int
    rejected: int
    flaky: bool = False
    whole_population: bool = True


NOT_APPLICABLE = "not_applicable"
"""Reason of evidence that stands for no check: the clause has nothing to say about the finished file."""


def bare(check: Check, session: Session, started: datetime, *, reason: str, message: str = "") -> Evidence:
    """Evidence of a check that was not tried: unbound, unbindable, or not reached for `reason`."""
    bound = check.falsifier is not None or bool(check.unbindable)
    if check.unbindable:
        stale = check.clause.armed_by and check.clause.stale
        code, message = "stale_binding" if stale else "unbindable", check.unbindable
    elif not bound:
        code, message = ("retired" if check.clause.retired else "unbound"), check.clause.why_unbound
    else:
        code, message = reason, message or _NOT_REACHED.get(reason, reason)
    return Evidence(
        verdict=Verdict.NOT_MEASURED,
        reason=code,
        message=message,
        measured={},
        units={},
        denominator=0,
        margin=None,
        examples=Examples(valid=0, rejected=0, required=0),
        classes={},
        unreached=(),
        blind={},
        mutants=(),
        twin=Verdict.NOT_MEASURED,
        vacuous=False,
        vacuous_because="",
        case=None,
        counterexample=None,
        replay="",
        duration_s=0.0,
        **about(check, session, started, bound=bound),
    )


_NOT_REACHED = {
    "time_budget": "the time of the profile was spent before this check",
    "interrupted": "the run was interrupted before this check",
    "harness_fault": "a fault of our own stopped this check",
}


def evidence_of(check: Check, session: Session, trial: Trial, started: datetime, duration: float) -> Evidence:
    """The evidence of a check that was tried."""
    tally, failure = trial.tally, trial.failure
    verdict, reason, message = tally.verdict(required=trial.required, whole_population=trial.whole_population)
    vacuous_because = _why_vacuous(trial)
    if trial.flaky:
        verdict, reason = Verdict.FLAKY, "flaky"
        message = f"the same case failed once and held once: {message}"
    elif failure is not None:
        reason, message = failure.measures[0], failure.message
    elif verdict is Verdict.CORROBORATED and _unproven(trial):
        verdict, reason, message = (
            Verdict.NOT_MEASURED,
            "mutants_not_run",
            _why_unproven(trial),
        )
    stored = _store(check, session, failure) if failure is not None else None
    return Evidence(
        verdict=verdict,
        reason=reason,
        message=message,
        measured=tally.measured,
        units={measure.name: measure.unit for measure in tally.falsifier.measures},
        denominator=tally.compared,
        margin=tally.margin(),
        examples=Examples(
            valid=tally.valid,
            rejected=trial.rejected,
            not_measured=tally.not_measured,
            declined=tally.declined,
            blind=tally.blind_cases,
            required=trial.required,
        ),
        classes=dict(sorted(tally.classes.items())),
        unreached=tally.unreached if trial.whole_population else (),
        blind={name: ", ".join(sorted(seen)) or "INDISTINGUISHABLE" for name, seen in sorted(tally.blind.items())},
        mutants=trial.mutants,
        twin=trial.twin,
        vacuous=bool(vacuous_because),
        vacuous_because=vacuous_because,
        case=stored,
        counterexample=failure.case.model_dump(mode="json") if failure is not None else None,
        replay=f"falsify replay {shlex.quote(stored)}" if stored else "",
        duration_s=round(duration, 4),
        **about(check, session, started, bound=True),
    )


def _why_vacuous(trial: Trial) -> str:
    """Why nobody has seen this check fail for its own reason; empty when every mutant was killed by its measure."""
    weak = [
        record for record in trial.mutants if record.outcome in {MutantOutcome.SURVIVED, MutantOutcome.OTHER_REASON}
    ]
    if weak:
        told = ", ".join(f"{record.name} {record.outcome.replace('_', ' ')}" for record in weak)
        return f"it cannot see what it must: {told}"
    if trial.tally.valid and not trial.tally.looked:
        return "the property never looked at anything that the subject gave"
    if not trial.mutants:
        return "no mutant was ever shown to it"
    return ""


def _why_unproven(trial: Trial) -> str:
    if trial.twin is not Verdict.CORROBORATED:
        return f"the clean twin of the mutants, the reference, is {trial.twin}, so that none of them could be judged"
    return "the run ended before every mutant was tried"


def _unproven(trial: Trial) -> bool:
    return any(record.outcome is MutantOutcome.NOT_RUN for record in trial.mutants)


def _store(check: Check, session: Session, failure: Failure) -> str | None:
    if session.cases is None or check.falsifier is None or check.subject is None:
        return None
    path = write_case(
        session.cases,
        CaseFile(
            contract=check.contract.id,
            clause=check.clause.id,
            contract_sha256=check.contract.sha256,
            falsifier=check.falsifier.name,
            experiment=check.falsifier.experiment.name,
            role=check.falsifier.role,
            subject=getattr(check.subject, "template", ""),
            measures=failure.measures,
            observed=failure.message,
            case=failure.case.model_dump(mode="json"),
            seed=session.seed,
            falsify=__version__,
        ),
    )
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()

"""What the evidence of a check says whatever came of it: who, what, by which limit, with which versions and hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.trial.provenance import git_commit, versions
from harness.verdict.evidence import Hashes, LimitRecord

if TYPE_CHECKING:
    from datetime import datetime

    from harness.contract.models import Limit
    from harness.trial.plan import Check
    from harness.trial.session import Session


def about(check: Check, session: Session, started: datetime, *, bound: bool) -> dict[str, Any]:
    """Everything in the evidence of a check that does not depend on how the trial went."""
    clause, contract, subject = check.clause, check.contract, check.subject
    block = clause.check
    return {
        "contract": contract.id,
        "clause": clause.id,
        "qualified": clause.qualified,
        "subject": check.label,
        "subject_identity": subject.identity if subject is not None else "",
        "role": block.subject if block is not None else "",
        "falsifier": block.falsifier if block is not None else "",
        "severity": clause.severity,
        "claimed": clause.claimed,
        "bound": bound,
        "prediction": clause.prediction,
        "if_fails": clause.if_fails,
        "location": clause.span.location(),
        "limit": _limit(block.limit) if block is not None else None,
        "seed": session.seed,
        "profile": session.profile.name,
        "started_at": started.isoformat(timespec="seconds"),
        "versions": versions(),
        "git_commit": git_commit(contract.folder),
        "hashes": Hashes(
            contract=contract.sha256,
            clause=clause.sha256,
            falsifier=check.falsifier.source_sha256 if check.falsifier is not None else "",
            artifacts=session.artifacts(check),
        ),
    }


def _limit(limit: Limit) -> LimitRecord:
    def number(value: Any) -> float | int | None:
        return None if value is None else int(value) if value == value.to_integral_value() else float(value)

    return LimitRecord(measure=limit.measure, at_most=number(limit.high), at_least=number(limit.low))

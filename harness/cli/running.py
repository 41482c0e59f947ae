"""A planned run, run: evidence after evidence, whatever interrupts it, and the discharge that it adds up to."""

from __future__ import annotations

import math
import signal
import time
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.ledger.discharge import Discharge
from harness.ledger.records import ContractRecord, Fault, FindingRecord
from harness.ledger.records import NotApplicable as NotApplicableRecord
from harness.trial.record import NOT_APPLICABLE
from harness.verdict.errors import FalsifyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from harness.cli.assembly import Assembly
    from harness.contract.models import Contract
    from harness.trial.plan import Check
    from harness.trial.session import Session
    from harness.verdict.evidence import Evidence

    Runner = Callable[[Sequence[Check], Session, Callable[[Evidence], None]], tuple[list[Evidence], list[Fault]]]
    """Runs checks and tells each evidence as it comes."""


def run_checks(
    checks: Sequence[Check], session: Session, told: Callable[[Evidence], None]
) -> tuple[list[Evidence], list[Fault]]:
    """Run every check; an interruption or the end of the budget leaves the rest NOT_MEASURED, with that reason."""
    results: list[Evidence] = []
    faults: list[Fault] = []
    with terminated_as_interrupted(session):
        for check in checks:
            try:
                evidence = session.run(check)
            except KeyboardInterrupt:
                ended_by_signal(session)
                evidence = session.not_reached(check, "interrupted")
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it is ours, and the other checks still run
                faults.append(fault_of(check, error))
                evidence = session.not_reached(check, "harness_fault")
            results.append(evidence)
            told(evidence)
    return results, faults


def ended_by_signal(session: Session) -> None:
    """Note that the run was told to stop, so that nothing more is started."""
    session.budget.interrupted = "stopped by a signal"


def fault_of(check: Check, error: BaseException) -> Fault:
    """A fault of our own, told with its place."""
    where = f"{check.contract.path}::{check.node}"
    if isinstance(error, FalsifyError):
        return Fault(where=where, message=str(error))
    frames = traceback.extract_tb(error.__traceback__)
    at = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno}, {frames[-1].name})" if frames else ""
    return Fault(where=where, message=f"{type(error).__name__}: {error}{at}")


@contextmanager
def terminated_as_interrupted(session: Session) -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, end a run as Ctrl-C does: with reports."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        ended_by_signal(session)  # where somebody swallows the exception, the next case sees this
        raise KeyboardInterrupt

    try:
        before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    except ValueError:  # not in the main thread, where signals are not ours to take
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def discharge_of(  # noqa: PLR0913 - everything that a run remembers
    assembly: Assembly,
    session: Session,
    started: datetime,
    checks: Sequence[Evidence],
    faults: Sequence[Fault],
    *,
    require_bound: bool,
) -> Discharge:
    """The record of a run; what turned out to say nothing about a finished file is listed, and is no check."""
    silent = [
        NotApplicableRecord(contract=row.contract, clause=row.clause, subject=row.subject, why=row.message)
        for row in checks
        if row.reason == NOT_APPLICABLE
    ]
    return Discharge(
        falsify=__version__,
        started_at=started.isoformat(timespec="seconds"),
        duration_s=round(time.monotonic() - session.budget.started, 3),
        profile=session.profile.name,
        seed=session.seed,
        budget_s=None if math.isinf(session.profile.seconds) else session.profile.seconds,
        interrupted=session.budget.interrupted,
        require_bound=require_bound,
        selection=assembly.selection,
        subjects={role: subject.identity for role, subject in assembly.subjects.items()},
        contracts=tuple(contract_record(contract) for contract in assembly.contracts),
        checks=tuple(row for row in checks if row.reason != NOT_APPLICABLE),
        not_applicable=(
            *(
                NotApplicableRecord(contract=row.contract, clause=row.clause, subject=row.subject, why=row.why)
                for row in assembly.plan.not_applicable
            ),
            *silent,
        ),
        findings=tuple(
            FindingRecord(
                code=finding.code,
                severity=finding.severity,
                message=finding.message,
                location=finding.span.location(),
                hint=finding.hint,
            )
            for findings in (*(contract.findings for contract in assembly.contracts), assembly.strays)
            for finding in findings
        ),
        faults=tuple(faults),
    )


def contract_record(contract: Contract) -> ContractRecord:
    """A contract as the run remembers it."""
    return ContractRecord(
        id=contract.id,
        path=contract.path,
        sha256=contract.sha256,
        version=contract.version,
        claimed=contract.claimed,
        clauses=len(contract.clauses),
        bound=sum(clause.check is not None and clause.retired is None for clause in contract.clauses),
    )


def now() -> datetime:
    """The time at which a run starts, in UTC."""
    return datetime.now(UTC)

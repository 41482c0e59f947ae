"""The checks of a run on several processes, with shared answers and one clock."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from harness.cli.running import ended_by_signal, fault_of, terminated_as_interrupted
from harness.ledger.records import Fault
from harness.verdict.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from harness.cli.assembly import Assembly
    from harness.cli.request import Request
    from harness.trial.plan import Check
    from harness.trial.session import Session

_here: tuple[Assembly, Session] | None = None


def run_on_processes(
    jobs: int, request: Request, checks: Sequence[Check], session: Session, told: Callable[[Evidence], None]
) -> tuple[list[Evidence], list[Fault]]:
    """As `run_checks`, on `jobs` processes; `session` is this process's own and speaks for what was not reached."""
    results: dict[int, Evidence] = {}
    faults: list[Fault] = []
    arguments = (request, session.store.folder, session.budget.started)
    context = multiprocessing.get_context("spawn")
    with terminated_as_interrupted(session):
        pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare, initargs=arguments)
        try:
            waiting = {pool.submit(_run, number): number for number in range(len(checks))}
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    number = waiting.pop(future)
                    results[number] = _take(future, checks[number], session, faults)
                    told(results[number])
        except KeyboardInterrupt:
            ended_by_signal(session)
            for child in multiprocessing.active_children():
                child.terminate()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    for number, check in enumerate(checks):
        if number not in results:
            results[number] = session.not_reached(check, "interrupted")
            told(results[number])
    return [results[number] for number in range(len(checks))], faults


def _take(future: Future[str | Fault], check: Check, session: Session, faults: list[Fault]) -> Evidence:
    try:
        result = future.result()
    except BrokenProcessPool as error:
        result = fault_of(check, error)
    if isinstance(result, Fault):
        faults.append(result)
        return session.not_reached(check, "harness_fault")
    return Evidence.model_validate_json(result)


def _prepare(request: Request, answers: Path, started: float) -> None:
    """Plan the run in a new process."""
    global _here  # noqa: PLW0603 - a worker process has one plan, made once
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    assembly = request.plan()
    _here = assembly, request.session(assembly, answers=answers, started=started)


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone, killed without a chance to say so."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _run(number: int) -> str | Fault:
    assert _here is not None
    assembly, session = _here
    check = assembly.plan.checks[number]
    try:
        return session.run(check).model_dump_json()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is ours, and the other checks still run
        return fault_of(check, error)

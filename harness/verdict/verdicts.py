"""The closed choices of the project: verdicts, run states, exit codes, severities, outcomes of mutants."""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum, unique
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@unique
class Verdict(StrEnum):
    """What a trial showed about a subject. There is no PASS: a test never proves."""

    FALSIFIED = "FALSIFIED"
    FLAKY = "FLAKY"
    NOT_MEASURED = "NOT_MEASURED"
    CORROBORATED = "CORROBORATED"

    @property
    def rank(self) -> int:
        """Place in the order FALSIFIED < FLAKY < NOT_MEASURED < CORROBORATED."""
        return _ORDER.index(self)

    @staticmethod
    def combine(verdicts: Iterable[Verdict]) -> Verdict:
        """The minimum of `verdicts`; the minimum of nothing is NOT_MEASURED, so that empty is never a pass."""
        return min(verdicts, key=lambda verdict: verdict.rank, default=Verdict.NOT_MEASURED)


_ORDER = (Verdict.FALSIFIED, Verdict.FLAKY, Verdict.NOT_MEASURED, Verdict.CORROBORATED)


@unique
class RunState(StrEnum):
    """Whether a call of a subject ran, told apart from what it showed (law 2)."""

    RAN = "RAN"
    REFUSED = "REFUSED"
    """The subject declined its input and said why; whether that was right is for the clause to judge."""
    EXITED = "EXITED"
    """The subject ended with a failure: a non-zero exit status or an exception."""
    NO_OUTPUT = "NO_OUTPUT"
    """The subject reported success and left no output, or one that nobody can read."""
    CRASHED = "CRASHED"
    """The subject was killed by a signal."""
    TIMED_OUT = "TIMED_OUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    TOO_MUCH_OUTPUT = "TOO_MUCH_OUTPUT"
    NOT_STARTED = "NOT_STARTED"
    """The program could not be started at all (not found, not executable)."""

    @property
    def is_failure(self) -> bool:
        """True when there is no answer to judge."""
        return self not in {RunState.RAN, RunState.REFUSED}


@unique
class ExitCode(IntEnum):
    """What the exit code of every command means."""

    CLEAN = 0
    """All that was asked was measured, and nothing was falsified or found defective."""
    FALSIFIED = 1
    """Something was falsified, defective or different."""
    NOT_MEASURED = 2
    """Not measured, or refused: empty input, hostile file, a check that cannot fail."""
    FAULT = 3
    """Wrong usage, or a fault of our own."""

    @staticmethod
    def combine(codes: Iterable[ExitCode]) -> ExitCode:
        """3 over 1 over 2 over 0; of nothing, 2."""
        order = (ExitCode.CLEAN, ExitCode.NOT_MEASURED, ExitCode.FALSIFIED, ExitCode.FAULT)
        return max(codes, key=order.index, default=ExitCode.NOT_MEASURED)


@unique
class Severity(StrEnum):
    """How much a broken clause costs: P0 ships garbage, P1 misleads, P2 annoys."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"


@unique
class MutantOutcome(StrEnum):
    """What became of a planted defect."""

    KILLED = "killed"
    """The clause turned red, by the measure that the contract names."""
    OTHER_REASON = "other_reason"
    """The clause turned red, but not by the measure named: it saw something else."""
    SURVIVED = "survived"
    """The clause stayed green on a defective subject."""
    NOT_RUN = "not_run"
    """The run ended before it, or its twin was not corroborated."""


@unique
class Direction(Enum):
    """Which way a measure is better."""

    LOWER_IS_BETTER = "lower is better"
    HIGHER_IS_BETTER = "higher is better"
    TWO_SIDED = "wrong on both sides"

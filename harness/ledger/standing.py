"""What a piece of evidence counts as: its verdict, corrected by whether anything was bound and could have failed."""

from __future__ import annotations

from enum import StrEnum, unique
from typing import TYPE_CHECKING, assert_never

from harness.verdict.verdicts import ExitCode, Verdict

if TYPE_CHECKING:
    from harness.verdict.evidence import Evidence


NEVER_LOOKED = "never_looked"
"""The reason of a check whose property looked at nothing that the subject gave: it measured itself."""


@unique
class Standing(StrEnum):
    """Every check stands as exactly one of these, so that their counts add up to the number of checks."""

    FALSIFIED = "FALSIFIED"
    FLAKY = "FLAKY"
    NOT_MEASURED = "NOT_MEASURED"
    VACUOUS = "VACUOUS"
    """The check has not been seen to fail for its own reason (law 3), or never looked at the subject."""
    UNBOUND = "UNBOUND"
    """No check block arms the clause; it says nothing about the subject."""
    CORROBORATED = "CORROBORATED"

    @staticmethod
    def of(evidence: Evidence) -> Standing:
        """The standing of one check; a counterexample counts, however it was found."""
        if evidence.verdict is Verdict.FALSIFIED:
            return Standing.FALSIFIED
        if evidence.verdict is Verdict.FLAKY:
            return Standing.FLAKY
        if not evidence.bound:
            return Standing.UNBOUND
        if evidence.verdict is Verdict.NOT_MEASURED and not (evidence.vacuous and evidence.reason == NEVER_LOOKED):
            return Standing.NOT_MEASURED
        return Standing.VACUOUS if evidence.vacuous else Standing.CORROBORATED

    @property
    def verdict(self) -> Verdict:
        """The verdict that this standing is worth when verdicts are combined: a vacuous check measured nothing."""
        if self in {Standing.VACUOUS, Standing.UNBOUND}:
            return Verdict.NOT_MEASURED
        return Verdict(self.value)

    @property
    def exit_code(self) -> ExitCode:
        """What one check of this standing makes of the exit code, without `--require-bound`."""
        match self:
            case Standing.FALSIFIED | Standing.FLAKY:
                return ExitCode.FALSIFIED
            case Standing.NOT_MEASURED | Standing.VACUOUS:
                return ExitCode.NOT_MEASURED
            case Standing.UNBOUND | Standing.CORROBORATED:
                return ExitCode.CLEAN
            case _:
                assert_never(self)

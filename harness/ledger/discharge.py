"""The record of one run: what was asked, the evidence of every check, and the exit code that follows from it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from harness.contract.models import FindingSeverity
from harness.ledger.records import ContractRecord, Described, Fault, FindingRecord, Ground, NotApplicable
from harness.ledger.standing import Standing
from harness.verdict.evidence import Evidence
from harness.verdict.verdicts import ExitCode, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEMA_ID: Literal["falsify.discharge/1"] = "falsify.discharge/1"


class Discharge(Described):
    """One run of the gate. Counts and exit code are computed from the checks, never stored without being compared."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    schema_id: Literal["falsify.discharge/1"] = Field(default=SCHEMA_ID, alias="schema")
    """Name and major version of this format; written as `schema`."""
    falsify: str
    """Version of the tool."""
    started_at: str
    """UTC, ISO 8601."""
    duration_s: float = Field(ge=0)
    profile: str
    seed: int
    budget_s: float | None
    """Seconds that the profile allows; None when it sets no limit."""
    interrupted: str = ""
    """Why the run ended before its time; empty when it did not."""
    require_bound: bool = False
    selection: str = ""
    """The text of `-k`; empty when everything was asked for."""
    subjects: dict[str, str] = Field(default_factory=dict)
    """Who was on trial: role -> identity."""
    contracts: tuple[ContractRecord, ...] = ()
    checks: tuple[Evidence, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()
    findings: tuple[FindingRecord, ...] = ()
    faults: tuple[Fault, ...] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _derived_values_agree(cls, data: Any, handler: ModelWrapValidatorHandler[Discharge]) -> Discharge:
        """A document may carry `summary` and `exit_code`; one that was edited by hand is refused (law 4)."""
        stored: dict[str, Any] = {}
        if isinstance(data, dict):
            stored = {key: data[key] for key in ("summary", "exit_code") if key in data}
            data = {key: value for key, value in data.items() if key not in stored}
        discharge = handler(data)
        for key, value in stored.items():
            computed = discharge.derived()[key]
            if value != computed:
                raise ValueError(f"{key} does not follow from the checks: found {value}, expected {computed}")
        return discharge

    def derived(self) -> dict[str, Any]:
        """The computed values that a written report carries beside the fields."""
        return {"summary": self.summary(), "exit_code": int(self.exit_code())}

    def standings(self) -> Mapping[Standing, int]:
        """Number of checks by standing, all six always present; the counts add up to the number of checks."""
        counts = Counter(Standing.of(check) for check in self.checks)
        return {standing: counts[standing] for standing in Standing}

    def summary(self) -> dict[str, int]:
        """Counts by verdict, all four always present and adding up to `checks`.

        `bound` and `unbound` add up to `checks` too; an unbound check is also one of NOT_MEASURED. `vacuous` counts
        the bound checks that have not been seen to fail for their own reason, whatever their verdict.
        """
        verdicts = Counter(check.verdict for check in self.checks)
        bound = sum(check.bound for check in self.checks)
        return {
            **{verdict.value: verdicts[verdict] for verdict in Verdict},
            "checks": len(self.checks),
            "bound": bound,
            "unbound": len(self.checks) - bound,
            "vacuous": sum(check.bound and check.vacuous for check in self.checks),
        }

    def by_contract(self) -> dict[str, Verdict]:
        """The worst verdict of each contract by id, unbound clauses left out and vacuous ones worth NOT_MEASURED."""
        standings: dict[str, list[Verdict]] = {contract.id: [] for contract in self.contracts}
        for check in self.checks:
            found = standings.setdefault(check.contract, [])
            standing = Standing.of(check)
            if standing is not Standing.UNBOUND:
                found.append(standing.verdict)
        return {contract: Verdict.combine(verdicts) for contract, verdicts in standings.items()}

    def grounds(self) -> tuple[Ground, ...]:
        """Everything that keeps the exit code from being 0, the gravest first."""
        order = (ExitCode.FAULT, ExitCode.FALSIFIED, ExitCode.NOT_MEASURED)
        found = [*self._grounds_of_the_run(), *self._grounds_of_checks()]
        return tuple(sorted(found, key=lambda ground: order.index(ground.code)))

    def exit_code(self) -> ExitCode:
        """3 for faults of our own, over 1 for counterexamples, over 2 for what was not measured, over 0."""
        return ExitCode.combine([ExitCode.CLEAN, *(ground.code for ground in self.grounds())])

    def _grounds_of_checks(self) -> Iterator[Ground]:
        words = {
            Standing.FALSIFIED: "falsified",
            Standing.FLAKY: "flaky (the same case gave different answers)",
            Standing.NOT_MEASURED: "not measured",
            Standing.VACUOUS: "vacuous (not seen to fail for its own reason, so it proves nothing)",
        }
        bound = sum(check.bound for check in self.checks)
        counts = self.standings()
        for standing, text in words.items():
            if counts[standing]:
                message = f"{counts[standing]} of {_many(bound, 'bound check')}: {text}"
                yield Ground(code=standing.exit_code, message=message)
        unbound = len(self.checks) - bound
        if not self.checks:
            asked = f"-k {self.selection!r} selects nothing" if self.selection else "there is nothing to check"
            yield Ground(code=ExitCode.NOT_MEASURED, message=f"no checks: {asked}")
        elif not bound:
            yield Ground(code=ExitCode.NOT_MEASURED, message=f"nothing is bound: none of {_many(unbound, 'clause')}")
        elif unbound and self.require_bound:
            message = f"{unbound} of {_many(len(self.checks), 'check')}: unbound, and --require-bound is on"
            yield Ground(code=ExitCode.NOT_MEASURED, message=message)

    def _grounds_of_the_run(self) -> Iterator[Ground]:
        if self.faults:
            yield Ground(code=ExitCode.FAULT, message=f"{_many(len(self.faults), 'fault')} of our own")
        errors = sum(finding.severity is FindingSeverity.ERROR for finding in self.findings)
        if errors:
            message = f"{_many(errors, 'error')} in contracts: what could not be read was not measured"
            yield Ground(code=ExitCode.NOT_MEASURED, message=message)
        if self.interrupted:
            yield Ground(code=ExitCode.NOT_MEASURED, message=f"the run was interrupted: {self.interrupted}")


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

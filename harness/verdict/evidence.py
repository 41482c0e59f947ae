"""The immutable record that a check leaves: what was measured, on what, against which limit, and that it bites."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from harness.verdict.verdicts import MutantOutcome, Severity, Verdict


class Record(BaseModel):
    """A frozen value with a closed set of keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Location(Record):
    """A place in a text file."""

    file: str
    """Path as the user would type it, with forward slashes."""
    line: int = Field(ge=1)
    column: int = Field(ge=1)
    end_line: int = Field(ge=1)
    end_column: int = Field(ge=1)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class LimitRecord(Record):
    """The limit of a clause as it stood in the contract when the evidence was taken."""

    measure: str
    at_most: float | int | None = None
    at_least: float | int | None = None


class Examples(Record):
    """How many cases were looked at."""

    valid: int = Field(ge=0)
    """Cases on which the clause could be judged."""
    rejected: int = Field(ge=0)
    """Cases that the generator drew and threw away."""
    not_measured: int = Field(default=0, ge=0)
    """Cases on which the subject gave no answer to judge."""
    declined: int = Field(default=0, ge=0)
    """Cases that the subject refused and may refuse; they show nothing."""
    blind: int = Field(default=0, ge=0)
    """Cases of partitions that cannot tell right from wrong; counted, not combined."""
    required: int = Field(default=1, ge=0)
    """Valid cases that the contract and the profile ask for."""


class MutantRecord(Record):
    """One row of the kill matrix."""

    name: str
    outcome: MutantOutcome
    shows: str
    """The measure by which the contract says that the mutant must be seen."""
    seen: str
    """The measures that were out of their bounds, comma-separated; empty when none was."""
    edits: Literal["bytes", "output", "behaviour"]
    where: str
    what: str
    examples: int = Field(ge=0)
    """Cases shown to the clause until the mutant was seen, or all of them."""


class Versions(Record):
    """What the evidence was made with."""

    falsify: str
    python: str
    platform: str
    libraries: dict[str, str]


class Hashes(Record):
    """What the evidence is about, by content."""

    contract: str
    """sha256 of the contract file."""
    clause: str
    """sha256 of the clause's own text, check block included."""
    falsifier: str
    """sha256 of the source of the falsifier's module."""
    artifacts: dict[str, str]
    """sha256 by path of the model files that were read or judged."""


class Evidence(Record):
    """The evidence of one check: one clause, one subject, one falsifier, one budget."""

    contract: str
    clause: str
    qualified: str
    """`contract-id::clause-id`."""
    subject: str
    """Who was on trial, as in the node id: `reference`, `command`, a file name."""
    subject_identity: str
    """Who was on trial, exactly: the command template, the sha256 of the file, the version of the reference."""
    role: str
    """The role on trial; empty for a clause that nothing binds."""
    falsifier: str
    severity: Severity
    claimed: str
    """The status that somebody typed; a claim, no result."""
    bound: bool
    """False for a clause that no check block arms; its verdict is NOT_MEASURED and changes no exit code."""
    verdict: Verdict
    reason: str
    """A code: a measure out of its limit, `wrong_refusal`, `time_budget`, `unbound` …"""
    message: str
    prediction: str
    if_fails: str
    location: Location
    measured: dict[str, float | int]
    units: dict[str, str]
    limit: LimitRecord | None
    denominator: int = Field(ge=0)
    """Comparisons behind the measured values."""
    margin: float | int | None
    """Distance to the nearer limit; negative when it is crossed."""
    examples: Examples
    classes: dict[str, int]
    """Partitions that were hit, with the number of valid cases in each."""
    unreached: tuple[str, ...]
    """Partitions that the contract declares and no case reached."""
    blind: dict[str, str]
    """What was seen in each blind partition: INDISTINGUISHABLE, or the measures that could tell after all."""
    mutants: tuple[MutantRecord, ...]
    twin: Verdict
    """Verdict on the reference in the same run: the clean twin of the mutants."""
    vacuous: bool
    """True when this check has not been seen to fail for its own reason."""
    vacuous_because: str
    case: str | None
    """Path of the stored counterexample."""
    counterexample: JsonValue
    replay: str
    """The command that shows the counterexample again; empty without one."""
    seed: int
    profile: str
    started_at: str
    """UTC, ISO 8601."""
    duration_s: float
    versions: Versions
    git_commit: str
    """Commit of the repository that holds the contract, `+dirty` when its tree was not clean; empty outside git."""
    hashes: Hashes

"""What a run remembers besides the evidence of its checks."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from harness.contract.models import FindingSeverity
from harness.verdict.evidence import Location, Record
from harness.verdict.verdicts import ExitCode


class Described(Record):
    """A record whose fields carry their docstrings into the JSON Schema, and are always written."""

    model_config = ConfigDict(use_attribute_docstrings=True, json_schema_serialization_defaults_required=True)


class ContractRecord(Described):
    """A contract that the run has read."""

    id: str
    path: str
    """As the user would type it, with forward slashes."""
    sha256: str
    """Of the contract file."""
    version: str
    claimed: str
    """The status typed in the file: a claim, no result."""
    clauses: int = Field(ge=0)
    bound: int = Field(ge=0)
    """Clauses that something can run."""


class NotApplicable(Described):
    """A clause that says nothing about a subject, and why."""

    contract: str
    clause: str
    subject: str
    why: str


class Fault(Described):
    """A fault of our own; never a verdict on a subject."""

    where: str
    message: str


class FindingRecord(Described):
    """Something in a contract that should be otherwise, seen while it was read."""

    code: str
    severity: FindingSeverity
    message: str
    location: Location
    hint: str = ""
    """What would make the finding go away."""


class Ground(Described):
    """One reason for the exit code of a run, in words."""

    code: ExitCode
    message: str

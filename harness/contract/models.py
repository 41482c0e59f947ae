"""Contracts and clauses as every other room sees them, whatever dialect they were written in."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum, unique
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.contract.positions import Span
    from harness.verdict.verdicts import Severity

CLAUSE_ID = r"^[A-Z][A-Z0-9]*([-_][A-Z0-9]+)+$"
"""The grammar of clause ids: `FALSIFY-005`, `FALSIFY-APR-PRETRAIN-INIT-005`, `F-LAYOUT-CONTRACT-001`."""

CONTRACT_ID = r"^[a-z0-9]+([-_.][a-z0-9]+)*$"
"""The grammar of contract ids, equal to the file name without its suffix."""

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class Closed(BaseModel):
    """A block with a closed set of keys: an unknown key is an error that names the nearest right one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(Closed):
    """The threshold of a clause: the only place where its number stands."""

    measure: Name = Field(description="A measure that the falsifier declares.")
    at_most: Decimal | None = Field(default=None, description="Falsified above this value.")
    at_least: Decimal | None = Field(default=None, description="Falsified below this value.")
    between: tuple[Decimal, Decimal] | None = Field(default=None, description="Falsified outside [low, high].")

    @model_validator(mode="after")
    def _one_bound(self) -> Limit:
        given = [name for name in ("at_most", "at_least", "between") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a limit has exactly one of at_most, at_least and between")
        if self.between is not None and self.between[0] > self.between[1]:
            raise ValueError("between is [low, high] with low <= high")
        return self

    @property
    def low(self) -> Decimal | None:
        """The smallest value that is not falsified, if there is one."""
        return self.between[0] if self.between is not None else self.at_least

    @property
    def high(self) -> Decimal | None:
        """The largest value that is not falsified, if there is one."""
        return self.between[1] if self.between is not None else self.at_most

    def holds(self, value: float) -> bool:
        """Whether `value` is inside the limit; NaN never is."""
        exact = Decimal(value)
        if exact.is_nan():
            return False
        return (self.low is None or exact >= self.low) and (self.high is None or exact <= self.high)

    def margin(self, value: float) -> Decimal:
        """Distance to the nearer bound, negative outside."""
        exact = Decimal(value)
        distances = [
            bound
            for bound in (
                exact - self.low if self.low is not None else None,
                self.high - exact if self.high is not None else None,
            )
            if bound is not None
        ]
        return min(distances)


class Population(Closed):
    """What is generated for a clause, from which partitions, how many at least."""

    architectures: tuple[Text, ...] = Field(default=(), description="Families whose names and shapes are drawn.")
    partitions: tuple[Name, ...] = Field(
        min_length=1, description="Classes of cases that must all be reached; one not reached is NOT_MEASURED."
    )
    blind: tuple[Name, ...] = Field(
        default=(), description="Classes that cannot tell right from wrong; generated and reported, not combined."
    )
    examples: int = Field(ge=1, le=1_000_000, description="Valid cases at least, in the profile pr.")


class MutantClaim(Closed):
    """A planted defect that must turn the clause red, and the measure by which it must be seen."""

    name: Name
    shows: Name


class CheckBlock(Closed):
    """What makes a clause executable."""

    falsifier: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)+$")] = Field(
        description="module.function under a falsifiers folder."
    )
    subject: Name = Field(description="The role on trial.")
    parameters: dict[str, JsonValue] = Field(default_factory=dict, description="Typed by the falsifier.")
    population: Population
    limit: Limit
    refusal: Text | None = Field(default=None, description="The rule that the subject must name when it refuses.")
    mutants: tuple[MutantClaim, ...] = Field(min_length=1, description="Defects that this clause must see.")


class Retirement(Closed):
    """A clause that no longer stands keeps its id."""

    on: Text
    why: Text
    by: Text


@unique
class Dialect(StrEnum):
    """How a contract file was written."""

    STRICT = "strict"
    """Ours: the public schema plus check blocks, closed keys."""
    KERNEL = "kernel"
    SHIP = "ship"
    ACCEPTANCE = "acceptance"
    NAMED_KIND = "named_kind"
    SHORT = "short"
    MODEL_FAMILY = "model_family"
    WORK = "work"
    BINDINGS = "bindings"
    PROBAR = "probar"
    REGISTRY = "registry"


@unique
class FindingSeverity(StrEnum):
    """How a finding counts: errors make lint exit 1, warnings only with --strict, notes never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a contract that should be otherwise; never a loss of what stands beside it."""

    code: str
    severity: FindingSeverity
    message: str
    span: Span
    hint: str = ""
    """What would make the finding go away."""


@dataclass(frozen=True, slots=True)
class Clause:
    """The smallest claim with an id, normalised from any dialect."""

    contract_id: str
    id: str
    container: str
    """The key under which it stood: `falsification_tests`, `gates`, `invariants[].falsifier` …"""
    dialect: Dialect
    rule: str
    prediction: str
    if_fails: str
    severity: Severity
    claimed: str
    test: str
    """The public binding text; data, never run."""
    span: Span
    sha256: str
    """Hash of the clause's own value in canonical JSON."""
    check: CheckBlock | None = None
    check_span: Span | None = None
    armed_by: str = ""
    """Path of the binding file that gave `check`; empty when it stands in the contract itself."""
    stale: str = ""
    """Why the binding that names this clause no longer fits; empty when none is stale."""
    retired: Retirement | None = None
    positional: bool = False
    """True when the clause had no id of its own and was given one by its place."""

    @property
    def qualified(self) -> str:
        """`contract-id::clause-id`."""
        return f"{self.contract_id}::{self.id}"

    @property
    def why_unbound(self) -> str:
        """Why nothing can run this clause; empty for a bound one."""
        if self.retired is not None:
            return f"retired on {self.retired.on}: {self.retired.why}"
        if self.stale:
            return self.stale
        return "" if self.check is not None else "no check block in the contract and no binding arms it"


@dataclass(frozen=True, slots=True)
class Contract:
    """A loaded contract file."""

    id: str
    path: str
    """As the user would type it, with forward slashes."""
    home: Literal["builtin", "project", "elsewhere"]
    """Where the file lives; decides whose falsifiers its checks name."""
    sha256: str
    text: str
    dialect: Dialect
    version: str
    description: str
    claimed: str
    tables: Mapping[str, Any]
    """The contract's tables (`formats`, `tensors`, `quant_dispatch`, `semantic_validation`, …) as plain data."""
    clauses: tuple[Clause, ...]
    findings: tuple[Finding, ...] = ()
    spans: Mapping[tuple[str | int, ...], Span] = field(default_factory=dict, repr=False)
    """Span of every value, by its path of keys and indices from the root."""
    folder: Path = field(default_factory=Path)
    """The folder that the file lies in; the current one for a text that is no file."""

"""Models of a contract file of ours: the public schema with a closed set of keys, and clauses with check blocks."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from harness.contract.models import CLAUSE_ID, CONTRACT_ID, CheckBlock, Closed, Retirement, Text
from harness.contract.tables import Tables
from harness.verdict.verdicts import Severity

SEMANTIC_VERSION = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?$"


class Open(BaseModel):
    """A public block of which only some keys are ours to check; the others keep their public meaning."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Metadata(Closed):
    """Who the contract is."""

    id: Annotated[str, StringConstraints(pattern=CONTRACT_ID)] = Field(description="Equals the file name.")
    version: Text = Field(
        json_schema_extra={"pattern": SEMANTIC_VERSION},  # lint says it with a page of its own, FC038
        description="Semantic: a weaker or removed clause is major, a stronger or new one minor, words are a patch.",
    )
    description: Text
    status: Text | None = Field(default=None, description="A claim; the ledger computes what is earned.")
    kind: Text | None = Field(default=None, description="The public tool's kind: schema, kernel, pattern …")
    title: Text | None = None
    author: Text | None = None
    created: Text | None = None
    updated: Text | None = None
    last_modified: Text | None = None
    references: tuple[Text, ...] = Field(default=(), description="The public tool wants at least one.")
    depends_on: tuple[Text, ...] = Field(default=(), description="Ids of contracts that this one stands on.")
    peer_contracts: tuple[Text, ...] = ()
    parent_contracts: tuple[Text, ...] = ()
    related_contracts: tuple[Text, ...] = ()
    registry: StrictBool | None = None
    crate: Text | None = None
    category: Text | None = None
    epic: Text | None = None
    issue: Text | None = None
    spec: Text | None = None
    verification_level: Text | None = None
    verification_command: Text | None = None
    enforcement_level: Text | None = None
    locked_level: Text | None = None
    lessons_learned: tuple[Text, ...] = ()
    changelog: list[Any] | dict[str, Any] | None = None
    amendment_history: tuple[dict[str, Any], ...] = ()


class Equation(Open):
    """A formula of the public schema; data, nothing evaluates it."""

    formula: Text
    domain: Text | None = None
    codomain: Text | None = None
    invariants: tuple[Text, ...] = ()
    preconditions: tuple[Text, ...] = ()
    postconditions: tuple[Text, ...] = ()


class ProofObligation(Open):
    """An obligation of the public schema; counted as what it is, no clause."""

    type: Text
    property: Text
    formal: Text | None = None
    applies_to: Text | None = None


class KaniHarness(Open):
    """A model-checking harness that the public tool knows; data."""

    id: Text
    obligation: Text


class QaGate(Open):
    """The public tool's summary gate; data."""

    id: Text | None = None
    name: Text | None = None


class ClauseBlock(Closed):
    """A clause as it is written under `falsification_tests`."""

    id: Annotated[str, StringConstraints(pattern=CLAUSE_ID)] = Field(
        description="Unique in the contract, never reused."
    )
    rule: Text = Field(description="The rule or obligation that the clause tests.")
    prediction: Text = Field(description="The observable consequence that the clause forbids to be false.")
    if_fails: Text = Field(description="What it means, for those who must mend it, when the clause is falsified.")
    severity: Severity = Field(default=Severity.P2, description="P0 ships garbage, P1 misleads, P2 annoys.")
    status: Text | None = Field(default=None, description="A claim; the ledger computes what is earned.")
    test: Text | None = Field(default=None, description="The public binding; text, never run.")
    check: CheckBlock | None = Field(default=None, description="What makes the clause executable.")
    retired: Retirement | None = Field(default=None, description="Set when the clause no longer stands.")


class ContractFile(Tables):
    """A contract file of ours."""

    metadata: Metadata
    equations: dict[str, Equation] = Field(default_factory=dict)
    proof_obligations: tuple[ProofObligation, ...] = ()
    falsification_tests: tuple[ClauseBlock, ...] = Field(default=(), description="The clauses.")
    kernel_structure: dict[str, Any] | None = None
    simd_dispatch: dict[str, Any] | None = None
    enforcement: dict[str, dict[str, Any]] = Field(default_factory=dict)
    kani_harnesses: tuple[KaniHarness, ...] = ()
    qa_gate: QaGate | None = None
    verification_summary: dict[str, Any] | None = None
    type_invariants: Any = None
    coq_spec: Any = None
    beat: Any = None
    stories: Any = None
    falsification: Any = Field(default=None, description="Public clauses; read as in a foreign contract.")
    falsification_conditions: Any = Field(default=None, description="Public clauses.")
    tests: Any = Field(default=None, description="Public clauses.")
    gates: Any = Field(default=None, description="Public clauses.")
    acceptance_criteria: Any = Field(default=None, description="Public clauses.")
    rejection_criteria: Any = Field(default=None, description="Public clauses.")
    kill_criteria: Any = Field(default=None, description="Public clauses.")
    invariants: Any = Field(default=None, description="Items with a falsifier are public clauses.")
    obligations: Any = Field(default=None, description="Items with a falsifier are public clauses.")
    hypotheses: Any = Field(default=None, description="Items with a falsifier are public clauses.")

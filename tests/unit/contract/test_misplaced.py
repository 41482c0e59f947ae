from __future__ import annotations

import pytest

from harness.contract.loader import load_text
from harness.contract.models import FindingSeverity

CLAUSE = "{id: FALSIFY-A-001, rule: a holds, prediction: b is seen, if_fails: c breaks}"
INSIDE = "verification.falsification_tests"
KERNEL = "metadata: {version: '1', description: d}\nequations: {}\n"

LOST = [
    (f"verification:\n  falsification_tests: [{CLAUSE}, {CLAUSE}]\n", "4:3", f"`{INSIDE}`", "2 clauses"),
    (f"verification:\n  falsification_tests: {{one: {CLAUSE}}}\n", "4:3", f"`{INSIDE}`", "a clause"),
    (f"verification:\n  - part: {{tests: [{CLAUSE}]}}\n", "4:12", "`verification.0.part.tests`", "a clause"),
    ("contract:\n  falsification: [seen twice, never seen]\n", "4:3", "`contract.falsification`", "2 clauses"),
    (f"falsifiers: [{CLAUSE}]\n", "3:1", "`falsifiers`", "a clause"),
    ("attacks:\n  - {id: FALSIFY-001, rule: a holds}\n", "3:1", "`attacks`", "a clause"),
]  # fmt: skip


@pytest.mark.parametrize(("block", "place", "name", "count"), LOST)
def test_clauses_that_nobody_reads_are_named_and_counted(block, place, name, count):
    """A container below the top, or clauses under an unknown key, give FC018 at the key that holds them."""
    contract = load_text(KERNEL + block, "a.yaml")
    (found,) = [finding for finding in contract.findings if finding.code == "FC018"]
    assert contract.clauses == ()
    assert str(found.span) == f"a.yaml:{place}"
    assert found.message.startswith(f"{name} holds {count}")
    assert found.severity is FindingSeverity.WARNING
    assert found.hint


def test_a_contract_of_ours_may_not_lose_clauses():
    """There the same is an error, wherever a public block leaves room for unknown keys."""
    text = f"metadata: {{id: a}}\nequations: {{e: {{formula: x, falsification_tests: [{CLAUSE}]}}}}\n"
    (found,) = [finding for finding in load_text(text, "a.yaml").findings if finding.code == "FC018"]
    assert found.severity is FindingSeverity.ERROR


@pytest.mark.parametrize(
    "block",
    [
        "equations: {e: {formula: x, invariants: [a = b]}}\n",
        "qa_gate: {id: Q, falsification: change a byte}\n",
        "gap_register: [{id: GAP-1, rule: r}]\n",
        "suite: {tests: [a.py, b.py], gates: {speed: 3}}\n",
        "verification: {falsification_tests: []}\n",
        f"falsification_tests: [{CLAUSE}]\n",
        "tests: [{id: T-1, name: n, falsification: [x]}]\n",
        f"falsification_test: [{CLAUSE}]\n",
    ],
)
def test_what_is_no_clause_or_is_read_is_not_called_lost(block):
    """Public blocks that borrow a container's name for something else, and clauses that were read, give no warning."""
    found = load_text("metadata: {version: '1', description: d}\n" + block, "a.yaml").findings
    assert not [finding for finding in found if finding.code == "FC018" and "holds" in finding.message]

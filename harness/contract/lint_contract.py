"""Checks of what a contract says about itself: its version (FC038) and its counts (FC040)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.contract.models import Dialect, Finding, FindingSeverity
from harness.contract.strict import SEMANTIC_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.contract.lint_places import Places
    from harness.contract.models import Contract
    from harness.contract.positions import Span

_SEMANTIC = re.compile(SEMANTIC_VERSION)
_ALL_OF = re.compile(r"\ball\s+(?P<count>\d{1,9})\s+(?:falsif|clauses)", re.IGNORECASE)
_PARTS_OF_TOTAL = ("tested", "proven", "discharged", "l2_property_tested", "l3_kani_proved", "l4_lean_proved")


def contract_findings(contract: Contract, places: Places) -> Iterator[Finding]:
    """What is wrong with the version and the counts that the contract states."""
    span = places.at("metadata", "version")
    if contract.dialect is Dialect.STRICT and span is not None and _SEMANTIC.fullmatch(contract.version) is None:
        what = f"the version {contract.version} is not semantic"
        yield Finding("FC038", FindingSeverity.WARNING, what, span, "write MAJOR.MINOR.PATCH, such as 1.0.0")
    yield from _gate(contract, places)
    yield from _summary(contract, places)


def _gate(contract: Contract, places: Places) -> Iterator[Finding]:
    listed = [clause for clause in contract.clauses if clause.container == "falsification_tests"] or contract.clauses
    for key in ("pass_criteria", "description"):
        stated = _ALL_OF.search(places.text("qa_gate", key))
        span = places.at("qa_gate", key)
        if stated is None or span is None or int(stated["count"]) == len(listed):
            continue
        what = f"qa_gate speaks of {stated['count']} falsification tests, and the file has {len(listed)}"
        yield _miscounted(what, span, f"write {len(listed)}, or leave the number out")


def _summary(contract: Contract, places: Places) -> Iterator[Finding]:
    total = _number(places, "total_obligations")
    span = places.at("verification_summary", "total_obligations")
    if total is None or span is None:
        return
    obligations = sum(len(path) == 2 and path[0] == "proof_obligations" for path in contract.spans)
    if total not in {obligations, len(contract.clauses)}:
        what = f"total_obligations is {total}, and the file has {obligations} obligations"
        hint = f"write {obligations}" if obligations else "list the obligations, or leave the number out"
        yield _miscounted(f"{what} and {len(contract.clauses)} clauses", span, hint)
    for key in _PARTS_OF_TOTAL:
        part, place = _number(places, key), places.at("verification_summary", key)
        if part is not None and place is not None and part > total:
            yield _miscounted(f"{key} is {part}, of a total of {total}", place, "no part is larger than the whole")


def _number(places: Places, key: str) -> int | None:
    text = places.text("verification_summary", key).strip("'\" ")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _miscounted(what: str, span: Span, hint: str) -> Finding:
    return Finding("FC040", FindingSeverity.WARNING, what, span, hint)

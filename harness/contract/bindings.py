"""Arms contracts with bindings: which clause gets which check block, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.contract.binding_files import Binding, BindingFile, load_bindings
from harness.contract.clauses import digest
from harness.contract.models import Clause, Contract, Finding, FindingSeverity
from harness.contract.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.contract.positions import Span

__all__ = ["Binding", "BindingFile", "arm", "load_bindings", "unplaced"]


def arm(contract: Contract, bindings: Iterable[Binding]) -> Contract:
    """`contract` with the check blocks that `bindings` have for its clauses, and the findings of those that fit it.

    A binding whose hash is not that of the file arms nothing: its clauses are stale and say what was expected, what
    was found and which of them are still there. A clause has one check block; the first one holds. Tables of a
    binding come before the contract's own of the same name.
    """
    fitting = [binding for binding in bindings if binding.fits(contract)]
    if not fitting:
        return contract
    clauses = {clause.id: clause for clause in contract.clauses}
    findings, tables = list(contract.findings), dict(contract.tables)
    for binding in fitting:
        tables |= binding.tables
        findings += binding.findings
        stale = _stale(binding, contract)
        if stale:
            findings.append(_error("FC030", stale, binding.sha256_span, "look at the clauses again, then pin the hash"))
        for identity, bound in binding.checks.items():
            clause = clauses.get(identity)
            if clause is None:
                findings.append(_no_clause(contract, identity, bound.key_span))
                continue
            if clause.check is not None or clause.armed_by or clause.stale:
                findings.append(_second(clause, bound.key_span))
                continue
            why = stale or bound.broken
            clauses[identity] = replace(
                clause,
                check=None if why else bound.check,
                check_span=bound.span,
                armed_by=binding.path,
                stale=why,
                sha256=digest([clause.sha256, bound.content, binding.tables]),
            )
    return replace(contract, clauses=tuple(clauses.values()), findings=tuple(dict.fromkeys(findings)), tables=tables)


def unplaced(bindings: Iterable[Binding], contracts: Sequence[Contract]) -> list[Finding]:
    """What no contract can report: bindings that cannot be read, and those that fit none of `contracts`."""
    findings: list[Finding] = []
    for binding in bindings:
        if not binding.contract:
            findings += binding.findings
        elif not any(binding.fits(contract) for contract in contracts):
            message = f"the binding is for `{binding.contract}`, and no such contract was loaded"
            hint = f"paths are seen from {binding.root.name or binding.root}, the folder that holds contracts/"
            findings.append(_error("FC031", message, binding.contract_span, hint))
    return findings


def _stale(binding: Binding, contract: Contract) -> str:
    """How the file of `contract` differs from the one that `binding` was made for; empty when it does not."""
    if not binding.sha256 or binding.sha256 == contract.sha256:
        return ""
    present = {clause.id for clause in contract.clauses}
    kept = [identity for identity in binding.checks if identity in present]
    gone = [identity for identity in binding.checks if identity not in present]
    hashes = f"expected sha256 {binding.sha256[:12]}…, found {contract.sha256[:12]}…"
    parts = [
        f"{binding.path} was made for another text of this contract ({hashes})",
        f"still there, perhaps in other words: {', '.join(kept)}" if kept else "none of its clauses is there any more",
    ]
    if kept and gone:
        parts.append(f"gone: {', '.join(gone)}")
    return "; ".join(parts)


def _no_clause(contract: Contract, identity: str, span: Span) -> Finding:
    near = nearest(identity.lower(), [clause.id.lower() for clause in contract.clauses]).upper()
    message = f"{contract.path} has no clause {identity}"
    return _error("FC031", message, span, f"did you mean {near}?" if near else "")


def _second(clause: Clause, span: Span) -> Finding:
    first = clause.check_span or clause.span
    message = f"{clause.id} has a check block already, at {first}; this one is not used"
    return _error("FC033", message, span, "remove one of the two")


def _error(code: str, message: str, span: Span, hint: str = "") -> Finding:
    return Finding(code, FindingSeverity.ERROR, message, span, hint)

"""The names that public contracts give to the parts of a clause, and how one part is picked out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.verdict.verdicts import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RULE = (
    "rule", "invariant", "obligation", "name", "property", "description", "summary", "title", "hypothesis", "formal",
    "formula", "claim", "binds_to", "blocks_ac",
)  # fmt: skip
"""What the clause is about, best first."""

PREDICTION = (
    "prediction", "expected", "assertion", "claim", "pass_criterion", "expected_output", "property", "condition",
    "evidence_required", "check", "formal", "formula", "rule", "description", "summary", "invariant", "name",
)  # fmt: skip
"""What must be observed, best first."""

FORBIDDEN = ("trigger", "condition")
"""In kill and rejection criteria and in bare `falsification` items these name what must *not* be observed."""

IF_FAILS = (
    "if_fails", "fails_if", "consequence_if_violated", "action_if_falsified", "if_test_passes", "if_test_fails",
    "if_test_compiles", "if_catch_all_exists", "action", "why", "rationale", "falsification", "falsifier",
)  # fmt: skip

TEST = (
    "test", "command", "test_script", "test_harness", "falsification_test", "implementation", "site", "test_name",
    "test_file", "procedure", "method", "strategy", "test_binding", "check", "enforcement", "evidence_required",
)  # fmt: skip

STATUS = ("status", "discharge_status", "verdict", "result", "implemented", "intake_status")

OTHER = (
    "id", "severity", "check", "input", "given", "when", "then", "type", "level", "note", "notes", "reference",
    "references", "algorithm_evidence", "evidence", "evidence_discharged_by", "test_kind", "test_count", "depends_on",
    "applies_to", "contract", "falsification_id", "ship_blocking", "discharge_notes", "partial_discharge_note",
    "full_discharge_blocks_on", "expected_exit", "expected_exit_code", "expected_stderr_pattern",
    "expected_stderr_not_pattern", "preconditions", "postconditions", "equation", "module_path", "gate_id", "catches",
    "resource_estimate", "ci_step", "cross_check_command", "failing_examples", "forbidden_tools",
    "forbidden_alternatives", "oos_rows", "drift_report_format", "parity_with", "semantic_change_log", "retired",
)  # fmt: skip
"""Parts that have a public meaning and no place of their own in a `Clause`; they count in its hash."""

KNOWN = frozenset((*RULE, *PREDICTION, *FORBIDDEN, *IF_FAILS, *TEST, *STATUS, *OTHER))

SEVERITIES = {
    **dict.fromkeys(("p0", "critical", "blocker", "error", "fatal"), Severity.P0),
    **dict.fromkeys(("p1", "high", "warning", "major"), Severity.P1),
}
"""Public words for a severity, in lower case; every other word, and none, is P2."""


def severity_of(word: str) -> Severity:
    """The severity that a public word stands for."""
    return SEVERITIES.get(word.strip().lower(), Severity.P2)


def pick(texts: Mapping[str, str], names: Iterable[str]) -> str:
    """The first of `names` that has a text; empty when none has."""
    return next((texts[name] for name in names if texts.get(name)), "")


def prediction_of(container: str, texts: Mapping[str, str]) -> str:
    """What the clause forbids to be false, from its parts as text."""
    if texts.get("then"):
        steps = (("given", "given "), ("when", "when "), ("then", "then "))
        return ", ".join(word + texts[name] for name, word in steps if texts.get(name))
    inverted = container in {"kill_criteria", "rejection_criteria", "falsification"}
    forbidden = pick(texts, FORBIDDEN) if inverted and not texts.get("prediction") else ""
    return f"this does not happen: {forbidden}" if forbidden else pick(texts, PREDICTION)


def as_text(value: Any, lexeme: str | None) -> str:
    """A part of a clause as text: a scalar as written, a list joined by semicolons, a mapping as `key: value` parts."""
    if lexeme is not None:
        return lexeme.strip()
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case list():
            return "; ".join(as_text(entry, None) for entry in value)
        case dict():
            return "; ".join(f"{key}: {as_text(entry, None)}" for key, entry in value.items())
        case _:
            return str(value)

"""The Markdown section of one clause that was not corroborated: all that a person needs to act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.ledger.standing import Standing
from harness.reporting.figures import case_text, number, relation
from harness.reporting.markdown_text import block, code, prose
from harness.reporting.words import examples_text, mutants_not_killed, observed

if TYPE_CHECKING:
    from harness.verdict.evidence import Evidence


def open_clause(evidence: Evidence) -> str:
    """Prediction, what was observed, the smallest case, why it matters, the place, and how to see it again."""
    standing = Standing.of(evidence)
    denominator = f"over {number(evidence.denominator)} comparisons"
    measured = f"{code(evidence.limit.measure)} {prose(relation(evidence)) or 'not measured'}" if evidence.limit else ""
    lines = [
        f"### {standing.value}: {code(evidence.qualified)} on {code(evidence.subject)}",
        "\n".join(
            f"- **{name}**: {text}"
            for name, text in (
                ("Prediction", prose(evidence.prediction)),
                ("Observed", prose(observed(evidence))),
                ("Reason", code(evidence.reason)),
                ("Measured", f"{measured}, {denominator}" if measured else ""),
                ("Examples", prose(examples_text(evidence))),
                ("Mutants not killed", prose(mutants_not_killed(evidence))),
                ("Why it matters", prose(evidence.if_fails)),
                ("Severity", evidence.severity.value),
                ("Place", code(str(evidence.location))),
                ("Case file", code(evidence.case or "")),
            )
            if text
        ),
    ]
    case = case_text(evidence)
    if case:
        lines += ["The smallest case:", block(case, "json")]
    if evidence.replay:
        lines += ["To see it again:", block(evidence.replay, "sh")]
    return "\n\n".join(lines)

"""Checks of the words of a clause: FC034 to FC036."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.contract.models import Dialect, Finding, FindingSeverity
from harness.contract.spellings import IF_FAILS, PREDICTION, RULE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.contract.lint_places import Places
    from harness.contract.models import Clause
    from harness.contract.positions import Span

_OF_ITS_OWN = tuple(name for name in PREDICTION if name not in RULE)
"""Where a prediction stands that is not merely the rule under another name."""

_FILLERS = re.compile(
    r"^(contract violation|violation of|verify|assert|check|ensure)( that)?\s*[:-]?\s*", re.IGNORECASE
)
_PUNCTUATION = re.compile(r"[\s.,;:!?'\"`]+")


def clause_findings(clause: Clause, places: Places) -> Iterator[Finding]:
    """What a reader of the clause would miss: a prediction, a consequence, a text that says more than the rule."""
    strict = clause.dialect is Dialect.STRICT
    severity = FindingSeverity.ERROR if strict else FindingSeverity.WARNING
    rule = _plain(clause.rule)
    predicts = places.has(clause, *(("prediction",) if strict else _OF_ITS_OWN))
    if not clause.prediction.strip() or (_plain(clause.prediction) == rule and not predicts):
        what = f"{clause.id}: no prediction, so nothing that is observed could refute it"
        yield Finding("FC034", severity, what, clause.span, "add prediction: what somebody who watches would see")
    elif _plain(clause.prediction) == rule:
        yield _repeats(clause, "prediction", places.field(clause, *PREDICTION), "name an observation that refutes it")
    if not clause.if_fails.strip():
        what = f"{clause.id}: no consequence, so a failure would be a number without a meaning"
        yield Finding("FC035", severity, what, clause.span, "add if_fails: what is broken then, and what it costs")
    elif _plain(clause.if_fails) == rule:
        yield _repeats(clause, "if_fails", places.field(clause, *IF_FAILS), "name the defect and what it costs")


def _repeats(clause: Clause, name: str, span: Span, hint: str) -> Finding:
    what = f"{clause.id}: {name} says no more than the rule"
    return Finding("FC036", FindingSeverity.WARNING, what, span, hint)


def _plain(text: str) -> str:
    """The words of `text` alone: fillers, case, white space and punctuation left out; signs such as < are kept."""
    return _PUNCTUATION.sub(" ", _FILLERS.sub("", text.strip())).strip().casefold()

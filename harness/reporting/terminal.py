"""The discharge on a terminal: one line a clause, a block for a person where one failed, and a closing."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from harness.ledger.standing import Standing
from harness.reporting.cells import cells, cut, fit, one_line, paint, strong
from harness.reporting.figures import case_text, crossed, duration, kills, relation
from harness.reporting.words import (
    EXIT_MEANING,
    examples_text,
    mutants_not_killed,
    observed,
    plural,
    tally,
    verdict_of_the_run,
)
from harness.verdict.verdicts import Verdict

if TYPE_CHECKING:
    from harness.ledger.discharge import Discharge
    from harness.verdict.evidence import Evidence

_WORD = max(len(standing) for standing in Standing)
_EXAMPLES, _KILLS, _TIME = 6, 5, 5
_RIGHT = 1 + _EXAMPLES + 1 + _KILLS + 1 + _TIME
_BLOCK, _LABEL = 80, 14


def line(evidence: Evidence, width: int = 80, colour: bool = False) -> str:  # noqa: FBT001, FBT002 - as callers say it
    """One line of at most `width` (60 or more) columns: verdict, clause and subject, figure, examples, kills, time.

    The clause has the room that it needs before the name of the measure has; the value and its limit stay.
    """
    standing = Standing.of(evidence)
    left = max(width, 60) - _WORD - 1 - _RIGHT
    killed, planted = kills(evidence)
    spare = left - 1 - cells(_name(evidence, left))
    figure = _figure(evidence, min(max(spare, _narrowest(evidence)), left // 2))
    name = left - 1 - cells(figure)
    columns = (
        f"{fit(_name(evidence, name), name)} {figure}",
        fit(f"{_short_count(evidence.examples.valid)} ex" if evidence.bound else "", _EXAMPLES, right=True),
        fit(f"{killed}/{planted}" if evidence.bound else "", _KILLS, right=True),
        fit(duration(evidence.duration_s) if evidence.bound else "", _TIME, right=True),
    )
    return f"{paint(fit(standing.value, _WORD), standing, colour=colour)} {' '.join(columns).rstrip()}"


def failure(evidence: Evidence, colour: bool = False) -> str:  # noqa: FBT001, FBT002 - as callers say it
    """All that a person needs about one clause: what was predicted, seen, on which case, where, and how to see it."""
    standing = Standing.of(evidence)
    subject = f" on {one_line(evidence.subject)}" if evidence.subject else ""
    head = f"{paint(standing.value, standing, colour=colour)} {strong(one_line(evidence.qualified), colour=colour)}"
    case = case_text(evidence, lines=20, width=_BLOCK - _LABEL)
    parts = [
        f"{head}{subject} ({evidence.severity.value})",
        _labelled("prediction", _wrapped(evidence.prediction), colour=colour),
        _labelled("observed", _wrapped(observed(evidence)), colour=colour),
        _labelled("measured", _wrapped(_measured(evidence)), colour=colour),
        _labelled("mutants", _wrapped(mutants_not_killed(evidence)), colour=colour),
        _labelled("smallest case", case.split("\n") if case else [], colour=colour),
        _labelled("matters", _wrapped(evidence.if_fails), colour=colour),
        _labelled("place", [one_line(str(evidence.location))], colour=colour),
        _labelled("replay", [one_line(evidence.replay)] if evidence.replay else [], colour=colour),
    ]
    return "\n".join(part for part in parts if part)


def closing(discharge: Discharge, colour: bool = False) -> str:  # noqa: FBT001, FBT002 - as callers say it
    """The end of a run: what could not be read, counts with denominators, and the exit code in words."""
    code = discharge.exit_code()
    lines = [f"fault: {one_line(fault.where)}: {one_line(fault.message)}" for fault in discharge.faults]
    lines += [
        f"{finding.location}: {finding.severity.value} {finding.code}: {finding.message}"
        for finding in discharge.findings
    ]
    lines = [one_line(text) for text in lines]
    counts = [
        f"{count} {paint(standing.value, standing, colour=colour)}"
        for standing, count in discharge.standings().items()
        if count
    ]
    lines.append(f"{plural(len(discharge.checks), 'check')}: {', '.join(counts) or 'none'}")
    lines.append(tally(discharge))
    lines += [f"  - {one_line(ground.message)}" for ground in discharge.grounds()]
    verdict = strong(verdict_of_the_run(discharge), colour=colour)
    lines.append(f"profile {discharge.profile}, seed {discharge.seed}")
    lines.append(f"{verdict} in {duration(discharge.duration_s)}: exit {int(code)}, {EXIT_MEANING[code]}")
    return "\n".join(lines)


def _name(evidence: Evidence, width: int) -> str:
    """`clause[subject]` in `width` columns; the subject is cut first, to nine columns, and the clause after it."""
    clause = one_line(evidence.clause)
    room = max(9, width - 2 - cells(clause))
    subject = f"[{cut(one_line(evidence.subject), room)}]" if evidence.subject else ""
    return cut(clause, width - cells(subject)) + subject


def _telling(evidence: Evidence) -> str:
    """The value against its limit where that explains the verdict, else the reason; empty for an unbound clause."""
    if not evidence.bound:
        return "" if evidence.reason == "unbound" else one_line(evidence.reason)
    known = relation(evidence)
    explains = evidence.verdict is Verdict.CORROBORATED or crossed(evidence)
    return known if known and explains else one_line(evidence.reason or "not measured")


def _narrowest(evidence: Evidence) -> int:
    return cells(_telling(evidence))


def _figure(evidence: Evidence, width: int) -> str:
    """What tells most in `width` columns, with the name of the measure before it where there is room for one."""
    telling = cut(_telling(evidence), width)
    room = width - cells(telling) - 1
    if evidence.limit is None or telling != relation(evidence) or room < 8:
        return telling
    return f"{cut(one_line(evidence.limit.measure), room)} {telling}"


def _short_count(count: int) -> str:
    if count < 1000:
        return str(count)
    return f"{count // 1000}k" if count < 1_000_000 else f"{count // 1_000_000}M"


def _measured(evidence: Evidence) -> str:
    if not evidence.bound:
        return ""
    limit = evidence.limit
    known = f"{limit.measure} {relation(evidence) or 'has no value'}; " if limit is not None else ""
    return f"{known}{plural(evidence.denominator, 'comparison')}; {examples_text(evidence)}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(one_line(text), _BLOCK - _LABEL - 2, break_on_hyphens=False)


def _labelled(name: str, rows: list[str], *, colour: bool) -> str:
    """The label beside the first row, the others below that row; empty without rows."""
    indent = " " * (_LABEL + 2)
    label = strong(name, colour=colour) + " " * (_LABEL - len(name))
    return "\n".join(f"  {label}{row}" if index == 0 else f"{indent}{row}" for index, row in enumerate(rows))

"""Numbers and texts of evidence as people read them, the same in every report."""

from __future__ import annotations

import json
import math
import unicodedata
from typing import TYPE_CHECKING

from harness.verdict.verdicts import MutantOutcome

if TYPE_CHECKING:
    from pydantic import JsonValue

    from harness.verdict.evidence import Evidence, LimitRecord


def number(value: float) -> str:
    """A number in few characters; counts keep all their digits, grouped by commas."""
    if isinstance(value, int):
        return f"{value:,}" if value.bit_length() <= 64 else f"more than 2^{value.bit_length() - 1}"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.6g}"


def duration(seconds: float) -> str:
    """A time in at most five characters up to a year: `0.04s`, `12.3s`, `4m05s`, `35m`, `2h10m`, `30h`."""
    if not math.isfinite(seconds):
        return number(seconds)
    if seconds < 9.995:
        return f"{seconds:.2f}s"
    if seconds < 99.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 10:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 10:
        return f"{hours}h{minutes:02}m" if hours else f"{minutes}m"
    return f"{hours}h"


def limit_text(limit: LimitRecord | None) -> str:
    """What the contract allows: `≤ 0`, `≥ 0.5`, `0.5 … 1.5`; empty without a limit."""
    if limit is None:
        return ""
    if limit.at_most is not None and limit.at_least is not None:
        return f"{number(limit.at_least)} … {number(limit.at_most)}"
    if limit.at_most is not None:
        return f"≤ {number(limit.at_most)}"
    return f"≥ {number(limit.at_least)}" if limit.at_least is not None else ""


def crossed(evidence: Evidence) -> bool:
    """Whether the measured value is outside its limit.

    The margin decides where there is one: it was taken from the exact limit, and a limit read back as a float may
    round onto the value.
    """
    limit = evidence.limit
    if limit is None or limit.measure not in evidence.measured:
        return False
    if evidence.margin is not None:
        return evidence.margin < 0 or math.isnan(evidence.margin)
    value = evidence.measured[limit.measure]
    inside_high = limit.at_most is None or value <= limit.at_most
    inside_low = limit.at_least is None or value >= limit.at_least
    return not (inside_high and inside_low)


def relation(evidence: Evidence) -> str:
    """The measured value against its limit as a true statement: `0 ≤ 0`, `3 > 0`, `0.2 not in 0.5 … 1`; or empty."""
    limit = evidence.limit
    if limit is None or limit.measure not in evidence.measured:
        return ""
    value = number(evidence.measured[limit.measure])
    if value == "NaN":
        return f"NaN, not {limit_text(limit)}"
    outside = crossed(evidence)
    if limit.at_most is not None and limit.at_least is not None:
        return f"{value} {'not in' if outside else 'in'} {limit_text(limit)}"
    if limit.at_most is not None:
        return f"{value} {'>' if outside else '≤'} {number(limit.at_most)}"
    return f"{value} {'<' if outside else '≥'} {number(limit.at_least)}" if limit.at_least is not None else value


def headroom(evidence: Evidence) -> float | None:
    """Margin as a share of the limit: of half its width when it has two sides, of 1 unit when the limit is 0.

    None where nothing was measured, or no finite share exists.
    """
    limit = evidence.limit
    if limit is None or evidence.margin is None:
        return None
    if limit.at_most is not None and limit.at_least is not None:
        scale = (limit.at_most - limit.at_least) / 2
    else:
        scale = abs(limit.at_most if limit.at_most is not None else limit.at_least or 0)
    try:
        share = float(evidence.margin) / (float(scale) or 1.0)
    except OverflowError:
        return None
    return share if math.isfinite(share) else None


def kills(evidence: Evidence) -> tuple[int, int]:
    """How many of the clause's mutants it killed for its own reason, and how many there are."""
    killed = sum(mutant.outcome is MutantOutcome.KILLED for mutant in evidence.mutants)
    return killed, len(evidence.mutants)


def printable(text: str) -> str:
    """`text` without anything that could move a cursor, reverse the reading order or end a line.

    Contracts, file names and programs on trial are hostile: control, format and surrogate characters are shown
    as escapes. Line feeds stay; every other space becomes a plain one.
    """
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character == "\n" or character.isprintable():
        return character
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def case_text(evidence: Evidence, *, lines: int = 40, width: int = 96) -> str:
    """The smallest case as JSON in lines of about `width`, cut after `lines`; empty without a counterexample."""
    if evidence.counterexample is None:
        return ""
    rows = _pretty(evidence.counterexample, "", width).split("\n")
    if len(rows) > lines:
        rest = len(rows) - lines
        rows = [*rows[:lines], f"… {rest} more lines" + (f" in {evidence.case}" if evidence.case else "")]
    return printable("\n".join(row if len(row) <= 400 else row[:400] + "…" for row in rows))


def _pretty(value: JsonValue, indent: str, width: int) -> str:
    """JSON in which everything that fits on one line stands on one line, side by side as far as it goes."""
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(indent) + len(short) <= width:
        return short
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {_pretty(item, deeper, width)}" for key, item in value.items()]
    else:
        parts = [_pretty(item, deeper, width) for item in value]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    body = f",\n{deeper}".join(_packed(parts, width - len(deeper)))
    return f"{opening}\n{deeper}{body}\n{indent}{closing}"


def _packed(parts: list[str], width: int) -> list[str]:
    """`parts` with short neighbours on one line: a case of twenty small choices is read at a glance."""
    rows: list[str] = []
    for part in parts:
        joined = f"{rows[-1]}, {part}" if rows else part
        if rows and "\n" not in joined and len(joined) <= width:
            rows[-1] = joined
        else:
            rows.append(part)
    return rows

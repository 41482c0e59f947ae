"""Hostile text inside Markdown: prose, code and table cells that can start no markup of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.reporting.figures import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BAR = re.compile(r"(\\*)\|")
_MARKUP = re.compile(r"([\\`*_\[\]|~#$!])")


def prose(text: str) -> str:
    """Text on one line with everything escaped that Markdown, a table or HTML would read as its own."""
    line = " ".join(printable(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", line)


def code(text: str) -> str:
    """A code span; empty text gives an empty string."""
    line = " ".join(printable(text).split())
    if not line:
        return ""
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def block(text: str, language: str = "") -> str:
    """A fenced code block whose fence is longer than any run of backticks inside."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{printable(text)}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are prose or code; empty where there is no row. A bar inside a code span ends no cell."""
    lines = [_row(row) for row in rows]
    return "\n".join([_row(head), f"|{'---|' * len(head)}", *lines]) if lines else ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_BAR.sub(_escaped_bar, cell) for cell in cells)} |"


def _escaped_bar(found: re.Match[str]) -> str:
    """A bar after an odd number of backslashes, whether a reader pairs them up or looks at the last one only."""
    return found[0] if len(found[1]) % 2 else rf"{found[1]}\|"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)

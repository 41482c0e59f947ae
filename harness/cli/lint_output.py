"""How lint tells its findings: as text with the source line, as JSON, as SARIF, as workflow commands of GitHub."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.lint_sarif import sarif_log
from harness.contract.models import FindingSeverity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.contract.models import Finding

_COLOURS = {FindingSeverity.ERROR: "red", FindingSeverity.WARNING: "yellow", FindingSeverity.NOTE: "cyan"}
_COMMANDS = {FindingSeverity.ERROR: "error", FindingSeverity.WARNING: "warning", FindingSeverity.NOTE: "notice"}
_LONGEST_SOURCE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Linted:
    """What lint found, and in how much."""

    findings: tuple[Finding, ...]
    contracts: int
    clauses: int
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """File as shown -> its text, for the lines that findings point at."""

    def counts(self) -> Counter[FindingSeverity]:
        """How many findings there are of each severity."""
        return Counter(finding.severity for finding in self.findings)

    def summary(self) -> str:
        """One line: how much was read, and what was found."""
        counts = self.counts()
        found = ", ".join(_plural(counts[severity], severity.value) for severity in FindingSeverity)
        return f"{_plural(self.contracts, 'contract')}, {_plural(self.clauses, 'clause')}: {found}"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def render(linted: Linted, how: str, *, width: int = 80, colour: bool = False) -> str:
    """`linted` in the format `how`: text, json, sarif or github. Only text uses `width` columns and `colour`."""
    formats: dict[str, Callable[[], str]] = {
        "text": lambda: as_text(linted, width=width, colour=colour),
        "json": lambda: as_json(linted),
        "sarif": lambda: json.dumps(sarif_log(linted.findings), indent=2, ensure_ascii=False),
        "github": lambda: as_github(linted),
    }
    return formats[how]()


def as_text(linted: Linted, *, width: int, colour: bool) -> str:
    """A paragraph a finding: place, code, severity, message, source line with carets, way out; then the summary."""
    sources = _Sources(linted.texts)
    paragraphs = ["\n".join(_paragraph(finding, sources, width, colour=colour)) for finding in linted.findings]
    codes = sorted({finding.code for finding in linted.findings})
    more = f"\nfalsify explain {codes[0]} says more." if codes else ""
    return "\n\n".join([*paragraphs, linted.summary() + more])


def _paragraph(finding: Finding, sources: _Sources, width: int, *, colour: bool) -> Iterator[str]:
    severity = finding.severity.value
    head = f"{finding.span}: {finding.code} {severity}: {visible(finding.message)}"
    for number, line in enumerate(_wrapped(head, width, "")):
        painted = click.style(severity, fg=_COLOURS[finding.severity], bold=True)
        yield line.replace(severity, painted, 1) if colour and number == 0 else line
    gutter = str(finding.span.line)
    room = max(20, width - len(gutter) - 5)
    source, _, carets = finding.span.caret(sources.of(finding.span.file)).partition("\n")
    if source.strip():
        start = _window(finding.span.column - 1, len(source), room)
        shown = carets[start : start + room]
        yield f"  {gutter} | {visible(source[start : start + room])}"
        yield f"  {' ' * len(gutter)} | {click.style(shown, fg=_COLOURS[finding.severity]) if colour else shown}"
    if finding.hint:
        yield from _wrapped(f"= {visible(finding.hint)}", width, "  ")


def _window(column: int, length: int, room: int) -> int:
    """Where a line of `length` characters is cut on the left so that `column` (from 0) is seen in `room` columns."""
    return 0 if length <= room or column < room // 2 else min(column - room // 3, length - 1)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def visible(text: str) -> str:
    """`text` with characters that would steer a terminal shown as a mark of the same width."""
    return "".join(character if character.isprintable() or character in "\t\n" else "�" for character in text)


class _Sources:
    """The text of files that findings point at; those that are no contract (bindings) are read when asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)

    def of(self, file: str) -> str:
        """The text of `file`; empty when it cannot be read."""
        if file not in self._texts:
            self._texts[file] = _read(Path(file))
        return self._texts[file]


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_SOURCE:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def as_json(linted: Linted) -> str:
    """One JSON document."""
    document = {
        "schema": "falsify.lint/1",
        "contracts": linted.contracts,
        "clauses": linted.clauses,
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity.value,
                "message": finding.message,
                "location": finding.span.location().model_dump(),
                "hint": finding.hint,
            }
            for finding in linted.findings
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_github(linted: Linted) -> str:
    """A workflow command a finding, which GitHub shows beside the line that it points at."""
    return "\n".join(_command(finding) for finding in linted.findings)


def _command(finding: Finding) -> str:
    span = finding.span
    properties = {"file": span.file, "line": span.line, "endLine": span.end_line, "col": span.column}
    if span.end_line == span.line:
        properties["endColumn"] = span.end_column
    properties["title"] = finding.code
    told = f"{finding.message}: {finding.hint}" if finding.hint else finding.message
    listed = ",".join(f"{key}={_escaped(str(value), ',:')}" for key, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {listed}::{_escaped(told, '')}"


def _escaped(text: str, also: str) -> str:
    """`text` with the percent sign, line breaks and the characters `also` percent-encoded, as workflow commands ask."""
    return "".join(f"%{ord(character):02X}" if character in "%\r\n" + also else character for character in text)

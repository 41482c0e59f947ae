"""Findings as a SARIF 2.1.0 log, which code hosts and editors read."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from harness import __version__
from harness.contract.catalogue import CATALOGUE, Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.contract.models import Finding
    from harness.contract.positions import Span

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_log(findings: Sequence[Finding]) -> dict[str, object]:
    """The log of one run, with a rule for each code that occurs; columns count Unicode code points from 1."""
    codes = sorted({finding.code for finding in findings})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "falsify", "version": __version__, "rules": [_rule(CATALOGUE[c]) for c in codes]}
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, codes.index(finding.code)) for finding in findings],
            }
        ],
    }


def _rule(page: Page) -> dict[str, object]:
    return {
        "id": page.code,
        "name": "".join(word.capitalize() for word in page.title.replace("-", " ").split()),
        "shortDescription": {"text": page.summary},
        "fullDescription": {"text": page.sections["What it means"]},
        "help": {"text": page.sections["How to mend it"], "markdown": page.text},
        "defaultConfiguration": {"level": page.severity.value},
    }


def _result(finding: Finding, index: int) -> dict[str, object]:
    told = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": told},
        "locations": [{"physicalLocation": _place(finding.span)}],
    }


def _place(span: Span) -> dict[str, object]:
    absolute = PurePosixPath(span.file).is_absolute()
    return {
        "artifactLocation": {"uri": ("file://" if absolute else "") + quote(span.file, safe="/")},
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    }

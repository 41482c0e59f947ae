from __future__ import annotations

import itertools
import json
import re

import pytest
from jsonschema import Draft202012Validator

from harness.cli.lint_command import exit_code
from harness.cli.lint_output import Linted, as_github, as_json, as_text, render
from harness.cli.lint_sarif import sarif_log
from harness.contract.catalogue import CATALOGUE
from harness.contract.models import Finding, FindingSeverity
from harness.contract.positions import Span
from harness.verdict.verdicts import ExitCode

TEXT = "metadata:\n  id: x\nlimit: {measure: acepted_heads}\n"
ERROR = Finding(
    "FC023", FindingSeverity.ERROR, "no such measure", Span("a b/c.yaml", 3, 18, 3, 31), "did you mean accepted_heads?"
)
WARNING = Finding("FC028", FindingSeverity.WARNING, "one mutant only", Span("d.yaml", 1, 1, 2, 3))
NOTE = Finding("FC037", FindingSeverity.NOTE, "50%, or so:\r\nnot sure", Span("/e,f:g%.yaml", 7, 2, 7, 5))

REGION = {
    "type": "object",
    "required": ["startLine", "startColumn", "endLine", "endColumn"],
    "properties": {
        name: {"type": "integer", "minimum": 1} for name in ("startLine", "startColumn", "endLine", "endColumn")
    },
    "additionalProperties": False,
}
LOG = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {"type": "object", "required": ["id", "shortDescription", "help"]},
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"type": "object", "required": ["text"]},
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "type": "object",
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation", "region"],
                                                "properties": {"region": REGION},
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def linted(*findings):
    """Findings in two contracts with five clauses."""
    return Linted(findings, contracts=2, clauses=5, texts={"a b/c.yaml": TEXT, "d.yaml": "x: 1\ny: 2\n"})


def test_text_shows_place_line_and_carets():
    """A finding is told with its place, code, severity, source line, carets under the value, and the way out."""
    shown = as_text(linted(ERROR), width=80, colour=False)
    assert shown.splitlines() == [
        "a b/c.yaml:3:18: FC023 error: no such measure",
        "  3 | limit: {measure: acepted_heads}",
        "    |                  ^^^^^^^^^^^^^",
        "  = did you mean accepted_heads?",
        "",
        "2 contracts, 5 clauses: 1 error, 0 warnings, 0 notes",
        "falsify explain FC023 says more.",
    ]


def test_text_keeps_to_the_width():
    """Long messages wrap and long source lines are cut so that the carets stay in view."""
    source = "test: " + "word " * 60 + "WRONG" + " word" * 60
    start = source.index("WRONG") + 1
    long = Finding(
        "FC037", FindingSeverity.ERROR, "a message " * 20, Span("f.yaml", 1, start, 1, start + 5), "a hint " * 30
    )
    lines = as_text(Linted((long,), 1, 1, {"f.yaml": source}), width=80, colour=False).splitlines()
    assert max(map(len, lines)) <= 80
    shown, carets = next((a, b) for a, b in itertools.pairwise(lines) if "^" in b)
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "WRONG"


def test_text_without_findings_is_the_summary():
    """Nothing found is one line, with what was read."""
    assert as_text(linted(), width=80, colour=False) == "2 contracts, 5 clauses: 0 errors, 0 warnings, 0 notes"


def test_colour_only_when_asked_for():
    """Escape codes appear with colour and never without."""
    assert "\x1b[" in as_text(linted(ERROR), width=80, colour=True)
    assert "\x1b" not in as_text(linted(ERROR), width=80, colour=False)


def test_text_cannot_steer_a_terminal():
    """An escape character out of a contract is shown as a mark."""
    hostile = Finding("FC010", FindingSeverity.ERROR, "no key \x1b[31mred", Span("h.yaml", 1, 1, 1, 2))
    shown = as_text(Linted((hostile,), 1, 1, {"h.yaml": "\x9b31m: 1\n"}), width=80, colour=False)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)


def test_source_of_a_file_that_is_no_contract_is_read(tmp_path, monkeypatch):
    """A finding in a binding shows the binding's line; a file that is gone shows none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.yaml").write_text("checks: {}\n")
    binding = Finding("FC031", FindingSeverity.ERROR, "m", Span("b.yaml", 1, 9, 1, 11))
    gone = Finding("FC001", FindingSeverity.ERROR, "m", Span("gone.yaml", 1, 1, 1, 1))
    shown = as_text(Linted((binding, gone), 1, 1), width=80, colour=False)
    assert "  1 | checks: {}\n    |         ^^" in shown
    assert "gone.yaml:1:1: FC001 error: m" in shown


def test_json_has_the_keys_that_others_read():
    """One document: findings with code, severity, message and location, and the two counts."""
    document = json.loads(as_json(linted(ERROR, WARNING)))
    assert (document["contracts"], document["clauses"], document["schema"]) == (2, 5, "falsify.lint/1")
    assert document["findings"][0] == {
        "code": "FC023",
        "severity": "error",
        "message": "no such measure",
        "location": {"file": "a b/c.yaml", "line": 3, "column": 18, "end_line": 3, "end_column": 31},
        "hint": "did you mean accepted_heads?",
    }


def test_sarif_is_structurally_valid():
    """The log has what SARIF 2.1.0 requires, rules once each, and results that point at their rule."""
    log = json.loads(render(linted(ERROR, WARNING, NOTE, ERROR), "sarif"))
    Draft202012Validator(LOG).validate(log)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["FC023", "FC028", "FC037"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [r["ruleId"] for r in run["results"]]
    assert rules[0]["help"]["markdown"] == CATALOGUE["FC023"].text


def test_sarif_addresses_are_uri_references():
    """Spaces, commas and percent signs are encoded, and an absolute path becomes a file address."""
    places = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in sarif_log((ERROR, NOTE))["runs"][0]["results"]
    ]
    assert places == ["a%20b/c.yaml", "file:///e%2Cf%3Ag%25.yaml"]


def test_github_commands_are_escaped():
    """Line breaks, commas, colons and percent signs cannot end a command early or add a property."""
    assert as_github(linted(NOTE)) == (
        "::notice file=/e%2Cf%3Ag%25.yaml,line=7,endLine=7,col=2,endColumn=5,title=FC037::50%25, or so:%0D%0Anot sure"
    )


def test_github_commands_name_the_severity():
    """Errors, warnings and notes become error, warning and notice, one line each."""
    lines = as_github(linted(ERROR, WARNING, NOTE)).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::notice"]
    assert "endColumn" not in lines[1]


@pytest.mark.parametrize(
    ("findings", "clauses", "strict", "code"),
    [
        ((), 5, False, ExitCode.CLEAN),
        ((NOTE,), 5, True, ExitCode.CLEAN),
        ((WARNING,), 5, False, ExitCode.CLEAN),
        ((WARNING,), 5, True, ExitCode.FALSIFIED),
        ((ERROR, NOTE), 5, False, ExitCode.FALSIFIED),
        ((), 0, False, ExitCode.NOT_MEASURED),
        ((ERROR,), 0, False, ExitCode.FALSIFIED),
    ],
)
def test_exit_codes(findings, clauses, strict, code):
    """Errors are 1; warnings 0, or 1 with --strict; no clause at all is never 0."""
    assert exit_code(Linted(findings, 1, clauses), strict=strict) is code

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contract.loader import load_text
from harness.contract.models import Contract

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "contracts"
OWN = [file.read_text() for folder in ("good", "bad", "foreign") for file in sorted((EXAMPLES / folder).glob("*.yaml"))]
VALUES = (
    "[]", "{}", "~", "''", "5", "-1e999", "[[[]]]", "yes", "*a", "&a x", "!t x", "|", "? a", "- a", "<<: {}", "\ufeff",
    "{check: {}}", "check: []", "id: []", "---", "#", "{a: {a: {a: 1}}}", "\x85", "\u2028", "a: b: c", "'", '"',
)  # fmt: skip


def whole(contract, text):
    """What holds of every contract, whatever it was made of."""
    assert isinstance(contract, Contract)
    lines = len(text.splitlines()) + 1
    for finding in contract.findings:
        assert finding.code.startswith("FC")
        assert finding.message
        assert 1 <= finding.span.line <= lines
    for clause in contract.clauses:
        assert clause.id
        assert 1 <= clause.span.line <= clause.span.end_line <= lines
    assert len({clause.id for clause in contract.clauses}) == len(contract.clauses)
    assert contract.clauses or contract.findings


@given(st.text(max_size=200) | st.text(alphabet="abid:-[]{}&*!|>'\"%#?,\n \t1.~<", max_size=60))
def test_any_text_gives_a_contract(text):
    """Random text is a contract with findings, never an exception."""
    whole(load_text(text, "fuzz.yaml"), text)


@given(st.sampled_from(OWN), st.data())
def test_an_edited_example_gives_a_contract(text, data):
    """Cutting, doubling and replacing parts of a contract gives findings, never an exception."""
    for _ in range(data.draw(st.integers(1, 3))):
        text = _edited(text, data.draw)
    whole(load_text(text, "fuzz.yaml"), text)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_edited_corpus_file_gives_a_contract(corpus_texts, data):
    """The same holds of public contracts."""
    text = _edited(data.draw(st.sampled_from(corpus_texts)), data.draw)
    whole(load_text(text, "fuzz.yaml"), text)


@pytest.fixture(scope="module")
def corpus_texts(shared):
    """The smaller files of the corpus, one in five."""
    files = sorted((shared / "corpus").rglob("*.yaml"))[::5]
    return [text for file in files if len(text := file.read_text()) < 12_000]


def _edited(text, draw):
    first = draw(st.integers(0, len(text)))
    last = draw(st.integers(first, min(len(text), first + 80)))
    kind = draw(st.sampled_from(["cut off", "cut out", "replace", "insert", "line", "double"]))
    value = draw(st.sampled_from(VALUES))
    lines = text.splitlines(keepends=True) or [""]
    number = draw(st.integers(0, len(lines) - 1))
    match kind:
        case "cut off":
            return text[:first]
        case "cut out":
            return text[:first] + text[last:]
        case "replace":
            return text[:first] + value + text[last:]
        case "insert":
            return text[:first] + value + text[first:]
        case "line":
            key, colon, _ = lines[number].partition(":")
            lines[number] = f"{key}{colon} {value}\n"
        case _:
            lines.insert(number, lines[number])
    return "".join(lines)

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from harness.contract.loader import load_contract, load_text
from harness.contract.models import Dialect
from harness.verdict.verdicts import Severity

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "contracts"
EVERYTHING = (EXAMPLES / "good" / "every-table.yaml").read_text()


@pytest.fixture
def everything():
    """The example that holds one of everything."""
    return load_text(EVERYTHING, "every-table.yaml")


def change(old, new):
    """The example with a part replaced."""
    assert old in EVERYTHING
    return load_text(EVERYTHING.replace(old, new), "every-table.yaml")


def errors(contract):
    """Codes and hints of the errors."""
    return [(finding.code, finding.hint) for finding in contract.findings if finding.severity.value == "error"]


def test_a_strict_contract_is_whole(everything):
    """Head, tables and clause arrive as they were written."""
    assert everything.dialect is Dialect.STRICT
    assert (everything.id, everything.version, everything.claimed) == ("every-table", "2.1.0", "DRAFT")
    assert everything.tables["tensors"]["lm_head"]["dims"] == ["vocab", "hidden"]
    assert everything.tables["semantic_validation"]["distribution"]["min_l2_norm"] == 1e-6
    assert everything.tables["margins"] == {"left": 12, "right": 12}
    assert {"metadata", "falsification_tests", "tables"}.isdisjoint(everything.tables)
    (clause,) = everything.clauses
    assert clause.qualified == "every-table::FALSIFY-TABLE-005"
    assert clause.severity is Severity.P0
    assert clause.test == "falsify gate -k FALSIFY-TABLE-005"
    assert clause.check.population.blind == ("square",)
    assert clause.check.parameters == {"max_hidden": 512, "names": ["a", "b"]}
    line = EVERYTHING.splitlines()[clause.check_span.line - 1]
    assert line[clause.check_span.column - 1 :].startswith("falsifier: ")


def test_a_clause_without_test_has_none():
    """The check block is no public binding text."""
    assert change("    test: falsify gate -k FALSIFY-TABLE-005\n", "").clauses[0].test == ""


def test_a_limit_keeps_all_its_digits(everything):
    """Thresholds are as written, beyond the digits of a double."""
    assert everything.clauses[0].check.limit.between == (
        Decimal("0.1000000000000000055511151231257827"),
        Decimal("1.5"),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("is refused", "is refused politely"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257828"),
        ("max_hidden: 512", "max_hidden: 511"),
        ("partitions: [non_square]", "partitions: [non_square, odd]"),
        ("severity: P0\n    status", "severity: P1\n    status"),
    ],
)
def test_the_hash_of_a_clause_changes_with_what_it_says(everything, old, new):
    """Words, thresholds to the last digit, parameters and population are part of the clause."""
    assert change(old, new).clauses[0].sha256 != everything.clauses[0].sha256


def test_the_hash_of_a_clause_does_not_follow_its_place(everything):
    """Lines above, and another order or spelling of the same values, leave the hash alone."""
    same = change("    severity: P0\n    status: DRAFT\n", "\n    status: 'DRAFT'\n    severity: P0\n")
    assert same.clauses[0].sha256 == everything.clauses[0].sha256
    assert same.clauses[0].span != everything.clauses[0].span or same.text != everything.text


def test_a_broken_check_block_leaves_its_neighbours_alone():
    """One clause is kept and says why it cannot run; the other is bound."""
    clause = EVERYTHING[EVERYTHING.index("  - id: FALSIFY") :]
    second = clause.replace("FALSIFY-TABLE-005", "FALSIFY-TABLE-006").replace("subject: reader", "subjekt: reader")
    contract = load_text(EVERYTHING + second, "every-table.yaml")
    sound, broken = contract.clauses
    assert sound.check is not None
    assert sound.stale == ""
    assert broken.check is None
    assert "subjekt" in broken.why_unbound
    assert sorted(code for code, _ in errors(contract)) == ["FC010", "FC011"]


def test_a_misspelt_key_names_the_nearest():
    """Near misses are named at every level, including rows of tables."""
    assert errors(change("refusal: F", "refusl: F")) == [("FC010", "did you mean `refusal`?")]
    assert errors(change("critical: true", "critcal: true")) == [("FC010", "did you mean `critical`?")]
    assert errors(change("min_token_l2", "min_tokn_l2")) == [("FC010", "did you mean `min_token_l2`?")]
    assert errors(change("block_bytes", "block_byte")) == [("FC010", "did you mean `block_bytes`?")]
    assert errors(change("depends_on", "depend_on")) == [("FC010", "did you mean `depends_on`?")]
    assert errors(change("formats:", "format:")) == [("FC010", "did you mean `formats`?")]


def test_a_misspelt_check_block_is_no_free_pass():
    """The clause is not merely unbound: it says that its check block was lost to a slip."""
    (clause,) = change("    check:", "    chekc:").clauses
    assert clause.check is None
    assert "chekc" in clause.stale


def test_a_misspelt_container_keeps_its_clauses():
    """Other tools would see no clause here; this one sees them, armed, beside the error."""
    contract = change("falsification_tests:", "falsification_testz:")
    assert errors(contract) == [("FC018", "write `falsification_tests`")]
    (clause,) = contract.clauses
    assert clause.container == "falsification_tests"
    assert clause.check is not None


def test_clauses_under_a_key_that_stands_twice_are_kept():
    """Both lists are read; the second key is an error."""
    second = "falsification_tests:\n  - {id: FALSIFY-TABLE-007, rule: r, prediction: p, if_fails: f}\n"
    contract = load_text(EVERYTHING + second, "every-table.yaml")
    assert [clause.id for clause in contract.clauses] == ["FALSIFY-TABLE-005", "FALSIFY-TABLE-007"]
    assert [code for code, _ in errors(contract)] == ["FC004"]


def test_a_check_block_makes_a_file_ours():
    """A public contract whose clause was armed in place is strict, although it has no id."""
    text = EVERYTHING.replace("  id: every-table\n", "")
    contract = load_text(text, "every-table.yaml")
    assert contract.dialect is Dialect.STRICT
    assert [code for code, _ in errors(contract)] == ["FC011"]
    assert contract.clauses[0].check is not None


def test_public_containers_of_a_strict_file_can_be_armed():
    """A gate is a clause in a strict file too; its public fields stay, its check block is read."""
    check = EVERYTHING[EVERYTHING.index("    check:") :]
    contract = load_text(
        EVERYTHING + "gates:\n  - id: GATE-TABLE-001\n    rule: r\n    condition: c\n" + check, "every-table.yaml"
    )
    assert errors(contract) == []
    gate = contract.clauses[1]
    assert (gate.container, gate.prediction) == ("gates", "c")
    assert gate.check is not None


def test_a_retired_clause_says_why():
    """A retired clause keeps its id and is unbound for the reason that it gives."""
    contract = load_contract(EXAMPLES / "good" / "retired-clause.yaml")
    retired = contract.clauses[1]
    assert retired.retired.by == "the printer"
    assert "black is as good" in retired.why_unbound


def test_findings_come_in_the_order_of_the_file():
    """A reader goes through a file once."""
    contract = change("status: DRAFT\n    test", "statu: DRAFT\n    tes")
    places = [(finding.span.line, finding.span.column) for finding in contract.findings]
    assert len(places) == 2
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("mutants", "places"),
    [
        ("[size_only]", ["mutants.0"]),
        ("[{name: size_only, show: accepted_heads}]", ["mutants.0"]),
        ("[]", ["mutants"]),
    ],
)
def test_a_list_of_wrong_items_is_not_called_empty_too(mutants, places):
    """Each wrong item has its findings; only a list without items is one that must not be empty."""
    check = f"{{falsifier: a.b, subject: reader, population: {{partitions: [p], examples: 1}}, mutants: {mutants}}}"
    clause = f"{{id: FALSIFY-A-001, rule: a, prediction: b is seen, if_fails: c, check: {check}}}"
    found = load_text(f"metadata: {{id: a}}\nfalsification_tests: [{clause}]\n", "a.yaml").findings
    named = {finding.message.split("`")[1] for finding in found if "mutants" in finding.message}
    assert named == {f"falsification_tests.0.check.{place}" for place in places}

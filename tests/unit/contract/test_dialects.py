from __future__ import annotations

from pathlib import Path

import pytest

from harness.contract.containers import edit_distance
from harness.contract.loader import load_contract, load_text
from harness.contract.models import Dialect, FindingSeverity
from harness.verdict.verdicts import Severity

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "contracts"


def clauses(text):
    """The clauses of a text."""
    return load_text(text, "a.yaml").clauses


def only(text):
    """The one clause of a text."""
    (clause,) = clauses(text)
    return clause


def codes(text):
    """The codes of the findings of a text."""
    return [finding.code for finding in load_text(text, "a.yaml").findings]


DIALECTS = {
    "metadata: {}\nequations: {}\nfalsification_tests: []": Dialect.KERNEL,
    "metadata: {kind: schema}\nproof_obligations: []": Dialect.KERNEL,
    "falsification_tests: []": Dialect.KERNEL,
    "contract_id: C-A\nmetadata: {}\nequations: {}": Dialect.SHIP,
    "contract_id: C-A\nacceptance_criteria: []": Dialect.ACCEPTANCE,
    "contract_id: C-A\ntensor_template: {}": Dialect.MODEL_FAMILY,
    "kind: CLICommandContract": Dialect.NAMED_KIND,
    "contract: beat\nversion: 1": Dialect.SHORT,
    "contract: {name: a}\ntests: []": Dialect.PROBAR,
    "name: a\nsurface: work-contract": Dialect.WORK,
    "bindings: []\ntarget_crate: a": Dialect.BINDINGS,
    "metadata: {}\nequations: {}\nbindings: []": Dialect.KERNEL,
    "metadata: {}\ncorpora: []": Dialect.REGISTRY,
    "metadata: {id: CRUX-A-01}\nequations: {}": Dialect.KERNEL,
    "metadata: {id: a}": Dialect.STRICT,
    "metadata: {id: other-v1}": Dialect.STRICT,
    "gates:\n  - {id: GATE-A-001, check: {falsifier: a.b}}": Dialect.STRICT,
    "gates:\n  - {id: GATE-A-001, check: {by: hand}}": Dialect.REGISTRY,
    "gates:\n  - {id: GATE-A-001, check: by hand}": Dialect.REGISTRY,
    "falsification_tests:\n  - {id: GATE-A-001, check: []}": Dialect.STRICT,
}


@pytest.mark.parametrize(("text", "dialect"), DIALECTS.items())
def test_keys_tell_the_dialect(text, dialect):
    """The dialect follows from keys; an id of our grammar or a check block makes a file strict."""
    assert load_text(text, "a.yaml").dialect is dialect


def test_an_id_that_is_the_name_of_the_file_makes_it_ours():
    """Then the grammar of ids is held against it."""
    contract = load_text("metadata: {id: CRUX-A-01}\nequations: {}", "CRUX-A-01.yaml")
    assert contract.dialect is Dialect.STRICT
    assert "a.yaml" not in {finding.span.file for finding in contract.findings}
    assert any(finding.code == "FC012" and finding.span.column == 16 for finding in contract.findings)


BLOCKS = (
    "falsification_tests",
    "falsification",
    "falsification_conditions",
    "tests",
    "gates",
    "acceptance_criteria",
    "rejection_criteria",
    "kill_criteria",
)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_container_is_a_list_a_mapping_or_mixed(block):
    """Items are clauses in a list, in a mapping by id, and as plain text, with their spans."""
    text = f"{block}:\n  - {{id: A-1, rule: r}}\n  - in words\n"
    first, second = clauses(text)
    assert (first.id, first.container, first.positional) == ("A-1", block, False)
    assert (second.prediction, second.positional) == ("in words", True)
    assert second.id == f"{block.upper().replace('_', '-')}-2"
    assert str(second.span) == "a.yaml:3:5"
    text = f"{block}:\n  A-1:\n    rule: r\n  A-2: in words\n"
    first, second = clauses(text)
    assert [(first.id, first.rule), (second.id, second.prediction)] == [("A-1", "r"), ("A-2", "in words")]
    assert [str(first.span), str(second.span)] == ["a.yaml:2:3", "a.yaml:4:3"]
    assert first.span.end_line == 3


@pytest.mark.parametrize("holder", ["invariants", "obligations", "hypotheses"])
@pytest.mark.parametrize("name", ["falsifier", "falsification", "falsification_test"])
def test_an_item_with_a_falsifier_is_a_clause(holder, name):
    """Of these blocks only items with a falsifier field are clauses; the item is the rule, the field the test."""
    text = f"{holder}:\n  - {{id: INV-A-1, description: d, {name}: try it}}\n  - text\n  - {{id: INV-A-2, rule: r}}\n"
    clause = only(text)
    assert (clause.id, clause.container) == ("INV-A-1", f"{holder}[].{name}")
    assert (clause.rule, clause.prediction, clause.test, clause.if_fails) == ("d", "d", "try it", "")
    assert only(f"{holder}:\n  INV-A-1: {{description: d, {name}: [a, b]}}\n").test == "a; b"


def test_an_empty_falsifier_is_a_clause_and_none_is_not():
    """A text without words still claims a falsifier; null does not."""
    assert (
        only("invariants:\n  - {id: INV-A-1, rule: r, falsifier: ''}\n  - {id: INV-A-2, falsifier: ~}\n").id
        == "INV-A-1"
    )


def test_a_mapping_that_is_one_clause():
    """A container that holds the parts of a clause, its id among them, is one clause and not one for each part."""
    clause = only("falsification:\n  id: A-1\n  rule: r\n  prediction: p\n")
    assert (clause.id, clause.rule, str(clause.span)) == ("A-1", "r", "a.yaml:2:3")
    assert [clause.id for clause in clauses("falsification:\n  id: {rule: r}\n  B-1: {rule: r}\n")] == ["id", "B-1"]


def test_nothing_else_is_a_clause():
    """Obligations, rules and other blocks with ids are data."""
    text = "proof_obligations: [{id: A-1, property: p}]\nvalidation_rules: [{id: A-2, rule: r}]\nchecks: [{id: A-3}]\n"
    assert clauses(text) == ()
    assert load_text(text, "a.yaml").tables["proof_obligations"] == [{"id": "A-1", "property": "p"}]


SPELLINGS = {
    "{id: A-1, rule: r, prediction: p, if_fails: f, test: t, status: PASS}": ("r", "p", "f", "t", "PASS"),
    "{id: A-1, name: n, command: c, expected: e, fails_if: f}": ("n", "e", "f", "c", ""),
    "{id: A-1, invariant: INV-1, site: a.rs::f, test_kind: unit, prediction: p}": ("INV-1", "p", "", "a.rs::f", ""),
    "{id: A-1, name: n, assertion: a, test_harness: h, status: OPEN}": ("n", "a", "", "h", "OPEN"),
    "{id: A-1, claim: c, why: w}": ("c", "c", "w", "", ""),
    "{id: A-1, rule: r, evidence_required: e, verdict: pass}": ("r", "e", "", "e", "pass"),
    "{id: A-1, obligation: O-1, method: m, pass_criterion: c}": ("O-1", "c", "", "m", ""),
    "{id: A-1, description: d, falsification_test: t, if_test_passes: broken}": ("d", "d", "broken", "t", ""),
}


@pytest.mark.parametrize(("item", "parts"), SPELLINGS.items())
def test_public_spellings_of_the_parts(item, parts):
    """Rule, prediction, consequence, test and status are found under the names that public files give them."""
    clause = only(f"gates:\n  - {item}\n")
    assert (clause.rule, clause.prediction, clause.if_fails, clause.test, clause.claimed) == parts


def test_given_when_then_is_one_prediction():
    """The three steps of an example are told in their order."""
    clause = only("falsification:\n  - {name: n, given: a file, when: read, then: refused, test: t}\n")
    assert clause.prediction == "given a file, when read, then refused"


def test_what_must_not_happen_is_told_so():
    """Kill and rejection criteria name the event that they forbid; the prediction says that it does not happen."""
    assert only("kill_criteria:\n  - {id: K-1, condition: c, action: a}\n").prediction == "this does not happen: c"
    clause = only("rejection_criteria:\n  - {id: R-1, trigger: t, action: a}\n")
    assert (clause.prediction, clause.if_fails) == ("this does not happen: t", "a")
    assert only("gates:\n  - {id: G-1, condition: c}\n").prediction == "c"


SEVERITIES = {
    "P0": "P0", "P1": "P1", "P2": "P2", "critical": "P0", "BLOCKER": "P0", "ERROR": "P0", "high": "P1",
    "WARNING": "P1", "medium": "P2", "low": "P2", "whatever": "P2",
}  # fmt: skip


@pytest.mark.parametrize(("word", "severity"), SEVERITIES.items())
def test_severity_words(word, severity):
    """Public severity words fall on P0 to P2; none at all is P2."""
    assert only(f"gates:\n  - {{id: A-1, severity: {word}}}\n").severity is Severity(severity)
    assert only("gates:\n  - {id: A-1}\n").severity is Severity.P2


def test_ids_outside_the_grammar_are_kept():
    """A foreign id stays as it is, with a warning at its place."""
    contract = load_text("gates:\n  - {rule: r, id: topk ordered}\n", "a.yaml")
    assert contract.clauses[0].id == "topk ordered"
    ((code, severity, place),) = [(f.code, f.severity, str(f.span)) for f in contract.findings]
    assert (code, severity, place) == ("FC013", FindingSeverity.WARNING, "a.yaml:2:19")


def test_a_second_clause_of_the_same_id_is_kept():
    """It gets a suffix and an error; no id is given twice, also when the suffix was taken."""
    text = "gates:\n  - {id: A-1}\n  - {id: A-1-DUP2}\n  - {id: A-1}\n  - {id: A-1}\ntests: [{id: A-1}]\n"
    assert [clause.id for clause in clauses(text)] == ["A-1", "A-1-DUP2", "A-1-DUP3", "A-1-DUP4", "A-1-DUP5"]
    assert codes(text).count("FC014") == 3


def test_values_that_are_no_clause_are_kept_with_a_finding():
    """An empty item and a list among clauses are counted, and reported."""
    text = "tests:\n  - \n  - [a, b]\n  - 5\n"
    assert [clause.prediction for clause in clauses(text)] == ["", "a; b", "5"]
    assert codes(text).count("FC012") == 2


def test_text_that_other_readers_take_for_something_else_is_reported():
    """Unquoted dates, numbers and words where text belongs are warned about and kept as written."""
    text = (
        "metadata:\n  version: 1.10\n  created: 2026-02-04\n  registry: true\n"
        "gates:\n  - {id: A-1, rule: no, test_count: 5, prediction: 005}\ntolerance: 1e-6\n"
    )
    contract = load_text(text, "a.yaml")
    assert contract.version == "1.10"
    assert (contract.clauses[0].rule, contract.clauses[0].prediction) == ("no", "005")
    found = [(str(f.span), f.severity.value, f.hint) for f in contract.findings if f.code == "FC006"]
    assert found == [
        ("a.yaml:2:12", "warning", 'write "1.10"'),
        ("a.yaml:3:12", "warning", 'write "2026-02-04"'),
        ("a.yaml:6:21", "warning", 'write "no"'),
        ("a.yaml:6:52", "warning", 'write "005"'),
    ]


def test_map_keys_are_ids_and_must_be_text():
    """A clause's key that YAML 1.1 reads as a boolean is reported and kept."""
    text = "falsification:\n  no: {assertion: a}\n"
    assert only(text).id == "no"
    assert codes(text).count("FC006") == 1


MISSPELT = {
    "falsification_testz": "falsification_tests",
    "falsification_test": "falsification_tests",
    "falsification-tests": "falsification_tests",
    "Falsification_Tests": "falsification_tests",
    "falsifcation_tests": "falsification_tests",
    "fasification_tets": "falsification_tests",
    "falsifications": "falsification",
    "gate": "gates",
    "test": "tests",
    "acceptance_criterea": "acceptance_criteria",
    "kil_criteria": "kill_criteria",
}


@pytest.mark.parametrize(("slip", "container"), MISSPELT.items())
def test_a_misspelt_container_is_an_error_and_no_loss(slip, container):
    """A block that is a slip away from a container is an error in foreign files too, and its clauses are loaded."""
    contract = load_text(f"name: a\n{slip}:\n  - {{id: A-1, rule: r}}\n", "a.yaml")
    assert [(clause.id, clause.container) for clause in contract.clauses] == [("A-1", container)]
    (finding,) = [finding for finding in contract.findings if finding.code == "FC018"]
    assert finding.severity is FindingSeverity.ERROR
    assert (finding.span.line, finding.hint) == (2, f"write `{container}`")
    assert slip not in contract.tables


@pytest.mark.parametrize("text", ["date: [1]", "test: make test", "gate: open", "tets: [a, b]", "verification: []"])
def test_another_word_is_no_slip(text):
    """Blocks whose names or values are something else are left alone."""
    assert "FC018" not in codes(text)


def test_what_means_nothing_is_named_key_by_key():
    """Unknown blocks and unknown fields of clauses get a note each, at their place; known ones get none."""
    text = "name: a\nhistory: []\nroadmap: {}\ngates:\n  - {id: A-1, rule: r, moon: full}\n  - {id: A-2, moon: new}\n"
    contract = load_text(text, "a.yaml")
    notes = [(str(f.span), f.message.split("`")[1], f.severity.value) for f in contract.findings]
    assert notes == [
        ("a.yaml:2:1", "history", "note"),
        ("a.yaml:3:1", "roadmap", "note"),
        ("a.yaml:5:24", "moon", "note"),
    ]
    assert "2 clauses" in contract.findings[2].message
    assert contract.tables["roadmap"] == {}


NO_CLAUSES = {
    "tensor_template: {}\nfamily: a": "note",
    "name: a\nsurface: work-contract": "note",
    "corpora: []": "note",
    "metadata: {}\nequations: {}": "warning",
    "tests: []": "warning",
    "gates: {}": "warning",
    "metadata: {id: a}": "error",
}


@pytest.mark.parametrize(("text", "severity"), NO_CLAUSES.items())
def test_no_clauses_weighs_by_dialect(text, severity):
    """Without clauses a strict file is wrong, data for others is noted, anything else is doubtful."""
    found = [f.severity.value for f in load_text(text, "a.yaml").findings if f.code == "FC017"]
    assert found == [severity]


def test_a_public_example_of_our_own():
    """A ship contract gives its gates, its invariant with a falsifier and its bare condition, all unbound."""
    contract = load_contract(EXAMPLES / "foreign" / "ship.yaml")
    assert contract.dialect is Dialect.SHIP
    assert [(clause.id, clause.container) for clause in contract.clauses] == [
        ("INV-BOOK-001", "invariants[].falsifier"),
        ("GATE-BOOK-001", "gates"),
        ("FALSIFICATION-1", "falsification"),
    ]
    assert all(clause.why_unbound for clause in contract.clauses)


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("abc", "axc", 1), ("abc", "acb", 1), ("ca", "abc", 3)],
)
def test_edit_distance(left, right, distance):
    """Insertion, deletion, replacement and a swap of neighbours count one each, and either way the same."""
    assert edit_distance(left, right) == edit_distance(right, left) == distance

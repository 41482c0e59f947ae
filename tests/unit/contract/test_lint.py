from __future__ import annotations

import dataclasses

import pytest
from lint_samples import SOUND, changed, contract, declarations, marked, place

from harness.contract.lint import lint
from harness.contract.models import FindingSeverity

LIMIT = "limit: {measure: accepted_heads, at_most: 0}"
BOTH = "- {name: size_only, shows: accepted_heads}\n        - {name: relabelled, shows: wrong_refusal}"

CHECKS = [
    ("FC020", "falsifier: heads.reversed_head_is_refused", "falsifier: ⟦heads.reversed_head_refused⟧"),
    ("FC021", "subject: reader", "subject: ⟦raeder⟧"),
    ("FC021", "subject: reader", "subject: ⟦importer⟧"),
    ("FC022", "{max_hidden: 512}", "{max_hiden: ⟦512⟧}"),
    ("FC022", "{max_hidden: 512}", "{max_hidden: ⟦many⟧}"),
    ("FC023", LIMIT, "limit: {measure: ⟦acepted_heads⟧, at_most: 0}"),
    ("FC023", "shows: wrong_refusal", "shows: ⟦wrong_refusals⟧"),
    ("FC024", LIMIT, "limit: {measure: accepted_heads, at_least: ⟦0⟧}"),
    ("FC024", LIMIT, "limit: {measure: refused_share, at_most: ⟦1⟧}"),
    ("FC024", LIMIT, "limit: {measure: initial_loss, at_most: ⟦9.38⟧}"),
    ("FC024", LIMIT, "limit: {measure: initial_loss, at_least: ⟦9.38⟧}"),
    ("FC025", "name: size_only", "name: ⟦sizeonly⟧"),
    ("FC025", "name: size_only", "name: ⟦drops_bias⟧"),
    ("FC026", "name: relabelled, shows: wrong_refusal", "name: by_name, shows: wrong_refusal"),
    ("FC027", "partitions: [non_square]", "partitions: [⟦oblong⟧]"),
    ("FC027", "blind: [square]", "blind: [⟦sqare⟧]"),
    ("FC027", "blind: [square]", "blind: [square, ⟦non_square⟧]"),
    ("FC027", "architectures: [llama]", "architectures: [llama, ⟦lama⟧]"),
    ("FC028", BOTH, "⟦- {name: relabelled, shows: wrong_refusal}⟧"),
    ("FC029", BOTH, f"{BOTH}\n        - {{name: ⟦size_only⟧, shows: wrong_refusal}}"),
]

WORDS = [
    ("FC034", "    prediction: A head stored as [hidden, vocab] is refused.\n", ""),
    ("FC035", "    if_fails: A transposed head decodes into noise.\n", ""),
    ("FC036", "A head stored as [hidden, vocab] is refused.", "⟦'Verify: heads are stored as [vocab, hidden]'⟧"),
    ("FC036", "A transposed head decodes into noise.", "⟦'Contract violation: heads are stored as [vocab, hidden].'⟧"),
    ("FC040", "All 1 falsification tests pass", "⟦All 4 falsification tests pass⟧"),
    ("FC040", "total_obligations: 1, tested: 1", "total_obligations: ⟦47⟧, tested: 1"),
    ("FC040", "total_obligations: 1, tested: 1", "total_obligations: 1, tested: ⟦11⟧"),
]


def findings_of(folder, text):
    """What lint finds in `text`."""
    return lint([contract(folder, text)], declarations())


def test_sound_contract_has_no_findings(tmp_path):
    """The contract that every example below is a defect of has no finding itself: it is their mended twin."""
    assert findings_of(tmp_path, SOUND) == ()


@pytest.mark.parametrize(("code", "old", "new"), CHECKS + WORDS)
def test_one_defect_gives_its_code_alone_at_its_place(tmp_path, code, old, new):
    """Each defect yields exactly its code, and points at the wrong value."""
    text = changed(old, new)
    where = None
    if "⟦" in text:
        text, where = marked(text)
    (finding,) = findings_of(tmp_path, text)
    assert finding.code == code
    assert where is None or place(finding) == where
    assert finding.hint


@pytest.mark.parametrize("code", ["FC034", "FC035"])
def test_missing_words_point_at_the_clause(tmp_path, code):
    """What is not there is missing from the clause, so the clause is pointed at."""
    old, new = next((old, new) for known, old, new in WORDS if known == code)
    (finding,) = findings_of(tmp_path, changed(old, new))
    start = changed(old, new).split("- id: FALSIFY-001")[0]
    assert (finding.span.line, finding.span.column) == (start.count("\n") + 1, 5)


def test_behaviour_only_points_at_the_mutants(tmp_path):
    """FC026 points at the list of mutants and names one that would do."""
    _, old, new = next(row for row in CHECKS if row[0] == "FC026")
    (finding,) = findings_of(tmp_path, changed(old, new))
    assert finding.span.line == changed(old, new).split("- {name: size_only")[0].count("\n") + 1
    assert "relabelled" in finding.hint


@pytest.mark.parametrize(
    ("code", "severity"),
    [("FC020", "error"), ("FC028", "warning"), ("FC034", "error"), ("FC036", "warning"), ("FC040", "warning")],
)
def test_severities_in_a_contract_of_ours(tmp_path, code, severity):
    """Errors are errors and warnings are warnings in the strict dialect."""
    _, old, new = next(row for row in CHECKS + WORDS if row[0] == code)
    text = changed(old, new)
    (finding,) = findings_of(tmp_path, marked(text)[0] if "⟦" in text else text)
    assert finding.severity is FindingSeverity(severity)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("heads.reversed_head_refused", "heads.reversed_head_is_refused"),
        ("acepted_heads", "accepted_heads"),
        ("sizeonly", "size_only"),
        ("sqare", "square"),
        ("lama", "llama"),
        ("raeder", "reader"),
    ],
)
def test_misspelt_names_get_the_nearest(tmp_path, wrong, right):
    """The hint names the word that was meant."""
    _, old, new = next(row for row in CHECKS if f"⟦{wrong}⟧" in row[2])
    (finding,) = findings_of(tmp_path, marked(changed(old, new))[0])
    assert right in finding.hint


def test_without_declarations_nothing_is_said_about_names(tmp_path):
    """A contract whose falsifiers are not at hand is not blamed for naming them."""
    text = changed("falsifier: heads.reversed_head_is_refused", "falsifier: nowhere.at_all")
    assert lint([contract(tmp_path, text)], None) == ()


def test_retired_clause_is_left_alone(tmp_path):
    """A clause that no longer stands keeps its id and owes nothing else."""
    text = changed("name: size_only", "name: gone")
    retired = text.replace("    check:\n", "    retired: {'on': 2026-01-02, why: replaced, by: us}\n    check:\n")
    assert [finding.code for finding in findings_of(tmp_path / "armed", text)] == ["FC025"]
    assert not [f for f in findings_of(tmp_path / "retired", retired) if f.code == "FC025"]


def test_qualified_id_of_two_contracts(tmp_path):
    """FC039 points at the id in the second file and names the first; one file given alone is no double."""
    first = contract(tmp_path / "a", SOUND)
    second = contract(tmp_path / "b", SOUND)
    (finding,) = lint([first, dataclasses.replace(second)], declarations())
    assert finding.code == "FC039"
    line = SOUND.split("- id: FALSIFY-001")[0].count("\n") + 1
    assert place(finding) == (line, 9, line, 20)
    assert "sample-v1::FALSIFY-001" in finding.message


def test_same_id_in_contracts_of_different_name_is_no_double(tmp_path):
    """Ids need to be unique within a contract only."""
    other = SOUND.replace("sample-v1", "other-v1")
    assert lint([contract(tmp_path, SOUND), contract(tmp_path, other, "other-v1.yaml")], declarations()) == ()


def test_findings_are_sorted_and_given_once(tmp_path):
    """The order is file, line, column, code; the same finding of the loader is not told twice."""
    text = changed("name: size_only", "name: sizeonly").replace("subject: reader", "subject: raeder")
    loaded = contract(tmp_path, text)
    found = lint([loaded, loaded], declarations())
    assert [finding.code for finding in found] == ["FC021", "FC025"]
    extra = dataclasses.replace(loaded, findings=(found[1], found[1]))
    assert lint([extra], declarations()) == found


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            LIMIT,
            "limit: {measure: accepted_heads, at_least: 0}",
            "accepted_heads (lower is better) has no bound above",
            "at_most",
        ),
        (
            LIMIT,
            "limit: {measure: initial_loss, at_most: 9.38}",
            "initial_loss (wrong on both sides) has no bound below",
            "between",
        ),
        ("{max_hidden: 512}", "{max_hiden: 512}", "has no parameter max_hiden", "max_hidden"),
    ],
)
def test_what_is_wrong_is_said_in_words(tmp_path, old, new, message, hint):
    """A limit that is open names the open side, a strange parameter itself, and the hint the right word."""
    (found,) = findings_of(tmp_path, changed(old, new))
    assert message in found.message
    assert hint in found.hint

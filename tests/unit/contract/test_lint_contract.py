from __future__ import annotations

import dataclasses

import pytest
from lint_samples import SOUND, changed, contract, declarations, marked, place

from harness.contract.bindings import arm, load_bindings
from harness.contract.lint import lint
from harness.contract.models import FindingSeverity


@pytest.mark.parametrize("version", ["'1.0'", "'v1.0.0'", "latest", "01.0.0"])
def test_version_that_is_not_semantic(tmp_path, version):
    """FC038 points at the version."""
    text, where = marked(changed("version: 1.0.0", f"version: ⟦{version}⟧"))
    found = lint([contract(tmp_path, text)], declarations())
    assert [(finding.code, place(finding)) for finding in found] == [("FC038", where)]
    assert found[0].severity is FindingSeverity.WARNING


@pytest.mark.parametrize("version", ["0.1.0", "10.20.30", "1.0.0-rc.1", "1.0.0+build.5"])
def test_semantic_versions(tmp_path, version):
    """Pre-release and build parts are semantic too."""
    assert lint([contract(tmp_path, changed("version: 1.0.0", f"version: {version}"))], declarations()) == ()


def test_gate_without_a_number_is_not_counted(tmp_path):
    """A gate that says "all falsification tests" cannot go out of date."""
    text = changed("All 1 falsification tests pass", "All falsification tests pass")
    assert lint([contract(tmp_path, text)], declarations()) == ()


def test_huge_number_in_a_summary_is_no_fault_of_ours(tmp_path):
    """A count of 5,000 digits is text to us."""
    text = changed("tested: 1", f"tested: {'9' * 5000}")
    assert "FC040" not in {finding.code for finding in lint([contract(tmp_path, text)], declarations())}


def test_foreign_clause_without_words_is_warned_about(tmp_path):
    """What is an error in a contract of ours is a warning in one that others write."""
    text = SOUND.split("    check:")[0].replace("    if_fails: A transposed head decodes into noise.\n", "")
    text = text.replace("metadata:\n  id: sample-v1\n", "metadata:\n")
    found = [f for f in lint([contract(tmp_path, text)], declarations()) if f.code == "FC035"]
    assert [finding.severity for finding in found] == [FindingSeverity.WARNING]


def test_rule_under_another_name_is_no_prediction(tmp_path):
    """A foreign clause that has only a rule has no prediction, though the loader fills one in."""
    text = "metadata: {description: d, version: 1.0.0, references: [x]}\ngates:\n  - {id: GATE-A-001, rule: it holds}\n"
    codes = [finding.code for finding in lint([contract(tmp_path, text)], declarations()) if finding.code != "FC019"]
    assert "FC034" in codes
    assert "FC036" not in codes


def test_total_may_count_clauses(tmp_path):
    """A total that is the number of clauses is right too, where no obligation is listed."""
    text = changed('proof_obligations:\n  - {type: invariant, property: "heads are [vocab, hidden]"}\n', "")
    assert lint([contract(tmp_path, text)], declarations()) == ()


def test_check_of_a_binding_is_blamed_in_the_binding(tmp_path, monkeypatch):
    """What is wrong with a check block that a binding gives is told where the binding gives it."""
    monkeypatch.chdir(tmp_path)
    head, _, check = SOUND.partition("    check:\n")
    block, _, _ = check.partition("qa_gate")
    theirs = head.replace("  id: sample-v1\n", "") + "    check: the public meaning of this key\n"
    vendor = contract(tmp_path / "vendor", theirs, "theirs.yaml")
    bindings = tmp_path / "contracts" / "bindings"
    bindings.mkdir(parents=True)
    body = block.replace("measure: accepted_heads", "measure: acepted_heads")
    text = f"contract: vendor/theirs.yaml\nchecks:\n  FALSIFY-001:\n{body}"
    (bindings / "theirs.yaml").write_text(text)
    armed = arm(dataclasses.replace(vendor, path="vendor/theirs.yaml"), load_bindings([bindings]))
    (finding,) = [found for found in lint([armed], declarations()) if found.code == "FC023"]
    assert finding.span == armed.clauses[0].check_span
    assert (finding.span.file, finding.span.line) == ("contracts/bindings/theirs.yaml", 4)

from __future__ import annotations

import json

import pytest

from harness.cli.main import run

SOUND = """\
metadata: {id: own-v1, version: 1.0.0, description: d, references: [x]}
falsification_tests:
  - {id: FALSIFY-OWN-007, rule: R-001, prediction: the sky is blue, if_fails: it rains}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty project."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contracts").mkdir()
    return tmp_path / "contracts"


def test_sound_contract_is_clean(folder, capsys):
    """One line on standard output, exit 0."""
    (folder / "own-v1.yaml").write_text(SOUND)
    assert run(["lint"]) == 0
    assert capsys.readouterr().out == "1 contract, 1 clause: 0 errors, 0 warnings, 0 notes\n"


@pytest.mark.parametrize(
    ("name", "text", "codes"),
    [
        (None, "", {2}),
        ("x.yaml", "", {1, 2}),
        ("x.yaml", "# words only\n", {1, 2}),
        ("x.yaml", "metadata: {}\n", {1, 2}),
        ("x.yaml", "family: llama\ntensor_template: {}\n", {1, 2}),
        ("x.yaml", "metadata: [\n", {1, 2}),
    ],
)
def test_nothing_to_check_is_never_clean(folder, capsys, name, text, codes):
    """An empty folder, an empty file, a file without clauses: told, and not 0; the document is there with --json."""
    if name:
        (folder / name).write_text(text)
    assert run(["lint"]) in codes
    assert "".join(capsys.readouterr())
    assert run(["lint", "--json"]) in codes
    document = json.loads(capsys.readouterr().out)
    assert document["clauses"] == 0
    assert {"findings", "contracts", "clauses", "schema"} <= document.keys()


def test_missing_path_is_refused(folder, capsys):
    """A path that is not there is exit 2 and named."""
    assert run(["lint", "nowhere.yaml"]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err


def test_warnings_count_with_strict(folder, capsys):
    """A warning is 0, and 1 with --strict."""
    (folder / "own-v1.yaml").write_text(SOUND.replace("prediction: the sky is blue", "prediction: R-001"))
    assert run(["lint"]) == 0
    assert "FC036 warning" in capsys.readouterr().out
    assert run(["lint", "--strict"]) == 1


@pytest.mark.parametrize("how", ["json", "sarif"])
def test_documents_stand_alone_on_standard_output(folder, capsys, how):
    """Standard output is one document; the summary goes to standard error."""
    (folder / "own-v1.yaml").write_text(SOUND.replace("if_fails", "if_fail"))
    assert run(["lint", "--format", how]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)
    assert "1 contract, 1 clause" in captured.err


def test_broken_binding_is_told(folder, capsys):
    """A binding that nothing could read is a finding though no contract has it."""
    (folder / "own-v1.yaml").write_text(SOUND)
    (folder / "bindings").mkdir()
    (folder / "bindings" / "b.yaml").write_text("- FALSIFY-OWN-007\n")
    assert run(["lint"]) == 1
    assert "contracts/bindings/b.yaml:1:1" in capsys.readouterr().out


def test_binding_of_another_contract_is_not_blamed_for_a_narrow_question(folder, capsys):
    """A binding for a contract that was not asked about is told only when the whole project is read."""
    (folder / "own-v1.yaml").write_text(SOUND)
    (folder / "bindings").mkdir()
    block = (
        "{falsifier: a.b, subject: reader, population: {partitions: [p], examples: 1}, "
        "limit: {measure: m, at_most: 0}, mutants: [{name: x, shows: m}]}"
    )
    (folder / "bindings" / "b.yaml").write_text(f"contract: vendor/other.yaml\nchecks:\n  FALSIFY-A-001: {block}\n")
    assert run(["lint", "contracts/own-v1.yaml"]) == 0
    assert run(["lint"]) == 1
    assert "FC031" in capsys.readouterr().out

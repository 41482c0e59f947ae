from __future__ import annotations

import pytest

from harness.cli.assembly import contract_paths, find_artifacts, parse_subjects
from harness.cli.configuration import configuration, shown
from harness.verdict.errors import RefusedError, UsageError


def write(folder, text):
    """The configuration that holds where `text` is the project file."""
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return configuration(folder)


def test_the_nearest_table_upward_holds(tmp_path):
    """A pyproject.toml without a table is passed over, the first one with a table is the project's root."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "pyproject.toml").write_text('[tool.falsify]\nprofile = "pr"\n')
    found = configuration(inner)
    assert (found.root, found.table.profile, found.written) == (tmp_path, "pr", True)


def test_without_a_table_the_defaults_hold(tmp_path):
    """Every key has a default, and nothing counts as configured."""
    found = configuration(tmp_path)
    assert not found.written
    assert found.table.falsifiers == ("falsifiers",)
    assert found.reports == tmp_path / "reports"


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("[tool.falsify]\nreprots = 'x'\n", UsageError, "reports"),
        ("[tool.falsify]\nseed = -1\n", UsageError, "seed"),
        ("[tool.falsify]\nsubjects = ['x']\n", UsageError, "subjects"),
        ("[tool.falsify\n", RefusedError, "TOML"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path, text, error, told):
    """Unknown keys get the nearest right one, wrong types are named, and broken TOML is no table."""
    with pytest.raises(error, match=told):
        write(tmp_path, text)


def test_entries_are_files_folders_or_globs_and_none_is_lost(tmp_path):
    """A glob is expanded in order; one that matches nothing stays, so that its loss is seen."""
    for name in ("b.gguf", "a.gguf"):
        (tmp_path / name).touch()
    found = configuration(tmp_path).resolve(["*.gguf", "none/*.gguf", "x"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a.gguf", "b.gguf", "none/*.gguf", "x"]


def test_paths_are_shown_as_a_user_types_them(tmp_path, monkeypatch):
    """Below the current folder they are relative, elsewhere absolute."""
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "contracts" / "a.yaml") == "contracts/a.yaml"
    assert shown(tmp_path.parent) == tmp_path.parent.as_posix()


def test_contracts_come_from_words_then_the_table_then_the_folder(tmp_path, monkeypatch):
    """Named paths win over the table, and the table over ./contracts; with none of them the built-in ones on demand."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contracts").mkdir()
    with pytest.raises(RefusedError, match="no contracts"):
        contract_paths((), configuration(tmp_path))
    (tmp_path / "contracts" / "own-v1.yaml").write_text("metadata: {}\n")
    assert [path.name for path in contract_paths((), configuration(tmp_path))] == ["own-v1.yaml"]
    found = write(tmp_path, '[tool.falsify]\ncontracts = ["contracts", "builtin"]\n')
    names = {path.name for path in contract_paths((), found)}
    assert {"own-v1.yaml", "tensor-layout-v1.yaml", "importer-v1.yaml"} <= names
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pyproject.toml").write_text("[tool.falsify]\n")
    assert "importer-v1.yaml" in {path.name for path in contract_paths((), configuration(elsewhere), fall_back=True)}


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("importer", "ROLE=COMMAND"),
        ("importer=", "ROLE=COMMAND"),
        ("importr=x {dest}", "importer"),
        ("importer=x {sauce} {dest}", "source"),
        ("importer=x {source}", "dest"),
    ],
)
def test_a_subject_that_cannot_be_used_is_wrong_usage(option, told):
    """The role, the form and the placeholders of a subject are checked before anything runs."""
    with pytest.raises(UsageError, match=told):
        parse_subjects([option], {}, call_seconds=1.0)


def test_a_subject_on_the_command_line_replaces_the_configured_one():
    """The option wins; another role keeps what is configured."""
    built = parse_subjects(
        ["importer=two {source} {dest}"], {"importer": "one {dest}", "reader": "r {artifact}"}, call_seconds=1.0
    )
    assert {role: subject.template for role, subject in built.items()} == {
        "importer": "two {source} {dest}",
        "reader": "r {artifact}",
    }


def test_artifacts_are_files_or_the_model_files_of_a_folder(tmp_path):
    """Other files of a folder are passed over; a folder without a model and a missing file are refused."""
    for name in ("b.apr", "a.gguf", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in find_artifacts([tmp_path])] == ["a.gguf", "b.apr"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(RefusedError, match="no model file"):
        find_artifacts([tmp_path / "empty"])
    with pytest.raises(RefusedError, match="no such artifact"):
        find_artifacts([tmp_path / "none.apr"])

from __future__ import annotations

import sys

import pytest

from harness.cli.registry import registry
from harness.verdict.errors import UsageError

MODULE = '''
from falsifiers.strategies.imports import IMPORTS
from harness.trial.interface import Measure, Observation, falsifier, operator
{more}

@falsifier(experiment=IMPORTS, measures=[Measure("m", "x", "y")])
def claim(case, witness, context):
    """A claim of the user's own."""
    return Observation({{"m": 0}}, 1)


@operator(role="importer", edits="bytes", where="w", what="x", before="b", after="a")
def labels_reversed(reference):
    return reference
'''


@pytest.fixture
def folder(tmp_path):
    """A project's falsifiers, one of them in a sub-folder, with names that the built-in package has too."""
    (tmp_path / "falsifiers" / "deep").mkdir(parents=True)
    (tmp_path / "falsifiers" / "importer.py").write_text(MODULE.format(more=""))
    (tmp_path / "falsifiers" / "deep" / "own.py").write_text(
        MODULE.format(more="from ..importer import claim as other")
    )
    return tmp_path / "falsifiers"


def test_a_projects_names_come_first_for_the_project_only(folder):
    """A contract of the project sees its own falsifier, a built-in contract the built-in one of the same module."""
    shelves = registry([folder])
    assert shelves.falsifier("importer.claim", "project").claim == "A claim of the user's own."
    assert shelves.falsifier("importer.names_are_a_bijection", "project").role == "importer"
    with pytest.raises(UsageError):
        shelves.falsifier("importer.claim", "builtin")
    assert shelves.operator("importer", "labels_reversed", "project") is not shelves.operator(
        "importer", "labels_reversed", "builtin"
    )


def test_modules_in_sub_folders_are_found_and_import_each_other(folder):
    """A dotted name tells the sub-folder, and a falsifier is listed where it was made, not where it was imported."""
    names = set(registry([folder]).project.falsifiers)
    assert names == {"importer.claim", "deep.own.claim"}


def test_the_users_package_is_not_replaced(folder, monkeypatch):
    """Where the user's folder is an imported package of the same name, it stays so after the registry was built."""
    (folder / "__init__.py").write_text('MARK = "mine"\n')
    for name in [name for name in sys.modules if name.partition(".")[0] == "falsifiers"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(folder.parent)
    shelves = registry([folder])
    assert "tensor_layout.reversed_head_is_refused" in shelves.builtin.falsifiers
    assert "importer.claim" in shelves.project.falsifiers
    import falsifiers

    assert falsifiers.MARK == "mine"
    for name in [name for name in sys.modules if name.partition(".")[0] == "falsifiers"]:
        monkeypatch.delitem(sys.modules, name)


def test_a_module_that_cannot_be_imported_is_wrong_usage_by_name(folder):
    """The file and its error are told; nothing is skipped in silence."""
    (folder / "broken.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(UsageError, match=r"broken\.py.*no_such_module_anywhere"):
        registry([folder])


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda shelves: shelves.falsifier("importer.names_are_a_bijektion", "builtin"), "names_are_a_bijection"),
        (lambda shelves: shelves.operator("importer", "labels_reverse", "builtin"), "labels_reversed"),
        (lambda shelves: shelves.reference("importr"), "importer"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(ask, told):
    """Falsifiers, mutants and roles that do not exist get the nearest that does."""
    with pytest.raises(UsageError, match=told):
        ask(registry())


def test_declarations_tell_what_a_falsifier_takes():
    """Measures, partitions and a check of parameters travel to lint without a falsifier being run."""
    declared = registry().declarations().falsifiers["tensor_layout.reversed_head_is_refused"]
    assert declared.role == "reader"
    assert "accepted_heads" in declared.measures
    assert declared.check_parameters({"surplus": 1}) != ()
    assert declared.check_parameters({}) == ()

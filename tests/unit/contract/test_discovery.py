from __future__ import annotations

import pytest

from harness.contract import discovery
from harness.contract.discovery import find_contracts
from harness.verdict.errors import RefusedError
from harness.verdict.verdicts import ExitCode


@pytest.fixture
def tree(tmp_path):
    """Folders with contracts, and with files that are none."""
    for name in (
        "b.yaml", "a.yml", "_draft.yaml", "notes.md", "deep/er/c.yaml", "schema/s.yaml", "deep/bindings/x.yaml",
        ".git/g.yaml", ".venv/v.yaml", "work/w.yaml", "bindings-v1/k.yaml",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: 1\n")
    return tmp_path


def names(root, found):
    """Paths relative to `root`."""
    return [path.relative_to(root).as_posix() for path in found]


def test_a_folder_stands_for_its_contracts(tree):
    """YAML files below, sorted, without schemas, bindings, git's and the environment's files."""
    assert names(tree, find_contracts([tree])) == [
        "_draft.yaml", "a.yml", "b.yaml", "bindings-v1/k.yaml", "deep/er/c.yaml", "work/w.yaml",
    ]  # fmt: skip


def test_a_named_folder_is_searched_whatever_it_is_called(tree):
    """Who names a folder of bindings means it."""
    assert names(tree, find_contracts([tree / "deep" / "bindings"])) == ["deep/bindings/x.yaml"]


def test_files_keep_their_order_and_come_once(tree):
    """The order of the paths is kept, a file named twice comes once, and a named file may have any suffix."""
    found = find_contracts([tree / "notes.md", str(tree / "b.yaml"), tree, tree / "b.yaml"])
    assert names(tree, found)[:3] == ["notes.md", "b.yaml", "_draft.yaml"]
    assert len(found) == len(set(found)) == 7


def test_a_glob_stands_for_what_it_matches(tree, monkeypatch):
    """Globs find files and folders, relative to where one stands."""
    monkeypatch.chdir(tree)
    assert [path.as_posix() for path in find_contracts(["*.y*ml"])] == ["_draft.yaml", "a.yml", "b.yaml"]
    assert [path.as_posix() for path in find_contracts(["d*"])] == ["deep/er/c.yaml"]
    assert [path.as_posix() for path in find_contracts(["**/er/*.yaml"])] == ["deep/er/c.yaml"]


@pytest.mark.parametrize("name", ["missing.yaml", "missing", "x*.yaml"])
def test_a_path_that_is_not_there_is_refused(tree, name):
    """A missing path is never an empty success."""
    with pytest.raises(RefusedError) as caught:
        find_contracts([tree, tree / name])
    assert caught.value.exit_code is ExitCode.NOT_MEASURED
    assert name in str(caught.value)


def test_a_folder_without_contracts_gives_none(tree):
    """The caller decides what an empty inventory means."""
    (tree / "empty").mkdir()
    assert find_contracts([tree / "empty"]) == []


def test_a_loop_of_links_ends(tree):
    """A link to a folder above is followed once, and its files are not found twice."""
    (tree / "deep" / "loop").symlink_to(tree)
    assert len(find_contracts([tree])) == 6
    assert len(list(discovery._below(tree))) == 6


def test_a_file_under_two_names_comes_once(tree, monkeypatch):
    """A relative and an absolute path, or a link, are the same contract under the name that came first."""
    monkeypatch.chdir(tree)
    (tree / "work" / "again.yaml").symlink_to(tree / "b.yaml")
    assert [path.as_posix() for path in find_contracts(["b.yaml", tree / "b.yaml", "work/again.yaml"])] == ["b.yaml"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tree):
    """What exists is taken by its name."""
    odd = tree / "odd[1].yaml"
    odd.write_text("a: 1\n")
    assert find_contracts([odd]) == [odd]

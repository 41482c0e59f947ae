from __future__ import annotations

import ast
import csv
import hashlib
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("harness", "falsifiers")
FIXED = {"pyproject.toml", "contracts", "falsifiers", "harness", "reports", "tests"}
BESIDE = {
    ".ci", ".github", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "GLOSSARY.md", "LICENSE",
    "Makefile", "README.md", "hatch_build.py", "requirements",
}  # fmt: skip
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|core|misc|manager)(_|$)")


def modules(root: Path) -> list[Path]:
    """Every module of the two packages."""
    return sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))


def tracked(root: Path) -> list[str]:
    """Every file that git tracks."""
    done = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return done.stdout.splitlines()


def test_rooms_know_only_whom_they_may(root):
    """import-linter finds no import across the order of ARCHITECTURE.md."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_modules_are_small(root):
    """Half of the modules have at most 100 lines, nine of ten at most 250, and none more than 400."""
    sizes = [len(path.read_text(encoding="utf-8").splitlines()) for path in modules(root)]
    assert len(sizes) > 100
    assert statistics.median(sizes) <= 100
    assert statistics.quantiles(sizes, n=10)[-1] <= 250
    assert max(sizes) <= 400


def test_functions_are_short(root):
    """No function is longer than 60 lines, decorators and docstring included."""
    long = [
        f"{path.relative_to(root)}:{node.lineno} {node.name}"
        for path in modules(root)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 60
    ]
    assert long == []


def test_every_module_says_in_one_sentence_what_it_is(root):
    """The first paragraph of each module's docstring is one sentence."""
    wrong = []
    for path in modules(root):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if not text.split("\n\n")[0].rstrip().endswith((".", "?")):
            wrong.append(str(path.relative_to(root)))
    assert wrong == []


def test_no_module_has_a_vague_name(root):
    """A module is named for what it holds."""
    assert [str(path) for path in modules(root) if VAGUE.search(path.stem)] == []


def test_the_top_level_is_as_it_is_fixed(root):
    """Nothing stands at the top but the fixed folders and the files beside them."""
    assert {name.partition("/")[0] for name in tracked(root)} <= FIXED | BESIDE


def test_no_machine_path_and_no_registry_stands_in_a_tracked_file(root):
    """What is committed works anywhere: no path of one machine, no address of a registry."""
    forbidden = re.compile(r"(?<![\w./-])/(work|root|home/\w+|tmp/\w)/|pypi\.org|pythonhosted|crates\.io")
    here = Path(__file__).name
    found = []
    for name in tracked(root):
        path = root / name
        if path.suffix in {".py", ".md", ".yaml", ".toml", ".yml", ".in", ".lock"} and path.name != here:
            text = path.read_text(encoding="utf-8")
            found += [f"{name}: {match.group()}" for match in forbidden.finditer(text)]
    assert found == []


def test_the_readme_lists_every_command(root):
    """Each command of the program is shown in README, and README shows no other."""
    import click

    from harness.cli.main import program

    context = click.Context(program)
    listed = program.list_commands(context)
    shown = set(re.findall(r"^falsify (\w+)", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert shown == {name for name in listed if not program.get_command(context, name).hidden}


def test_the_version_is_written_once(root):
    """The project file takes the version from the package."""
    assert 'dynamic = ["version"]' in (root / "pyproject.toml").read_text(encoding="utf-8")


def test_committed_model_files_are_those_of_their_manifest(root):
    """Every file under tests/artifacts has the size and sha256 that its maker's output had, and none is unlisted."""
    folder = root / "tests" / "artifacts"
    with (folder / "MANIFEST.csv").open(encoding="utf-8", newline="") as stream:
        listed = {row["file"]: (int(row["bytes"]), row["sha256"]) for row in csv.DictReader(stream)}
    found = {
        path.relative_to(folder).as_posix(): (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"MANIFEST.csv", "README.md"}
    }
    assert found == listed

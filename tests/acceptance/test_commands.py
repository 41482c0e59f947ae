from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import BIN


@pytest.mark.slow
def test_the_command_line_is_as_scripts_outside_rely_on_it(root, shared):
    """The checker that is kept outside the project finds no difference."""
    done = subprocess.run(
        [sys.executable, str(shared / "check" / "commands"), str(BIN)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    checked = int(done.stdout.split()[-5])
    assert checked > 50


def test_help_lists_commands_examples_and_exit_codes(falsify, tmp_path):
    """A new user finds the commands and what the exit codes mean; each command shows examples."""
    done = falsify("--help", cwd=tmp_path)
    assert done.code == 0
    for command in ("gate", "lint", "explain", "inspect", "convert", "replay"):
        assert command in done.out
        assert "Examples:" in falsify(command, "--help", cwd=tmp_path).out
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("gte",), "gate"),
        (("gate", "--subject", "importr=prog {source} {dest}"), "importer"),
        (("gate", "--subject", "importer"), "ROLE=COMMAND"),
        (("gate", "--subject", "importer=prog {sauce} {dest}"), "source"),
        (("gate", "-k", "a and"), "selection"),
        (("gate", "--profile", "nope"), "nightly"),
        (("explain", "FC9999"), "FC"),
    ],
)
def test_wrong_usage_is_exit_3_and_names_what_was_meant(falsify, root, tmp_path, words, told):
    """A misspelt word is answered with the right one."""
    done = falsify(*words, *(("--reports", tmp_path) if words[0] == "gate" else ()), cwd=root)
    assert done.code == 3
    assert told in done.err


def test_an_unknown_key_in_the_configuration_is_wrong_usage(falsify, project):
    """[tool.falsify] is closed, and the nearest right key is named."""
    (project / "pyproject.toml").write_text('[tool.falsify]\ncontarcts = ["contracts"]\n')
    done = falsify("gate", cwd=project)
    assert done.code == 3
    assert "contracts" in done.err


def test_a_refusal_under_json_is_one_document(falsify, tmp_path):
    """A script that asked for JSON gets JSON, also when it is told no."""
    done = falsify("gate", tmp_path / "nothere", "--json", cwd=tmp_path)
    assert done.code == 2
    assert done.document["error"]["message"]


def test_a_contract_is_read_from_standard_input(root, tmp_path):
    """`falsify lint -` reads one contract, whose name it cannot hold against it."""
    text = (root / "contracts" / "importer-v1.yaml").read_bytes()
    done = subprocess.run([BIN / "falsify", "lint", "-"], input=text, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert b"8 clauses" in done.stdout


def test_a_stored_counterexample_is_replayed_on_its_own_subject(falsify, root, tmp_path):
    """Replay puts the same program through the case again (exit 1), and another one on demand (exit 0)."""
    spoilt = f"importer={sys.executable} {root}/tests/examples/converters/spoilt.py norm_dropped {{source}} {{dest}}"
    words = ("gate", "-k", "F-IMPORT-002", "--reports", tmp_path)
    assert falsify(*words, "--subject", spoilt, cwd=root).code == 1
    again = falsify("replay", tmp_path / "cases", "--json", cwd=root)
    assert again.code == 1, again.err
    assert again.verdicts() == {"F-IMPORT-002": "FALSIFIED"}
    sound = spoilt.replace("norm_dropped", "nothing")
    assert falsify("replay", tmp_path / "cases", "--subject", sound, cwd=root).code == 0

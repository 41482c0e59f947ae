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
        (("gate", "--source", "tests/artifacts/llama-nano"), "--artifact"),
        (("gate", "--artifact", "tests/artifacts/llama-nano.apr", "--subject", "importer=x {dest}"), "--subject"),
        (("gate", "--reports", "/dev/null/reports"), "--reports"),
    ],
)
def test_wrong_usage_is_exit_3_and_names_what_was_meant(falsify, root, tmp_path, words, told):
    """A misspelt word is answered with the right one."""
    done = falsify(
        *words, *(("--reports", tmp_path) if words[0] == "gate" and "--reports" not in words else ()), cwd=root
    )
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
    assert b"9 clauses" in done.stdout


def test_a_stored_counterexample_is_replayed_on_its_own_subject(falsify, root, tmp_path):
    """Replay puts the same program through the case again (exit 1), and another one on demand (exit 0)."""
    spoilt = f"importer={sys.executable} {root}/tests/examples/converters/spoilt.py norm_dropped {{source}} {{dest}}"
    (tmp_path / "pyproject.toml").write_text('[tool.falsify]\ncontracts = ["builtin"]\nreports = "."\n')
    assert falsify("gate", "-k", "F-IMPORT-002", "--subject", spoilt, cwd=tmp_path).code == 1
    again = falsify("replay", "cases", "--json", cwd=tmp_path)
    assert again.code == 1, again.err
    assert again.verdicts() == {"F-IMPORT-002": "FALSIFIED"}
    (stored,) = (tmp_path / "cases").glob("F-*.json")
    stranger = falsify("replay", stored, cwd=root)
    assert stranger.code == 3
    assert "--subject" in stranger.err
    sound = spoilt.replace("norm_dropped", "nothing")
    assert falsify("replay", stored, "--subject", sound, cwd=root).code == 0


@pytest.mark.parametrize("pattern", ["tests/artifacts/*.apr", "tests/artifacts/llama-nano.apr"])
def test_artifacts_are_named_by_glob_or_path(falsify, root, tmp_path, pattern):
    """A quoted glob is expanded, and what the vendor's file says wrongly of its tie is found without its source."""
    done = falsify("gate", "--artifact", pattern, "-k", "F-IMPORT-008", "--json", "--reports", tmp_path, cwd=root)
    assert done.code == 1
    (check,) = done.document["checks"]
    assert (check["subject"], check["reason"]) == ("llama-nano.apr", "wrong_ties")


def test_a_clause_that_says_nothing_about_a_file_is_listed_as_such(falsify, root, tmp_path):
    """A file that makes no statement about its tie is not judged on it without its source, and told so; the rest is."""
    falsify("convert", "tests/artifacts/llama-nano", tmp_path / "sound.apr", cwd=root)
    done = falsify("gate", "--artifact", tmp_path / "sound.apr", "--json", "--reports", tmp_path, cwd=root)
    assert done.code == 0, done.err
    assert "FALSIFY-IMPORT-001" in {row["clause"] for row in done.document["not_applicable"]}

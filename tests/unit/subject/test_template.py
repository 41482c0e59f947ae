"""Command templates: what is refused before anything runs, and what the arguments become."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.subject.roles import IMPORTER, PRETRAINER, READER
from harness.subject.template import CommandTemplate
from harness.verdict.errors import UsageError

PYTHON = sys.executable


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """The folder that a person stands in."""
    folder = tmp_path / "a project"
    (folder / "tools").mkdir(parents=True)
    (folder / "tools" / "bad.py").write_text("print()")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "convert").mkdir()
    return folder


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("prog 'open {dest}", "cannot be split"),
        ("prog {source}", r"\{dest\}: the APR file"),
        ("prog {dest} {sorce}", r"did you mean \{source\}\?"),
        ("prog {dest} {artifact}", r"\{artifact\} is no placeholder of the role importer"),
        ("prog {dest} {}", "is no placeholder"),
        ("prog {dest} {0}", "is no placeholder"),
        ("prog {dest} {source!r}", "is no placeholder"),
        ("prog {dest} {source:>9}", "is no placeholder"),
        ("prog {dest} {source.parent}", "is no placeholder"),
        ("prog {dest} {source[0]}", "is no placeholder"),
        ("prog {dest} {source", "brace too many"),
        ("prog {dest} }", "brace too many"),
        ("{source} {dest}", "program itself cannot be a placeholder"),
    ],
)
def test_a_template_that_cannot_work_is_refused_at_once(start, text, complaint):
    """Wrong usage is told before a single case is run, with the way out."""
    with pytest.raises(UsageError, match=complaint):
        CommandTemplate(text, IMPORTER, start=start)


@pytest.mark.parametrize(
    ("role", "text"), [(READER, "prog"), (PRETRAINER, "prog {init}"), (PRETRAINER, "prog {target}")]
)
def test_required_placeholders_are_those_of_the_role(start, role, text):
    """Each role says without which a command could do nothing."""
    with pytest.raises(UsageError, match="without which"):
        CommandTemplate(text, role, start=start)


def test_values_are_filled_in_argument_by_argument(start):
    """Blanks, quotes, braces and shell signs in a path stay within their argument; {{ is a brace."""
    template = CommandTemplate(
        "prog --in={source} 'a b' {{x}} ${HOME} {dest}".replace("${HOME}", "$HOME"), IMPORTER, start=start
    )
    values = {"source": Path("/x y/'m';rm -rf $(z)/{dest}"), "dest": Path("/d"), "folder": Path("/x y")}
    assert template.fill(values) == ["prog", "--in=/x y/'m';rm -rf $(z)/{dest}", "a b", "{x}", "$HOME", "/d"]


def test_an_empty_argument_stays_one(start):
    """Quotes around nothing are an argument."""
    assert CommandTemplate("prog '' {dest}", IMPORTER, start=start).fill({"dest": Path("/d")}) == ["prog", "", "/d"]


@pytest.mark.parametrize(
    ("word", "becomes"),
    [
        ("tools/bad.py", "tools/bad.py"),
        ("./tools", "tools"),
        ("run.sh", "run.sh"),
        ("--with=tools/bad.py", "tools/bad.py"),
    ],
)
def test_paths_mean_what_they_mean_where_falsify_was_started(start, word, becomes):
    """The program runs elsewhere, so what names a file here becomes absolute."""
    argument = CommandTemplate(f"prog {word} {{dest}}", IMPORTER, start=start).fill({"dest": Path("/d")})[1]
    option, equals, path = argument.rpartition("=")
    assert Path(path) == start / becomes
    assert option + equals == ("--with=" if "=" in word else "")


@pytest.mark.parametrize("word", ["convert", "missing/file.py", "missing.py", "-v", "--level=3", "--", "=", "1.5"])
def test_words_that_are_no_paths_are_left_alone(start, word):
    """A sub-command keeps its name although a folder of that name stands here."""
    assert CommandTemplate(f"prog {word} {{dest}}", IMPORTER, start=start).fill({"dest": Path("/d")})[1] == word


def test_the_dot_is_the_folder_where_falsify_was_started(start):
    """`.` would otherwise mean the program's own folder."""
    assert CommandTemplate("prog . {dest}", IMPORTER, start=start).fill({"dest": Path("/d")})[1] == str(start.resolve())


def test_the_program_is_found_like_a_shell_finds_it(start, monkeypatch):
    """A path is seen from here, a bare name along PATH, relative entries of it included."""
    program = start / "tools" / "prog"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    dest = {"dest": Path("/d")}
    assert Path(CommandTemplate("tools/prog {dest}", IMPORTER, start=start).fill(dest)[0]) == program
    assert Path(CommandTemplate("./tools/prog {dest}", IMPORTER, start=start).fill(dest)[0]) == program
    monkeypatch.setenv("PATH", "tools:/nowhere")
    assert Path(CommandTemplate("prog {dest}", IMPORTER, start=start).fill(dest)[0]) == program
    monkeypatch.setenv("PATH", "/nowhere")
    assert CommandTemplate("prog {dest}", IMPORTER, start=start).fill(dest)[0] == "prog"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_program_that_can_be_run_and_not_read_has_an_identity(start):
    """Its content stays unknown, and the identity says so."""
    program = start / "tools" / "secret"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o111)
    assert "sha256:unreadable" in CommandTemplate("tools/secret {dest}", IMPORTER, start=start).identity


def test_identity_changes_with_template_program_and_script(start):
    """Evidence about one program is no evidence about its next version."""
    text = f"{PYTHON} tools/bad.py {{dest}}"
    before = CommandTemplate(text, IMPORTER, start=start).identity
    assert before == CommandTemplate(text, IMPORTER, start=start).identity
    assert before.startswith(text)
    assert before.count("sha256:") == 2
    assert before != CommandTemplate(f"{text} -v", IMPORTER, start=start).identity
    (start / "tools" / "bad.py").write_text("print(1)")
    assert before != CommandTemplate(text, IMPORTER, start=start).identity

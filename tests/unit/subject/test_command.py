"""Programs as importers, readers and pretrainers: real scripts, and how their answers are read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from harness.subject.command import CommandImporter, CommandPretrainer, CommandReader
from harness.subject.limits import Limits
from harness.verdict.verdicts import RunState

LIMITS = Limits(wall_s=20)


@pytest.fixture
def play(tmp_path: Path):
    """Makes a subject of a script, with the placeholders given."""

    def make(kind, script: str, placeholders: str, **how):
        folder = tmp_path / "tools"
        folder.mkdir(exist_ok=True)
        (folder / "script.py").write_text("import sys\n" + script)
        return kind(f"{sys.executable} -S tools/script.py {placeholders}", limits=LIMITS, start=tmp_path, **how)

    return make


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    """A source and a destination, with blanks in their names."""
    source = tmp_path / "a checkpoint" / "model.safetensors"
    source.parent.mkdir()
    source.write_bytes(b"weights")
    dest = tmp_path / "an output" / "model.apr"
    dest.parent.mkdir()
    return source, dest


def test_a_converter_that_writes_has_run(play, paths):
    """The program gets absolute paths, and its file stands at the destination."""
    script = "open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read() + sys.argv[3].encode())"
    subject = play(CommandImporter, script, "{source} {dest} {folder}")
    done = subject.convert(*paths)
    assert (done.state, done.message) == (RunState.RAN, "")
    assert paths[1].read_bytes() == b"weights" + str(paths[0].parent).encode()
    assert done.duration_s > 0
    assert (subject.role, subject.label) == ("importer", "command")


@pytest.mark.parametrize(
    ("script", "lack"),
    [
        ("", "no file model.apr"),
        ("open(sys.argv[1], 'wb')", "is empty"),
        ("import os; os.mkdir(sys.argv[1])", "no regular file"),
        ("import os; os.mkfifo(sys.argv[1])", "no regular file"),
        ("import os; os.symlink('/etc/hostname', sys.argv[1])", "no regular file"),
    ],
)
def test_exit_zero_without_a_file_is_no_output(play, paths, script, lack):
    """Success is what lies on disk, not what the program says; nothing is opened that could block."""
    done = play(CommandImporter, script, "{dest}").convert(*paths)
    assert done.state is RunState.NO_OUTPUT
    assert lack in done.message


def test_a_failed_conversion_tells_what_the_program_said(play, paths):
    """Exit status and the end of standard error are in the message, a file left behind does not help."""
    script = "open(sys.argv[1], 'wb').write(b'half'); sys.exit('cannot read ' + 'x' * 5000 + ' tensor 7')"
    done = play(CommandImporter, script, "{dest}").convert(*paths)
    assert done.state is RunState.EXITED
    assert done.message.startswith("exit status 1: ")
    assert done.message.endswith("tensor 7")
    assert len(done.message) < 2100


def test_a_crash_keeps_its_signal(play, paths):
    """A crash of the subject is told apart from a refusal."""
    done = play(CommandImporter, "import os; os.abort()", "{dest}").convert(*paths)
    assert (done.state, done.message) == (RunState.CRASHED, "killed by SIGABRT")


def test_a_missing_program_is_a_value(paths):
    """NOT_STARTED names the program."""
    done = CommandImporter("no-such-program-anywhere {dest}").convert(*paths)
    assert done.state is RunState.NOT_STARTED
    assert "no-such-program-anywhere" in done.message


def test_a_program_has_a_folder_and_a_home_of_its_own(play, paths, monkeypatch, tmp_path):
    """It inherits the environment but for secrets and folders; what it leaves behind is gone."""
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    monkeypatch.setenv("WANTED", "yes")
    monkeypatch.setenv("HOME", str(tmp_path))
    script = """
import json, os
open('left-behind', 'w').write('x')
seen = {'cwd': os.getcwd(), 'env': dict(os.environ), 'listed': os.listdir('.')}
open(sys.argv[1], 'w').write(json.dumps(seen))
"""
    assert play(CommandImporter, script, "{dest}").convert(*paths).state is RunState.RAN
    seen = json.loads(paths[1].read_text())
    assert seen["listed"] == ["left-behind"]
    assert seen["env"]["WANTED"] == "yes"
    assert "SECRET_TOKEN" not in seen["env"]
    folders = {seen["cwd"], seen["env"]["HOME"], seen["env"]["TMPDIR"]}
    assert len(folders) == 3
    assert not any(Path(folder).exists() or Path(folder) == tmp_path for folder in folders)


def test_two_calls_share_nothing(play, paths):
    """A second call starts from an empty folder and an empty home."""
    script = """
import os
seen = os.listdir('.') + os.listdir(os.environ['HOME']) + os.listdir(os.environ['TMPDIR'])
for folder in ('.', os.environ['HOME'], os.environ['TMPDIR']): open(folder + '/cache', 'w')
open(sys.argv[1], 'w').write(repr(seen))
"""
    subject = play(CommandImporter, script, "{dest}")
    for _ in range(2):
        assert subject.convert(*paths).state is RunState.RAN
        assert paths[1].read_text() == "[]"


def test_a_reader_that_exits_zero_admits(play, paths):
    """Whatever it prints, exit status 0 admits."""
    seen = play(CommandReader, "print('checked F-DATA-QUALITY-002: fine')", "{artifact}").admit(paths[0], {})
    assert (seen.state, seen.refused) == (RunState.RAN, {})


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_refuses_names_rules(play, paths, stream):
    """Ids are read out of either stream, each once, and nothing else is taken for one."""
    text = "error F-DATA-QUALITY-002, [F-LAYOUT-CONTRACT-004]; F-DATA-QUALITY-002 x-DATA-1 UTF-8 f-data-quality-001"
    seen = play(CommandReader, f"print({text!r}, file=sys.{stream}); sys.exit(5)", "{artifact}").admit(paths[0], {})
    assert seen.state is RunState.REFUSED
    assert seen.rules == {"F-DATA-QUALITY-002", "F-LAYOUT-CONTRACT-004"}


def test_a_reader_that_refuses_without_a_reason_refuses(play, paths):
    """Then there is a refusal and no rule."""
    seen = play(CommandReader, "sys.exit(1)", "{artifact}").admit(paths[0], {})
    assert (seen.state, seen.rules) == (RunState.REFUSED, frozenset())


def test_hostile_output_does_not_slow_the_search_for_rules(play, paths):
    """A megabyte that almost is an id is read in no time."""
    seen = play(CommandReader, "print('A-' * 400_000); sys.exit(1)", "{artifact}").admit(paths[0], {})
    assert seen.rules == frozenset()


def test_a_reader_that_crashes_has_refused_nothing(play, paths):
    """A crash is a state and no refusal."""
    seen = play(CommandReader, "print('F-DATA-QUALITY-002', flush=True); import os; os.abort()", "{artifact}").admit(
        paths[0], {}
    )
    assert (seen.state, seen.refused) == (RunState.CRASHED, {})


def test_what_a_command_cannot_be_asked_is_said(play, paths):
    """Values and model views are out of reach: no answer to judge."""
    subject = play(CommandReader, "", "{artifact}")
    assert subject.decode(paths[0], "t")[0].is_failure
    assert subject.offer("raw", "t", (1,), None, {}).state.is_failure


TARGET = {"hidden_size": 64, "num_layers": 2, "family": "qwen2"}


def test_a_pretrainer_gets_the_target_as_a_file_and_may_reach_the_probe(play, paths):
    """Exit status 0 passes; the probe tells whether the stage behind was reached."""
    script = "import json; assert json.load(open(sys.argv[2]))['num_layers'] == 2; open(sys.argv[3], 'w')"
    subject = play(CommandPretrainer, script, "{init} {target} {probe}")
    done = subject.preflight(paths[0], TARGET, paths[1])
    assert (done.state, done.stage, done.mismatches, done.probe_reached) == (RunState.RAN, "", {}, True)


def test_a_pretrainer_that_refuses_names_fields(play, paths):
    """Fields are whole words of the output; the target's value stands beside each."""
    script = "print('mismatch: hidden_size 32 != 64, num_layers_total, total_num_layers, family'); sys.exit(5)"
    done = play(CommandPretrainer, script, "{init} {target}").preflight(paths[0], TARGET, paths[1])
    assert (done.state, done.stage, done.probe_reached) == (RunState.REFUSED, "architecture", False)
    assert done.mismatches == {"hidden_size": (64, None), "family": ("qwen2", None)}


def test_a_pretrainer_that_crashes_names_nothing(play, paths):
    """A crash is a state; a probe that was written before it still shows."""
    script = "print('hidden_size', flush=True); open(sys.argv[3], 'w').close(); import os; os.abort()"
    done = play(CommandPretrainer, script, "{init} {target} {probe}").preflight(paths[0], TARGET, paths[1])
    assert (done.state, done.stage, done.mismatches, done.probe_reached) == (RunState.CRASHED, "", {}, True)

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lint_samples import changed, contract, declarations, marked, place

from harness.contract.lint import lint
from harness.contract.lint_shell import looks_like_shell, masked, weaknesses
from harness.contract.models import FindingSeverity

HOLLOW = [
    ("apr inspect m.apr || true", "always succeeds"),
    ("apr inspect m.apr && echo PASS || echo FAIL", "always succeeds"),
    ("apr inspect m.apr; exit 0", "always succeeds"),
    ("apr inspect m.apr\necho done", "always succeeds"),
    ("apr inspect m.apr || true; test $? -eq 0", "$? is read after"),
    ("OUT=$(apr pull x || true)\nRC=$?\n[ $RC -ne 0 ] || exit 1", "$? is read after"),
    ("apr inspect /nowhere; test $? -ne 0", "any failure passes"),
    ("apr inspect /nowhere; [ $? -ne 0 ]", "any failure passes"),
    ("ls shards | wc -l >= 15", "redirection"),
    ("wc -l < shards.txt >= 50", "redirection"),
    ("ls shards | wc -l > 15", "redirection"),
    ("grep -c apr list.txt == 3", "file names"),
    ("ls | wc -l == 0", "file names"),
    ("cargo test -p apr-cli | tail -5", "status is that of `tail`"),
    ("diff <probe> <pulled>", "left to be filled in"),
    ("cargo test -p apr-cli --lib first_test second_test", "takes one filter, and 2 are given"),
]

MENDED = [
    "apr inspect m.apr",
    "apr inspect m.apr && echo PASS",
    "apr inspect m.apr || { echo FAIL; exit 1; }",
    "set -e\napr inspect m.apr\necho done",
    "apr inspect /nowhere; test $? -eq 2",
    'test "$(ls shards | wc -l)" -ge 15',
    "[[ $(ls | wc -l) == 0 ]]",
    "set -o pipefail; cargo test -p apr-cli | tail -5",
    "jq -e '.density >= 80.0' report.json",
    "apr diff a.apr b.apr > report.txt 2>&1",
    "diff <(apr inspect a) <(apr inspect b)",
    "cargo test -p apr-cli --lib",
    "# expects p < 0.05\napr eval run --task t",
]

PROSE = [
    "proptest with 10000 random vectors, dim 1..128",
    "Assert max(gradient_norm) < 10.0",
    "`apr inspect m.apr | wc -l` == 0, and nothing else",
    "Scan all files for colmajor references; ratio >= 0.9 wanted",
    "∀s. escape(escape(s)) == escape(s)",
    "def test_loss():\n    assert a < 0.05\n",
    "test_PMAT225_custom_missing_file",
    "",
]

NOTES = [
    ("LIVE-PENDING — needs the 500-step run", "a status, and no test"),
    ("cargo test -p apr-cli falsify_005", "runs no test and still succeeds"),
    ("! grep -q python3 run.sh", "turns any failure into success"),
]


def findings_of(folder, test):
    """What lint finds in a contract with `test` as the text of its test, and where that text stands."""
    quoted = '"' + test.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    text, where = marked(changed("falsify gate -k FALSIFY-001", f"⟦{quoted}⟧"))
    return lint([contract(folder, text)], declarations()), where


@pytest.mark.parametrize(("test", "why"), HOLLOW)
def test_hollow_tests_are_told(tmp_path, test, why):
    """Each pattern is found once, as a warning at the text, with its reason."""
    (finding,), where = findings_of(tmp_path, test)
    assert (finding.code, finding.severity) == ("FC037", FindingSeverity.WARNING)
    assert why in finding.message
    assert place(finding) == where


@pytest.mark.parametrize("test", [*MENDED, *filter(None, PROSE)])
def test_sound_commands_and_prose_are_left_alone(tmp_path, test):
    """The mended twin of each pattern, and texts that are no command, have no finding."""
    assert findings_of(tmp_path, test)[0] == ()


@pytest.mark.parametrize(("test", "why"), NOTES)
def test_what_depends_on_the_day_is_a_note(tmp_path, test, why):
    """A filter that may match nothing, a negation, a status in the place of a test: notes, which never fail a run."""
    (finding,), _ = findings_of(tmp_path, test)
    assert (finding.code, finding.severity) == ("FC037", FindingSeverity.NOTE)
    assert why in finding.message


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_no_shell(text):
    """Signs such as < in prose are not read as redirections."""
    assert not looks_like_shell(text)


def test_quoted_text_is_masked():
    """What stands in quotes is an argument, whatever signs it holds."""
    assert masked("jq '.a >= 3' f # b >= 4") == "jq _________ f"


@given(st.text(alphabet="ab '\"\\|&;<>=$?()[]{}!#\n0", max_size=200))
def test_any_text_can_be_read(text):
    """No text makes the reader raise."""
    assert isinstance(list(weaknesses(text)), list)
    assert looks_like_shell(text) in {True, False}


@pytest.mark.parametrize("piece", ["[[ ", "(( ", '"\\', "'", "cat ", "true\n", "|| true;", "a=1 ", "== ", "<a"])
def test_hostile_repetition_takes_linear_time(piece):
    """A text of 50,000 repeated pieces is read in a few seconds at most: no pattern backtracks quadratically."""
    started = time.monotonic()
    text = "cat " + piece * 50_000
    looks_like_shell(text)
    list(weaknesses(text))
    assert time.monotonic() - started < 5

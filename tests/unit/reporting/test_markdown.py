import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from unit.reporting.factory import HOSTILE, discharge, evidence, falsified, mutant, realistic, unbound, vacuous

from harness.ledger.records import Fault
from harness.reporting.markdown import to_markdown
from harness.reporting.markdown_text import block, code, prose, table
from harness.verdict.verdicts import MutantOutcome


def without_code(text):
    """Markdown without its fenced blocks and code spans, where everything stands for itself."""
    fenced = re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)", "", fenced)


def cells_by_last_backslash(row):
    """Cells as a reader sees them that looks only at the character before a bar."""
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def cells_by_pairs(row):
    """Cells as a reader sees them that reads backslashes in pairs."""
    return re.sub(r"\\.", "", row).count("|") - 1


def test_the_first_line_is_the_verdict_of_the_run():
    """Whoever reads one line knows what the run came to, and the next one gives the exit code."""
    lines = to_markdown(realistic()).split("\n")
    assert lines[0] == "# FALSIFIED"
    assert lines[2].startswith("Exit code 1: ")
    assert to_markdown(discharge()).startswith("# NOT MEASURED\n\nExit code 2")
    assert to_markdown(discharge(evidence())).startswith("# CORROBORATED\n\nExit code 0")


def test_the_top_says_who_was_on_trial_and_how():
    """What the counts hold for stands before them, and what comes from a subject stays text."""
    top = to_markdown(discharge(evidence(subject_identity="prog |*x*|"))).split("| standing")[0]
    assert "On trial: reader: prog" in top
    assert "Profile pr, seed 20260801" in top
    assert "*x*" not in top.replace("\\*", "")


def test_every_check_is_in_the_report():
    """Bound clauses stand in a table, unbound ones in a list with their reason, and none is lost."""
    run = realistic()
    text = to_markdown(run)
    for check in run.checks:
        assert f"`{check.clause}`" in text or f"`{check.qualified}`: no check block" in text
    assert "## Unbound clauses: 9 of 37" in text
    assert "## Not applicable" in text


@pytest.mark.parametrize(
    "wanted",
    [
        "**Prediction**: A head stored as",
        "**Observed**: lm\\_head.weight \\[24, 96\\] was admitted; expected \\[96, 24\\].",
        "**Measured**: `accepted_heads` 3 &gt; 0, over 1,840 comparisons",
        "**Why it matters**: The check multiplies",
        "**Place**: `contracts/tensor-layout-v1.yaml:212:5`",
        '"architecture": "qwen2"',
        "falsify replay .falsify/cases/FALSIFY-006-1f2e.json",
    ],
)
def test_a_falsified_clause_says_all_that_a_person_needs(wanted):
    """Prediction, observation, measure, case, reason to care, place and replay command stand in its section."""
    section = to_markdown(discharge(falsified())).partition("## Clauses that are not corroborated")[2]
    assert wanted in section


def test_a_vacuous_clause_names_the_mutants_that_got_away():
    """A clause that cannot fail is not shown as corroborated, and its survivor is named with what it is."""
    text = to_markdown(discharge(vacuous()))
    assert "### VACUOUS: `tensor-layout-v1::FALSIFY-008`" in text
    assert r"**Mutants not killed**: constant\_data\_gate survived 200 examples" in text
    assert r"size\_only was seen by wrong\_refusal, not by accepted\_heads" in text


def test_faults_come_with_their_place():
    """A fault of our own is told with the place to report, and the run is no verdict."""
    text = to_markdown(discharge(evidence(), faults=(Fault(where="harness.trial.run", message="a|b"),)))
    assert text.startswith("# FAULT\n")
    assert "- `harness.trial.run`: a\\|b" in text


def test_hostile_text_stays_text():
    """Text from a contract starts no HTML, image, link, heading, code span or table cell, wherever it stands."""
    planted = (mutant(HOSTILE, MutantOutcome.SURVIVED, what=HOSTILE, shows=HOSTILE),)
    hostile = {"subject": HOSTILE, "message": HOSTILE, "prediction": HOSTILE, "if_fails": HOSTILE, "reason": HOSTILE}
    run = discharge(
        falsified(HOSTILE, **hostile, mutants=planted, counterexample={HOSTILE: HOSTILE}, replay=HOSTILE),
        unbound(HOSTILE, **hostile),
        faults=(Fault(where=HOSTILE, message=HOSTILE),),
        selection=HOSTILE,
        subjects={HOSTILE: HOSTILE},
    )
    text = to_markdown(run)
    bare = without_code(text)
    assert "<" not in bare.replace("\n# e", "")
    assert not re.search(r"(?<!\\)[\[\]]", bare)
    assert not re.search(r"^# e", bare, flags=re.MULTILINE)
    assert "\x1b" not in text
    assert "\u202e" not in text
    for rows in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({cells_by_last_backslash(row) for row in rows.splitlines()}) == 1
        assert len({cells_by_pairs(row) for row in rows.splitlines()}) == 1


@given(st.lists(st.text(alphabet="\\|`a <&"), min_size=2, max_size=2))
@example(["\\|", "\\\\|"])
def test_a_cell_is_one_cell(texts):
    """Prose and code with any bars, backslashes and backticks make exactly the cells that were given."""
    written = table(("a", "b"), [(prose(texts[0]), code(texts[1]))])
    row = written.split("\n")[2]
    assert cells_by_last_backslash(row) == 2
    assert cells_by_pairs(row) == 2


@given(st.text(alphabet="`a |", min_size=1).filter(str.strip))
def test_a_code_span_ends_where_it_should(text):
    """The fence of a span is longer than any run of backticks inside, and the text stands between whole."""
    span = code(text)
    fence = re.match("`+", span)[0]
    assert span.endswith(fence)
    inside = span[len(fence) : -len(fence)]
    assert inside.strip(" ") == " ".join(text.split())
    assert all(len(run) < len(fence) for run in re.findall("`+", inside))


@given(st.text(alphabet="`\na~"))
def test_a_block_ends_where_it_should(text):
    """No run of backticks inside a fenced block is as long as its fence."""
    lines = block(text).split("\n")
    assert lines[0] == lines[-1]
    assert all(lines[0] not in line for line in lines[1:-1])

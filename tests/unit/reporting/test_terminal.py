import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.reporting.factory import (
    HOSTILE,
    discharge,
    evidence,
    falsified,
    not_measured,
    realistic,
    unbound,
    vacuous,
)

from harness.ledger.records import Fault, FindingRecord
from harness.ledger.standing import Standing
from harness.reporting.cells import cells, cut, fit
from harness.reporting.terminal import closing, failure, line
from harness.verdict.evidence import Examples, LimitRecord, Location
from harness.verdict.verdicts import Verdict

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("check", realistic().checks, ids=lambda check: check.clause)
def test_a_line_has_the_verdict_first_and_the_number_of_the_clause(check):
    """Every line of a realistic run fits in 80 columns, starts with its standing, and keeps the clause's number."""
    text = line(check)
    assert cells(text) <= 80
    assert text.startswith(f"{Standing.of(check).value} ")
    assert text[13:].partition("[")[0].rstrip().endswith(check.clause[-3:])


def test_a_line_tells_figure_examples_kills_and_time():
    """The line of a sound clause reads as a whole."""
    assert line(evidence()) == "CORROBORATED FALSIFY-005[reference]      accepted_heads 0 ≤ 0 200 ex   2/2 1.42s"
    assert line(vacuous()).startswith("VACUOUS      FALSIFY-008[reference] ")
    assert line(not_measured()).split() == [
        "NOT_MEASURED",
        "FALSIFY-007[reference]",
        "time_budget",
        "0",
        "ex",
        "0/2",
        "0.00s",
    ]
    assert line(unbound()) == "UNBOUND      FALSIFY-APR-PRETRAIN-INIT-001"


def test_a_reason_replaces_a_measure_that_does_not_explain():
    """A clause falsified for something else than its limit shows the reason instead of a measure inside it."""
    check = falsified(reason="wrong_refusal", measured={"accepted_heads": 0}, margin=0)
    assert "wrong_refusal" in line(check)
    assert "≤" not in line(check)


@given(
    check=st.builds(
        evidence,
        clause=st.from_regex(r"\A[A-Z]{1,30}(-[A-Z0-9]{1,12}){1,6}\Z"),
        subject=st.text(max_size=60),
        measured=st.fixed_dictionaries({"value": st.floats() | st.integers()}),
        limit=st.builds(
            LimitRecord,
            measure=st.sampled_from(["value", "a_measure_without_a_value"]),
            at_least=st.none() | st.floats(),
            at_most=st.none() | st.floats(),
        ),
        margin=st.none() | st.floats(),
        reason=st.text(max_size=40),
        duration_s=st.floats(0, 1e7),
        examples=st.builds(Examples, valid=st.integers(0, 10**8), rejected=st.just(0)),
        verdict=st.sampled_from(Verdict),
        bound=st.booleans(),
    ),
    width=st.integers(60, 200),
)
def test_no_line_is_too_wide(check, width):
    """Whatever the names, values and times are, a line is one line, without a control character, in its columns."""
    text = line(check, width)
    assert cells(text) <= width
    assert "\n" not in text
    assert "\x1b" not in text


@given(st.text(), st.integers(0, 40))
def test_cutting_keeps_both_ends(text, width):
    """Cut text is as wide as allowed at most, and fitted text exactly as wide, with wide and combining characters."""
    short = cut(text, width)
    assert cells(short) <= width
    assert cells(fit(text, width)) == width
    if short != text:
        head, _, tail = short.partition("…")
        assert text.startswith(head)
        assert text.endswith(tail)


@pytest.mark.parametrize(
    ("text", "width"), [("FALSIFY", 7), ("\u6f22\u5b57", 4), ("e\u0301", 1), ("\u2264", 1), ("", 0)]
)
def test_wide_and_combining_characters_are_counted_in_columns(text, width):
    """A wide character takes two columns and a combining one none."""
    assert cells(text) == width


def test_what_is_too_long_loses_its_middle():
    """The beginning has one column more than the end, and nothing is cut that fits."""
    assert cut("abcdefghij", 6) == "abc…ij"
    assert cut("abcdefghij", 10) == "abcdefghij"
    assert cut("abc", 1) == "…"
    assert cut("abc", 0) == ""


def test_a_long_subject_leaves_room_for_the_clause():
    """A file name as the subject is cut before the id of the clause is."""
    check = evidence("FALSIFY-APR-PRETRAIN-INIT-005", subject="model-00001-of-00012.with-a-long-name.safetensors")
    assert re.search(r" FALSIFY-APR-PRETRAIN-INIT-005\[mod\w*.*…\w*ors\] ", line(check))


@pytest.mark.parametrize("check", [evidence(), falsified(), not_measured(), vacuous(), unbound()])
def test_colour_only_when_asked_and_never_alone(check):
    """Without colour there is no escape; with it, the text is the same."""
    plain, painted = line(check), line(check, 80, colour=True)
    assert "\x1b" not in plain + failure(check) + closing(discharge(check))
    assert COLOUR.sub("", painted) == plain
    assert painted != plain
    assert COLOUR.sub("", failure(check, colour=True)) == failure(check)
    assert COLOUR.sub("", closing(discharge(check), colour=True)) == closing(discharge(check))


def test_a_failure_says_all_that_a_person_needs():
    """Prediction, observation, measure, smallest case, reason to care, place and replay command, in this order."""
    check = falsified()
    text = failure(check)
    parts = [
        "FALSIFIED tensor-layout-v1::FALSIFY-006 on reference (P0)",
        "prediction    A head stored as [hidden, vocab] is refused",
        "observed      lm_head.weight [24, 96] was admitted; expected [96, 24].",
        "measured      accepted_heads 3 > 0; 1,840 comparisons",
        "smallest case {",
        '"architecture": "qwen2"',
        "matters       The check multiplies dimensions",
        "place         contracts/tensor-layout-v1.yaml:212:5",
        "replay        falsify replay .falsify/cases/FALSIFY-006-1f2e.json",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert max(map(cells, text.split("\n"))) <= 80


def test_what_was_not_measured_says_what_was_missing():
    """A clause without an answer names the partitions not reached and the examples short of those required."""
    text = " ".join(failure(not_measured()).split())
    assert "Partitions that no case reached: non_square, grouped_heads." in text
    assert "0 valid cases of 200 required." in text
    assert "not run: size_only" in text


def test_a_vacuous_clause_says_why():
    """The survivor and the mutant seen by another measure are both told."""
    text = " ".join(failure(vacuous()).split())
    assert "Vacuous: mutant constant_data_gate survived 200 examples." in text
    assert "size_only was seen by wrong_refusal, not by accepted_heads" in text


def test_hostile_text_moves_no_cursor():
    """Escapes in a contract or in what a subject said reach the terminal as text."""
    check = falsified(HOSTILE, subject=HOSTILE, message=HOSTILE, prediction=HOSTILE, replay=HOSTILE)
    fault = Fault(where=HOSTILE, message=HOSTILE)
    for text in (line(check), failure(check), closing(discharge(check, faults=(fault,)))):
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize(
    ("run", "last"),
    [
        (discharge(), "NOT MEASURED in 83.2s: exit 2, not everything that was asked was measured"),
        (
            discharge(evidence()),
            "CORROBORATED in 83.2s: exit 0, all that was asked was measured, and nothing was falsified",
        ),
        (discharge(falsified()), "FALSIFIED in 83.2s: exit 1, something was falsified"),
        (discharge(evidence(verdict="FLAKY")), "FLAKY in 83.2s: exit 1, something was falsified"),
        (
            discharge(faults=(Fault(where="a", message="b"),)),
            "FAULT in 83.2s: exit 3, a fault of our own: this run is no verdict on anybody",
        ),
    ],
    ids=["empty", "clean", "falsified", "flaky", "fault"],
)
def test_the_last_line_is_the_exit_code_in_words(run, last):
    """Each exit code ends the run with its meaning."""
    assert closing(run).split("\n")[-1] == last


def test_the_closing_says_by_which_budget_and_seed():
    """A green run of the profile dev is worth less than one of nightly, so the profile stands there."""
    assert "profile nightly, seed 7" in closing(discharge(evidence(), profile="nightly", seed=7)).split("\n")


def test_the_closing_counts_with_denominators_and_names_findings():
    """Counts by standing, bound and unbound of all, and each finding with its place."""
    finding = FindingRecord(
        code="FC012",
        severity="error",
        message="unknown key `limt`",
        location=Location(file="contracts/a.yaml", line=7, column=3, end_line=7, end_column=7),
    )
    text = closing(discharge(evidence(), falsified(), unbound(), findings=(finding,)))
    assert "contracts/a.yaml:7:3: error FC012: unknown key `limt`" in text
    assert "3 checks: 1 FALSIFIED, 1 UNBOUND, 1 CORROBORATED" in text
    assert "1 of 2 bound checks corroborated, 1 of 3 checks unbound, in 2 contracts." in text
    assert "  - 1 of 2 bound checks: falsified" in text


def test_a_long_reason_leaves_room_for_the_clause():
    """A reason takes half of the room at most, so that the number of the clause stays."""
    check = not_measured(
        "FALSIFY-APR-PRETRAIN-INIT-005", reason="a_reason_that_is_as_long_as_the_room_for_both_of_them"
    )
    assert re.search(r"^NOT_MEASURED FALS\S*…\S*005\[reference\] a_reason_\S*…\S*of_them +0 ex", line(check))

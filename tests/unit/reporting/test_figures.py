import json
import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.reporting.factory import HOSTILE, evidence, falsified

from harness.reporting.figures import (
    case_text,
    crossed,
    duration,
    headroom,
    kills,
    limit_text,
    number,
    printable,
    relation,
)
from harness.verdict.evidence import LimitRecord

BELOW = LimitRecord(measure="accepted_heads", at_most=2)
ABOVE = LimitRecord(measure="accepted_heads", at_least=2)
BETWEEN = LimitRecord(measure="accepted_heads", at_least=2, at_most=4)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1048576, "1,048,576"),
        (2**64, "more than 2^64"),
        pytest.param(10**6000, "more than 2^19931", id="beyond what str() takes"),
        (0.1 + 0.2, "0.3"),
        (1e-9, "1e-09"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
    ],
)
def test_numbers_read(value, text):
    """Counts keep their digits, floats are short, and what is no number says so."""
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.004, "0.00s"), (9.99, "9.99s"), (9.996, "10.0s"), (99.96, "1m40s"), (245, "4m05s"), (7800, "2h10m")],
)
def test_durations_read(seconds, text):
    """Times change their unit where the next one says more."""
    assert duration(seconds) == text


@given(st.floats(min_value=0, max_value=1e7))
def test_durations_are_short(seconds):
    """No time takes more than the five columns that a line has for it."""
    assert len(duration(seconds)) <= 5


@pytest.mark.parametrize(
    ("limit", "value", "margin", "text"),
    [
        (BELOW, 2, 0, "2 ≤ 2"),
        (BELOW, 3, -1, "3 > 2"),
        (ABOVE, 2, 0, "2 ≥ 2"),
        (ABOVE, 1, -1, "1 < 2"),
        (BETWEEN, 3, 1, "3 in 2 … 4"),
        (BETWEEN, 5, -1, "5 not in 2 … 4"),
        (BELOW, math.nan, math.nan, "NaN, not ≤ 2"),
        (BELOW, 3, None, "3 > 2"),
        (ABOVE, 1, None, "1 < 2"),
    ],
)
def test_relations_are_true(limit, value, margin, text):
    """The value stands against its limit as a true statement, also where no margin was stored."""
    assert relation(evidence(limit=limit, measured={"accepted_heads": value}, margin=margin)) == text


def test_the_exact_margin_decides_where_floats_would_agree():
    """A value just over a decimal limit that rounds onto it is still shown as crossed."""
    limit = LimitRecord(measure="share", at_most=0.1)
    check = evidence(limit=limit, measured={"share": 0.1}, margin=-5.5e-18)
    assert crossed(check)
    assert relation(check) == "0.1 > 0.1"


def test_nothing_measured_has_no_relation():
    """Without a limit, or without a value for its measure, nothing is stated."""
    assert relation(evidence(limit=None)) == ""
    assert relation(evidence(measured={"other": 1}, margin=None)) == ""
    assert limit_text(None) == ""


@pytest.mark.parametrize(
    ("limit", "margin", "share"),
    [
        (BELOW, 1, 0.5),
        (BETWEEN, 1, 1.0),
        (LimitRecord(measure="m", at_most=0), -3, -3.0),
        (BELOW, math.nan, None),
        pytest.param(BELOW, 10**400, None, id="beyond a double"),
        (BELOW, None, None),
        (None, 1, None),
    ],
)
def test_headroom_is_a_share_of_the_limit(limit, margin, share):
    """Room is counted in limits, in half widths where there are two sides, in units where the limit is 0."""
    assert headroom(evidence(limit=limit, margin=margin)) == share


def test_only_kills_for_the_right_reason_count():
    """A mutant that was seen by another measure is not killed."""
    mutants = evidence().mutants
    other = mutants[0].model_copy(update={"outcome": "other_reason"})
    assert kills(evidence(mutants=mutants)) == (2, 2)
    assert kills(evidence(mutants=(other, mutants[1]))) == (1, 2)


@given(st.text())
def test_printable_text_moves_no_cursor(text):
    """Whatever comes in, no control, format, surrogate or separator character but the line feed comes out."""
    bad = {c for c in printable(text) if c != "\n" and unicodedata.category(c)[0] == "C"}
    assert not bad
    assert "\u2028" not in printable(text)


def test_printable_shows_what_it_took_away():
    """Escapes of colour and of reading order stand as text."""
    assert printable(HOSTILE + "\ud800\xa0") == HOSTILE.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e") + (
        "\\ud800 "
    )


def test_a_case_is_json_until_it_is_cut():
    """A counterexample reads back from its text, stays narrow, and says how much was left out when it is cut."""
    check = falsified()
    text = case_text(check, width=60)
    assert json.loads(text) == check.counterexample
    assert max(map(len, text.split("\n"))) <= 62
    long = falsified(counterexample=[f"tensor number {index}" for index in range(100)])
    cut = case_text(long, lines=10).split("\n")
    assert len(cut) == 11
    assert cut[-1] == f"… 17 more lines in {long.case}"
    assert case_text(evidence()) == ""

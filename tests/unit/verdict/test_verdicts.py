from __future__ import annotations

import itertools

import pytest

from harness.verdict.errors import ArtifactError, RefusedError, UsageError
from harness.verdict.verdicts import ExitCode, RunState, Verdict


def test_verdicts_combine_by_minimum():
    """FALSIFIED < FLAKY < NOT_MEASURED < CORROBORATED, for every pair."""
    order = [Verdict.FALSIFIED, Verdict.FLAKY, Verdict.NOT_MEASURED, Verdict.CORROBORATED]
    for (i, one), (j, other) in itertools.product(enumerate(order), repeat=2):
        assert Verdict.combine([one, other]) is order[min(i, j)]


def test_nothing_combines_to_not_measured():
    """Empty is never a pass, neither as a verdict nor as an exit code."""
    assert Verdict.combine([]) is Verdict.NOT_MEASURED
    assert ExitCode.combine([]) is ExitCode.NOT_MEASURED


def test_exit_codes_combine_3_over_1_over_2_over_0():
    """The gravest code wins, where 1 is graver than 2."""
    order = [ExitCode.FAULT, ExitCode.FALSIFIED, ExitCode.NOT_MEASURED, ExitCode.CLEAN]
    for (i, one), (j, other) in itertools.product(enumerate(order), repeat=2):
        assert ExitCode.combine([one, other]) is order[min(i, j)]


def test_only_ran_and_refused_are_answers():
    """Every other run state is a failure of the subject."""
    assert {state for state in RunState if not state.is_failure} == {RunState.RAN, RunState.REFUSED}


@pytest.mark.parametrize(
    ("error", "text", "code"),
    [
        (
            RefusedError("no model", file="a.apr", found="0 bytes", expected="a model", way_out="convert one"),
            "a.apr: no model (found 0 bytes; expected a model; convert one)",
            ExitCode.NOT_MEASURED,
        ),
        (UsageError("no such thing"), "no such thing", ExitCode.FAULT),
        (
            ArtifactError("size", rule="F-LAYOUT-CONTRACT-004", file="a.apr", offset=64, tensor="x", found="0"),
            "a.apr, tensor x, offset 64: size (found 0)",
            ExitCode.NOT_MEASURED,
        ),
    ],
)
def test_an_error_says_file_place_found_expected_and_the_way_out(error, text, code):
    """str(error) is complete enough to be shown alone, and each tree has its exit code."""
    assert str(error) == text
    assert error.exit_code is code

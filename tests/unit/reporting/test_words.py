import pytest
from unit.reporting.factory import discharge, evidence, falsified, realistic

from harness.ledger.standing import Standing
from harness.reporting.words import (
    EXIT_MEANING,
    OUTCOME_LETTER,
    OUTCOME_MEANING,
    STANDING_MEANING,
    examples_text,
    limit_of_time,
    observed,
    plural,
    tally,
)
from harness.verdict.evidence import Examples
from harness.verdict.verdicts import ExitCode, MutantOutcome, Verdict


def test_every_choice_has_its_words():
    """No standing, outcome or exit code is without a meaning, and no two outcomes share a letter."""
    assert set(STANDING_MEANING) == set(Standing)
    assert set(OUTCOME_MEANING) == set(OUTCOME_LETTER) == set(MutantOutcome)
    assert len(set(OUTCOME_LETTER.values())) == len(MutantOutcome)
    assert set(EXIT_MEANING) == set(ExitCode)


def test_examples_name_everything_that_was_not_judged():
    """Each kind of case that gave no judgement is told with its number, and kinds that did not occur are not."""
    counts = Examples(valid=1200, rejected=1, declined=2, not_measured=3, blind=4, required=200)
    told = "1,200 valid of 200 required, 1 rejected, 2 declined, 3 without an answer, 4 blind"
    assert examples_text(evidence(examples=counts)) == told
    assert examples_text(evidence(examples=Examples(valid=5, rejected=0, required=5))) == "5 valid of 5 required"


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (evidence(), "No counterexample was found."),
        (evidence(message="Held on 3 files!"), "Held on 3 files!"),
        (falsified(message=""), "Reason: accepted_heads."),
        (evidence(verdict=Verdict.FLAKY, reason="", message=""), "No reason was recorded."),
    ],
    ids=["held", "message", "reason", "nothing"],
)
def test_something_is_always_observed(check, text):
    """A check without a message is told by its reason or its verdict, and a sentence ends as one."""
    assert observed(check) == text


def test_counts_have_denominators():
    """The sentence on the run names both denominators: bound checks, and all checks."""
    assert tally(realistic()) == "21 of 28 bound checks corroborated, 9 of 37 checks unbound, in 3 contracts."
    assert (plural(1, "mutant"), plural(2000, "mutant")) == ("1 mutant", "2,000 mutants")


def test_a_run_without_a_limit_of_time_says_so():
    """The release profile has no budget; that is told in words, not as a number."""
    assert limit_of_time(discharge(budget_s=None)) == "no limit"
    assert limit_of_time(discharge(budget_s=30.0)) == "30 s"

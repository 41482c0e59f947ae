import pytest
from unit.reporting.factory import discharge, evidence, falsified, mutant, realistic, unbound

from harness.ledger.standing import Standing
from harness.reporting.words import (
    EXIT_MEANING,
    OUTCOME_LETTER,
    OUTCOME_MEANING,
    STANDING_MEANING,
    circumstances,
    examples_text,
    limit_of_time,
    mutants_not_killed,
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


def test_the_circumstances_name_who_was_on_trial():
    """Each subject once with its roles, the budget and the seed, when, and from which commits; or nobody."""
    checks = [
        evidence("FALSIFY-001", role="reader", subject_identity="prog 1", git_commit="b" * 40 + "+dirty"),
        evidence("FALSIFY-002", role="importer", subject_identity="prog 1", git_commit="a0"),
        evidence("FALSIFY-003", role="importer", subject_identity="other 2", git_commit=""),
        unbound("FALSIFY-004", subject_identity="", git_commit=""),
    ]
    assert circumstances(discharge(*checks)) == (
        "On trial: importer: other 2; importer, reader: prog 1. "
        "Profile pr, seed 20260801, 2026-08-01T09:30:00Z, commit a0, commit bbbbbbbbbbbb+dirty."
    )
    assert circumstances(discharge()).startswith("On trial: nobody. ")


def test_mutants_that_were_not_run_are_told_together():
    """A falsified reference leaves every mutant untried: one list of names, after those that got away."""
    names = [mutant(name, MutantOutcome.NOT_RUN) for name in ("first", "second")]
    weak = mutant("weak", MutantOutcome.SURVIVED, where="head", what="dims", examples=1)
    assert mutants_not_killed(evidence(mutants=(*names, weak, mutant("dead")))) == (
        "weak survived 1 example (head: dims); not run: first, second"
    )
    assert not mutants_not_killed(evidence())

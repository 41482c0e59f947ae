from __future__ import annotations

import math
import random

import pytest
import toy

from harness.trial.plan import plan_checks
from harness.trial.profiles import PROFILES, Profile
from harness.trial.session import Session
from harness.verdict.errors import HarnessFault
from harness.verdict.verdicts import MutantOutcome, RunState, Verdict

WHOLE = Profile("whole", math.inf, PROFILES["pr"].share, 1, 60, 200, 60.0)


@pytest.fixture
def run(tmp_path):
    """Runs clauses on a subject and gives their evidence."""
    sessions = []

    def go(*clauses, subject=None, reference=None, profile=WHOLE, seed=0):
        registry = toy.Toys(reference)
        plan = plan_checks([toy.contract(*clauses)], registry, {"doubler": subject} if subject else {})
        session = Session.start(registry, profile, seed, cases=tmp_path / "cases")
        sessions.append(session)
        return [session.run(check) for check in plan.checks]

    yield go
    for session in sessions:
        session.close()


def test_a_sound_subject_is_corroborated_and_its_mutants_are_killed(run):
    """A clause that holds and sees both planted defects is CORROBORATED and not vacuous."""
    (evidence,) = run(toy.clause())
    assert (evidence.verdict, evidence.vacuous) == (Verdict.CORROBORATED, False)
    assert [record.outcome for record in evidence.mutants] == [MutantOutcome.KILLED, MutantOutcome.KILLED]
    assert evidence.examples.valid == 20
    assert evidence.denominator == 20
    assert set(evidence.classes) == {"zero", "small", "large"}
    assert evidence.margin == 0


def test_a_wrong_subject_is_falsified_with_the_smallest_case(run):
    """The counterexample is shrunk to the smallest number that fails, stored, and replayable."""
    (evidence,) = run(toy.clause(), subject=toy.Doubler(lambda n: 2 * n + 2 * (n >= 10), "command", "bad"))
    assert (evidence.verdict, evidence.reason) == (Verdict.FALSIFIED, "wrong")
    assert evidence.counterexample == {"n": 10}
    assert evidence.replay.startswith("falsify replay ")
    assert evidence.measured["wrong"] > 1
    assert evidence.margin < 0


def test_mutants_of_a_falsified_external_subject_run_on_the_reference(run):
    """A defect in the user's program does not stop the reference from showing that the check bites."""
    bad = toy.Doubler(lambda n: 0, "command", "bad")
    (evidence,) = run(toy.clause(), subject=bad)
    assert evidence.twin is Verdict.CORROBORATED
    assert {record.outcome for record in evidence.mutants} == {MutantOutcome.KILLED}


def test_a_surviving_mutant_makes_the_clause_vacuous(run):
    """A clause that stays green on a planted defect proves nothing."""
    (evidence,) = run(toy.clause(mutants=[("one_more", "wrong"), ("harmless", "wrong")]))
    assert evidence.mutants[1].outcome is MutantOutcome.SURVIVED
    assert evidence.vacuous
    assert "harmless survived" in evidence.vacuous_because


def test_a_mutant_seen_by_another_measure_only_makes_the_clause_vacuous(run):
    """A clause must see its mutant by the measure that the contract names."""
    (evidence,) = run(toy.clause(mutants=[("two_more", "odd")]))
    assert evidence.mutants[0].outcome is MutantOutcome.OTHER_REASON
    assert evidence.mutants[0].seen == "wrong"
    assert evidence.vacuous


def test_a_measure_that_mutants_must_show_is_held_to_zero(run):
    """A secondary measure that a mutant shows falsifies the clause when a subject shows it."""
    odd = toy.Doubler(lambda n: 2 * n + (n == 3), "command", "odd")
    (evidence,) = run(toy.clause(measure="wrong", mutants=[("one_more", "odd"), ("two_more", "wrong")]), subject=odd)
    assert evidence.verdict is Verdict.FALSIFIED


def test_a_property_that_never_looks_is_vacuous(run):
    """A property that computes on its own tables only is neither corroborated nor able to bite."""
    (evidence,) = run(toy.clause("looks_away"))
    assert (evidence.verdict, evidence.reason) == (Verdict.NOT_MEASURED, "never_looked")
    assert evidence.vacuous


def test_a_declared_partition_that_nothing_reaches_is_not_measured(run):
    """NOT_MEASURED names the partition that no case reached."""
    (evidence,) = run(toy.clause(partitions=["zero", "never"]))
    assert (evidence.verdict, evidence.reason) == (Verdict.NOT_MEASURED, "partition_unreached")
    assert evidence.unreached == ("never",)


def test_blind_partitions_are_counted_and_not_combined(run):
    """A failure in a blind partition is reported there and does not falsify, and its cases are no valid examples."""
    bad = toy.Doubler(lambda n: 2 * n + 2 * (0 < n < 10), "command", "bad")
    (evidence,) = run(toy.clause(partitions=["zero", "large"], blind=["small"]), subject=bad)
    assert evidence.verdict is Verdict.CORROBORATED
    assert evidence.blind == {"small": "wrong"}
    assert evidence.examples.blind > 0
    assert evidence.examples.valid == 20


def test_a_failed_call_falsifies_one_clause_and_leaves_the_others_not_measured(run):
    """A call that gives no answer is a finding of the clause about failures, and no verdict for the rest."""
    crash = toy.Answer(state=RunState.CRASHED, message="SIGSEGV")
    bad = toy.Doubler(lambda n: crash if n >= 10 else 2 * n, "command", "bad")
    about_failures, about_numbers = run(
        toy.clause("answers", id_="TOY-001", measure="failed", mutants=[("one_more", "failed")]),
        toy.clause(id_="TOY-002"),
        subject=bad,
    )
    assert about_failures.verdict is Verdict.FALSIFIED
    assert (about_numbers.verdict, about_numbers.reason) == (Verdict.NOT_MEASURED, "no_answer")
    assert "SIGSEGV" in about_numbers.message


def test_a_case_that_a_sound_subject_may_refuse_shows_nothing(run, monkeypatch):
    """A refusal that the experiment allows is counted as declined, a crash on the same case is not."""
    monkeypatch.setattr(toy.Doubling, "may_decline", lambda self, case: case.n == 11)
    told = {}
    for state in (RunState.EXITED, RunState.CRASHED):
        answer = toy.Answer(state=state, message="no")
        subject = toy.Doubler(lambda n, answer=answer: answer if n == 11 else 2 * n, "command", state.value)
        (told[state],) = run(toy.clause(), subject=subject)
    assert told[RunState.EXITED].verdict is Verdict.CORROBORATED
    assert told[RunState.EXITED].examples.declined == 1
    assert told[RunState.CRASHED].verdict is Verdict.NOT_MEASURED


def test_a_case_that_disagrees_with_itself_is_flaky(run):
    """The failing case is run once more; when it holds then, the verdict is FLAKY."""
    seen = set()

    def once(n):
        first = n not in seen
        seen.add(n)
        return 2 * n + (first and n >= 10)

    (evidence,) = run(toy.clause(), subject=toy.Doubler(once, "command", "moody"))
    assert (evidence.verdict, evidence.reason) == (Verdict.FLAKY, "flaky")


def test_what_was_found_before_an_interruption_stands(run):
    """A signal while the counterexample is being shrunk does not take the finding away; what came after is untried."""
    calls = iter(range(1000))

    def interrupted(n):
        if next(calls) >= 20:
            raise KeyboardInterrupt
        return 2 * n + 2 * (n >= 10)

    subject = toy.Doubler(interrupted, "command", "interrupted")
    found, after = run(toy.clause(id_="TOY-001"), toy.clause(id_="TOY-002"), subject=subject)
    assert (found.verdict, found.reason) == (Verdict.FALSIFIED, "wrong")
    assert {record.outcome for record in found.mutants} == {MutantOutcome.NOT_RUN}
    assert (after.verdict, after.reason) == (Verdict.NOT_MEASURED, "interrupted")


def test_comparing_nothing_measures_nothing(run):
    """Cases on which nothing was compared do not corroborate."""
    (evidence,) = run(toy.clause("compares_nothing"))
    assert evidence.verdict is Verdict.NOT_MEASURED
    assert evidence.examples.valid == 0


def test_a_fault_of_a_falsifier_is_no_verdict_on_the_subject(run):
    """An exception in a falsifier is raised as a fault of ours that names it."""
    with pytest.raises(HarnessFault, match=r"breaks_down.*ZeroDivisionError"):
        run(toy.clause("breaks_down"))


def test_what_cannot_be_tried_is_not_measured(run):
    """A contract without the tables that an experiment needs is a gap with its reason, not a fault of ours."""
    (evidence,) = run(toy.clause("needs_a_table"))
    assert (evidence.verdict, evidence.reason) == (Verdict.NOT_MEASURED, "refused")
    assert "no table" in evidence.message


def test_clauses_share_cases_and_the_subject_runs_once_for_each(run):
    """Two clauses on one external subject cost as many calls as one."""
    subject = toy.Doubler(label="command", identity="counted")
    run(toy.clause(id_="TOY-001"), toy.clause(id_="TOY-002"), subject=subject)
    assert len(subject.calls) == len(set(subject.calls)) <= 20


def test_the_same_seed_draws_the_same_cases(run):
    """Equal seeds give equal cases and another seed gives others, whatever the global random state is."""
    drawn = []
    for seed in (1, 1, 2):
        random.seed(seed * 7)
        subject = toy.Doubler(label="command", identity=f"seed {len(drawn)}")
        run(toy.clause(), subject=subject, seed=seed)
        drawn.append(subject.calls)
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_spent_budget_leaves_the_rest_not_measured_with_that_reason(run):
    """A run without time reports every check, as NOT_MEASURED for want of time."""
    none = Profile("none", 0.0, WHOLE.share, 1, 60, 200, 60.0)
    (evidence,) = run(toy.clause(), profile=none)
    assert (evidence.verdict, evidence.reason, evidence.bound) == (Verdict.NOT_MEASURED, "time_budget", True)


def test_an_unbound_clause_is_listed_and_told_why(run):
    """A clause without a check block is unbound evidence with its reason."""
    (evidence,) = run(toy.clause(check=None))
    assert (evidence.bound, evidence.reason, evidence.verdict) == (False, "unbound", Verdict.NOT_MEASURED)
    assert "no check block" in evidence.message


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"function": "no_such_thing"}, "unknown falsifier"),
        ({"mutants": [("no_such_mutant", "wrong")]}, "unknown mutant"),
        ({"mutants": [("one_more", "no_such_measure")]}, "no_such_measure"),
        ({"measure": "no_such_measure"}, "no_such_measure"),
        ({"partitions": ["no_such_partition"]}, "no_such_partition"),
        ({"parameters": {"surplus": 1}}, "parameters.surplus"),
        ({"subject": "tripler"}, "another role"),
    ],
)
def test_a_check_that_names_what_is_not_there_is_bound_and_not_measured(run, changes, told):
    """A check block with a wrong name never becomes an unbound clause that changes nothing."""
    (evidence,) = run(toy.clause(**changes))
    assert (evidence.bound, evidence.reason, evidence.verdict) == (True, "unbindable", Verdict.NOT_MEASURED)
    assert told in evidence.message


def test_a_defect_in_the_reference_leaves_its_mutants_untried(run):
    """Without a clean twin no mutant counts, and the reference itself is falsified."""
    (evidence,) = run(toy.clause(), reference=toy.Doubler(lambda n: 0))
    assert evidence.verdict is Verdict.FALSIFIED
    assert {record.outcome for record in evidence.mutants} == {MutantOutcome.NOT_RUN}


def test_several_seeds_draw_several_decks(run):
    """A profile with more seeds judges more cases, and boundary cases once."""
    twice = Profile("twice", math.inf, WHOLE.share, 2, 60, 200, 60.0)
    (one,) = run(toy.clause())
    (two,) = run(toy.clause(), profile=twice)
    assert two.examples.valid == 2 * one.examples.valid

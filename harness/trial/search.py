"""The search for a counterexample: one clause, one subject, case after case; and the smallest case that fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, seed
from hypothesis.errors import HypothesisException

from harness.trial.deck import deck_size, quiet, weight
from harness.trial.interface import Context, Witness
from harness.trial.tally import Failure, Tally
from harness.verdict.errors import FalsifyError, HarnessFault
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from harness.contract.models import CheckBlock
    from harness.trial.answers import AnswerStore
    from harness.trial.deck import Deck
    from harness.trial.interface import Answer, Case, Falsifier, Observation, Subject
    from harness.trial.profiles import Budget


SHRINKING_SHARE = 0.1
"""Share of the time left that the shrinking of one counterexample may take, so that other clauses get their turn."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A falsifier aimed at a subject, with what both may know."""

    falsifier: Falsifier
    check: CheckBlock
    subject: Subject
    context: Context
    store: AnswerStore
    budget: Budget
    progress: Callable[[str, int], None] = lambda _label, _number: None
    """Told before each case: who is on trial, and how many cases came before."""

    def on(self, subject: Subject) -> Attack:
        """The same attack on somebody else."""
        return replace(self, subject=subject)

    def search(self, cases: Iterable[Case], *, until: str = "") -> Tally:
        """Judge the subject on `cases`; stops early once the measure `until` has been seen out of its bounds."""
        tally = Tally(self.falsifier, self.check)
        self._judge_all(tally, cases, until=until)
        return tally

    def search_decks(self, decks: Sequence[Deck], required: int) -> Tally:
        """Judge the subject on the boundary cases, and on drawn ones of each deck until `required` more are valid."""
        tally = Tally(self.falsifier, self.check)
        self._judge_all(tally, decks[0].boundary)
        for number, deck in enumerate(decks, start=1):
            # Blind and declined cases are no valid ones; twice as many draws make up for them, and bound the calls.
            self._judge_all(tally, deck.drawn[: 2 * required], enough=number * required)
        return tally

    def _judge_all(self, tally: Tally, cases: Iterable[Case], *, until: str = "", enough: int | None = None) -> None:
        experiment = self.falsifier.experiment
        for number, case in enumerate(cases):
            if enough is not None and tally.valid >= enough:
                break
            self.progress(self.subject.label, number)
            if self.budget.spent:
                tally.cut = self.budget.spent
                break
            answer, folder = self.store.answer(self.subject, experiment, case, self.context.tables)
            self.judge(tally, case, answer, folder)
            if until and tally.failures and until in tally.failures[-1].measures:
                break

    def judge(self, tally: Tally, case: Case, answer: Answer, folder: Path) -> None:
        """Add to `tally` what `answer` shows of the clause."""
        if answer.state in _DECLINED and self.falsifier.experiment.may_decline(case):
            tally.declined += 1
            return
        if answer.state.is_failure and not self.falsifier.judges_failures:
            tally.skip(f"the subject gave no answer ({answer.state}): {answer.message}")
            return
        witness = Witness(answer, folder)
        observation = self._observe(case, witness)
        tally.looked = tally.looked or witness.looked
        tally.add(case, self.falsifier.experiment.partitions_of(case), observation)

    def _observe(self, case: Case, witness: Witness) -> Observation:
        try:
            return self.falsifier.observe(case, witness, self.context)
        except FalsifyError:
            raise
        except (Exception, SystemExit) as error:
            raise HarnessFault(
                f"the falsifier {self.falsifier.name} failed: {type(error).__name__}: {error}",
                place=f"case {case.model_dump_json()[:400]}",
                way_out="a falsifier must give an observation for every answer; this is a fault of the falsifier, "
                "not a verdict on the subject",
            ) from error

    def failure(self, case: Case, *, fresh: bool = False) -> Failure | None:
        """How `case` fails, or None; `fresh` runs the subject again whatever is known."""
        ask = self.store.again if fresh else self.store.answer
        answer, folder = ask(self.subject, self.falsifier.experiment, case, self.context.tables)
        tally = Tally(self.falsifier, self.check)
        self.judge(tally, case, answer, folder)
        return tally.failures[0] if tally.failures else None

    def smallest(self, failures: list[Failure], *, seed_value: int, count: int, calls: int) -> Failure:
        """The smallest failing case at hand: the lightest of `failures`, and what Hypothesis shrinks the drawn to."""
        best = min(failures, key=self._weight)
        shrunk = self._shrink(best.measures[0], seed_value=seed_value, count=count, calls=calls)
        return min((shrunk, best), key=self._weight) if shrunk is not None else best

    def _weight(self, failure: Failure) -> float:
        return weight(failure.case) + self.falsifier.experiment.burden(failure.case)

    def _shrink(self, measure: str, *, seed_value: int, count: int, calls: int) -> Failure | None:
        """Shrink the first drawn case that fails by `measure`; new subject calls beyond `calls` count as no failure."""
        last: Failure | None = None
        experiment, tables = self.falsifier.experiment, self.context.tables
        allowed, until = self.store.calls + calls, self.budget.remaining * (1 - SHRINKING_SHARE)

        @seed(seed_value)
        @quiet(deck_size(count), Phase.generate, Phase.shrink)
        @given(experiment.strategy(self.check.population))
        def attack(case: Any) -> None:
            nonlocal last
            affordable = self.store.calls < allowed and self.budget.remaining >= until and not self.budget.spent
            if not affordable and not self.store.known(self.subject, experiment, case, tables):
                return
            partitions = experiment.partitions_of(case)
            if partitions & set(self.check.population.blind):
                return
            failure = self.failure(case)
            if failure is not None and measure in failure.measures:
                last = failure
                raise _Counterexample

        _silently(attack)
        return last


_DECLINED = frozenset({RunState.EXITED, RunState.REFUSED})


class _Counterexample(Exception):  # noqa: N818 - it is a find, not an error
    """Tells Hypothesis that the case at hand fails."""


def _silently(attack: Callable[[], None]) -> None:
    try:
        attack()
    except (_Counterexample, HypothesisException):
        return

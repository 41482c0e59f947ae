"""A run: one check after the other, on shared cases, within one budget, each leaving evidence."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.trial.answers import AnswerStore
from harness.trial.deck import Deck, Draws, deck_size, draw
from harness.trial.interface import Context
from harness.trial.mutate import kill_matrix, not_run
from harness.trial.profiles import Budget, Profile
from harness.trial.provenance import sha256_of
from harness.trial.record import NOT_APPLICABLE, Trial, bare, evidence_of
from harness.trial.search import Attack
from harness.verdict.errors import RefusedError, UsageError
from harness.verdict.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.contract.models import CheckBlock
    from harness.trial.interface import Case, Experiment
    from harness.trial.plan import Check, Registry
    from harness.trial.tally import Failure, Tally
    from harness.verdict.evidence import Evidence, MutantRecord


@dataclass(slots=True)
class Session:
    """Everything that the checks of one run share."""

    registry: Registry
    profile: Profile
    seed: int
    budget: Budget
    store: AnswerStore
    sources: tuple[Path, ...] = ()
    """Real model files of the project, offered to experiments."""
    cases: Path | None = None
    """Where counterexamples are stored; None keeps none."""
    progress: Callable[[Check, str, int], None] | None = None
    """Told before each case: the check, who is on trial in it, and how many cases came before."""
    _draws: dict[tuple[object, ...], Draws] = field(default_factory=dict)
    _decks: dict[tuple[object, ...], Deck] = field(default_factory=dict)
    _hashes: dict[str, str] | None = None
    _kills: dict[str, tuple[Verdict, tuple[MutantRecord, ...]]] = field(default_factory=dict)

    @classmethod
    def start(  # noqa: PLR0913 - what a command line can say
        cls,
        registry: Registry,
        profile: Profile,
        seed: int,
        *,
        sources: tuple[Path, ...] = (),
        cases: Path | None = None,
        answers: Path | None = None,
    ) -> Session:
        """Start the clock of `profile`; `answers` is a folder that several processes share, else one of its own."""
        folder = answers if answers is not None else Path(tempfile.mkdtemp(prefix="falsify-"))
        in_flight = cases / f"in-flight-{os.getpid()}.json" if cases is not None else None
        if cases is not None:
            _writable(cases)
        store = AnswerStore(folder, in_flight)
        return cls(registry, profile, seed, Budget(profile.seconds), store, sources, cases)

    def close(self) -> None:
        """Remove the working files of the run."""
        if self.store.in_flight is not None:
            self.store.in_flight.unlink(missing_ok=True)
        shutil.rmtree(self.store.folder, ignore_errors=True)

    def run(self, check: Check) -> Evidence:
        """Try to falsify one clause on one subject, show that the check bites, and give the evidence."""
        started, clock = datetime.now(UTC), time.monotonic()
        if check.falsifier is None or check.subject is None or self.budget.spent:
            return bare(check, self, started, reason=self.budget.spent)
        attack = self._attack(check)
        try:
            trial = self._on_case(check, attack) if check.case is not None else self._on_population(check, attack)
        except RefusedError as error:  # what we were given cannot be tried: a gap, and no fault of ours
            return bare(check, self, started, reason="refused", message=str(error))
        if trial.tally.inapplicable and not trial.tally.valid:
            return bare(check, self, started, reason=NOT_APPLICABLE, message=trial.tally.inapplicable)
        return evidence_of(check, self, trial, started, time.monotonic() - clock)

    def not_reached(self, check: Check, reason: str) -> Evidence:
        """The evidence of a check that the run did not come to."""
        return bare(check, self, datetime.now(UTC), reason=reason)

    def artifacts(self, check: Check) -> dict[str, str]:
        """sha256 by name of the model files that `check` reads: the finished file, or the project's real ones."""
        if check.falsifier is None:
            return {}
        if check.case is not None:
            return {check.label: getattr(check.subject, "identity", "")}
        if not check.falsifier.experiment.uses_sources:
            return {}
        if self._hashes is None:
            files = (file for source in self.sources for file in ([source] if source.is_file() else source.iterdir()))
            self._hashes = {file.name: sha256_of(file) for file in sorted(files) if file.is_file()}
        return self._hashes

    def deck(self, experiment: Experiment[Any], check: Check, seed: int) -> Deck:
        """The deck of a clause for one seed; clauses on the same architectures share what is drawn."""
        block = check.clause.check
        assert block is not None
        population, count = block.population, self._deck_count(block)
        drawn = (experiment.name, population.architectures, deck_size(count), seed)
        key = (*drawn, population.partitions, population.blind)
        if key not in self._decks:
            if drawn not in self._draws:
                self._draws[drawn] = draw(experiment, population, seed_value=seed, count=count)
            self._decks[key] = self._draws[drawn].deck(experiment.boundary(population, self.sources))
        return self._decks[key]

    def _deck_count(self, block: CheckBlock) -> int:
        """Cases of a deck: twice as many as are required, since some are blind or declined.

        Shrinking draws anew with the same count, for the same cases come only from the same number of draws.
        """
        return 2 * self.profile.required(block.population.examples, external=False)

    def _attack(self, check: Check) -> Attack:
        assert check.falsifier is not None
        assert check.subject is not None
        assert check.clause.check is not None
        context = Context(check.parameters, check.contract.tables, check.clause.check.refusal or "")
        attack = Attack(check.falsifier, check.clause.check, check.subject, context, self.store, self.budget)
        return attack if self.progress is None else replace(attack, progress=partial(self.progress, check))

    def _on_population(self, check: Check, attack: Attack) -> Trial:
        external = attack.subject.label != "reference"
        required = self.profile.required(attack.check.population.examples, external=external)
        decks = [
            self.deck(attack.falsifier.experiment, check, self.seed + number) for number in range(self.profile.seeds)
        ]
        rejected = sum(deck.rejected for deck in decks)
        tally = attack.search_decks(decks, required)
        if decks[0].exhausted:  # there are no more cases than these, which is better than enough of them
            required = min(required, max(1, tally.valid))
        trial = Trial(
            tally,
            tally.failures[0] if tally.failures else None,
            Verdict.NOT_MEASURED,
            not_run(check.operators),
            required=required,
            rejected=rejected,
        )
        try:
            if tally.failures:
                failure = self._smallest(attack, tally)
                trial = replace(trial, failure=failure)
                trial = replace(trial, flaky=self._disagrees(attack, failure))
            own = None if external else tally
            twin, mutants = self._shown_to_bite(check, attack, decks[0].cases(required), own)
            return replace(trial, twin=twin, mutants=mutants)
        except KeyboardInterrupt:  # what was found before the signal stands
            self.budget.interrupted = self.budget.interrupted or "stopped by a signal"
            return trial

    def _on_case(self, check: Check, attack: Attack) -> Trial:
        assert check.case is not None
        tally = attack.search([check.case])
        failure = tally.failures[0] if tally.failures else None
        required = self.profile.required(attack.check.population.examples, external=False)
        own = self.deck(attack.falsifier.experiment, check, self.seed).cases(min(required, 64))
        twin, mutants = self._shown_to_bite(check, attack, own, None)
        return Trial(tally, failure, twin, mutants, required=1, rejected=0, whole_population=False)

    def _smallest(self, attack: Attack, tally: Tally) -> Failure:
        return attack.smallest(
            tally.failures,
            seed_value=self.seed,
            count=self._deck_count(attack.check),
            calls=self.profile.shrink_calls,
        )

    @staticmethod
    def _disagrees(attack: Attack, failure: Failure) -> bool:
        return attack.failure(failure.case, fresh=True) is None

    def _shown_to_bite(
        self, check: Check, attack: Attack, cases: Sequence[Case], own: Tally | None
    ) -> tuple[Verdict, tuple[MutantRecord, ...]]:
        """The verdict on the clean twin (the reference) and the kill matrix; once a clause and run."""
        key = f"{check.contract.path}::{check.clause.id}"
        if key in self._kills:
            return self._kills[key]
        reference = self.registry.reference(attack.falsifier.role)
        on_reference = attack.on(reference)
        tally = own if own is not None else on_reference.search(cases)
        verdict, _, _ = tally.verdict(required=1, whole_population=False)
        if verdict is not Verdict.CORROBORATED or self.budget.spent:
            return verdict, not_run(check.operators)
        self._kills[key] = (verdict, kill_matrix(on_reference, reference, check.operators, cases))
        return self._kills[key]


def _writable(folder: Path) -> None:
    """Make `folder`, and see that files can be written there before anything is tried. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            "counterexamples cannot be written",
            file=str(folder),
            found=error.strerror or str(error),
            way_out="name another folder with --reports, or in [tool.falsify] reports",
        ) from None

"""From observations to a verdict: what was measured over all cases, apart from what the limit says of it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.verdict.verdicts import Direction, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.contract.models import CheckBlock
    from harness.trial.interface import Case, Falsifier, Observation


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that falsifies the clause."""

    case: Case
    measures: tuple[str, ...]
    """The measures that were out of their bounds, the limit's own first."""
    message: str


@dataclass(slots=True)
class Tally:
    """The running account of a clause on a subject."""

    falsifier: Falsifier
    check: CheckBlock
    measured: dict[str, float | int] = field(default_factory=dict)
    compared: int = 0
    valid: int = 0
    not_measured: int = 0
    declined: int = 0
    """Cases that the subject refused and may refuse."""
    why_not_measured: str = ""
    classes: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    blind: dict[str, set[str]] = field(default_factory=dict)
    blind_cases: int = 0
    looked: bool = False
    inapplicable: str = ""
    """Why the clause says nothing about the finished file on trial."""
    cut: str = ""
    """Reason code when the run ended before the last case."""

    def skip(self, why: str) -> None:
        """Count a case on which nothing could be judged."""
        self.not_measured += 1
        self.why_not_measured = self.why_not_measured or why

    def add(self, case: Case, partitions: frozenset[str], observation: Observation) -> None:
        """Count what one case showed."""
        self.inapplicable = self.inapplicable or observation.not_applicable
        if observation.outside:
            self.declined += 1
            return
        if observation.not_measured or observation.compared <= 0:
            self.skip(observation.not_measured or "nothing was compared")
            return
        out = self.out_of_bounds(observation.measures)
        blind = partitions & set(self.check.population.blind)
        if blind:
            self.blind_cases += 1
            for name in blind:
                self.blind.setdefault(name, set()).update(out)
            return
        self.valid += 1
        self.compared += observation.compared
        self.classes.update(partitions)
        for name, value in observation.measures.items():
            self._accumulate(name, value)
        if out:
            self.failures.append(Failure(case, out, observation.message))

    def _accumulate(self, name: str, value: float) -> None:
        measure = self.falsifier.measure(name)
        if measure.total:
            self.measured[name] = self.measured.get(name, 0) + value
            return
        before = self.measured.get(name)
        worse = min if measure.direction is Direction.HIGHER_IS_BETTER else max
        # NaN is out of every bound, so it must not be lost to a finite neighbour.
        self.measured[name] = value if before is None or math.isnan(value) else worse(before, value)

    def out_of_bounds(self, measures: Mapping[str, float | int]) -> tuple[str, ...]:
        """Names of the measures out of their bounds: the limit's, and those that mutants must show, at 0."""
        limit = self.check.limit
        out = [limit.measure] if limit.measure in measures and not limit.holds(measures[limit.measure]) else []
        shown = dict.fromkeys(mutant.shows for mutant in self.check.mutants if mutant.shows != limit.measure)
        return (*out, *(name for name in shown if name in measures and measures[name] != 0))

    @property
    def unreached(self) -> tuple[str, ...]:
        """Declared partitions in which no case was judged."""
        return tuple(name for name in self.check.population.partitions if not self.classes[name])

    def verdict(self, *, required: int, whole_population: bool) -> tuple[Verdict, str, str]:
        """Verdict, reason code and message; `whole_population` is False for the one case of a finished file."""
        if self.failures or self.out_of_bounds(self.measured):
            out = self.failures[0].measures if self.failures else self.out_of_bounds(self.measured)
            return Verdict.FALSIFIED, out[0], self.failures[0].message if self.failures else self._total_message(out[0])
        gap = self._gap(required, whole_population=whole_population)
        if gap is not None:
            return Verdict.NOT_MEASURED, *gap
        return (
            Verdict.CORROBORATED,
            "within_limit",
            f"{self.compared} comparisons on {self.valid} cases found no counterexample",
        )

    def _gap(self, required: int, *, whole_population: bool) -> tuple[str, str] | None:
        """What keeps the clause from having been measured, the first that applies; None when nothing does."""
        unreached = self.unreached if whole_population else ()
        gaps = (
            (self.cut, f"the run ended after {self.valid} of {required} cases"),
            (
                "no_answer" if self.not_measured else "",
                f"{self.not_measured} cases could not be judged; the first: {self.why_not_measured}",
            ),
            ("" if self.valid else "no_cases", "no case was judged"),
            ("" if self.looked else "never_looked", "the property never looked at anything that the subject gave"),
            ("partition_unreached" if unreached else "", f"no case reached {', '.join(unreached)}"),
            (
                "too_few_examples" if self.valid < required else "",
                f"{self.valid} cases judged, {required} required",
            ),
            (
                "" if self.check.limit.measure in self.measured else "measure_missing",
                f"no case measured {self.check.limit.measure}",
            ),
        )
        return next((gap for gap in gaps if gap[0]), None)

    def _total_message(self, measure: str) -> str:
        return f"{measure} came to {self.measured[measure]} over all cases"

    def margin(self) -> float | int | None:
        """Distance of the limit's measure to its limit; None when it was not measured."""
        value: Any = self.measured.get(self.check.limit.measure)
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return None
        margin = self.check.limit.margin(value)
        return int(margin) if margin == margin.to_integral_value() else float(margin)

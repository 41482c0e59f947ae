"""Attacks on the data-quality clauses of tensor-layout-v1: what a reader lets in, and what it names otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falsifiers.oracles import quality
from falsifiers.strategies.admissions import FinishedFile, Said, said
from falsifiers.strategies.agreement_cases import AgreementCase, oracle_of
from falsifiers.strategies.agreement_files import AGREEMENT
from falsifiers.strategies.quality_files import QUALITY, QualityCase, contents_of, thresholds_of
from harness.trial.interface import Measure, Observation, falsifier

if TYPE_CHECKING:
    from harness.trial.interface import Context, Witness

ADMITTED = Measure("admitted", "tensors", "break the rule and were let in, or refused without naming it")
ACCUSED = Measure("accused", "tensors", "were refused under the rule and do not break it")
JUDGED = quality.RULES | {"F-LAYOUT-CONTRACT-002"}
"""Rules whose failure does not keep a reader from looking at the values."""

DISAGREEMENTS = Measure("disagreements", "rules", "on which the reader and the independent checker differ")


@falsifier(experiment=QUALITY, measures=(ADMITTED, ACCUSED), finished_file=True)
def too_many_zeros_are_refused(case: QualityCase | FinishedFile, witness: Witness, context: Context) -> Observation:
    """A matrix is refused exactly when its share of zeros reaches the limit of its kind."""
    return _observe(quality.DENSITY, case, witness, context)


@falsifier(experiment=QUALITY, measures=(ADMITTED, ACCUSED), finished_file=True)
def only_finite_values_enter(case: QualityCase | FinishedFile, witness: Witness, context: Context) -> Observation:
    """A tensor is refused exactly when it holds a NaN or an infinity."""
    return _observe(quality.FINITE, case, witness, context)


@falsifier(experiment=QUALITY, measures=(ADMITTED, ACCUSED), finished_file=True)
def degenerate_tensors_are_refused(case: QualityCase | FinishedFile, witness: Witness, context: Context) -> Observation:
    """A tensor is refused exactly when it is empty, or a matrix that does not vary or has no norm to speak of."""
    return _observe(quality.DEGENERATE, case, witness, context)


@falsifier(experiment=QUALITY, measures=(ADMITTED, ACCUSED), finished_file=True)
def spot_rows_are_alive(case: QualityCase | FinishedFile, witness: Witness, context: Context) -> Observation:
    """An embedding or a head is refused exactly when a sampled row other than the padding token's is dead."""
    return _observe(quality.SPOT_ROWS, case, witness, context)


@falsifier(experiment=QUALITY, measures=(ADMITTED, ACCUSED), finished_file=True)
def too_many_dead_rows_are_refused(case: QualityCase | FinishedFile, witness: Witness, context: Context) -> Observation:
    """An embedding or a head is refused exactly when its share of dead rows reaches the limit."""
    return _observe(quality.DEAD_ROWS, case, witness, context)


@falsifier(experiment=QUALITY, measures=(ADMITTED, ACCUSED), finished_file=True)
def sparse_embeddings_do_not_enter(case: QualityCase | FinishedFile, witness: Witness, context: Context) -> Observation:
    """No embedding enters whose share of zeros reaches the limit, and none is kept out for zeros below it."""
    return _observe(quality.DENSITY, case, witness, context, only=("embedding",))


@falsifier(experiment=QUALITY, measures=(ADMITTED, ACCUSED), finished_file=True)
def nan_weights_do_not_enter(case: QualityCase | FinishedFile, witness: Witness, context: Context) -> Observation:
    """No weight enters that holds a NaN or an infinity, wherever in the tensor it stands."""
    return _observe(quality.FINITE, case, witness, context, only=("head", "up", "down"))


@falsifier(experiment=QUALITY, measures=(ADMITTED, ACCUSED), finished_file=True)
def shifted_embeddings_do_not_enter(
    case: QualityCase | FinishedFile, witness: Witness, context: Context
) -> Observation:
    """No embedding enters with 94.5 % leading zero rows, nor with one dead spot row that no other gate can see."""
    return _observe(quality.SPOT_ROWS, case, witness, context, only=("embedding",))


@falsifier(experiment=AGREEMENT, measures=(DISAGREEMENTS,))
def two_checkers_agree(case: AgreementCase, witness: Witness, context: Context) -> Observation:
    """The reader names the same set of rules for a tensor of arbitrary contents as a checker that shares no code."""
    answer = said(witness)
    expected = oracle_of(case, thresholds_of(context.tables))
    found = answer.named_for(case.tensor) & quality.RULES
    return Observation(
        measures={DISAGREEMENTS.name: len(found ^ expected)},
        compared=len(quality.RULES),
        message=f"{case.tensor}: {answer}; the independent checker names {_listed(expected)}",
    )


def _observe(
    rule: str,
    case: QualityCase | FinishedFile,
    witness: Witness,
    context: Context,
    *,
    only: tuple[str, ...] = ("embedding", "head", "up", "down", "bias", "norm"),
) -> Observation:
    """Judge one rule: must it be named for the tensor that was built to break it, and nowhere else.

    A case whose defect stands in a tensor that the clause does not speak of shows only whether others are accused.
    """
    answer = said(witness)
    if isinstance(case, FinishedFile):
        return _on_finished(rule, answer)
    elsewhere = answer.elsewhere(rule, case.tensor)
    expected = contents_of(case, thresholds_of(context.tables)).rules(case.kind, thresholds_of(context.tables))
    named = answer.names(rule, case.tensor)
    concerned = case.where in only
    admitted = int(concerned and rule in expected and not named)
    accused = len(elsewhere) + int(rule not in expected and named)
    return Observation(
        measures={ADMITTED.name: admitted, ACCUSED.name: accused},
        compared=1,
        message=f"{case.tensor}, built to break {_listed(expected)}: {answer}",
    )


def _on_finished(rule: str, answer: Said) -> Observation:
    """What stands in a finished file was let in by whoever wrote it; what nobody could look at is not judged."""
    if not answer.listed:
        return Observation({}, 0, not_measured=f"the file could not be read: {answer.message}")
    broken = [tensor or "the file" for tensor, rules in answer.refused.items() if rule in rules]
    unseen = [tensor or "the file" for tensor, rules in answer.refused.items() if rules - JUDGED]
    if unseen and not broken:
        return Observation({}, 0, not_measured=f"not looked at: {', '.join(unseen)}: {answer.message}")
    return Observation(
        measures={ADMITTED.name: len(broken), ACCUSED.name: 0},
        compared=answer.listed,
        message=f"{rule} fails for {', '.join(broken)}: {answer.message}" if broken else "",
    )


def _listed(rules: frozenset[str]) -> str:
    return ", ".join(sorted(rules)) or "no rule"

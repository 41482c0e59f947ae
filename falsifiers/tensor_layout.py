"""Attacks on what tensor-layout-v1 says of readers: heads, the doors of the model view, element types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from falsifiers.oracles import blocks, quality
from falsifiers.strategies.admissions import FinishedFile, Said, said
from falsifiers.strategies.doors import DOORS
from falsifiers.strategies.dtype_cases import DIMS, NumberCase, SizeCase
from falsifiers.strategies.dtype_files import DTYPES, TENSOR
from falsifiers.strategies.dtype_values import VALUES, ValueCase
from falsifiers.strategies.heads import HEADS, HeadCase
from harness.trial.interface import Measure, Observation, Parameters, falsifier
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from falsifiers.strategies.door_cases import DoorCase
    from harness.trial.interface import Context, Witness

    F32 = NDArray[np.float32]

SHAPE_RULE = "F-LAYOUT-CONTRACT-002"
SIZE_RULE = "F-LAYOUT-CONTRACT-004"

ACCEPTED_HEADS = Measure("accepted_heads", "heads", "that are not [vocab, hidden] and were admitted")
WRONG_REFUSAL = Measure("wrong_refusal", "heads", "that are not [vocab, hidden] and were refused for something else")
REFUSED_SOUND = Measure("refused_sound", "heads", "that are [vocab, hidden] and were refused")

ENTERED = Measure("entered", "values", "that got into the model view without having passed the gates")
KEPT_OUT = Measure("kept_out", "values", "that no gate objects to and that the gates' own door refused")

GUESSED = Measure("guessed", "numbers", "that mean no type and were admitted or decoded")
MISREAD = Measure("misread", "tensors", "that were decoded to other values than their type gives")
UNREAD = Measure("unread", "tensors", "of a type that must be read and was not")
UNNAMED = Measure("unnamed", "refusals", "that name neither the type nor its number")
WRONG_SIZES_ADMITTED = Measure("wrong_sizes_admitted", "payloads", "of a wrong size, not refused for it")
RIGHT_SIZES_REFUSED = Measure("right_sizes_refused", "payloads", "of the right size, refused for it")

BEYOND_BOUND = Measure("beyond_bound", "values", "further from what was encoded than the type's rounding goes")
INVISIBLE = Measure("invisible_mislabels", "tensors", "that read nearly the same under a wrong label")


class Widths(Parameters):
    """How wide the generated models are that a clause asks about."""

    max_hidden: int | None = Field(default=None, ge=1)
    """Largest hidden size that is judged, in elements; None judges all. A finished file is judged at any width."""


class Readable(Parameters):
    """The types that a reader has to decode."""

    apr: tuple[str, ...]
    gguf: tuple[str, ...]


class Visibility(Parameters):
    """How far off a mislabelled tensor has to be."""

    relative_error: float
    """L2 norm of the error over that of the right values."""


@falsifier(
    experiment=HEADS,
    parameters=Widths,
    measures=(ACCEPTED_HEADS, WRONG_REFUSAL, REFUSED_SOUND),
    finished_file=True,
)
def reversed_head_is_refused(case: HeadCase | FinishedFile, witness: Witness, context: Context) -> Observation:
    """A head that is not [vocab, hidden] is refused because of its shape, and for nothing else."""
    answer = said(witness)
    if isinstance(case, FinishedFile):
        return _finished_head(context.refusal, answer)
    widest = context.parameters.max_hidden
    if widest is not None and case.hidden > widest:
        return Observation({}, 0, outside=True)
    right = case.is_right
    named = answer.named_for(case.name)
    accepted = not right and not answer.refuses
    for_its_shape = context.refusal in named and not answer.rules & quality.RULES
    return Observation(
        measures={
            ACCEPTED_HEADS.name: int(accepted),
            WRONG_REFUSAL.name: int(not right and answer.refuses and not for_its_shape),
            REFUSED_SOUND.name: int(right and answer.refuses),
        },
        compared=1,
        message=f"{case.name} {list(case.dims)}, where [vocab, hidden] is {[case.vocab, case.hidden]}: {answer}",
    )


@falsifier(experiment=DOORS, measures=(ENTERED, KEPT_OUT))
def raw_values_do_not_enter(case: DoorCase, witness: Witness, context: Context) -> Observation:  # noqa: ARG001
    """Nothing enters the model view but values that have passed every gate."""
    answer = said(witness)
    return Observation(
        measures={
            ENTERED.name: int(not case.may_enter and not answer.refuses),
            KEPT_OUT.name: int(case.may_enter and answer.refuses),
        },
        compared=1,
        message=f"{case.value} values in a {case.vessel} at the door {case.door}: {answer}",
    )


@falsifier(
    experiment=DTYPES,
    parameters=Readable,
    measures=(GUESSED, MISREAD, UNREAD, UNNAMED, WRONG_SIZES_ADMITTED, RIGHT_SIZES_REFUSED),
)
def dtypes_are_read_or_refused(case: NumberCase | SizeCase, witness: Witness, context: Context) -> Observation:
    """Every dtype number is decoded as its type or refused by name, and every payload has the size of its blocks."""
    if isinstance(case, SizeCase):
        return _size(case, witness, context)
    answer = said(witness)
    required = getattr(context.parameters, case.format)
    state = RunState(str(witness.data("decoding")))
    message = str(witness.data("decoding_message"))
    measures = dict.fromkeys((GUESSED.name, MISREAD.name, UNREAD.name, UNNAMED.name), 0)
    if state is RunState.RAN:
        measures[MISREAD.name] = _misread(case, witness)
        measures[GUESSED.name] = int(case.dtype is None)
    elif state is RunState.REFUSED:
        measures[UNREAD.name] = int(case.dtype in required)
        measures[UNNAMED.name] = int(not blocks.names_type(message, case.number, case.dtype))
    if case.dtype is None and not answer.refuses:
        measures[GUESSED.name] = 1
    shown = f"{case.format} dtype {case.number} ({case.dtype or 'no type'})"
    return Observation(measures, 1, f"{shown}: {answer}; decoding {state}: {message}")


@falsifier(experiment=VALUES, parameters=Visibility, measures=(BEYOND_BOUND, INVISIBLE))
def values_come_back_as_their_type(case: ValueCase, witness: Witness, context: Context) -> Observation:
    """A tensor decodes to what was encoded within its type's rounding; under a wrong label it is plainly off."""
    if witness.state is not RunState.RAN:
        return Observation({}, 0, not_measured=f"nothing was decoded ({witness.state}): {witness.message}")
    right = case.values()
    found = _floats(witness, "values")
    beyond = right.size if found.size != right.size else _beyond(case, found.reshape(right.shape), right)
    measures: dict[str, float | int] = {BEYOND_BOUND.name: beyond, INVISIBLE.name: 0}
    error = float("inf")
    if witness.data("mislabelled") == RunState.RAN:
        wrong = _floats(witness, "mislabelled")
        overlap = min(wrong.size, right.size)
        error = blocks.relative_error(wrong[:overlap], right.reshape(-1)[:overlap])
        measures[INVISIBLE.name] = int(error <= context.parameters.relative_error)
    return Observation(
        measures,
        compared=right.size + 1,
        message=f"{beyond} of {right.size} values of {case.dtype} are beyond its rounding; "
        f"as {case.read_as} the relative error is {error:g}",
    )


def _finished_head(rule: str, answer: Said) -> Observation:
    """A reversed head in a finished file (without one, a reversed embedding) was accepted by the maker of the file."""
    # The reference says so when vocabulary and hidden size are not stated, so that nothing was compared.
    if not answer.listed or f"not judged: {rule}" in answer.message:
        return Observation({}, 0, not_measured=f"the head could not be judged: {answer.message}")
    wrong = [tensor for tensor, rules in answer.refused.items() if rule in rules]
    return Observation(
        measures={ACCEPTED_HEADS.name: len(wrong), WRONG_REFUSAL.name: 0, REFUSED_SOUND.name: 0},
        compared=answer.listed,
        message=f"{', '.join(wrong)}: {answer.message}" if wrong else "",
    )


def _size(case: SizeCase, witness: Witness, context: Context) -> Observation:
    answer = said(witness)
    named = answer.names(SIZE_RULE, TENSOR)
    table = context.tables["quant_dispatch"]
    right = case.is_right(table)
    return Observation(
        measures={
            WRONG_SIZES_ADMITTED.name: int(not right and not named),
            RIGHT_SIZES_REFUSED.name: int(right and named),
        },
        compared=1,
        message=f"{case.dtype} {[case.rows, case.columns]} in {case.nbytes(table)} bytes ({case.size}): {answer}",
    )


def _misread(case: NumberCase, witness: Witness) -> int:
    """1 when decoded values differ from what numpy or the gguf library decodes; 0 where neither can say."""
    if case.dtype is None:
        return 0
    right = blocks.decode(case.payload(), case.dtype, DIMS)
    if right is None:
        return 0
    found = _floats(witness, "values")
    return int(found.size != right.size or not _equal(found, right.reshape(-1)))


def _beyond(case: ValueCase, found: F32, right: F32) -> int:
    if case.dtype not in blocks.ENCODED:
        return int(np.count_nonzero(~_close(found, right)))
    error = np.abs(found.astype(np.float64) - right.astype(np.float64))
    return int(np.count_nonzero(~(error <= blocks.error_bound(right, case.dtype))))


def _close(found: F32, right: F32) -> NDArray[np.bool_]:
    """Equal but for the order in which a block's scale, code and minimum were multiplied in float32."""
    largest = float(np.nanmax(np.abs(right), initial=0.0))
    with np.errstate(invalid="ignore"):
        return np.isclose(found, right, rtol=0.0, atol=largest * 2.0**-21, equal_nan=True)


def _equal(found: F32, right: F32) -> bool:
    return bool(_close(found, right).all())


def _floats(witness: Witness, role: str) -> F32:
    return np.frombuffer(witness.file(role).read_bytes(), "<f4")

"""The falsifier of importer-v1 about ties: head, embedding and flags agree with the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from falsifiers.oracles.differences import decoded, same_bytes, same_values
from falsifiers.strategies.architectures import EMBEDDING, HEAD
from falsifiers.strategies.imported import on_import, shown, tell
from falsifiers.strategies.imports import IMPORTS
from harness.trial.interface import Context, Measure, Observation, falsifier

if TYPE_CHECKING:
    from falsifiers.oracles.apr_bytes import PlainTensor
    from falsifiers.strategies.imported import Import


@falsifier(
    experiment=IMPORTS,
    measures=[
        Measure("wrong_ties", "statements", "ways in which head, embedding and flags contradict the source"),
        Measure("differing_heads", "tensors", "tied heads unlike the embedding, and untied ones that are lost or tied"),
        Measure("false_flags", "flags", "written flags that say something else than the source"),
    ],
    finished_file=True,
)
@on_import
def ties_tell_the_truth(seen: Import, context: Context) -> Observation:
    """A tied model has no head or the embedding's equal, an untied one has its own; a flag tells which."""
    del context
    flags = {key: seen.metadata.get(key) for key in ("tied_embeddings", "tie_word_embeddings")}
    written = {key: value for key, value in flags.items() if value is not None}
    tied = seen.truth.tied if seen.truth is not None else next(iter(written.values()), None)
    if tied is None:
        return Observation({}, 0, not_applicable="the file says nothing about a tie; name what it was made from")
    false = [
        f"{key} says {shown(value)}, the model is {'' if tied else 'not '}tied"
        for key, value in written.items()
        if value is not tied
    ]
    wrong = _wrong_head(seen, tied=bool(tied))
    measures = {"wrong_ties": len(false) + bool(wrong), "differing_heads": int(bool(wrong)), "false_flags": len(false)}
    return Observation(measures, 1 + len(written), tell([*([wrong] if wrong else []), *false]))


def _wrong_head(seen: Import, *, tied: bool) -> str:
    """What is wrong with the stored head; empty when nothing is."""
    head, embedding = seen.head, seen.found.get(EMBEDDING)
    if head is None:
        return "" if tied else f"the model is not tied, and {HEAD} is lost"
    if embedding is None:
        return ""
    equal = _equal_tensors(head, embedding)
    if tied:
        return "" if equal else f"{head.name} of a tied model is not equal to {embedding.name}"
    own = seen.truth.tensors.get(HEAD) if seen.truth is not None else None
    theirs = seen.truth.embedding if seen.truth is not None else None
    alike = own is not None and theirs is not None and same_bytes(own.payload, theirs.payload)
    return (
        f"{head.name} of a model that is not tied is a copy of {embedding.name}" if equal and own and not alike else ""
    )


def _equal_tensors(left: PlainTensor, right: PlainTensor) -> bool:
    if left.dtype == right.dtype:
        return same_bytes(left.payload, right.payload)
    values = [decoded(tensor.dtype, tensor.payload, tensor.dims) for tensor in (left, right)]
    return values[0] is not None and values[1] is not None and same_values(values[0], values[1])

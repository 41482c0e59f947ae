"""Readers that look at heads in the wrong way, and heads whose label was made to look right."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from falsifiers.mutants.reader_bent import Editing, Rejudging, rules_mapped
from falsifiers.oracles.apr_bytes import read_apr
from harness.trial.interface import operator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from falsifiers.mutants.reader_bent import Refused
    from falsifiers.oracles.apr_bytes import PlainApr

SHAPE, DEGENERATE = "F-LAYOUT-CONTRACT-002", "F-DATA-QUALITY-003"
LITERAL = "lm_head.weight"
OTHER_NAMES = {LITERAL, "output.weight", "model.lm_head.weight", "embed_out.weight"}


@operator(
    role="reader",
    edits="output",
    where="F-LAYOUT-CONTRACT-002 of embeddings and heads",
    what="multiplies the dims instead of comparing them",
    before="dims equal [vocab, hidden]",
    after="product of dims equals vocab x hidden",
)
def size_only(sound: Any) -> Any:
    """Forgive dims whose product is right."""

    def rejudge(artifact: Path, refused: Refused, _: Mapping[str, Any]) -> Refused:
        apr = read_apr(artifact)
        size = apr.metadata["vocab_size"] * apr.metadata["hidden_size"]
        right = {tensor.name for tensor in apr.tensors if prod(tensor.dims) == size}
        return rules_mapped(refused, lambda name, rules: rules - {SHAPE} if name in right else rules)

    return Rejudging(sound, rejudge)


@operator(
    role="reader",
    edits="output",
    where="F-LAYOUT-CONTRACT-002 of heads",
    what="knows the head by one name",
    before="every name of a head",
    after="lm_head.weight only",
)
def by_literal_name(sound: Any) -> Any:
    """Forgive every head that is not called lm_head.weight."""
    return Rejudging(
        sound,
        lambda _, refused, __: rules_mapped(refused, lambda name, rules: rules if name == LITERAL else rules - {SHAPE}),
    )


@operator(
    role="reader",
    edits="output",
    where="refusals of reversed heads",
    what="turns the head away for its data instead of its shape",
    before=SHAPE,
    after=DEGENERATE,
)
def constant_data_gate(sound: Any) -> Any:
    """Name the gate on constant data where the shape is wrong, as the public twin of FALSIFY-005 did."""
    return Rejudging(
        sound,
        lambda _, refused, __: rules_mapped(
            refused, lambda ___, rules: (rules - {SHAPE}) | {DEGENERATE} if SHAPE in rules else rules
        ),
    )


@operator(
    role="reader",
    edits="behaviour",
    where="F-LAYOUT-CONTRACT-002 of heads",
    what="expects the dims in GGUF's order",
    before="[vocab, hidden]",
    after="[hidden, vocab]",
)
def expects_hidden_first(sound: Any) -> Any:
    """Admit reversed heads and refuse right ones."""

    def rejudge(artifact: Path, refused: Refused, _: Mapping[str, Any]) -> Refused:
        apr = read_apr(artifact)
        wanted = (apr.metadata["hidden_size"], apr.metadata["vocab_size"])
        judged = dict(refused)
        for tensor in apr.tensors:
            if tensor.name in OTHER_NAMES:
                rules = judged.get(tensor.name, frozenset()) - {SHAPE}
                judged[tensor.name] = rules if tensor.dims == wanted else rules | {SHAPE}
        return judged

    return Rejudging(sound, rejudge)


@operator(
    role="reader",
    edits="bytes",
    where="index entry of the head",
    what="swaps the two dims of a head that is no [vocab, hidden], both checksums restored",
    before="[hidden, vocab]",
    after="[vocab, hidden]",
)
def relabels_head(sound: Any) -> Any:
    """Make a reversed head look right before the sound reader sees it."""

    def edit(apr: PlainApr) -> None:
        wanted = (apr.metadata.get("vocab_size"), apr.metadata.get("hidden_size"))
        for tensor in apr.tensors:
            if tensor.dims[::-1] == wanted:
                tensor.dims = tensor.dims[::-1]

    return Editing(sound, edit)


@operator(
    role="reader",
    edits="bytes",
    where="index entry of the head",
    what="swaps the two dims of every head, both checksums restored",
    before="[vocab, hidden]",
    after="[hidden, vocab]",
)
def reverses_sound_heads(sound: Any) -> Any:
    """Reverse the label of sound heads before the sound reader sees them."""

    def edit(apr: PlainApr) -> None:
        for tensor in apr.tensors:
            if tensor.name in OTHER_NAMES:
                tensor.dims = tensor.dims[::-1]

    return Editing(sound, edit)

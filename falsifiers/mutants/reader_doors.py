"""Readers whose model view has a door open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from falsifiers.mutants.reader_bent import BentReader
from harness.subject.reader import Admission, Listing
from harness.trial.interface import operator
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping


class _OpenDoors(BentReader):
    """Lets everything in through some doors."""

    doors: frozenset[str] = frozenset()

    def offer(self, door: str, name: str, dims: tuple[int, ...], value: object, gates: Mapping[str, Any]) -> Admission:
        """The sound reader's answer, but for the open doors."""
        if door in self.doors:
            return Admission(RunState.RAN, listing=(Listing(name, dims, "F32", 4 * dims[0] * dims[1]),))
        return super().offer(door, name, dims, value, gates)


@operator(
    role="reader", edits="behaviour", where="type check of the model view", what="asks for attributes, not the type",
    before="a validated tensor", after="anything with a name, dims and values",
)  # fmt: skip
def duck_typing_accepted(sound: Any) -> Any:
    """Let look-alikes and subclasses in."""

    class Wrong(_OpenDoors):
        doors = frozenset({"duck", "subclass"})

    return Wrong(sound)


@operator(
    role="reader", edits="behaviour", where="mark of admission", what="keeps the mark in the tensor itself",
    before="a register that only admission writes to", after="an attribute",
)  # fmt: skip
def trusts_copied_flag(sound: Any) -> Any:
    """Let copies and unpickled tensors in, whatever values they were given since."""

    class Wrong(_OpenDoors):
        doors = frozenset({"copy", "pickle", "replace"})

    return Wrong(sound)


@operator(
    role="reader", edits="behaviour", where="values of an admitted tensor", what="keeps the given array, no copy",
    before="an immutable copy", after="the caller's own buffer",
)  # fmt: skip
def keeps_the_given_array(sound: Any) -> Any:
    """Let values be exchanged after they were admitted."""

    class Wrong(_OpenDoors):
        doors = frozenset({"mutation"})

    return Wrong(sound)


@operator(
    role="reader", edits="output", where="answer of the gates' own door", what="reports admission whatever they said",
    before="REFUSED with the rules", after="RAN",
)  # fmt: skip
def forgets_refusals(sound: Any) -> Any:
    """Turn every refusal of the legal door into an admission."""

    class Wrong(BentReader):
        def offer(
            self, door: str, name: str, dims: tuple[int, ...], value: object, gates: Mapping[str, Any]
        ) -> Admission:
            answer = super().offer(door, name, dims, value, gates)
            return Admission(RunState.RAN, listing=answer.listing) if door == "admit" else answer

    return Wrong(sound)

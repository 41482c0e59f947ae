"""Putting a reader through a file, and reading back what it said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.trial.interface import Answer, Case
from harness.verdict.errors import ContractError
from harness.verdict.verdicts import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.subject.reader import Admission, Reader
    from harness.trial.interface import Witness


class FinishedFile(Case):
    """A model file that somebody made; nothing is known of it but that no rule should fail."""

    path: str


def gates_of(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """The thresholds of the data-quality gates, as the contract has them. Raises ContractError without any."""
    gates = tables.get("semantic_validation")
    if not isinstance(gates, dict):
        raise ContractError(
            "the contract has no table `semantic_validation`, which holds the thresholds of every gate",
            way_out="write it into the contract, or into `tables` of the binding that arms it",
        )
    return gates


def gates_if_any(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """As `gates_of`, for clauses that need no gate: without the table nothing, so that no data are judged."""
    return {} if tables.get("semantic_validation") is None else gates_of(tables)


def admission_answer(admission: Admission) -> Answer:
    """What a reader said, as data; a refusal is an answer like any other."""
    return Answer(
        state=admission.state,
        data={
            "refused": {tensor: sorted(rules) for tensor, rules in sorted(admission.refused.items())},
            "listed": len(admission.listing),
        },
        message=admission.message,
        duration_s=admission.duration_s,
    )


def admit(subject: Reader, artifact: Path, tables: Mapping[str, Any]) -> Answer:
    """Let `subject` look at `artifact` under the contract's gates."""
    return admission_answer(subject.admit(artifact, gates_of(tables)))


@dataclass(frozen=True, slots=True)
class Said:
    """What a reader said about a file."""

    refused: dict[str, frozenset[str]]
    """Tensor -> rules; "" stands for the file as a whole."""
    refuses: bool
    """Whether the file was turned away, with or without a reason."""
    listed: int
    """How many tensors the reader listed; 0 when it did not get that far."""
    message: str

    @property
    def rules(self) -> frozenset[str]:
        """Every rule named."""
        return frozenset().union(*self.refused.values()) if self.refused else frozenset()

    def named_for(self, tensor: str) -> frozenset[str]:
        """Every rule named for `tensor`, or for the file as a whole."""
        return frozenset().union(*(self.refused.get(key, frozenset()) for key in (tensor, "")))

    def names(self, rule: str, tensor: str) -> bool:
        """Whether `rule` is named for `tensor`, or for the file as a whole."""
        return rule in self.named_for(tensor)

    def elsewhere(self, rule: str, tensor: str) -> tuple[str, ...]:
        """The other tensors for which `rule` is named."""
        return tuple(key for key, rules in self.refused.items() if rule in rules and key not in {tensor, ""})

    def __str__(self) -> str:
        if not self.refuses:
            return "admitted"
        named = "; ".join(f"{tensor or 'file'}: {', '.join(sorted(rules))}" for tensor, rules in self.refused.items())
        return f"refused ({named or self.message or 'without a reason'})"


def said(witness: Witness) -> Said:
    """Read back an answer made by `admission_answer`."""
    raw, listed = witness.data("refused"), witness.data("listed")
    assert isinstance(raw, dict)
    assert isinstance(listed, int)
    refused = {tensor: frozenset(map(str, rules)) for tensor, rules in raw.items() if isinstance(rules, list) and rules}
    state = witness.state
    return Said(refused, bool(refused) or state is RunState.REFUSED, listed, witness.message)
